// The recipe for a new container. The order of these calls is the order in which things happen; every fragment
// explains its own part, check_invariants() enforces what must hold of the whole.

#include "plan/builder.h"
#include "plan/invariants.h"

namespace plan {
namespace {

base::Error not_yet(std::string_view pointer, std::string_view what) {
  return base::Error::unsupported(base::cat("config.json: ", pointer, ": ", what, " not supported yet"));
}

// What the configuration may ask for and this version cannot do: refused here, never ignored.
base::Result<void> check_supported(const oci::Spec& spec) {
  if (!spec.process) return base::Error::config("config.json: /process: want an object, have nothing");
  if (spec.process->terminal) return not_yet("/process/terminal", "terminals are");
  if (spec.linux.intel_rdt) return not_yet("/linux/intelRdt", "resource director groups are");
  if (spec.linux.has_net_devices) return not_yet("/linux/netDevices", "moved network devices are");
  if (spec.linux.has_memory_policy) return not_yet("/linux/memoryPolicy", "memory policies are");
  return base::ok();
}

std::string absolute_rootfs(const oci::Spec& spec, const std::string& bundle) {
  return clean_path(spec.root.path.starts_with('/') ? spec.root.path : bundle + "/" + spec.root.path);
}

}  // namespace

base::Result<ClonePlan> plan_clone(const harden::Hardened& hardened, const kernel::Facts& facts, const CreateOptions& options) {
  const oci::Spec& spec = hardened.spec();
  TRY(check_supported(spec));
  Builder b{hardened, spec, facts, options, {}, {}, {}};
  b.plan.preserve_fds = options.preserve_fds;
  b.plan.cgroup = TRY_IN(std::string("config.json"), plan_cgroup(spec.linux, options.id, facts.cgroup, hardened.tun_access()));
  TRY(plan_namespaces(b));
  return ClonePlan(std::move(b.plan));
}

base::Result<LaunchPlan> plan_create(const harden::Hardened& hardened, const kernel::Facts& facts,
                                     const CreateOptions& options) {
  return plan_create(TRY(plan_clone(hardened, facts, options)), hardened, facts, options);
}

base::Result<LaunchPlan> plan_create(ClonePlan clone, const harden::Hardened& hardened, const kernel::Facts& facts,
                                     const CreateOptions& options) {
  const oci::Spec& spec = hardened.spec();
  Builder b{hardened, spec, facts, options, {}, {}, {}};
  static_cast<ClonePlan&>(b.plan) = std::move(clone);
  // More than most have: growing copies them all.
  b.plan.steps.reserve(256 + 2 * (hardened.spec().linux.masked_paths.size() + hardened.spec().linux.readonly_paths.size()));
  b.plan.fds.reserve(32);
  b.plan.id = options.id;
  b.plan.bundle = options.bundle;
  b.plan.rootfs = absolute_rootfs(spec, options.bundle);
  b.plan.policy_name = hardened.policy_name();
  b.plan.denied_binds = hardened.denied_binds();
  b.plan.wall_clock = hardened.wall_clock();

  plan_beginning(b);
  const bool early = b.is_new(CLONE_NEWNS) && spec.mounts.size() <= kMostEarlyMounts;
  if (!early) plan_entry(b);
  TRY(plan_detached_mounts(b));
  if (early) plan_entry(b);
  plan_secrets(b);
  TRY(plan_root(b));
  TRY(plan_devices(b));
  b.add(MakeDir{clean_path(spec.process->cwd)}, "/process/cwd");
  TRY(plan_hooks_before_pivot(b));
  TRY(plan_read_only(b));
  TRY(plan_paths(b));
  plan_verification(b);
  TRY(plan_limits(b));
  TRY(plan_identity(b));
  TRY(plan_program(b));
  TRY(check_invariants(b.plan, hardened));
  return std::move(b.plan);
}

}  // namespace plan
