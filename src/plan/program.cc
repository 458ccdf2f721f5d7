// The end of the plan: ready, the gate, descriptors, the filter, exec; and what exec is given.

#include <asm/unistd.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <sys/resource.h>

#include "plan/builder.h"
#include "plan/seccomp_answer.h"

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

bool has_procfs(const Builder& b) {
  bool found = false;
  for (const auto& mount : b.plan.mounts) {
    if (mount.target == "/proc") found = mount.type == PROC_SUPER_MAGIC || mount.bind;
  }
  return found;
}

// The sandbox stays exactly as it is: the program comes as a descriptor and is executed in the way that the filter
// allows, or not at all.
base::Result<Exec> plan_own_program(Builder& b) {
  const bool by_path = TRY(only_by_path(b, "program"));
  return Exec{b.add_fd(ProgramFile{b.options.program}, "runtime: its own program"), by_path};
}

}  // namespace

base::Result<bool> only_by_path(const Builder& b, std::string_view what) {
  const auto allows = [&](std::uint32_t number, const CallArgs& args) {
    return passes(seccomp_answer(b.plan.seccomp, kNativeAbi, number, args));
  };
  constexpr std::uint64_t kPointer = 4096;
  if (allows(__NR_execveat, {{3, kPointer, kPointer, kPointer, AT_EMPTY_PATH}})) return false;
  if (allows(__NR_execve, {{kPointer, kPointer, kPointer}}) && has_procfs(b)) return true;
  return base::Error::unsupported(base::cat("the seccomp filter refuses execveat(2), and execve(2) or a procfs on \"/proc\" is missing: no ",
                                            what, " can be executed by descriptor"))
      .hint(base::cat("bulkhead does not widen the sandbox for a ", what));
}

base::Result<void> plan_program(Builder& b) {
  const oci::Process& process = *b.spec.process;
  b.plan.argv = b.options.program.empty() ? process.args : std::vector<std::string>{"probe"};
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
  TRY(plan_start_hooks(b));
  for (std::size_t i = 0; i < process.rlimits.size(); ++i) {
    if (process.rlimits[i].resource == RLIMIT_NOFILE) {
      b.add(SetRlimit{process.rlimits[i]}, base::cat("/process/rlimits/", i));
    }
  }
  b.add(CloseFds{3 + b.options.preserve_fds}, "runtime: only stdio and preserved descriptors reach the container");
  if (!b.plan.seccomp.code.empty()) b.add(Seccomp{b.plan.seccomp.flags, b.plan.seccomp.code.size()}, because);
  if (b.options.program.empty()) {
    b.add(Exec{}, "/process/args");
  } else {
    b.add(TRY(plan_own_program(b)), "runtime: its own program");
  }
  return base::ok();
}

}  // namespace plan
