#include "harden/harden.h"

#include <algorithm>

#include "base/text.h"
#include "harden/work.h"
#include "policy/combine.h"

namespace harden {

namespace {

// What the policy requires is met in full, or nothing is made.
base::Result<void> check_required(const policy::Policy& policy, const Decisions& decisions) {
  for (const auto& decision : decisions) {
    if (!decision.degraded) continue;
    const auto* required = policy::requirement_of(policy, decision.control);
    if (required == nullptr) continue;
    return base::Error::policy(base::cat("policy ", base::quote(policy.id()), " refuses: ", decision.control,
                                         " cannot be met in full here: ", decision.effective, ": ", decision.why, " (",
                                         decision.source, ")"))
        .hint(base::cat("it is required by ", required->origin.text()));
  }
  return base::ok();
}

}  // namespace

// The table of contents. Order matters: the user namespace is decided before what depends on it, a tmpfs is added
// before the options of all mounts are looked at, and a place for secrets is looked for among all mounts and masks.
base::Result<Outcome> harden(oci::Spec spec, const policy::Policy& policy, const Abilities& abilities) {
  Hardened hardened;
  Decisions decisions;
  decisions.reserve(64);  // more than most policies make
  Work work{.spec = spec, .policy = policy, .abilities = abilities, .decisions = decisions};

  TRY(harden_identity(work));
  TRY(harden_lsm(work));
  hardened.own_namespaces_ = harden_namespaces(work);
  TRY(check_joined(work));
  harden_capabilities(work);
  hardened.blackhole_ = harden_network(work);
  harden_process(work);
  harden_locks(work);
  harden_rlimits(work);
  TRY(harden_binds(work));
  harden_root(work);
  hardened.private_propagation_ = harden_propagation(work);
  harden_tmpfs(work);
  harden_tmpfs_size(work);
  harden_mount_options(work);
  hardened.program_ = TRY(harden_program(work));
  harden_paths(work);
  harden_devices(work);
  harden_sysctl(work);
  TRY(check_cgroup_place(work));
  harden_unified_names(work);
  TRY(harden_resources(work));
  TRY(harden_more_resources(work));
  TRY(harden_cpu_shares(work));
  TRY(harden_io_weight(work));
  TRY(harden_io_max(work));
  hardened.seccomp_policies_ = TRY(harden_seccomp(work));
  hardened.landlock_ = harden_landlock(work);
  hardened.secret_files_ = TRY(harden_environment(work));
  hardened.wall_clock_ = harden_wall_clock(work);
  hardened.hooks_ = TRY(harden_hooks(work));
  hardened.hook_files_ = TRY(check_start_hooks(work, hardened.hooks_));
  TRY(check_required(policy, decisions));

  hardened.idmap_mounts_ = work.idmap_mounts;
  hardened.root_nosuid_ = work.root_nosuid;
  hardened.root_nodev_ = work.root_nodev;
  hardened.tun_access_ = std::move(work.tun_access);
  hardened.locks_ = work.locks;
  hardened.denied_binds_ = std::move(work.denied_binds);
  hardened.policy_name_ = policy.id();
  hardened.spec_ = std::move(spec);
  return Outcome{.hardened = std::move(hardened), .decisions = std::move(decisions)};
}

namespace {

bool tells_the_same(const Decision& a, const Decision& b) {
  return a.control == b.control && a.where == b.where && a.requested == b.requested && a.effective == b.effective;
}

}  // namespace

void add_audited(Decisions& decisions, base::Result<Outcome> audited, std::string_view what, const policy::Policy& policy) {
  const auto enforced = decisions;
  if (!audited) {
    decisions.push_back({.control = "policy",
                         .where = "",
                         .also = {},
                         .requested = std::string(what),
                         .effective = "none: " + audited.error().message(),
                         .why = "a rule that is only audited would refuse it",
                         .source = policy.id(),
                         .audited = true});
    return;
  }
  for (auto& decision : audited->decisions) {
    const bool same = std::any_of(enforced.begin(), enforced.end(), [&](const Decision& d) { return tells_the_same(d, decision); });
    if (same) continue;
    decision.audited = true;
    decisions.push_back(std::move(decision));
  }
}

base::Result<Outcome> harden(oci::Spec spec, const policy::Effective& policy, const Abilities& abilities) {
  if (policy.audited.empty()) return harden(std::move(spec), policy.policy, abilities);
  auto outcome = TRY(harden(spec, policy.policy, abilities));
  const auto& audited = policy.audited.front();
  add_audited(outcome.decisions, harden(std::move(spec), audited, abilities), "a container", audited);
  return outcome;
}

}  // namespace harden
