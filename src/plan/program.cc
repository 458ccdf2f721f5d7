// The end of the plan: ready, the gate, descriptors, the filter, exec; and what exec is given.

#include <linux/seccomp.h>
#include <sys/resource.h>

#include "plan/builder.h"

namespace plan {
namespace {

std::string_view env_name(std::string_view entry) { return entry.substr(0, entry.find('=')); }

// The last of several entries of one name counts, and HOME is there and not empty.
std::vector<std::string> plan_environment(const Builder& b) {
  std::vector<std::string> out;
  const auto set = [&out](const std::string& entry) {
    for (auto& existing : out) {
      if (env_name(existing) == env_name(entry)) {
        existing = entry;
        return;
      }
    }
    out.push_back(entry);
  };
  for (const auto& entry : b.spec.process->env) set(entry);
  for (const auto& entry : b.options.extra_env) set(entry);
  bool home = false;
  for (const auto& entry : out) home = home || (env_name(entry) == "HOME" && entry.size() > 5);
  if (!home) set("HOME=" + (b.options.home.empty() ? "/" : b.options.home));
  return out;
}

}  // namespace

base::Result<void> plan_program(Builder& b) {
  const oci::Process& process = *b.spec.process;
  b.plan.argv = process.args;
  b.plan.envp = plan_environment(b);
  if (b.options.gate) b.plan.gate = b.add_fd(GateSocket{}, "runtime: where start connects");
  const auto* request = b.spec.linux.seccomp ? &*b.spec.linux.seccomp : nullptr;
  const auto& policies = b.hardened.seccomp_policies();
  b.plan.seccomp = b.options.seccomp ? *b.options.seccomp : TRY(build_seccomp(request, policies));
  std::string because = request != nullptr ? "/linux/seccomp" : "";
  if (!policies.empty()) because += base::cat(because.empty() ? "" : " and ", "policy ", b.plan.policy_name);

  if ((b.plan.seccomp.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0 && request != nullptr) {
    b.plan.listener_path = request->listener_path;
    b.plan.listener_metadata = request->listener_metadata;
  }

  b.add(Ready{}, b.options.gate ? "create: wait for start" : "run");
  for (std::size_t i = 0; i < process.rlimits.size(); ++i) {
    if (process.rlimits[i].resource == RLIMIT_NOFILE) {
      b.add(SetRlimit{process.rlimits[i]}, base::cat("/process/rlimits/", i));
    }
  }
  b.add(CloseFds{3 + b.options.preserve_fds}, "runtime: only stdio and preserved descriptors reach the container");
  if (!b.plan.seccomp.code.empty()) b.add(Seccomp{b.plan.seccomp.flags, b.plan.seccomp.code.size()}, because);
  b.add(Exec{}, "/process/args");
  return base::ok();
}

}  // namespace plan
