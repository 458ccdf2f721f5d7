// One object of a policy file: its members checked against those known, each turned into a Setting that knows
// where it is written and why. Only files of this room include it.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "oci/json.h"
#include "policy/policy.h"

namespace policy {

using Names = std::vector<std::string_view>;

// A name that stands in the code: its length is known when that is compiled.
struct Name : std::string_view {
  constexpr Name() = default;
  template <std::size_t N>
  constexpr Name(const char (&text)[N]) : std::string_view(text, N - 1) {}  // NOLINT: implicit on purpose
};
using KnownNames = std::initializer_list<Name>;

// `source: /pointer: unknown T "x"; hint: did you mean "y"?`
base::Error unknown(const oci::Cursor& at, std::string_view what, std::string_view name, const Names& known);

// Every member of `object` is in `known`, or in `more`, or is "$comment".
base::Result<void> check_members(const oci::Cursor& object, KnownNames known, std::span<const Name> more = {});

class Section {
 public:
  // The object `value`, which may hold `known`, "$comment", and "why": a reason for each of `known`.
  static base::Result<Section> open(const oci::Cursor& value, KnownNames known);

  // Reads the member `name`, if it is there, by `read` (Cursor -> Result<T>).
  template <typename T, typename Read>
  base::Result<void> take(std::string_view name, Rule<T>& out, Read&& read) const {
    const auto value = cursor_.find(name);
    if (value) out = Setting<T>{TRY(read(*value)), origin(*value), why(name)};
    return base::ok();
  }

  const oci::Cursor& cursor() const { return cursor_; }
  static Origin origin(const oci::Cursor& value) { return {.file = value.source(), .pointer = value.pointer()}; }
  std::string why(std::string_view name) const;

 private:
  Section(const oci::Cursor& cursor, std::optional<oci::Cursor> reasons)
      : cursor_(cursor), reasons_(std::move(reasons)) {}

  oci::Cursor cursor_;
  std::optional<oci::Cursor> reasons_;
};

// Values that more than one section has.
base::Result<bool> get_flag(const oci::Cursor& value);
base::Result<std::uint64_t> get_amount(const oci::Cursor& value);  // 512, "64K", "256M", "8G", "unlimited"
base::Result<std::string> get_path(const oci::Cursor& value);      // absolute, without ".."
base::Result<std::vector<std::string>> get_paths(const oci::Cursor& value);
base::Result<std::vector<std::string>> get_clean_paths(const oci::Cursor& value);  // "/a//b/" as "/a/b"

// Letters, digits and ".-_", beginning with a letter or digit: a name is part of a path, a version follows "@".
base::Result<std::string> get_label(const oci::Cursor& value);

// The member of that name, which must be there.
base::Result<oci::Cursor> required(const oci::Cursor& object, std::string_view name);

// "1777", "022" -> the bits.
base::Result<std::uint32_t> get_mode_bits(const oci::Cursor& value);

// "EPERM" -> 1.
base::Result<std::uint32_t> get_errno(const oci::Cursor& value);

}  // namespace policy
