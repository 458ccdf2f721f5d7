#include "policy/builtin.h"

#include "base/text.h"

namespace policy {

namespace {

constexpr std::string_view kSuffix = ".json";

}  // namespace

std::string_view builtin_policy(std::string_view name) {
  for (const auto& file : builtin_files())
    if (file.name == base::cat(name, kSuffix)) return file.text;
  return {};
}

const SyscallGroup* builtin_group(std::string_view name) {
  for (const auto& group : builtin_groups())
    if (group.name == name) return &group;
  return nullptr;
}

std::vector<std::string_view> builtin_policy_names() {
  std::vector<std::string_view> out;
  for (const auto& file : builtin_files())
    if (file.name.find('/') == std::string_view::npos) out.push_back(file.name.substr(0, file.name.size() - kSuffix.size()));
  return out;
}

std::string_view policy_schema() {
  for (const auto& file : builtin_files())
    if (file.name == "schema/policy.json") return file.text;
  return {};
}

}  // namespace policy
