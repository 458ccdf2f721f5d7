// The recipe for one more program in a container that is there already. What concerns the process comes from the very
// fragments that plan_create() has, so that the two cannot drift apart.

#include "plan/builder.h"
#include "plan/invariants.h"

namespace plan {
namespace {

base::Result<void> check_supported(const oci::Spec& spec) {
  if (!spec.process) return base::Error::config("process: want an object, have nothing");
  if (spec.process->terminal) return base::Error::unsupported("process: /terminal: terminals are not supported yet");
  return base::ok();
}

// The kernel cuts both to the CPUs of the cgroup, so that there is nothing to be decided about them.
void plan_affinity(Builder& b) {
  const auto asked = b.spec.process->exec_cpu_affinity.value_or(oci::ExecCpuAffinity{});
  b.plan.initial_cpus = asked.initial;
  if (asked.final.empty()) {
    b.add(Affinity{}, "runtime: the caller's CPU pinning is not inherited", true);
  } else {
    b.add(Affinity{asked.final}, "/process/execCPUAffinity/final");
  }
}

void plan_entry(Builder& b, const ExecOptions& options) {
  b.add(TakeDescriptors{}, "runtime: cgroups are the parent's to open");
  for (const auto& directory : options.cgroups) {
    b.add(JoinCgroup{b.add_fd(CgroupTasks{directory}, "runtime: the container's cgroup"), directory}, "runtime: the container's cgroup");
  }
  plan_affinity(b);
  plan_setup_identity(b);
  b.add(Session{}, "runtime: no terminal of the caller can be reached");
  if (!b.options.no_new_keyring) b.add(Keyring{}, "runtime: a session keyring of its own", true);
  b.add(EnterRoot{}, "runtime: no path of the host is in sight");
  b.add(Entered{}, "runtime: no namespace of the host's is left in place of one of the container's");
}

void plan_labels(Builder& b) {
  const oci::Process& process = *b.spec.process;
  if (process.apparmor_profile.empty() && process.selinux_label.empty()) return;
  const Slot own = b.add_fd(OwnProcess{}, "runtime: where a process finds its own labels");
  if (!process.apparmor_profile.empty()) {
    b.add(OwnLabel{own, "attr/apparmor/exec", "exec " + process.apparmor_profile}, "/process/apparmorProfile");
  }
  if (!process.selinux_label.empty()) b.add(OwnLabel{own, "attr/exec", process.selinux_label}, "/process/selinuxLabel");
}

base::Result<void> check_labels(const oci::Process& process, const kernel::Facts& facts) {
  if (!process.apparmor_profile.empty() && !facts.apparmor) {
    return base::Error::unsupported("process: /apparmorProfile: apparmor is not enabled on this host");
  }
  if (!process.selinux_label.empty() && !facts.selinux) {
    return base::Error::unsupported("process: /selinuxLabel: selinux is not enabled on this host");
  }
  return base::ok();
}

}  // namespace

base::Result<LaunchPlan> plan_exec(const harden::Hardened& container, const harden::Hardened& hardened, const kernel::Facts& facts,
                                   const ExecOptions& exec) {
  const oci::Spec& spec = hardened.spec();
  TRY(check_supported(spec));
  TRY(check_labels(*spec.process, facts));
  CreateOptions options = exec.created;
  options.gate = false;
  options.seccomp = exec.seccomp;
  options.extra_env.clear();
  const LaunchPlan created = TRY(plan_create(container, facts, options));
  options.home = exec.home;
  options.preserve_fds = exec.preserve_fds;

  Builder b{hardened, spec, facts, options, {}, {}, {}, {}, &created};
  b.plan.steps.reserve(128);
  b.plan.id = options.id;
  b.plan.bundle = options.bundle;
  b.plan.rootfs = created.rootfs;
  b.plan.policy_name = hardened.policy_name();
  b.plan.preserve_fds = options.preserve_fds;
  b.plan.oom_score_adj = spec.process->oom_score_adj;
  b.plan.own_pid_namespace = created.own_pid_namespace;
  b.plan.share_core = hardened.locks().core_scheduling;
  plan_entry(b, exec);
  TRY(plan_limits(b));
  plan_labels(b);
  TRY(plan_identity(b));
  TRY(plan_program(b));
  TRY(check_exec_invariants(b.plan, hardened, created));
  return std::move(b.plan);
}

}  // namespace plan
