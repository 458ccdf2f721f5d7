// Whether a variable holds a secret, told by its name and value alone. Pure and without a table of anybody's
// own: first what well-known services make their tokens look like, then passwords in URLs and connection strings,
// then what the name says of a value that could be a secret, and last values that look drawn at random.
#pragma once

#include <optional>
#include <string_view>

namespace harden {

enum class Confidence {
  kLow,     // it only looks random: a warning, never more
  kMedium,  // the name says so, and the value could be one
  kHigh,    // it has the exact form of one
};

struct Secret {
  std::string_view what;  // "aws-key", "url-password", "password" …; never any of the value
  Confidence confidence = Confidence::kLow;
};

std::optional<Secret> find_secret(std::string_view name, std::string_view value);

// The layers, for find_secret() and for tests. Each answers what it is, or nothing.
std::string_view find_token(std::string_view value);        // secret_tokens.cc
std::string_view find_credentials(std::string_view value);  // secret_urls.cc

// A placeholder, "${X}" or "changeme", that somebody was to fill in.
bool is_placeholder(std::string_view value);

}  // namespace harden
