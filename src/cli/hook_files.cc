#include "cli/hook_files.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>

#include "base/text.h"
#include "cli/effective.h"
#include "cli/entrypoint.h"

namespace cli {
namespace {

// Of the hooks that lie in the root, where a policy asks what is in one.
void find_start_hooks(harden::Abilities& abilities, const oci::Spec& spec, const policy::Effective& policy, int root_fd) {
  const auto is_digest = [](const policy::HookProgram& program) { return !program.digest.empty(); };
  const bool asked = any_of(policy, [&](const auto& p) {
    return p.hooks.allow && std::any_of(p.hooks.allow->value.begin(), p.hooks.allow->value.end(), is_digest);
  });
  if (!asked || root_fd < 0) return;
  for (const auto& hook : spec.hooks.start_container) {
    if (auto file = hash_file_in_root(root_fd, hook.path)) abilities.start_hooks.emplace(hook.path, *std::move(file));
  }
}

// Engines name themselves by a link of procfs (proc(5)), whose number is another one each time that they are started.
std::string program_of_process(const std::string& path) {
  constexpr std::string_view kBegin = "/proc/", kEnd = "/exe", kGone = " (deleted)";
  if (path.size() <= kBegin.size() + kEnd.size() || !path.starts_with(kBegin) || !path.ends_with(kEnd)) return "";
  if (!base::parse_u64(std::string_view(path).substr(kBegin.size(), path.size() - kBegin.size() - kEnd.size()))) return "";
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  if (size <= 0 || size == static_cast<ssize_t>(target.size()) || target[0] != '/') return "";
  const std::string_view found(target.data(), static_cast<std::size_t>(size));
  return found.ends_with(kGone) ? "" : std::string(found);
}

void find_hook_programs(harden::Abilities& abilities, const oci::Spec& spec, const policy::Effective& policy) {
  if (!any_of(policy, [](const auto& p) { return p.hooks.allow.has_value(); })) return;
  for (const auto& kind : oci::kHookKinds) {
    if (kind.list == &oci::Hooks::start_container) continue;  // those lie in the container's root
    for (const auto& hook : spec.hooks.*kind.list) {
      if (auto program = program_of_process(hook.path); !program.empty()) abilities.hook_programs.emplace(hook.path, std::move(program));
    }
  }
}

}  // namespace

void find_hook_files(harden::Abilities& abilities, const oci::Spec& spec, const policy::Effective& policy, int root_fd) {
  find_start_hooks(abilities, spec, policy, root_fd);
  find_hook_programs(abilities, spec, policy);
}

}  // namespace cli
