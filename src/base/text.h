// Text helpers that every room needs: joining, quoting, strict number parsing, RFC 3339 time.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace base {

// A number in decimal digits.
class Digits {
 public:
  template <typename T>
    requires std::is_integral_v<T>
  explicit Digits(T value) {
    if constexpr (std::is_signed_v<T>) {
      write(value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value), value < 0);
    } else {
      write(value, false);
    }
  }
  std::string_view text() const { return {digits_ + begin_, sizeof digits_ - begin_}; }

 private:
  void write(std::uint64_t magnitude, bool negative);
  std::size_t begin_;
  char digits_[20];  // of the greatest; the least of 64 bits has 19 and a sign
};

struct Piece {
  std::string_view value;
  std::string_view text() const { return value; }
};
// What cat() takes.
inline Piece piece(std::string_view text) { return {text}; }
inline Piece piece(const char& c) { return {{&c, 1}}; }
template <typename T>
  requires std::is_integral_v<T>
Digits piece(T value) {
  return Digits(value);
}

std::string concat(std::initializer_list<std::string_view> parts);

// Concatenates strings, characters and integers.
template <typename... Args>
std::string cat(const Args&... args) {
  return concat({piece(args).text()...});
}

std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::vector<std::string> split(std::string_view text, char separator);

// "/a/../b/./c/" -> "/b/c", always absolute; as text, links are for the runtime to follow.
std::string clean_path(std::string_view path);

// "subject" in double quotes; control characters, quotes and backslashes escaped, so that text a
// container controls cannot forge a log line or reach a terminal as an escape sequence.
std::string quote(std::string_view text);
// The same escaping without the surrounding quotes.
std::string escape(std::string_view text);
std::string escape(std::string&& text);  // given back if nothing in it needs escaping
inline std::string escape(const char* text) { return escape(std::string_view(text)); }
// JSON string escaping, without the quotes; invalid UTF-8 becomes U+FFFD.
std::string json_escape(std::string_view text);

// Length of the valid UTF-8 sequence at the start of `s`, or 0 (RFC 3629: no surrogates, no overlong
// forms, nothing above U+10FFFF).
std::size_t utf8_length(std::string_view s);

// Whole string, decimal digits only (no sign, no space, no leading '+'); absent if not, or too big.
std::optional<std::uint64_t> parse_u64(std::string_view text);
// "90", "90s", "15m", "2h", "7d" -> seconds.
std::optional<std::uint64_t> parse_duration(std::string_view text);
// Seconds in the largest of those units that leaves no rest.
std::string duration(std::uint64_t seconds);
// As parse_u64 with an optional leading '-'.
std::optional<std::int64_t> parse_i64(std::string_view text);

// 2026-11-23T10:00:00.123456789Z, as RFC 3339 with nanoseconds; trailing zeros of the fraction dropped
// as Go's RFC3339Nano does.
std::string rfc3339_nano(std::int64_t seconds, std::int64_t nanoseconds);
std::string now_rfc3339();

// The candidate nearest to `word` (edit distance at most 2 and less than half its length), for
// "did you mean"; empty if none is near.
std::string nearest(std::string_view word, const std::vector<std::string_view>& candidates);

// `path` is `place` or lies below it, both clean.
bool path_within(std::string_view path, std::string_view place);

// `path` and `place`, both clean, have something in common: one is the other, or lies below it. "/" is only itself.
bool paths_touch(std::string_view path, std::string_view place);

// `name` fits `pattern`, in which "*" stands for any text and "?" for one character. In time of their product.
bool fits(std::string_view pattern, std::string_view name);

}  // namespace base
