#include "policy/syscall_set.h"

#include <algorithm>
#include <utility>

namespace policy {

SyscallSet::SyscallSet(std::vector<std::string_view> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  size_ = names.size();
  for (const auto name : names) {
    text_ += name;
    text_ += '\0';
  }
}

bool SyscallSet::contains(std::string_view name) const { return std::find(begin(), end(), name) != end(); }

bool SyscallSet::set_text(std::string text) {
  if (!text.empty() && text.back() != '\0') return false;
  std::size_t count = 0;
  std::string_view before;
  const Iterator last(text.data() + text.size());
  for (Iterator it(text.data()); it != last; ++it, ++count) {
    const std::string_view name = *it;
    if (name <= before) return false;  // an empty one too
    before = name;
  }
  text_ = std::move(text);
  size_ = count;
  return true;
}

}  // namespace policy
