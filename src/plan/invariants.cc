#include "plan/invariants.h"

#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <optional>
#include <variant>

#include "base/text.h"
#include "plan/builder.h"
#include "plan/landlock.h"
#include "plan/order.h"

namespace plan {

namespace {

bool exec_is_last(const LaunchPlan& plan, const harden::Hardened&, const Order& at) {
  return at.count<Exec>() == 1 && !plan.steps.empty() && std::holds_alternative<Exec>(plan.steps.back().op);
}

bool only_exec_after_filter(const LaunchPlan& plan, const harden::Hardened&, const Order& at) {
  const auto filter = at.first<Seccomp>();
  return !filter || *filter + 2 == plan.steps.size();
}

bool filter_present(const LaunchPlan& plan, const harden::Hardened& hardened, const Order& at) {
  if (hardened.seccomp_policies().empty()) return true;
  return at.count<Seccomp>() == 1 && !plan.seccomp.code.empty();
}

bool no_new_privs_before_filter(const LaunchPlan&, const harden::Hardened& hardened, const Order& at) {
  const bool wanted = hardened.spec().process && hardened.spec().process->no_new_privileges;
  return (!wanted || (at.count<NoNewPrivs>() == 1 && at.count<VerifyNoNewPrivs>() == 1)) &&
         at.before<NoNewPrivs, Seccomp>();
}

bool capabilities_after_last_mount(const LaunchPlan&, const harden::Hardened&, const Order& at) {
  return at.count<SetCaps>() == 1 && at.count<Bounding>() == 1 && at.before<Attach, SetCaps>() &&
         at.before<Mask, SetCaps>() && at.before<Readonly, SetCaps>() && at.before<SetAttr, SetCaps>() &&
         at.before<Bounding, Identity>() && at.before<Identity, SetCaps>();
}

// What works in the root comes after `First`, by which init has it.
template <typename First>
bool in_root_after(const Order& at) {
  return at.before<First, Attach>() && at.before<First, Node>() && at.before<First, Symlink>() && at.before<First, MakeDir>() &&
         at.before<NewMount, First>() && at.before<JoinMountNamespace, First>();
}

// File systems are made, and namespaces entered, while the host is in sight; after the pivot every step works in root, and
// before it those alone that hooks are to see.
bool no_host_path_after_pivot(const LaunchPlan&, const harden::Hardened&, const Order& at) {
  const bool placed = at.count<PlaceRoot>() != 0;
  return at.count<Pivot>() == 1 && at.count<PlaceRoot>() <= 1 && at.before<PlaceRoot, Pivot>() && at.before<Pivot, Mask>() &&
         at.before<Pivot, Readonly>() && at.before<Pivot, Chdir>() && at.before<RuntimeHook, Pivot>() &&
         (placed ? in_root_after<PlaceRoot>(at) : in_root_after<Pivot>(at));
}

// Besides those of config.json: a procfs for sysctls, and the directory that masks.
bool few_mounts_before(const LaunchPlan& plan, std::size_t end) {
  const auto steps = plan.steps.begin();
  const auto early = std::count_if(steps, steps + static_cast<std::ptrdiff_t>(end),
                                   [](const Step& step) { return std::holds_alternative<NewMount>(step.op); });
  return static_cast<std::size_t>(early) <= kMostEarlyMounts + 2;
}

// What works with a slot of the parent's comes after the slots are filled; what belongs to the container, after the cgroup
// that pays for it is joined; and the root of a cgroup namespace is the cgroup of whoever makes it.
bool cgroup_first(const LaunchPlan& plan, const harden::Hardened&, const Order& at) {
  std::optional<std::size_t> cgroup_namespace;
  for (std::size_t i = plan.steps.size(); i > 0; --i) {
    const auto* unshare = std::get_if<Unshare>(&plan.steps[i - 1].op);
    if (unshare != nullptr && (unshare->flags & CLONE_NEWCGROUP) != 0) cgroup_namespace = i - 1;
  }
  const auto joined = at.last<JoinCgroup>();
  const auto taken = at.first<TakeDescriptors>();
  return at.count<TakeDescriptors>() == 1 && at.before<TakeDescriptors, JoinCgroup>() &&
         at.before<TakeDescriptors, JoinMountNamespace>() && at.before<TakeDescriptors, Pivot>() &&
         at.before<TakeDescriptors, WriteFile>() && at.before<JoinCgroup, Pivot>() && at.before<JoinCgroup, WriteFile>() &&
         at.before<JoinMountNamespace, NewMount>() && few_mounts_before(plan, *taken) &&
         (!joined || !cgroup_namespace || *joined < *cgroup_namespace);
}

// What the policy locks is set after the last change to the user, and found so before init is ready.
bool locks_in_force(const LaunchPlan& plan, const harden::Hardened& hardened, const Order& at) {
  const auto& locks = hardened.locks();
  const auto caps = at.first<SetCaps>();
  if (!caps || std::get<SetCaps>(plan.steps[*caps].op).secure_bits != locks.secure_bits) return false;
  const auto verify = at.first<VerifyLocks>();
  if (at.count<DenyWriteExecute>() != (locks.deny_write_execute ? 1U : 0U)) return false;
  if (at.count<CoreScheduling>() != (locks.core_scheduling ? 1U : 0U)) return false;
  if (at.count<Speculation>() != (locks.speculation != 0 ? 1U : 0U)) return false;
  const auto filter = at.first<Seccomp>();
  if (locks.no_spec_allow && filter && (std::get<Seccomp>(plan.steps[*filter].op).flags & SECCOMP_FILTER_FLAG_SPEC_ALLOW) != 0) return false;
  if (at.count<MemfdNoexec>() != (locks.memfd_noexec ? 1U : 0U) || !at.before<MemfdNoexec, SetupIdentity>() ||
      !at.before<MemfdNoexec, Pivot>()) {
    return false;
  }
  const auto wanted = verification(locks);
  if (!verify) return wanted == VerifyLocks{};
  return wanted != VerifyLocks{} && std::get<VerifyLocks>(plan.steps[*verify].op) == wanted && at.before<SetCaps, VerifyLocks>() &&
         at.before<DenyWriteExecute, VerifyLocks>() && at.before<CoreScheduling, VerifyLocks>() &&
         at.before<Speculation, VerifyLocks>() && at.before<VerifyLocks, Ready>();
}

// Every kind of namespace, after the last mount and before the capabilities go; and of no other container.
bool nesting_in_force(const LaunchPlan& plan, const harden::Hardened& hardened, const Order& at) {
  constexpr std::size_t kKinds = 8;
  std::size_t limits = 0, last_mount = 0;
  for (const auto& last : {at.last<Entered>(), at.last<NewMount>(), at.last<Attach>(), at.last<Readonly>(), at.last<Mask>()}) {
    last_mount = std::max(last_mount, last.value_or(0));
  }
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const auto* limit = std::get_if<Sysctl>(&plan.steps[i].op);
    if (limit == nullptr || !limit->path.starts_with("user/max_")) continue;
    if (limit->value != "0" || plan.steps[i].ignore_errors || i < last_mount) return false;
    ++limits;
  }
  if (!hardened.locks().no_nested_namespaces) return limits == 0;
  return limits == kKinds && (plan.clone_flags & CLONE_NEWUSER) != 0 && at.before<Sysctl, Bounding>();
}

// Each route is there, in the namespace that was made, before anybody is told of it; and none that no policy asks for.
bool routes_in_force(const LaunchPlan& plan, const harden::Hardened& hardened, const Order& at) {
  if (hardened.blackhole().empty()) return at.count<Blackhole>() == 0;
  std::vector<std::string> planned, wanted;
  for (const auto& step : plan.steps) {
    const auto* routes = std::get_if<Blackhole>(&step.op);
    if (routes == nullptr) continue;
    if (step.ignore_errors) return false;
    for (const auto& prefix : routes->prefixes) planned.push_back(policy::prefix_text(prefix));
  }
  for (const auto& prefix : hardened.blackhole()) wanted.push_back(policy::prefix_text(prefix));
  return planned == wanted && (plan.unshare_flags & CLONE_NEWNET) != 0 && at.before<Loopback, Blackhole>() &&
         at.before<Blackhole, Entered>() && at.before<Blackhole, SetupIdentity>();
}

// Nothing is mounted, and no node is made, once the masks are in place.
bool masks_last(const LaunchPlan&, const harden::Hardened&, const Order& at) {
  return at.before<Attach, Mask>() && at.before<Readonly, Mask>() && at.before<Node, Mask>();
}

bool everything_verified(const LaunchPlan&, const harden::Hardened& hardened, const Order& at) {
  return at.count<VerifyIdentity>() == 1 && at.count<VerifyCaps>() == 1 && at.count<VerifyCwd>() == 1 &&
         at.count<VerifyMask>() == hardened.spec().linux.masked_paths.size() && at.before<SetCaps, VerifyCaps>() &&
         at.before<Identity, VerifyIdentity>() && at.before<Mask, VerifyMask>() && at.before<VerifyCaps, Ready>() &&
         at.before<VerifyIdentity, Ready>() && at.before<VerifyMask, Ready>() && at.before<VerifyMount, Ready>() &&
         at.count<Entered>() == 1 && at.before<Unshare, Entered>() && at.before<JoinMountNamespace, Entered>() &&
         at.before<Entered, Ready>();
}

// A device file system has nodes on purpose; everything else that a hardening policy lets in has none.
bool may_have_devices(const Attach& attach) {
  return attach.target == "/dev" || path_within(attach.target, "/dev/pts") || attach.what.starts_with("device ");
}

bool mounts_nosuid_nodev(const LaunchPlan& plan, const harden::Hardened& hardened, const Order&) {
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

// Nothing is shared with the host: neither what is copied from it, nor what is made so later.
bool propagation_ends(const LaunchPlan& plan, const harden::Hardened& hardened, const Order&) {
  if (!hardened.private_propagation()) return true;
  if (plan.root_propagation == 0) return false;
  const bool peers = std::any_of(plan.fds.begin(), plan.fds.end(), [](const FdPlan& fd) {
    const auto* bind = std::get_if<BindTree>(&fd.source);
    return bind != nullptr && bind->propagation == 0;
  });
  return !peers && std::none_of(plan.steps.begin(), plan.steps.end(), [](const Step& step) {
    const auto* all = std::get_if<Propagation>(&step.op);
    const auto* one = std::get_if<SetPropagation>(&step.op);
    return (all != nullptr && all->type == MS_SHARED) || (one != nullptr && one->type == MS_SHARED);
  });
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
bool secrets_sealed(const LaunchPlan& plan, const harden::Hardened& hardened, const Order& at) {
  const auto& secrets = hardened.secret_files();
  if (at.count<WriteFile>() != (secrets ? secrets->files.size() : 0)) return false;
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

bool descriptors_closed(const LaunchPlan& plan, const harden::Hardened&, const Order& at) {
  const auto close = at.first<CloseFds>();
  return close && at.count<CloseFds>() == 1 && at.before<Ready, CloseFds>() && at.before<CloseFds, Seccomp>() &&
         std::get<CloseFds>(plan.steps[*close].op).first == 3 + plan.preserve_fds;
}

// Each file whose digest was looked at is found to be the same, once it is known which is executed.
bool program_verified(const LaunchPlan& plan, const harden::Hardened& hardened, const Order& at) {
  if (hardened.program().empty()) return at.count<VerifyProgram>() == 0;
  auto wanted = hardened.program().begin();
  for (const auto& step : plan.steps) {
    const auto* op = std::get_if<VerifyProgram>(&step.op);
    if (op == nullptr) continue;
    if (wanted == hardened.program().end() || step.ignore_errors || op->path != wanted->path || op->device != wanted->device ||
        op->inode != wanted->inode || op->changed != wanted->changed) {
      return false;
    }
    ++wanted;
  }
  return wanted == hardened.program().end() && at.before<FindExecutable, VerifyProgram>() && at.before<VerifyProgram, Ready>();
}

// One program: the container's, which is looked for in the root, or the runtime's own, which comes as a descriptor.
bool program_known(const LaunchPlan& plan, const harden::Hardened& hardened, const Order& at) {
  const auto exec = at.first<Exec>();
  if (!exec) return true;  // exec-is-last
  const Slot slot = std::get<Exec>(plan.steps[*exec].op).program;
  const auto own = std::count_if(plan.fds.begin(), plan.fds.end(),
                                 [](const FdPlan& fd) { return std::holds_alternative<ProgramFile>(fd.source); });
  if (!slot.valid()) return at.count<FindExecutable>() == 1 && own == 0 && program_verified(plan, hardened, at);
  return at.count<FindExecutable>() == 0 && at.count<VerifyProgram>() == 0 && own == 1 && static_cast<std::size_t>(slot.index) < plan.fds.size() &&
         std::holds_alternative<ProgramFile>(plan.fds[static_cast<std::size_t>(slot.index)].source);
}

bool slots_valid(const LaunchPlan& plan, const harden::Hardened&, const Order&) {
  const auto valid = [&plan](const Slot& slot) {
    return slot.index >= 0 && static_cast<std::size_t>(slot.index) < plan.fds.size();
  };
  for (const auto& step : plan.steps) {
    if (const auto* op = std::get_if<Attach>(&step.op); op != nullptr && !valid(op->mount)) return false;
    if (const auto* op = std::get_if<Pivot>(&step.op); op != nullptr && !valid(op->root)) return false;
    if (const auto* op = std::get_if<PlaceRoot>(&step.op); op != nullptr && (!valid(op->root) || !valid(op->place))) return false;
    if (const auto* op = std::get_if<Mask>(&step.op); op != nullptr && (!valid(op->null) || !valid(op->directory))) return false;
    if (const auto* op = std::get_if<Sysctl>(&step.op); op != nullptr && !valid(op->proc)) return false;
    if (const auto* op = std::get_if<Label>(&step.op); op != nullptr && !valid(op->proc)) return false;
    if (const auto* op = std::get_if<WriteFile>(&step.op); op != nullptr && !valid(op->mount)) return false;
  }
  return true;
}

bool is_hook_file(const LaunchPlan& plan, const RunHook& run) {
  if (!run.program.valid() || static_cast<std::size_t>(run.program.index) >= plan.fds.size()) return false;
  const auto* file = std::get_if<HookFile>(&plan.fds[static_cast<std::size_t>(run.program.index)].source);
  return file != nullptr && file->hook == run.hook;
}

// A hook of the host's side: while init waits, between the last mount and the pivot.
bool before_pivot(std::size_t step, const Order& at) {
  const auto all_before = [&](auto last) { return !last || *last < step; };
  return at.count<PlaceRoot>() == 1 && step < *at.first<Pivot>() && all_before(at.last<PlaceRoot>()) && all_before(at.last<Entered>()) &&
         all_before(at.last<Attach>()) && all_before(at.last<Node>()) && all_before(at.last<Symlink>());
}

// One of the container's side: as confined as the program that it is run before.
bool as_the_program(const RunHook& run, std::size_t step, const Order& at) {
  const bool checked = run.hook.digests.empty() || run.inode != 0;
  return !run.program.valid() && checked && run.confined == (at.count<Seccomp>() != 0) && at.last<Ready>().value_or(step) < step &&
         step < at.first<CloseFds>().value_or(0);
}

// Those that the policy lets run, in their order and at their places, and no other.
bool hooks_in_place(const LaunchPlan& plan, const harden::Hardened& hardened, const Order& at) {
  std::vector<oci::CheckedHook> planned;
  bool early = false;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const auto* told = std::get_if<RuntimeHook>(&plan.steps[i].op);
    const auto* run = std::get_if<RunHook>(&plan.steps[i].op);
    if (told == nullptr && run == nullptr) continue;
    const auto& hook = told != nullptr ? told->hook : run->hook;
    const bool starts = hook.kind == "startContainer";
    if (plan.steps[i].ignore_errors || (told != nullptr) != (hook.kind == "prestart" || hook.kind == "createRuntime")) return false;
    if (starts ? !as_the_program(*run, i, at) : !before_pivot(i, at)) return false;
    if (run != nullptr && !starts && (hook.kind != "createContainer" || run->confined || !is_hook_file(plan, *run))) return false;
    early = early || !starts;
    planned.push_back(hook);
  }
  planned.insert(planned.end(), plan.poststart.begin(), plan.poststart.end());
  planned.insert(planned.end(), plan.poststop.begin(), plan.poststop.end());
  const auto exec = at.first<Exec>();
  const bool own_program = exec && std::get<Exec>(plan.steps[*exec].op).program.valid();  // the probe, which runs none
  return planned == (own_program ? std::vector<oci::CheckedHook>() : hardened.hooks()) && early == (at.count<PlaceRoot>() != 0);
}

bool as_landlock_says(const LaunchPlan& plan, const harden::Hardened& hardened, const Order&) {
  return landlock_as_mounted(plan, hardened);
}

}  // namespace

const Invariant kInvariants[] = {
    {"exec-is-last", exec_is_last},
    {"only-exec-after-filter", only_exec_after_filter},
    {"filter-present", filter_present},
    {"no-new-privs-before-filter", no_new_privs_before_filter},
    {"capabilities-after-last-mount", capabilities_after_last_mount},
    {"locks-in-force", locks_in_force},
    {"no-host-path-after-pivot", no_host_path_after_pivot},
    {"cgroup-first", cgroup_first},
    {"routes-in-force", routes_in_force},
    {"nesting-in-force", nesting_in_force},
    {"masks-last", masks_last},
    {"everything-verified", everything_verified},
    {"mounts-nosuid-nodev", mounts_nosuid_nodev},
    {"propagation-ends", propagation_ends},
    {"secrets-sealed", secrets_sealed},
    {"descriptors-closed", descriptors_closed},
    {"program-known", program_known},
    {"hooks-in-place", hooks_in_place},
    {"landlock-as-mounted", as_landlock_says},
    {"slots-valid", slots_valid},
};
const std::size_t kInvariantCount = sizeof(kInvariants) / sizeof(kInvariants[0]);

bool Invariant::holds(const LaunchPlan& plan, const harden::Hardened& hardened) const {
  return check(plan, hardened, Order(plan));
}

base::Result<void> check_invariants(const LaunchPlan& plan, const harden::Hardened& hardened) {
  const Order order(plan);
  for (const auto& invariant : kInvariants) {
    if (!invariant.check(plan, hardened, order)) {
      return base::Error::unsupported(base::cat("plan invariant ", invariant.name, " does not hold"))
          .hint("this is a defect of bulkhead; nothing was started");
    }
  }
  return base::ok();
}

}  // namespace plan
