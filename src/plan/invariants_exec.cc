// What must hold of every plan of exec: the process is confined as a container's first one is, in that container and
// nowhere else.

#include <algorithm>

#include "base/text.h"
#include "kernel/landlock.h"
#include "plan/builder.h"
#include "plan/invariants.h"
#include "plan/landlock.h"
#include "plan/order.h"

namespace plan {
namespace {

using harden::Hardened;

// Those of a new container that say nothing of what it is made of.
constexpr std::string_view kShared[] = {"exec-is-last", "only-exec-after-filter", "filter-present", "no-new-privs-before-filter",
                                        "descriptors-closed", "program-known", "slots-valid"};

bool as_a_new_one(const LaunchPlan& plan, const Hardened& hardened, const LaunchPlan&, const Order& at) {
  return std::all_of(std::begin(kShared), std::end(kShared), [&](std::string_view name) {
    const auto end = kInvariants + kInvariantCount;
    const auto found = std::find_if(kInvariants, end, [&](const Invariant& one) { return one.name == name; });
    return found != end && found->check(plan, hardened, at);
  });
}

// The container's root is the only one there is, before anything is looked up; and nothing of the container is changed.
bool in_the_container(const LaunchPlan& plan, const Hardened&, const LaunchPlan&, const Order& at) {
  const bool changes_nothing =
      at.count<Attach>() + at.count<NewMount>() + at.count<Pivot>() + at.count<Mask>() + at.count<Readonly>() + at.count<SetAttr>() +
          at.count<Node>() + at.count<Symlink>() + at.count<MakeDir>() + at.count<WriteFile>() + at.count<Sysctl>() +
          at.count<Propagation>() + at.count<Unshare>() + at.count<JoinMountNamespace>() + at.count<Hostname>() +
          at.count<Domainname>() + at.count<Loopback>() + at.count<Blackhole>() + at.count<MemfdNoexec>() ==
      0;
  return changes_nothing && plan.clone_flags == 0 && plan.unshare_flags == 0 && plan.joins.empty() && !plan.gate.valid() &&
         at.count<EnterRoot>() == 1 && at.count<Entered>() == 1 && at.before<EnterRoot, Entered>() && at.before<Entered, OwnStdio>() &&
         at.before<Entered, Chdir>() && at.before<Entered, LandlockPath>() && at.before<Entered, FindExecutable>() &&
         at.before<Entered, Ready>();
}

bool in_its_cgroups(const LaunchPlan& plan, const Hardened&, const LaunchPlan&, const Order& at) {
  const auto tasks = std::count_if(plan.fds.begin(), plan.fds.end(),
                                   [](const FdPlan& fd) { return std::holds_alternative<CgroupTasks>(fd.source); });
  return at.count<TakeDescriptors>() == 1 && at.count<JoinCgroup>() == static_cast<std::size_t>(tasks) &&
         at.before<TakeDescriptors, JoinCgroup>() && at.before<JoinCgroup, Entered>() && at.before<JoinCgroup, Affinity>() && at.before<TakeDescriptors, OwnLabel>();
}

bool identity_in_order(const LaunchPlan&, const Hardened& hardened, const LaunchPlan& created, const Order& at) {
  const bool own_users = std::any_of(created.steps.begin(), created.steps.end(),
                                     [](const Step& step) { return std::holds_alternative<SetupIdentity>(step.op); });
  const auto& process = *hardened.spec().process;
  const std::size_t labels = (process.apparmor_profile.empty() ? 0U : 1U) + (process.selinux_label.empty() ? 0U : 1U);
  return at.count<SetupIdentity>() == (own_users ? 1U : 0U) && at.before<SetupIdentity, EnterRoot>() && at.count<OwnLabel>() == labels &&
         at.before<OwnLabel, Bounding>() && at.count<SetCaps>() == 1 && at.count<Bounding>() == 1 && at.count<Identity>() == 1 &&
         at.before<Bounding, Identity>() && at.before<Identity, SetCaps>() && at.before<SetCaps, NotDumpable>() &&
         at.count<NotDumpable>() == 1 && at.before<NotDumpable, Ready>();
}

bool locks_in_force(const LaunchPlan& plan, const Hardened& hardened, const LaunchPlan&, const Order& at) {
  const auto& locks = hardened.locks();
  const auto caps = at.first<SetCaps>();
  if (!caps || std::get<SetCaps>(plan.steps[*caps].op).secure_bits != locks.secure_bits) return false;
  if (at.count<DenyWriteExecute>() != (locks.deny_write_execute ? 1U : 0U) || at.count<Speculation>() != (locks.speculation != 0 ? 1U : 0U)) return false;
  if (at.count<CoreScheduling>() != 0 || plan.share_core != locks.core_scheduling) return false;  // the container's, not one more
  const auto wanted = verification(locks);
  const auto verify = at.first<VerifyLocks>();
  if (!verify) return wanted == VerifyLocks{};
  return std::get<VerifyLocks>(plan.steps[*verify].op) == wanted && at.before<SetCaps, VerifyLocks>() &&
         at.before<DenyWriteExecute, VerifyLocks>() && at.before<Speculation, VerifyLocks>() && at.before<VerifyLocks, Ready>();
}

bool everything_verified(const LaunchPlan&, const Hardened&, const LaunchPlan&, const Order& at) {
  return at.count<VerifyIdentity>() == 1 && at.count<VerifyCaps>() == 1 && at.count<VerifyCwd>() == 1 && at.before<SetCaps, VerifyCaps>() &&
         at.before<Identity, VerifyIdentity>() && at.before<VerifyCaps, Ready>() && at.before<VerifyIdentity, Ready>() &&
         at.before<Chdir, VerifyCwd>() && at.before<VerifyCwd, Ready>();
}

// A secret that the container has in a file is in no environment.
bool secrets_in_files(const LaunchPlan& plan, const Hardened& hardened, const LaunchPlan&, const Order&) {
  const auto& secrets = hardened.secret_files();
  if (!secrets) return true;
  return std::none_of(secrets->files.begin(), secrets->files.end(), [&](const harden::SecretFile& file) {
    return std::any_of(plan.envp.begin(), plan.envp.end(), [&](const std::string& entry) { return entry.starts_with(file.name + "="); });
  });
}

template <typename T>
std::vector<const T*> all_of(const LaunchPlan& plan) {
  std::vector<const T*> out;
  for (const auto& step : plan.steps) {
    if (const auto* op = std::get_if<T>(&step.op)) out.push_back(op);
  }
  return out;
}

template <typename T, typename Same>
bool same_all(const LaunchPlan& a, const LaunchPlan& b, Same same) {
  const auto one = all_of<T>(a), other = all_of<T>(b);
  return std::equal(one.begin(), one.end(), other.begin(), other.end(), [&](const T* x, const T* y) { return same(*x, *y); });
}

// The domain that the container's first process was put into: the same rules, on the same places.
bool landlock_as_created(const LaunchPlan& plan, const Hardened& hardened, const LaunchPlan& created, const Order& at) {
  const std::size_t wanted = hardened.landlock() ? 1 : 0;
  if (at.count<LandlockRuleset>() != wanted || at.count<LandlockRestrict>() != wanted || at.count<VerifyLandlock>() != wanted) return false;
  if (wanted == 0) return at.count<LandlockPath>() + at.count<LandlockPort>() + at.count<LandlockOpen>() == 0;
  for (const auto& step : plan.steps) {
    if (step.ignore_errors && (std::holds_alternative<LandlockPath>(step.op) || std::holds_alternative<LandlockRestrict>(step.op))) return false;
  }
  const bool same = same_all<LandlockPath>(plan, created, [](const LandlockPath& x, const LandlockPath& y) {
    return !x.mount.valid() && x.path == y.path && x.access == y.access && x.literal == y.literal;
  });
  const auto& ruleset = *all_of<LandlockRuleset>(plan).front();
  const auto& landlock = *hardened.landlock();
  return same && ruleset.files == landlock_rights(landlock.abi) &&
         ((ruleset.ports & kernel::landlock::kBindTcp) != 0) == landlock.bind.has_value() &&
         ((ruleset.ports & kernel::landlock::kConnectTcp) != 0) == landlock.connect.has_value() &&
         at.before<EnterRoot, LandlockRuleset>() && at.before<LandlockRuleset, LandlockPath>() && at.before<LandlockPath, LandlockRestrict>() &&
         at.before<LandlockPort, LandlockRestrict>() && at.before<LandlockOpen, LandlockRestrict>() &&
         at.before<LandlockRestrict, VerifyLandlock>() && at.before<VerifyLandlock, Bounding>();
}

}  // namespace

const ExecInvariant kExecInvariants[] = {
    {"as-a-new-one", as_a_new_one},
    {"in-the-container", in_the_container},
    {"in-its-cgroups", in_its_cgroups},
    {"identity-in-order", identity_in_order},
    {"locks-in-force", locks_in_force},
    {"everything-verified", everything_verified},
    {"secrets-in-files", secrets_in_files},
    {"landlock-as-created", landlock_as_created},
};
const std::size_t kExecInvariantCount = sizeof(kExecInvariants) / sizeof(kExecInvariants[0]);

bool ExecInvariant::holds(const LaunchPlan& plan, const harden::Hardened& hardened, const LaunchPlan& created) const {
  return check(plan, hardened, created, Order(plan));
}

base::Result<void> check_exec_invariants(const LaunchPlan& plan, const harden::Hardened& hardened, const LaunchPlan& created) {
  const Order order(plan);
  for (const auto& invariant : kExecInvariants) {
    if (invariant.check(plan, hardened, created, order)) continue;
    return base::Error::unsupported(base::cat("plan invariant ", invariant.name, " of exec does not hold"))
        .hint("this is a defect of bulkhead; nothing was started");
  }
  return base::ok();
}

}  // namespace plan
