#include "oci/fields.h"

#include <algorithm>

namespace oci {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_any_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

// Never an error: engines know members that this runtime does not. A near miss is worth a warning, since the
// writer's intent is then lost.
void note_unknown(Reader& reader, const Member& member, std::span<const Field> table) {
  std::vector<std::string_view> names;
  for (const Field& field : table) names.push_back(field.name);
  std::string near;
  for (const auto name : names)
    if (equal_any_case(name, member.name)) near = name;
  if (near.empty()) near = base::nearest(member.name, names);
  if (near.empty()) {
    reader.note(member.value, "unknown member, ignored");
  } else {
    reader.warn(member.value, base::cat("unknown member, ignored; did you mean ", base::quote(near), "?"));
  }
}

}  // namespace

base::Result<void> read_members(Reader& reader, const Cursor& cursor, std::span<const Field> table, void* out) {
  std::uint64_t seen = 0;  // by index in the table; no table has 64 rows
  for (const Member& member : TRY(cursor.object_members())) {
    const auto field = std::ranges::find(table, member.name, &Field::name);
    if (field == table.end()) {
      note_unknown(reader, member, table);
      continue;
    }
    if (member.value.is_null()) continue;
    seen |= std::uint64_t{1} << (field - table.begin());
    TRY(field->read(reader, member.value, out));
  }
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i].required.empty() || (seen >> i & 1) != 0) continue;
    return config_fault(cursor.source(), base::cat(cursor.pointer(), "/", table[i].name),
                        base::cat("want ", table[i].required, ", have nothing"));
  }
  return base::ok();
}

base::Error config_fault(std::string_view source, std::string_view pointer, std::string_view text) {
  return base::Error::config(base::cat(source, ": ", base::escape(pointer), ": ", text));
}

base::Result<void> read_value(Reader&, const Cursor& cursor, bool& out) {
  out = TRY(cursor.get_bool());
  return base::ok();
}

base::Result<void> read_value(Reader&, const Cursor& cursor, std::string& out) {
  out = TRY(cursor.get_string());
  return base::ok();
}

base::Result<void> read_value(Reader&, const Cursor& cursor, std::vector<std::string>& out) {
  out = TRY(cursor.get_strings());
  return base::ok();
}

base::Result<void> read_value(Reader&, const Cursor& cursor, std::map<std::string, std::string>& out) {
  for (const Member& member : TRY(cursor.object_members())) out.emplace(member.name, TRY(member.value.get_string()));
  return base::ok();
}

base::Error not_one_of(const Cursor& cursor, const std::vector<std::string_view>& names) {
  std::string want = "one of ";
  for (const auto name : names) {
    if (want.size() > 7) want += ", ";
    want += name;
  }
  return cursor.mismatch(want);
}

base::Result<std::string> read_absolute_path(const Cursor& cursor) {
  const std::string_view path = TRY(cursor.get_string());
  if (path.empty() || path.front() != '/') return cursor.mismatch("an absolute path");
  return std::string(path);
}

base::Result<void> read_absolute_paths(const Cursor& cursor, std::vector<std::string>& out) {
  for (const Cursor& element : TRY(cursor.get_array())) out.push_back(TRY(read_absolute_path(element)));
  return base::ok();
}

bool has_control_char(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace oci
