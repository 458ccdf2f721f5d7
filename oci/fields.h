// Reading JSON objects by table: a Field says which member is read how into which struct member. Private to
// the read_*.cc files of this room.
//
//   constexpr auto kBox = fields<Box>(field<&Box::height>("height"), field<&Box::width>("width"));
//   Result<void> read_value(Reader& r, const Cursor& c, Box& out) { return read_object(r, c, kBox, out); }
//
// field<> finds the read_value() for the member's type; a member that needs more has a function: with<T, fn>(…).
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "oci/json.h"
#include "oci/names.h"
#include "oci/spec.h"

namespace oci {

// What a reading collects besides the values.
struct Reader {
  std::vector<Note> notes;

  void note(const Cursor& at, std::string text) { notes.push_back({at.pointer(), std::move(text), false}); }
  void warn(const Cursor& at, std::string text) { notes.push_back({at.pointer(), std::move(text), true}); }
};

inline constexpr std::uint32_t kMaxId = 4294967294U;  // (uid_t)-1 means "leave as it is" to the kernel

struct Field {
  std::string_view name;
  base::Result<void> (*read)(Reader&, const Cursor&, void*);
  std::string_view required;  // what is wanted when the member is missing; empty: optional
};

// A Field of T's table, and the table itself: typed, so that a table cannot be used on another struct.
template <typename T>
struct FieldOf {
  Field field;
};
template <typename T, std::size_t N>
struct Fields {
  std::array<Field, N> list;
};
template <typename T, std::same_as<FieldOf<T>>... F>
constexpr Fields<T, sizeof...(F)> fields(F... f) {
  return {{f.field...}};
}

base::Result<void> read_members(Reader& reader, const Cursor& cursor, std::span<const Field> table, void* out);
template <typename T, std::size_t N>
base::Result<void> read_object(Reader& reader, const Cursor& cursor, const Fields<T, N>& table, T& out) {
  return read_members(reader, cursor, table.list, &out);
}

// Values of the plain types.
base::Result<void> read_value(Reader& reader, const Cursor& cursor, bool& out);
base::Result<void> read_value(Reader& reader, const Cursor& cursor, std::string& out);
base::Result<void> read_value(Reader& reader, const Cursor& cursor, std::vector<std::string>& out);
base::Result<void> read_value(Reader& reader, const Cursor& cursor, std::map<std::string, std::string>& out);

template <std::unsigned_integral T>
base::Result<void> read_value(Reader&, const Cursor& cursor, T& out) {
  out = static_cast<T>(TRY(cursor.get_u64(0, std::numeric_limits<T>::max())));
  return base::ok();
}
template <std::signed_integral T>
base::Result<void> read_value(Reader&, const Cursor& cursor, T& out) {
  out = static_cast<T>(TRY(cursor.get_i64(std::numeric_limits<T>::min(), std::numeric_limits<T>::max())));
  return base::ok();
}
template <typename T>
base::Result<void> read_value(Reader& reader, const Cursor& cursor, std::optional<T>& out) {
  return read_value(reader, cursor, out.emplace());
}
template <typename T>
base::Result<void> read_value(Reader& reader, const Cursor& cursor, std::vector<T>& out) {
  for (const Cursor& element : TRY(cursor.get_array())) TRY(read_value(reader, element, out.emplace_back()));
  return base::ok();
}

namespace detail {
template <typename C, typename M>
C class_of(M C::*);
}  // namespace detail

// The member M under `name`.
template <auto M, typename T = decltype(detail::class_of(M))>
constexpr FieldOf<T> field(std::string_view name, std::string_view required = {}) {
  return {{name,
           [](Reader& reader, const Cursor& cursor, void* out) {
             return read_value(reader, cursor, static_cast<T*>(out)->*M);
           },
           required}};
}
// An integer member within a range.
template <auto M, auto Min, auto Max, typename T = decltype(detail::class_of(M))>
constexpr FieldOf<T> ranged(std::string_view name, std::string_view required = {}) {
  return {{name,
           [](Reader&, const Cursor& cursor, void* out) -> base::Result<void> {
             if constexpr (std::unsigned_integral<decltype(Max)>) {
               static_cast<T*>(out)->*M =
                   static_cast<std::make_unsigned_t<decltype(Max)>>(TRY(cursor.get_u64(Min, Max)));
             } else {
               static_cast<T*>(out)->*M = static_cast<decltype(Max)>(TRY(cursor.get_i64(Min, Max)));
             }
             return base::ok();
           },
           required}};
}
// A member that a function of its own reads.
template <typename T, base::Result<void> (*F)(Reader&, const Cursor&, T&)>
constexpr FieldOf<T> with(std::string_view name, std::string_view required = {}) {
  return {{name,
           [](Reader& reader, const Cursor& cursor, void* out) { return F(reader, cursor, *static_cast<T*>(out)); },
           required}};
}
// A known member that says nothing to this runtime: another platform's, or one the specification dropped.
template <typename T>
constexpr FieldOf<T> ignored(std::string_view name) {
  return {{name, [](Reader&, const Cursor&, void*) { return base::ok(); }, {}}};
}

// `want one of A, B, C`
base::Error not_one_of(const Cursor& cursor, const std::vector<std::string_view>& names);
// The value of a name out of a closed set.
template <typename T>
base::Result<T> read_name(const Cursor& cursor, std::span<const Named<T>> table) {
  const std::string_view name = TRY(cursor.get_string());
  if (const auto value = value_of(table, name)) return *value;
  return not_one_of(cursor, names_of(table));
}

base::Result<std::string> read_absolute_path(const Cursor& cursor);
base::Result<void> read_absolute_paths(const Cursor& cursor, std::vector<std::string>& out);
bool has_control_char(std::string_view text);

// Errors without a Cursor, for checks across sections.
base::Error config_fault(std::string_view source, std::string_view pointer, std::string_view text);

// The sections, each in the file of its name.
base::Result<void> read_value(Reader& reader, const Cursor& cursor, Process& out);
base::Result<void> read_value(Reader& reader, const Cursor& cursor, Root& out);
base::Result<void> read_value(Reader& reader, const Cursor& cursor, Mount& out);
base::Result<void> read_value(Reader& reader, const Cursor& cursor, Hooks& out);
base::Result<void> read_value(Reader& reader, const Cursor& cursor, Linux& out);
base::Result<void> read_value(Reader& reader, const Cursor& cursor, Resources& out);
// Not a read_value: an empty section is an absent one.
base::Result<void> read_seccomp(Reader& reader, const Cursor& cursor, std::optional<Seccomp>& out);
base::Result<void> read_id_mappings(Reader& reader, const Cursor& cursor, std::vector<IdMapping>& out);

}  // namespace oci
