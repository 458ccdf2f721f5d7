#include "cli/exec_start.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "cli/agent.h"
#include "cli/create.h"
#include "cli/decisions.h"
#include "cli/prepare.h"
#include "cli/select.h"
#include "kernel/file.h"
#include "kernel/inroot.h"
#include "kernel/probe.h"
#include "launch/enter.h"
#include "oci/read.h"
#include "plan/encode.h"
#include "policy/later.h"

namespace cli {
namespace {

using base::cat;
using base::Error;
using base::UniqueFd;

// What the node's files say today, as far as it is asked of a program; and where its log of decisions is. A file that is
// not to be understood refuses new containers: in those that run, what they were made with holds, and no less.
std::optional<policy::DecisionLog> tighten_by_today(policy::Effective& policy, const GlobalArgs& global, const base::Log& log) {
  std::optional<policy::DecisionLog> told;
  const auto chain = node_policies(global, &told);
  if (chain) {
    policy::tighten_later(policy, *chain, circumstances());
  } else {
    log.warning(cat("the node's policies of today are left out: ", chain.error().message()));
  }
  return told;
}

// The environment and the arguments are config.json's as it is now, as with runc: they are kept nowhere else.
base::Result<oci::Process> own_process(const Remembered& remembered, const container::Container& container, const ExecArgs& args) {
  oci::Process process = remembered.process;
  if (!args.process.empty()) return process;
  const std::string text = TRY(read_config(container.record.bundle));
  oci::Spec spec = TRY(oci::read_spec(text));
  if (!spec.process) return process;
  process.env = std::move(spec.process->env);
  process.args = std::move(spec.process->args);
  return process;
}

// What is in the files that the container has of secrets, so that it is known which they are.
std::optional<harden::SecretFiles> read_secrets(std::optional<harden::SecretFiles> files, int root_fd) {
  if (!files) return files;
  for (auto& file : files->files) {
    kernel::InRoot how;
    how.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
    const UniqueFd fd(static_cast<int>(kernel::open_in_root(root_fd, cat(files->directory, "/", file.name).c_str(), how)));
    struct stat info {};
    if (!fd || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    if (auto text = kernel::read_all(fd.get(), 1U << 20)) file.value = *std::move(text);
  }
  return files;
}

base::Result<harden::Outcome> decide(const Remembered& remembered, oci::Process process, const policy::Effective& policy, int root_fd) {
  harden::Abilities abilities = remembered.abilities;
  look_at_program(abilities, process, policy, root_fd);
  return harden::harden_exec(remembered.container.hardened, read_secrets(remembered.secret_files, root_fd), std::move(process), policy, abilities);
}

bool tells_the_same(const harden::Decision& a, const harden::Decision& b) { return a.control == b.control && a.effective == b.effective; }

// What was told of the container is not told again with each program.
void report(const harden::Decisions& decisions, const harden::Decisions& known, const base::Log& log) {
  for (const auto& decision : decisions) {
    const std::string text = cat(decision.audited ? "audited only: " : "", decision.control, ": ", decision.requested, " -> ", decision.effective, ": ", decision.why);
    const bool told = std::any_of(known.begin(), known.end(), [&](const auto& one) { return tells_the_same(one, decision); });
    const bool of_environment = decision.where.starts_with("/process/env");  // of which nothing is remembered
    if (decision.warns() && !told && !of_environment) {
      log.warning(text);
    } else {
      log.debug(text);
    }
  }
}

base::Result<UniqueFd> open_v2(const std::string& directory) {
  if (directory.empty()) return UniqueFd();
  UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return Error::system(errno, "open", directory);
  struct statfs fs {};
  if (::fstatfs(fd.get(), &fs) != 0 || fs.f_type != CGROUP2_SUPER_MAGIC) return Error::state(cat(base::quote(directory), " is not a cgroup any more"));
  return fd;
}

// A container may have moved itself below its cgroup, which then takes no process any more (cgroups(7), "no internal
// processes"): where its first process is now. Empty: no such place.
std::string moved_to(const container::Container& container, const std::string& recorded) {
  const auto text = kernel::read_file_at(AT_FDCWD, cat("/proc/", container.record.init.pid, "/cgroup"), 1U << 16);
  if (!text) return "";
  for (const auto& line : base::split(*text, '\n')) {
    if (!line.starts_with("0::/")) continue;
    // Both end alike down to the container's cgroup, wherever the hierarchy is mounted.
    const std::string own = recorded.substr(recorded.rfind('/'));
    const auto at = line.find(own + "/");
    return at == std::string::npos ? "" : recorded + line.substr(at + own.size());
  }
  return "";
}

base::Result<launch::Launched> enter(const Joining& joining, const container::Container& container, const ExecCgroups& cgroups, bool chosen) {
  const std::string image = TRY(plan::encode(joining.plan));
  const UniqueFd v2 = TRY(open_v2(cgroups.v2));
  auto launched = launch::enter(joining.plan, image, {*container.init, v2.get()});
  if (launched || launched.error().sys() != EBUSY || chosen) return launched;
  const std::string moved = moved_to(container, cgroups.v2);
  if (moved.empty()) return launched;
  const UniqueFd below = TRY(open_v2(moved));
  return launch::enter(joining.plan, image, {*container.init, below.get()});
}

}  // namespace

base::Result<container::Container> load_for_exec(const GlobalArgs& global, const std::string& id, bool ignore_paused) {
  container::Container container = TRY(container::load_container(global.root, id));
  if (container.status == container::Status::kStopped) return Error::state("cannot exec in a stopped container");
  if (container.status == container::Status::kPaused && !ignore_paused) {
    return Error::state("cannot exec in a paused container (use --ignore-paused to override)");
  }
  return container;
}

base::Result<Joining> prepare_exec(const GlobalArgs& global, const ExecArgs& args, const container::Container& container,
                                   const ExecCgroups& cgroups, const base::Log& log, const Guest* guest) {
  Remembered remembered = TRY(remember(container));
  const UniqueFd root(::open(cat("/proc/", container.record.init.pid, "/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  // Alive still: the root is its own.
  if (!root || !TRY(container.init->is_alive())) return Error::state("cannot exec in a stopped container");
  policy::Effective policy = remembered.policy;
  auto told = tighten_by_today(policy, global, log);
  if (guest != nullptr && guest->installed) policy.policy.exec.allow.reset();
  const oci::Process own = TRY(own_process(remembered, container, args));
  oci::Process process = guest == nullptr ? TRY(requested_process(args, own, log)) : own;
  auto decided = decide(remembered, std::move(process), policy, root.get());
  if (!decided) {
    log_refusal(told, args.id, decided.error());
    return std::move(decided).error();
  }
  harden::Outcome outcome = *std::move(decided);
  const oci::Process& effective = *outcome.hardened.spec().process;
  report(outcome.decisions, remembered.container.decisions, log);

  plan::ExecOptions options;
  options.created.id = args.id;
  options.created.bundle = container.record.bundle;
  if (guest != nullptr) options.created.program = guest->program;
  options.created.no_new_keyring = remembered.no_new_keyring;
  options.cgroups = cgroups.v1;
  options.preserve_fds = args.preserve_fds;
  if (!has_home(effective)) options.home = find_home(root.get(), effective.user.uid);
  options.seccomp = TRY(find_program(outcome.hardened, log));
  const bool labels = !effective.apparmor_profile.empty() || !effective.selinux_label.empty();
  const kernel::Facts facts = TRY(kernel::probe_facts(labels));
  plan::LaunchPlan plan = TRY(plan::plan_exec(remembered.container.hardened, outcome.hardened, facts, options));
  const oci::Process& first = *remembered.container.hardened.spec().process;
  const bool told_at_start = effective.rlimits == first.rlimits && effective.oom_score_adj == first.oom_score_adj;
  std::string policy_name = remembered.policy.policy.id(), id = policy_id(remembered.policy);
  return Joining{std::move(remembered), facts, std::move(outcome), std::move(plan), std::move(policy_name), std::move(id), std::move(told), told_at_start};
}

base::Result<launch::Launched> start_exec(const ExecArgs& args, const container::Container& container, const ExecCgroups& cgroups,
                                          const Joining& joining, const base::Log& log) {
  const DecisionLog decisions = TRY(DecisionLog::open(joining.log, log));
  launch::Launched launched = TRY(enter(joining, container, cgroups, !args.cgroups.empty()));
  TRY(launched.provide(joining.plan, kernel::CgroupHandle(), -1));
  TRY(launched.await_entered(joining.plan));
  TRY(launched.verify_entered(joining.plan, *container.init));
  TRY(decisions.tell(exec_line({args.id, joining.policy, joining.policy_id, *joining.outcome.hardened.spec().process, joining.outcome.decisions},
                               base::now_rfc3339()),
                     args.id, log));
  TRY(launched.allow_start());
  TRY(launched.await_start(joining.plan, agent_of_exec(container.record, launched.process().pid(), joining.plan.listener_path,
                                                       joining.plan.listener_metadata)));
  if (!args.pid_file.empty()) TRY(write_pid_file(args.pid_file, launched.process().pid()));
  for (const auto& warning : joining.plan.warnings) log.debug(warning);  // the container's start told it
  for (const auto& warning : launched.warnings) {
    // Standard error is the program's.
    if (joining.told_at_start) {
      log.debug(warning);
    } else {
      log.warning(warning);
    }
  }
  return launched;
}

}  // namespace cli
