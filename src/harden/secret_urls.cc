// Passwords within URLs and connection strings.
#include <algorithm>
#include <array>
#include <string>

#include "harden/secrets.h"

namespace harden {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
bool is_word(char c) {
  c = lower(c);
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

constexpr auto kNpos = std::string_view::npos;

// user:password, of which the password is one.
bool is_userinfo(std::string_view text) {
  const auto colon = text.find(':');
  return colon != kNpos && colon + 1 < text.size() && !is_placeholder(text.substr(colon + 1));
}

// scheme://user:password@host
bool has_url_password(std::string_view value) {
  for (auto at = value.find("://"); at != kNpos; at = value.find("://", at + 3)) {
    if (at == 0 || !is_word(value[at - 1])) continue;
    auto authority = value.substr(at + 3);
    authority = authority.substr(0, authority.find_first_of("/?# \t\r\n\"'<>"));
    const auto end = authority.rfind('@');
    if (end != kNpos && is_userinfo(authority.substr(0, end))) return true;
  }
  // user:password@tcp(host:3306)/database, as Go's MySQL driver has it
  for (const std::string_view mark : {"@tcp(", "@unix("}) {
    const auto end = value.find(mark);
    if (end != kNpos && is_userinfo(value.substr(0, end)) && value.find("://") == kNpos) return true;
  }
  return false;
}

// What stands before "=" in the query of a URL, or in "Server=x;Password=y" and "host=x password=y".
constexpr auto kPasswords = std::to_array<std::string_view>({"password", "passwd", "pwd", "sslpassword"});
// Of these only a value with a digit in it: "token=required" is a setting.
constexpr auto kKeys = std::to_array<std::string_view>({
    "pass",
    "secret",
    "token",
    "api_key",
    "api-key",
    "apikey",
    "x-api-key",
    "access_token",
    "auth_token",
    "client_secret",
    "accountkey",
    "sharedaccesskey",
    "sharedaccesssignature",
    "sig",
    "signature",
    "x-amz-signature",
    "x-goog-signature",
});

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// "--password", "-Dspring.datasource.password": the last part, in small letters.
std::string key_before(std::string_view value, std::size_t equals) {
  auto begin = equals;
  while (begin > 0 && is_word(value[begin - 1]) && value[begin - 1] != '.') --begin;
  while (begin < equals && value[begin] == '-') ++begin;
  std::string key(value.substr(begin, equals - begin));
  std::transform(key.begin(), key.end(), key.begin(), lower);
  return key;
}

bool has_parameter(std::string_view value) {
  for (auto equals = value.find('='); equals != kNpos; equals = value.find('=', equals + 1)) {
    const auto key = key_before(value, equals);
    const bool password = contains(kPasswords, key);
    if (!password && !contains(kKeys, key)) continue;
    auto rest = value.substr(equals + 1, 256);
    rest = rest.substr(0, rest.find_first_of(";&, \t\r\n\"'"));
    const bool digit = rest.find_first_of("0123456789") != kNpos;
    if (rest.size() >= 6 && (password || digit) && !is_placeholder(rest)) return true;
  }
  return false;
}

// "Bearer x", "Basic x": the value of an HTTP header.
bool has_authorization(std::string_view value) {
  for (const std::string_view scheme : {"Bearer ", "bearer ", "Basic ", "basic "}) {
    const auto at = value.find(scheme);
    if (at == kNpos || (at > 0 && is_word(value[at - 1]))) continue;
    const auto rest = value.substr(at + scheme.size());
    const auto end = std::find_if(rest.begin(), rest.end(),
                                  [](char c) { return !is_word(c) && c != '+' && c != '/' && c != '=' && c != '~'; });
    const auto credentials = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
    const bool letters_only =
        std::all_of(credentials.begin(), credentials.end(), [](char c) { return lower(c) >= 'a' && lower(c) <= 'z'; });
    if (credentials.size() >= 12 && !letters_only && !is_placeholder(credentials)) return true;
  }
  return false;
}

}  // namespace

std::string_view find_credentials(std::string_view value) {
  if (has_url_password(value)) return "url-password";
  if (has_parameter(value)) return "connection-secret";
  if (has_authorization(value)) return "authorization";
  return {};
}

}  // namespace harden
