#include "harden/secrets.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "base/text.h"

namespace harden {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// Of the name, in small letters, "-" and "." as "_"; the longer words first.
struct Keyword {
  std::string_view word, what;
  bool enough = true;  // any value that could be a secret; else only one that looks random
};

constexpr auto kKeywords = std::to_array<Keyword>({
    {"private_key", "private-key"},
    {"secret_access_key", "aws-secret-key"},
    {"access_key", "access-key"},
    {"account_key", "access-key"},
    {"master_key", "encryption-key"},
    {"encryption_key", "encryption-key"},
    {"signing_key", "signing-key"},
    {"secret_key", "secret-key"},
    {"api_key", "api-key"},
    {"apikey", "api-key"},
    {"client_secret", "client-secret"},
    {"connection_string", "connection-string", false},
    {"password", "password"},
    {"passwd", "password"},
    {"passphrase", "password"},
    {"pwd", "password"},
    {"pass", "password"},
    {"secret", "secret"},
    {"secrets", "secret"},
    {"token", "token"},
    {"credential", "credentials"},
    {"credentials", "credentials"},
    {"tokens", "token", false},
    {"auth", "credentials", false},
    {"dsn", "connection-string", false},
    {"salt", "salt", false},
    {"cookie", "cookie", false},
    {"session", "session-key", false},
    {"signing", "signing-key", false},
    {"key", "key", false},
});

// A name that ends so tells of a secret, but does not hold one.
constexpr auto kAbout = std::to_array<std::string_view>({
    "algorithm", "alg",      "arn",     "audience", "backend",     "count",      "dir",     "disabled", "domain",
    "driver",    "duration", "enabled", "encoding", "endpoint",    "expiration", "expires", "expiry",   "file",
    "format",    "header",   "host",    "id",       "interval",    "issuer",     "length",  "lifetime", "limit",
    "max",       "min",      "mode",    "name",     "parallelism", "path",       "policy",  "port",     "prefix",
    "provider",  "ref",      "region",  "required", "rotation",    "server",     "size",    "sock",     "timeout",
    "ttl",       "type",     "uri",     "url",      "user",        "username",   "version",
});

// What is random and public: a name with one of these holds a name for something.
constexpr auto kPublic = std::to_array<std::string_view>({
    "build",    "checksum", "commit", "digest",      "etag", "fingerprint", "git",     "gpg",  "hash",
    "hostname", "id",       "md5",    "public",      "rev",  "revision",    "sha",     "sha1", "sha256",
    "sha512",   "span",     "trace",  "traceparent", "uid",  "uuid",        "version",
});

constexpr auto kWords = std::to_array<std::string_view>({
    "true",
    "false",
    "enabled",
    "disabled",
    "default",
    "required",
    "optional",
    "strict",
    "undefined",
    "nothing",
});

std::vector<std::string> parts_of(std::string_view name) {
  auto text = lowered(name);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '-' || c == '.'; }, '_');
  return base::split(text, '_');
}

// Those that names are also written with in one word: "PGPASSWORD", "AUTHTOKEN".
constexpr auto kEndings =
    std::to_array<std::string_view>({"password", "passwd", "passphrase", "apikey", "secret", "token"});

// "db_api_key" has the word "api_key", and "monkey" no "key".
bool has_word(const std::string& name, std::string_view word) {
  const auto closed = "_" + name + "_";
  return closed.find("_" + std::string(word) + "_") != std::string::npos ||
         (contains(kEndings, word) && closed.find(std::string(word) + "_") != std::string::npos);
}

std::string_view trimmed(std::string_view value) {
  constexpr std::string_view kAround = " \t\r\n\"'";
  const auto first = value.find_first_not_of(kAround);
  if (first == std::string_view::npos) return {};
  return value.substr(first, value.find_last_not_of(kAround) - first + 1);
}

// Bits a character.
double entropy(std::string_view text) {
  std::array<unsigned, 256> counts{};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  double bits = 0;
  const auto size = static_cast<double>(text.size());
  for (const auto count : counts) {
    if (count != 0) bits -= count / size * std::log2(count / size);
  }
  return bits;
}

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f'); });
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex(text.substr(i, 1))) return false;
  }
  return true;
}

bool is_hex_key(std::string_view text) {
  const auto n = text.size();
  return (n == 32 || n == 40 || n == 64 || n == 128) && is_hex(text) && entropy(text) >= 2.5;
}

// One run of base64 or base64url as a random generator makes it. Words joined by "-" and names in camel case have
// fewer digits, and hardly three of a class.
bool looks_random(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::size_t lowers = 0, uppers = 0, digits = 0;
  for (const char c : text) {
    if (is_digit(c)) {
      ++digits;
    } else if (is_letter(c)) {
      ++(lower(c) == c ? lowers : uppers);
    } else if (c != '_' && c != '-' && c != '+' && c != '/') {
      return false;
    }
  }
  return text.size() >= 20 && lowers >= 2 && uppers >= 2 && digits >= 2 && entropy(text) >= 4.0;
}

bool is_number(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || c == '.' || c == '-' || c == ','; });
}

// "/run/x", "./x", "https://x", "unix:///x", "host.example:443": where something is.
bool is_place(std::string_view text) {
  if (text.find("://") != std::string_view::npos) return true;
  if (text.starts_with("./") || text.starts_with("../") || text.starts_with("~/")) return true;
  return text.starts_with('/') && !looks_random(text);
}

// Nothing that could be a secret, whatever its name says.
bool is_harmless(std::string_view text) {
  if (text.size() < 6 || is_number(text) || is_place(text) || is_placeholder(text)) return true;
  return contains(kWords, lowered(text)) || text.starts_with("sha256:") || text.starts_with("sha512:");
}

bool is_public(const std::vector<std::string>& parts) {
  return std::any_of(parts.begin(), parts.end(), [](const auto& part) { return contains(kPublic, part); });
}

std::optional<Secret> by_name(const std::string& name, const std::vector<std::string>& parts, std::string_view text) {
  if (is_harmless(text) || contains(kAbout, parts.back())) return std::nullopt;
  if (name == "pwd" || name == "oldpwd" || has_word(name, "public")) return std::nullopt;
  const bool random = !is_public(parts) && (looks_random(text) || is_hex_key(text));
  for (const auto& keyword : kKeywords) {
    if (has_word(name, keyword.word) && (keyword.enough || random)) return Secret{keyword.what, Confidence::kMedium};
  }
  return std::nullopt;
}

}  // namespace

bool is_placeholder(std::string_view value) {
  const auto text = lowered(value);
  constexpr auto kFillIn = std::to_array<std::string_view>(
      {"changeme", "change-me", "change_me", "changeit", "placeholder", "redacted", "replaceme", "todo", "dummy"});
  if (text.empty() || contains(kFillIn, text)) return true;
  if (text.starts_with("${") || text.starts_with("$(") || text.starts_with("{{") || text.starts_with("<")) return true;
  if (text.starts_with("your-") || text.starts_with("your_") || text.starts_with("%")) return true;
  if (text.front() == '$' &&
      std::all_of(text.begin() + 1, text.end(), [](char c) { return is_letter(c) || c == '_'; })) {
    return true;  // $NAME
  }
  return (text.front() == 'x' || text.front() == '*' || text.front() == '.') &&
         text.find_first_not_of(text.front()) == std::string::npos;
}

std::optional<Secret> find_secret(std::string_view name, std::string_view value) {
  const auto text = trimmed(value);
  if (const auto what = find_token(text); !what.empty()) return Secret{what, Confidence::kHigh};
  if (const auto what = find_credentials(text); !what.empty()) return Secret{what, Confidence::kHigh};
  const auto parts = parts_of(name);
  const auto joined = base::join(parts, "_");
  if (auto secret = by_name(joined, parts, text)) return secret;
  const bool base64url = text.find_first_of("+/") == std::string_view::npos;
  if (!is_public(parts) && base64url && !contains(kAbout, parts.back()) && !is_uuid(text) && looks_random(text)) {
    return Secret{"high-entropy", Confidence::kLow};
  }
  return std::nullopt;
}

}  // namespace harden
