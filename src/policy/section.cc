#include "policy/section.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/text.h"
#include "policy/meant.h"

namespace policy {

base::Error unknown(const oci::Cursor& at, std::string_view what, std::string_view name, const Names& known) {
  auto error = at.fault(base::cat("unknown ", what, " ", base::quote(name)));
  const auto near = meant(name, known);
  if (near.empty()) return error;
  return std::move(error).hint(base::cat("did you mean ", base::quote(near), "?"));
}

namespace {

bool is_one_of(std::string_view name, std::span<const Name> names) {
  return std::any_of(names.begin(), names.end(), [name](const Name& known) { return known == name; });
}

// Text, or several lines of it.
base::Result<void> check_comment(const oci::Cursor& value) {
  if (value.is_array()) {
    TRY(value.get_strings());
  } else {
    TRY(value.get_string());
  }
  return base::ok();
}

}  // namespace

base::Result<void> check_members(const oci::Cursor& object, KnownNames known, std::span<const Name> more) {
  if (!object.is_object()) return object.mismatch("an object");
  for (std::size_t i = 0; i < object.size(); ++i) {
    const auto name = object.member_name(i);
    if (is_one_of(name, known) || is_one_of(name, more)) continue;
    const auto value = object.member_value(i);
    if (name == "$comment") {
      TRY(check_comment(value));
      continue;
    }
    Names all(known.begin(), known.end());
    all.insert(all.end(), more.begin(), more.end());
    return unknown(value, "member", name, all);
  }
  return base::ok();
}

base::Result<Section> Section::open(const oci::Cursor& value, KnownNames known) {
  static constexpr Name kWhy[] = {"why"};
  TRY(check_members(value, known, kWhy));
  const auto reasons = value.find("why");
  if (reasons) {
    TRY(check_members(*reasons, known));
    for (const auto& reason : TRY(reasons->object_members())) TRY(check_comment(reason.value));
  }
  return Section(value, reasons);
}

std::string Section::why(std::string_view name) const {
  if (!reasons_) return {};
  const auto reason = reasons_->find(name);
  if (!reason) return {};
  if (reason->is_array()) {
    const auto lines = reason->get_strings();
    return lines ? base::join(*lines, " ") : std::string();
  }
  const auto text = reason->get_string();
  return text ? std::string(*text) : std::string();
}

base::Result<bool> get_flag(const oci::Cursor& value) { return value.get_bool(); }

base::Result<std::uint64_t> get_amount(const oci::Cursor& value) {
  constexpr std::string_view kWant = "a number, one with K, M, G or T as in \"256M\", or \"unlimited\"";
  if (!value.is_string()) {
    auto number = value.get_u64();
    if (!number && value.type() != oci::JsonType::kInteger) return value.mismatch(kWant);
    return number;
  }
  const auto text = TRY(value.get_string());
  if (text == "unlimited") return std::numeric_limits<std::uint64_t>::max();
  constexpr std::string_view kSuffixes = "KMGT";
  auto digits = text;
  unsigned shift = 0;
  if (!digits.empty()) {
    const auto suffix = kSuffixes.find(digits.back());
    if (suffix != std::string_view::npos) {
      shift = 10 * (static_cast<unsigned>(suffix) + 1);
      digits.remove_suffix(1);
    }
  }
  const auto number = base::parse_u64(digits);
  if (!number || *number > (std::numeric_limits<std::uint64_t>::max() >> shift)) return value.mismatch(kWant);
  return *number << shift;
}

base::Result<std::string> get_path(const oci::Cursor& value) {
  const auto text = TRY(value.get_string());
  if (!text.starts_with('/')) return value.mismatch("an absolute path");
  for (auto at = text.find(".."); at != std::string_view::npos; at = text.find("..", at + 1)) {
    if (text[at - 1] == '/' && (at + 2 == text.size() || text[at + 2] == '/')) return value.mismatch("a path without \"..\"");
  }
  return std::string(text);
}

base::Result<std::vector<std::string>> get_paths(const oci::Cursor& value) {
  std::vector<std::string> out;
  for (const auto& element : TRY(value.get_array())) {
    auto path = TRY(get_path(element));
    out.push_back(std::move(path));
  }
  return out;
}

base::Result<std::vector<std::string>> get_clean_paths(const oci::Cursor& value) {
  auto paths = TRY(get_paths(value));
  for (auto& path : paths) path = base::clean_path(path);
  return paths;
}

base::Result<std::uint32_t> get_errno(const oci::Cursor& value) {
  constexpr int kHighest = 133;  // EHWPOISON
  const auto text = TRY(value.get_string());
  Names names;
  for (int number = 1; number <= kHighest; ++number) {
    const char* name = strerrorname_np(number);
    if (name == nullptr) continue;
    if (text == name) return static_cast<std::uint32_t>(number);
    names.emplace_back(name);
  }
  return unknown(value, "error", text, names);
}

// Letters, digits and ".-_", beginning with a letter or digit: a name is part of a path, a version follows "@".
base::Result<std::string> get_label(const oci::Cursor& value) {
  const auto text = TRY(value.get_string());
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  const bool good =
      !text.empty() && text.size() <= 64 && plain(text.front()) &&
      std::all_of(text.begin(), text.end(), [&](char c) { return plain(c) || c == '.' || c == '-' || c == '_'; });
  if (!good) return value.mismatch("1 to 64 letters, digits, \".\", \"-\" or \"_\"");
  return std::string(text);
}

base::Result<oci::Cursor> required(const oci::Cursor& object, std::string_view name) {
  const auto member = object.find(name);
  if (!member) return object.fault(base::cat(base::quote(name), " is missing"));
  return *member;
}

base::Result<std::uint32_t> get_mode_bits(const oci::Cursor& value) {
  const auto text = TRY(value.get_string());
  const bool octal = text.size() >= 3 && text.size() <= 4 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '7'; });
  if (!octal) return value.mismatch("three or four octal digits, as in \"1777\"");
  std::uint32_t out = 0;
  for (const char c : text) out = out * 8 + static_cast<std::uint32_t>(c - '0');
  return out;
}

}  // namespace policy
