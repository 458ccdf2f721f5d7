#include "harden/harden.h"

#include "harden/work.h"

namespace harden {

// The table of contents. Order matters: the user namespace is decided before what depends on it, a tmpfs is added
// before the options of all mounts are looked at, and a place for secrets is looked for among all mounts and masks.
base::Result<Outcome> harden(oci::Spec spec, const policy::Policy& policy, const Abilities& abilities) {
  Hardened hardened;
  Decisions decisions;
  Work work{.spec = spec, .policy = policy, .abilities = abilities, .decisions = decisions};

  TRY(harden_identity(work));
  harden_namespaces(work);
  harden_capabilities(work);
  harden_process(work);
  harden_rlimits(work);
  harden_root(work);
  harden_tmpfs(work);
  harden_mount_options(work);
  harden_paths(work);
  harden_devices(work);
  harden_sysctl(work);
  TRY(harden_resources(work));
  hardened.seccomp_policy_ = harden_seccomp(work);
  hardened.secret_files_ = TRY(harden_environment(work));

  hardened.idmap_mounts_ = work.idmap_mounts;
  hardened.root_nosuid_ = work.root_nosuid;
  hardened.root_nodev_ = work.root_nodev;
  hardened.policy_name_ = policy.id();
  hardened.spec_ = std::move(spec);
  return Outcome{.hardened = std::move(hardened), .decisions = std::move(decisions)};
}

}  // namespace harden
