#include "plan/invariants.h"

#include <linux/magic.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "plan/builder.h"

namespace plan {
namespace {

template <typename T>
std::optional<std::size_t> first(const LaunchPlan& plan) {
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    if (std::holds_alternative<T>(plan.steps[i].op)) return i;
  }
  return std::nullopt;
}

template <typename T>
std::optional<std::size_t> last(const LaunchPlan& plan) {
  for (std::size_t i = plan.steps.size(); i > 0; --i) {
    if (std::holds_alternative<T>(plan.steps[i - 1].op)) return i - 1;
  }
  return std::nullopt;
}

template <typename T>
std::size_t count(const LaunchPlan& plan) {
  std::size_t n = 0;
  for (const auto& step : plan.steps) n += std::holds_alternative<T>(step.op) ? 1U : 0U;
  return n;
}

// Every A comes before every B (vacuous if either is absent).
template <typename A, typename B>
bool before(const LaunchPlan& plan) {
  const auto a = last<A>(plan);
  const auto b = first<B>(plan);
  return !a || !b || *a < *b;
}

bool exec_is_last(const LaunchPlan& plan, const harden::Hardened&) {
  return count<Exec>(plan) == 1 && !plan.steps.empty() && std::holds_alternative<Exec>(plan.steps.back().op);
}

bool only_exec_after_filter(const LaunchPlan& plan, const harden::Hardened&) {
  const auto filter = first<Seccomp>(plan);
  return !filter || *filter + 2 == plan.steps.size();
}

bool filter_present(const LaunchPlan& plan, const harden::Hardened& hardened) {
  if (!hardened.seccomp_policy()) return true;
  return count<Seccomp>(plan) == 1 && !plan.seccomp.code.empty();
}

bool no_new_privs_before_filter(const LaunchPlan& plan, const harden::Hardened& hardened) {
  const bool wanted = hardened.spec().process && hardened.spec().process->no_new_privileges;
  return (!wanted || (count<NoNewPrivs>(plan) == 1 && count<VerifyNoNewPrivs>(plan) == 1)) &&
         before<NoNewPrivs, Seccomp>(plan);
}

bool capabilities_after_last_mount(const LaunchPlan& plan, const harden::Hardened&) {
  return count<SetCaps>(plan) == 1 && count<Bounding>(plan) == 1 && before<Attach, SetCaps>(plan) &&
         before<Mask, SetCaps>(plan) && before<Readonly, SetCaps>(plan) && before<SetAttr, SetCaps>(plan) &&
         before<Bounding, Identity>(plan) && before<Identity, SetCaps>(plan);
}

// File systems are made, and namespaces entered, while the host is in sight; after the pivot every step works in root.
bool no_host_path_after_pivot(const LaunchPlan& plan, const harden::Hardened&) {
  return count<Pivot>(plan) == 1 && before<Pivot, Attach>(plan) && before<Pivot, Mask>(plan) &&
         before<Pivot, Readonly>(plan) && before<Pivot, Node>(plan) && before<Pivot, Symlink>(plan) &&
         before<Pivot, MakeDir>(plan) && before<Pivot, Chdir>(plan) && before<NewMount, Pivot>(plan) &&
         before<JoinMountNamespace, Pivot>(plan);
}

// What works with a slot comes after the slots are filled; what costs memory, after the cgroup that pays for it is
// joined; and the root of a cgroup namespace is the cgroup of whoever makes it.
bool cgroup_first(const LaunchPlan& plan, const harden::Hardened&) {
  std::optional<std::size_t> cgroup_namespace;
  for (std::size_t i = plan.steps.size(); i > 0; --i) {
    const auto* unshare = std::get_if<Unshare>(&plan.steps[i - 1].op);
    if (unshare != nullptr && (unshare->flags & CLONE_NEWCGROUP) != 0) cgroup_namespace = i - 1;
  }
  const auto joined = last<JoinCgroup>(plan);
  return count<TakeDescriptors>(plan) == 1 && before<TakeDescriptors, JoinCgroup>(plan) &&
         before<TakeDescriptors, JoinMountNamespace>(plan) && before<TakeDescriptors, NewMount>(plan) &&
         before<TakeDescriptors, Pivot>(plan) && before<TakeDescriptors, SetupIdentity>(plan) &&
         before<JoinCgroup, NewMount>(plan) && (!joined || !cgroup_namespace || *joined < *cgroup_namespace);
}

// Nothing is mounted, and no node is made, once the masks are in place.
bool masks_last(const LaunchPlan& plan, const harden::Hardened&) {
  return before<Attach, Mask>(plan) && before<Readonly, Mask>(plan) && before<Node, Mask>(plan);
}

bool everything_verified(const LaunchPlan& plan, const harden::Hardened& hardened) {
  return count<VerifyIdentity>(plan) == 1 && count<VerifyCaps>(plan) == 1 && count<VerifyCwd>(plan) == 1 &&
         count<VerifyMask>(plan) == hardened.spec().linux.masked_paths.size() && before<SetCaps, VerifyCaps>(plan) &&
         before<Identity, VerifyIdentity>(plan) && before<Mask, VerifyMask>(plan) && before<VerifyCaps, Ready>(plan) &&
         before<VerifyIdentity, Ready>(plan) && before<VerifyMask, Ready>(plan) && before<VerifyMount, Ready>(plan) &&
         count<Entered>(plan) == 1 && before<Unshare, Entered>(plan) && before<JoinMountNamespace, Entered>(plan) &&
         before<Entered, Ready>(plan);
}

// A device file system has nodes on purpose; everything else that a hardening policy lets in has none.
bool may_have_devices(const Attach& attach) {
  return attach.target == "/dev" || path_within(attach.target, "/dev/pts") || attach.what.starts_with("device ");
}

bool mounts_nosuid_nodev(const LaunchPlan& plan, const harden::Hardened& hardened) {
  if (!hardened.root_nosuid()) return true;  // a policy that leaves the mounts as requested
  if ((plan.root_attr & MOUNT_ATTR_NOSUID) == 0) return false;
  for (const auto& step : plan.steps) {
    const auto* attach = std::get_if<Attach>(&step.op);
    if (attach == nullptr) continue;
    if ((attach->attr & MOUNT_ATTR_NOSUID) == 0) return false;
    if (hardened.root_nodev() && (attach->attr & MOUNT_ATTR_NODEV) == 0 && !may_have_devices(*attach)) return false;
  }
  return true;
}

// The step after `from` of which `is` is true of the op; the end if there is none.
template <typename T, typename Is>
std::size_t find_after(const LaunchPlan& plan, std::size_t from, Is is) {
  for (std::size_t i = from; i < plan.steps.size(); ++i) {
    const auto* op = std::get_if<T>(&plan.steps[i].op);
    if (op != nullptr && is(*op)) return i;
  }
  return plan.steps.size();
}

// Written, then sealed, then attached, then found so: in this order, and before init is ready.
bool sealed_and_verified(const LaunchPlan& plan, std::size_t write) {
  const int slot = std::get<WriteFile>(plan.steps[write].op).mount.index;
  const auto seal = find_after<SetAttr>(plan, write, [slot](const SetAttr& op) {
    return op.mount.index == slot && (op.set & MOUNT_ATTR_RDONLY) != 0;
  });
  const auto attach = find_after<Attach>(plan, seal, [slot](const Attach& op) { return op.mount.index == slot; });
  if (attach == plan.steps.size()) return false;
  const auto& target = std::get<Attach>(plan.steps[attach].op).target;
  constexpr std::uint64_t kFlags = ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC;
  const auto verify = find_after<VerifyMount>(plan, attach, [&](const VerifyMount& op) {
    return op.path == target && (op.flags & kFlags) == kFlags && op.type == TMPFS_MAGIC && !op.may_be_missing;
  });
  return verify < find_after<Ready>(plan, 0, [](const Ready&) { return true; });
}

// A secret that was taken out of the environment is in a file that the container's user alone can read, in a tmpfs
// that nobody can write to, and is not in the environment.
bool secrets_sealed(const LaunchPlan& plan, const harden::Hardened& hardened) {
  const auto& secrets = hardened.secret_files();
  if (count<WriteFile>(plan) != (secrets ? secrets->files.size() : 0)) return false;
  if (!secrets) return true;
  const auto& user = hardened.spec().process->user;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const auto* file = std::get_if<WriteFile>(&plan.steps[i].op);
    if (file == nullptr) continue;
    if (file->mode != 0400 || file->uid != user.uid || file->gid != user.gid || plan.steps[i].ignore_errors) return false;
    if (!sealed_and_verified(plan, i)) return false;
  }
  return std::none_of(secrets->files.begin(), secrets->files.end(), [&](const harden::SecretFile& file) {
    return std::any_of(plan.envp.begin(), plan.envp.end(),
                       [&](const std::string& entry) { return entry.starts_with(file.name + "="); });
  });
}

bool descriptors_closed(const LaunchPlan& plan, const harden::Hardened&) {
  const auto close = first<CloseFds>(plan);
  return close && count<CloseFds>(plan) == 1 && before<Ready, CloseFds>(plan) && before<CloseFds, Seccomp>(plan) &&
         std::get<CloseFds>(plan.steps[*close].op).first == 3 + plan.preserve_fds;
}

bool slots_valid(const LaunchPlan& plan, const harden::Hardened&) {
  const auto valid = [&plan](const Slot& slot) {
    return slot.index >= 0 && static_cast<std::size_t>(slot.index) < plan.fds.size();
  };
  for (const auto& step : plan.steps) {
    if (const auto* op = std::get_if<Attach>(&step.op); op != nullptr && !valid(op->mount)) return false;
    if (const auto* op = std::get_if<Pivot>(&step.op); op != nullptr && !valid(op->root)) return false;
    if (const auto* op = std::get_if<Mask>(&step.op); op != nullptr && (!valid(op->null) || !valid(op->directory))) return false;
    if (const auto* op = std::get_if<Sysctl>(&step.op); op != nullptr && !valid(op->proc)) return false;
    if (const auto* op = std::get_if<Label>(&step.op); op != nullptr && !valid(op->proc)) return false;
    if (const auto* op = std::get_if<WriteFile>(&step.op); op != nullptr && !valid(op->mount)) return false;
  }
  return true;
}

}  // namespace

const Invariant kInvariants[] = {
    {"exec-is-last", exec_is_last},
    {"only-exec-after-filter", only_exec_after_filter},
    {"filter-present", filter_present},
    {"no-new-privs-before-filter", no_new_privs_before_filter},
    {"capabilities-after-last-mount", capabilities_after_last_mount},
    {"no-host-path-after-pivot", no_host_path_after_pivot},
    {"cgroup-first", cgroup_first},
    {"masks-last", masks_last},
    {"everything-verified", everything_verified},
    {"mounts-nosuid-nodev", mounts_nosuid_nodev},
    {"secrets-sealed", secrets_sealed},
    {"descriptors-closed", descriptors_closed},
    {"slots-valid", slots_valid},
};
const std::size_t kInvariantCount = sizeof(kInvariants) / sizeof(kInvariants[0]);

base::Result<void> check_invariants(const LaunchPlan& plan, const harden::Hardened& hardened) {
  for (const auto& invariant : kInvariants) {
    if (!invariant.holds(plan, hardened)) {
      return base::Error::unsupported(base::cat("plan invariant ", invariant.name, " does not hold"))
          .hint("this is a defect of bulkhead; nothing was started");
    }
  }
  return base::ok();
}

}  // namespace plan
