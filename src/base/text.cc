#include "base/text.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <utility>

namespace base {

void Digits::write(std::uint64_t magnitude, bool negative) {
  begin_ = sizeof digits_;
  do {
    digits_[--begin_] = static_cast<char>('0' + magnitude % 10);
    magnitude /= 10;
  } while (magnitude != 0);
  if (negative) digits_[--begin_] = '-';
}

std::string concat(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const auto part : parts) size += part.size();
  std::string out;
  out.reserve(size);
  for (const auto part : parts) out.append(part.data(), part.size());
  return out;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::size_t size = 0;
  for (const auto& part : parts) size += part.size() + separator.size();
  std::string out;
  out.reserve(size);
  for (const auto& part : parts) {
    if (&part != parts.data()) out += separator;
    out += part;
  }
  return out;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> out;
  for (;;) {
    const auto at = text.find(separator);
    out.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return out;
    text.remove_prefix(at + 1);
  }
}

namespace {

void append_hex(std::string& out, const char* prefix, unsigned value, int width) {
  std::array<char, 16> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%s%0*x", prefix, width, value);
  out += buffer.data();
}

}  // namespace

std::size_t utf8_length(std::string_view s) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const auto tail = [&](std::size_t i) { return i < s.size() && (byte(i) & 0xC0U) == 0x80U; };
  if (s.empty()) return 0;
  const unsigned char b = byte(0);
  if (b < 0x80) return 1;
  if (b >= 0xC2 && b <= 0xDF) return tail(1) ? 2 : 0;
  if (b >= 0xE0 && b <= 0xEF) {
    if (!tail(1) || !tail(2)) return 0;
    if (b == 0xE0 && byte(1) < 0xA0) return 0;
    if (b == 0xED && byte(1) > 0x9F) return 0;
    return 3;
  }
  if (b >= 0xF0 && b <= 0xF4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    if (b == 0xF0 && byte(1) < 0x90) return 0;
    if (b == 0xF4 && byte(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

namespace {

// How many characters at the start stand for themselves, in quotes too: printable ASCII.
std::size_t plain_length(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && text[n] >= 0x20 && text[n] < 0x7f && text[n] != '"' && text[n] != '\\') ++n;
  return n;
}

}  // namespace

std::string escape(std::string_view text) {
  std::string out;
  for (;;) {
    const std::size_t plain = plain_length(text);
    out.append(text.data(), plain);
    text.remove_prefix(plain);
    if (text.empty()) return out;
    const char c = text.front();
    const std::size_t n = utf8_length(text);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (n == 0 || static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      append_hex(out, "\\x", static_cast<unsigned char>(c), 2);
    } else {
      out.append(text.data(), n);
    }
    text.remove_prefix(n == 0 ? 1 : n);
  }
}

std::string escape(std::string&& text) {
  if (plain_length(text) == text.size()) return std::move(text);
  return escape(std::string_view(text));
}

namespace {

// Nothing to do, as for most paths; false also for some names that begin with a dot.
bool is_clean(std::string_view path) {
  if (!path.starts_with('/') || path.ends_with('/')) return false;
  char before = 'x';
  for (const char c : path) {
    if (before == '/' && (c == '/' || c == '.')) return false;
    before = c;
  }
  return true;
}

}  // namespace

std::string clean_path(std::string_view path) {
  if (is_clean(path)) return std::string(path);
  std::string out;
  out.reserve(path.size() + 1);
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      out.erase(out.empty() ? 0 : out.rfind('/'));
    } else {
      out += '/';
      out += part;
    }
  }
  return out.empty() ? "/" : out;
}

std::string quote(std::string_view text) { return cat('"', escape(text), '"'); }

std::string json_escape(std::string_view text) {
  std::string out;
  for (;;) {
    const std::size_t plain = plain_length(text);
    out.append(text.data(), plain);
    text.remove_prefix(plain);
    if (text.empty()) return out;
    const char c = text.front();
    const std::size_t n = utf8_length(text);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (n == 0) {
      out += "\xEF\xBF\xBD";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      append_hex(out, "\\u", static_cast<unsigned char>(c), 4);
    } else {
      out.append(text.data(), n);
    }
    text.remove_prefix(n == 0 ? 1 : n);
  }
}

namespace {

template <typename T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  if (text.empty()) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 10);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::uint64_t> parse_u64(std::string_view text) {
  return parse_number<std::uint64_t>(text);
}

namespace {

struct TimeUnit {
  char letter;
  std::uint64_t seconds;
};
constexpr std::array<TimeUnit, 4> kTimeUnits = {{{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}}};

}  // namespace

std::optional<std::uint64_t> parse_duration(std::string_view text) {
  for (const auto& unit : kTimeUnits) {
    if (!text.ends_with(unit.letter)) continue;
    const auto number = parse_u64(text.substr(0, text.size() - 1));
    if (!number || *number > std::numeric_limits<std::uint64_t>::max() / unit.seconds) return std::nullopt;
    return *number * unit.seconds;
  }
  return parse_u64(text);
}

std::string duration(std::uint64_t seconds) {
  for (const auto& unit : kTimeUnits) {
    if (seconds != 0 && seconds % unit.seconds == 0) return cat(seconds / unit.seconds, unit.letter);
  }
  return cat(seconds, 's');
}

std::optional<std::int64_t> parse_i64(std::string_view text) {
  return parse_number<std::int64_t>(text);
}

std::string rfc3339_nano(std::int64_t seconds, std::int64_t nanoseconds) {
  // Not gmtime_r(3), which reads the local time zone first.
  const std::chrono::sys_seconds when{std::chrono::seconds(seconds)};
  const auto midnight = std::chrono::floor<std::chrono::days>(when);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss time(when - midnight);
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
  std::string out(buffer.data());
  if (nanoseconds != 0) {
    std::array<char, 24> digits{};
    std::snprintf(digits.data(), digits.size(), ".%09lld", static_cast<long long>(nanoseconds));
    std::string fraction = digits.data();
    fraction.erase(fraction.find_last_not_of('0') + 1);
    out += fraction;
  }
  return out + "Z";
}

std::string now_rfc3339() {
  struct timespec now {};
  clock_gettime(CLOCK_REALTIME, &now);
  return rfc3339_nano(now.tv_sec, now.tv_nsec);
}

namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  std::size_t best = 3;
  std::string_view found;
  for (const auto candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best && distance * 2 < word.size()) {
      best = distance;
      found = candidate;
    }
  }
  return std::string(found);
}

bool path_within(std::string_view path, std::string_view place) {
  if (place == "/") return true;
  return path.starts_with(place) && (path.size() == place.size() || path[place.size()] == '/');
}

bool paths_touch(std::string_view path, std::string_view place) {
  const auto below = [](std::string_view a, std::string_view b) { return a.size() > b.size() && a.starts_with(b) && a[b.size()] == '/'; };
  if (place == "/") return path == place;
  return path == place || path == "/" || below(path, place) || below(place, path);
}

bool fits(std::string_view pattern, std::string_view name) {
  // On a mismatch the latest star takes one character more.
  std::size_t p = 0, n = 0, star = std::string_view::npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace base
