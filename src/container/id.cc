#include "container/id.h"

namespace container {
namespace {

constexpr bool allowed(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '+' ||
         c == '.' || c == '-';
}

bool is_valid(std::string_view id) {
  if (id.empty() || id.size() > kMaxIdLength || id == "." || id == ".." || id.front() == '-') return false;
  for (const char c : id) {
    if (!allowed(c)) return false;
  }
  return true;
}

}  // namespace

base::Result<void> check_id(std::string_view id) {
  if (!is_valid(id)) return base::Error::usage("invalid container ID format");
  return base::ok();
}

}  // namespace container
