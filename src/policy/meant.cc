#include "policy/meant.h"

#include "base/text.h"

namespace policy {

std::string meant(std::string_view word, const std::vector<std::string_view>& known) {
  auto near = base::nearest(word, known);
  constexpr std::size_t kTooShort = 3;
  if (!near.empty() || word.size() < kTooShort) return near;
  for (const auto name : known) {
    if (!name.starts_with(word) && !name.substr(name.rfind('.') + 1).starts_with(word)) continue;
    if (!near.empty()) return "";
    near = name;
  }
  return near;
}

}  // namespace policy
