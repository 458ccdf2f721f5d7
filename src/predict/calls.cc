// Attempts of one system call each: what the filter answers to exactly those arguments, and if it lets them through,
// what the kernel answers to somebody with these capabilities. The answers that differ between kernels are named.

#include <asm/unistd.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>

#include <string_view>

#include "base/text.h"
#include "oci/names.h"
#include "predict/sandbox.h"

namespace predict {
namespace {

constexpr std::uint64_t P(...) { return kPointer; }
constexpr std::uint64_t kSelf = 1;

struct NamedCall {
  std::string_view name;
  Call call;
};

#define SELF kSelf
#define CALL(name, number, a, b, c, d, e, f)                                                       \
  {#name,                                                                                          \
   {plan::kNativeAbi,                                                                              \
    number,                                                                                        \
    {{static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(b), static_cast<std::uint64_t>(c), \
      static_cast<std::uint64_t>(d), static_cast<std::uint64_t>(e), static_cast<std::uint64_t>(f)}}}},
constexpr int nothing = 0, allow_action = 0, ends = 0;  // what the table's pointers are called
// Made when it is asked for: every other command would pay for it at its start.
const auto& named_calls() {
  static const NamedCall kCalls[] = {
#include "probe/calls.inc"
  };
  return kCalls;
}
#undef CALL
#undef SELF

enum class Over { kNobody, kItself, kHost };  // which user namespace the capability must be over

// A member without a capability is free for everyone. `special`: where more decides than one capability.
struct Rule {
  std::string_view name, control, attempt;
  Over over;
  int cap;
  std::string_view with, without;
  std::string (*special)(const Sandbox&) = nullptr;
};

// unshare(2): past the limit of its user namespace.
template <bool may_be_over>
std::string new_namespace(const Sandbox& box) {
  if (!box.cap(CAP_SYS_ADMIN)) return "EPERM";
  if (box.hardened.locks().no_nested_namespaces) return "ENOSPC";
  return may_be_over ? "ok|ENOSPC" : "ok";
}

std::string become_root(const Sandbox& box) {
  if (box.uid == 0) return "ok";
  if (!box.maps(0)) return "EINVAL";
  if (!box.known_maps()) return box.cap(CAP_SETUID) ? "ok|EINVAL" : "EPERM|EINVAL";
  return box.cap(CAP_SETUID) ? "ok" : "EPERM";
}

std::string become_root_group(const Sandbox& box) { return box.gid == 0 || box.cap(CAP_SETGID) ? "ok" : "EPERM"; }

std::string trace(const Sandbox& box) { return box.sysctl("kernel/yama/ptrace_scope") == "3" ? "EPERM" : "ok"; }

std::string make_userfaultfd(const Sandbox& box) {
  const bool may = box.host_cap(CAP_SYS_PTRACE) || box.sysctl("vm/unprivileged_userfaultfd") == "1";
  return may ? "ok|ENOSYS" : "EPERM|ENOSYS";
}

std::string make_ring(const Sandbox& box) {
  const std::string disabled = box.sysctl("kernel/io_uring_disabled");
  if (disabled == "2" || (disabled == "1" && !box.host_cap(CAP_SYS_ADMIN))) return "EPERM|ENOSYS";
  return "EFAULT|ENOSYS";
}

std::string read_log(const Sandbox& box) {
  const bool may =
      box.host_cap(CAP_SYSLOG) || box.host_cap(CAP_SYS_ADMIN) || box.sysctl("kernel/dmesg_restrict") == "0";
  return may ? "ok" : "EPERM";
}

std::string load_program(const Sandbox& box) {
  const bool may = box.host_cap(CAP_BPF) || box.host_cap(CAP_SYS_ADMIN);
  return may ? "EINVAL|ENOSYS" : "EPERM|EINVAL|ENOSYS";
}

std::string remount(const Sandbox& box) {
  if (!box.cap(CAP_SYS_ADMIN)) return "EPERM";
  return box.user_namespace ? "ok|EPERM" : "ok";  // flags that come from outside are locked
}

constexpr Rule kRules[] = {
    {"mount", "mounts", "mount a file system (mount)", Over::kItself, CAP_SYS_ADMIN, "ENODEV", "EPERM"},
    {"umount", "mounts", "unmount the root (umount2)", Over::kItself, CAP_SYS_ADMIN, "EINVAL", "EPERM"},
    {"remount_root", "mounts", "change the flags of the root (mount)", Over::kItself, CAP_SYS_ADMIN, "", "", remount},
    {"pivot_root", "mounts", "change the root (pivot_root)", Over::kItself, CAP_SYS_ADMIN, "EBUSY|EINVAL", "EPERM"},
    {"chroot", "mounts", "change the root (chroot)", Over::kItself, CAP_SYS_CHROOT, "ok", "EPERM"},
    {"fsopen", "mounts", "make a file system (fsopen)", Over::kItself, CAP_SYS_ADMIN, "ok", "EPERM"},
    {"open_tree", "mounts", "copy a mount (open_tree)", Over::kItself, CAP_SYS_ADMIN, "ok|EINVAL", "EPERM"},
    {"move_mount", "mounts", "move a mount (move_mount)", Over::kItself, CAP_SYS_ADMIN, "ENOENT", "EPERM"},
    {"mount_setattr", "mounts", "change a mount (mount_setattr)", Over::kItself, CAP_SYS_ADMIN, "ok", "EPERM"},
    {"unshare_user", "namespaces", "make a user namespace (unshare)", Over::kNobody, 0, "", "", new_user_namespace},
    {"unshare_mount", "namespaces", "make a mount namespace (unshare)", Over::kItself, CAP_SYS_ADMIN, "", "", new_namespace<false>},
    {"unshare_net", "namespaces", "make a network namespace (unshare)", Over::kItself, CAP_SYS_ADMIN, "", "",
     new_namespace<true>},
    {"unshare_uts", "namespaces", "make a uts namespace (unshare)", Over::kItself, CAP_SYS_ADMIN, "", "", new_namespace<true>},
    {"clone3", "namespaces", "clone without flags that can be filtered (clone3)", Over::kNobody, 0, "EINVAL", ""},
    {"setuid_0", "identity", "become root (setuid)", Over::kNobody, 0, "", "", become_root},
    {"setgid_0", "identity", "become root's group (setgid)", Over::kNobody, 0, "", "", become_root_group},
    {"setgroups", "identity", "give up groups (setgroups)", Over::kItself, CAP_SETGID, "ok", "EPERM"},
    {"ptrace", "tracing", "be traced (ptrace)", Over::kNobody, 0, "", "", trace},
    {"process_vm_readv", "tracing", "read memory (process_vm_readv)", Over::kNobody, 0, "ok|ENOSYS", ""},
    {"kcmp", "tracing", "compare kernel pointers (kcmp)", Over::kNobody, 0, "ok|ENOSYS|EOPNOTSUPP", ""},
    {"pidfd_open", "tracing", "open a process (pidfd_open)", Over::kNobody, 0, "ok", ""},
    {"add_key", "keyrings", "add a key (add_key)", Over::kNobody, 0, "ok|EDQUOT|ENOSYS", ""},
    {"request_key", "keyrings", "ask for a key (request_key)", Over::kNobody, 0, "ENOKEY|EACCES|ENOSYS", ""},
    {"keyctl", "keyrings", "find the session keyring (keyctl)", Over::kNobody, 0, "ok|ENOKEY|ENOSYS", ""},
    {"bpf", "kernel", "make a BPF map (bpf)", Over::kNobody, 0, "", "", load_program},
    {"userfaultfd", "kernel", "handle the kernel's page faults (userfaultfd)", Over::kNobody, 0, "", "",
     make_userfaultfd},
    {"io_uring_setup", "kernel", "make a ring (io_uring_setup)", Over::kNobody, 0, "", "", make_ring},
    {"landlock_create_ruleset", "kernel", "ask for Landlock's version", Over::kNobody, 0, "ok|EOPNOTSUPP|ENOSYS", ""},
    {"memfd_create", "exec", "make a memory file (memfd_create)", Over::kNobody, 0, "ok|EACCES", ""},
    {"memfd_secret", "kernel", "make secret memory (memfd_secret)", Over::kNobody, 0, "ok|ENOSYS", ""},
    {"syslog", "kernel", "ask for the size of the kernel's log (syslog)", Over::kNobody, 0, "", "", read_log},
    {"init_module", "kernel", "load a module (init_module)", Over::kHost, CAP_SYS_MODULE, "ENOEXEC|EPERM|ENOSYS",
     "EPERM|ENOSYS"},
    {"kexec_load", "kernel", "load another kernel (kexec_load)", Over::kHost, CAP_SYS_BOOT, "EINVAL|EPERM|ENOSYS",
     "EPERM|ENOSYS"},
    {"reboot", "kernel", "reboot, with a wrong number (reboot)", Over::kItself, CAP_SYS_BOOT, "EINVAL", "EPERM"},
    {"swapon", "kernel", "add swap that is not there (swapon)", Over::kHost, CAP_SYS_ADMIN, "ENOENT|ENOSYS",
     "EPERM|ENOSYS"},
    {"quotactl", "kernel", "ask about no quota (quotactl)", Over::kNobody, 0, "ENODEV|ENOSYS", ""},
    {"fanotify_init", "kernel", "watch file systems (fanotify_init)", Over::kHost, CAP_SYS_ADMIN, "ok|ENOSYS",
     "EPERM|ENOSYS"},
    {"personality", "kernel", "turn address randomization off (personality)", Over::kNobody, 0, "ok", ""},
    {"settimeofday", "kernel", "set the clock to nothing (settimeofday)", Over::kHost, CAP_SYS_TIME, "ok", "EPERM"},
    {"seccomp", "kernel", "ask about filters (seccomp)", Over::kNobody, 0, "ok", ""},
#if defined(__x86_64__)
    {"ioperm", "kernel", "reach I/O ports (ioperm)", Over::kHost, CAP_SYS_RAWIO, "ok|EPERM|ENOSYS", "EPERM|ENOSYS"},
#endif
    {"mbind", "kernel", "bind memory to nodes (mbind)", Over::kNobody, 0, "ok|ENOSYS", ""},
    {"tiocsti", "terminals", "forge terminal input (TIOCSTI on /dev/null)", Over::kNobody, 0, "ENOTTY", ""},
    {"getpid", "works", "ask for the own pid (getpid)", Over::kNobody, 0, "ok", ""},
    {"pipe", "works", "make a pipe (pipe2)", Over::kNobody, 0, "ok", ""},
};

std::string capability(const Rule& rule) { return std::string(oci::capability_name(rule.cap)); }

// What the kernel says once the filter has let it through, and why.
Expectation by_kernel(const Sandbox& box, const Rule& rule) {
  Expectation row{std::string(rule.control), std::string(rule.attempt), base::cat("attempts.", rule.name), {}, {}};
  if (rule.over == Over::kNobody) {
    row.predicted = rule.special != nullptr ? rule.special(box) : std::string(rule.with);
    row.because = "not filtered";
    return row;
  }
  const bool may = rule.over == Over::kItself ? box.cap(rule.cap) : box.host_cap(rule.cap);
  row.predicted = rule.special != nullptr ? rule.special(box) : std::string(may ? rule.with : rule.without);
  row.because = may                 ? base::cat("not filtered, and has ", capability(rule))
                : box.cap(rule.cap) ? base::cat(capability(rule), " is not over the host")
                                    : base::cat("no ", capability(rule));
  return row;
}

}  // namespace

std::string new_user_namespace(const Sandbox& box) {
  if (box.sysctl("kernel/unprivileged_userns_clone") == "0" && !box.host_cap(CAP_SYS_ADMIN)) return "EPERM";
  if (box.sysctl("user/max_user_namespaces") == "0") return "ENOSPC";
  for (const auto& step : box.plan.steps) {
    const auto* pivot = std::get_if<plan::Pivot>(&step.op);
    if (pivot != nullptr && pivot->use_chroot) return "EPERM";  // current_chrooted()
  }
  return "ok";
}

// Fails to compile where the table has a call without a rule: each of them is predicted, or it would not be looked at.
constexpr bool every_call_has_a_rule() {
#define CALL(name, ...) #name,
  constexpr std::string_view names[] = {
#include "probe/calls.inc"
  };
#undef CALL
  for (const auto name : names) {
    bool found = false;
    for (const auto& rule : kRules) found = found || rule.name == name;
    if (!found) return false;
  }
  return true;
}
static_assert(every_call_has_a_rule());

// No mount changes for a process in a domain, whatever its capabilities. Of unmounting the kernel may say first that
// this mount cannot be.
void without_landlock(const Sandbox& box, const Rule& rule, Expectation& row) {
  if (!box.landlocked || !box.cap(CAP_SYS_ADMIN)) return;
  for (const std::string_view name : {"mount", "umount", "remount_root", "pivot_root"}) {
    if (rule.name != name) continue;
    row.predicted = name == "umount" ? "EPERM|EINVAL" : "EPERM";
    row.because = "Landlock";
  }
}

void expect_calls(const Sandbox& box, Expectations& out) {
  for (const auto& rule : kRules) {
    if (box.host.running && rule.name == "remount_root") continue;  // not tried: it would stay so
    Expectation row = by_kernel(box, rule);
    without_landlock(box, rule, row);
    for (const auto& named : named_calls()) {
      if (named.name == rule.name) box.apply_filter(row, {named.call});
    }
    out.push_back(std::move(row));
  }
}

}  // namespace predict
