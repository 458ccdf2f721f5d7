// `exec`: another program in a container, under what the container was made with.
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>

#include "base/text.h"
#include "cli/agent.h"
#include "cli/create.h"
#include "cli/decisions.h"
#include "cli/descriptors.h"
#include "cli/exec_request.h"
#include "cli/kept.h"
#include "cli/prepare.h"
#include "cli/select.h"
#include "cli/verbs.h"
#include "kernel/file.h"
#include "kernel/inroot.h"
#include "kernel/probe.h"
#include "launch/enter.h"
#include "monitor/foreground.h"
#include "oci/read.h"
#include "plan/encode.h"
#include "policy/later.h"

namespace cli {
namespace {

using base::cat;
using base::Error;
using base::UniqueFd;

base::Result<void> check_supported(const ExecArgs& args) {
  if (args.tty) return Error::unsupported("--tty: terminals are not supported yet");
  if (!args.console_socket.empty()) return Error::unsupported("--console-socket: terminals are not supported yet");
  if (!args.pidfd_socket.empty()) return Error::unsupported("--pidfd-socket is not supported yet");
  if (::geteuid() != 0) return Error::unsupported("running without root is not supported yet").hint("run bulkhead as root");
  if (args.preserve_fds > inherited_descriptors()) {
    return Error::usage(cat("--preserve-fds: want descriptors 3 to ", 2 + args.preserve_fds, ", the caller has only ", inherited_descriptors(), " open"));
  }
  return base::ok();
}

base::Result<container::Container> load(const GlobalArgs& global, const ExecArgs& args) {
  container::Container container = TRY(container::load_container(global.root, args.id));
  if (container.status == container::Status::kStopped) return Error::state("cannot exec in a stopped container");
  if (container.status == container::Status::kPaused && !args.ignore_paused) {
    return Error::state("cannot exec in a paused container (use --ignore-paused to override)");
  }
  return container;
}

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

struct Decided {
  harden::Outcome outcome;
  plan::LaunchPlan plan;
  std::string policy, policy_id;  // that the container was made with
  std::optional<policy::DecisionLog> log;
  bool told_at_start = false;  // what could not be done for it could not for the container's own program either
};

// The environment is config.json's as it is now, as with runc: it is kept nowhere else.
base::Result<oci::Process> own_process(const Remembered& remembered, const container::Container& container, const ExecArgs& args) {
  oci::Process process = remembered.process;
  if (!args.process.empty()) return process;
  const std::string text = TRY(read_config(container.record.bundle));
  oci::Spec spec = TRY(oci::read_spec(text));
  if (spec.process) process.env = std::move(spec.process->env);
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
    const std::string text = cat(decision.control, ": ", decision.requested, " -> ", decision.effective, ": ", decision.why);
    const bool told = std::any_of(known.begin(), known.end(), [&](const auto& one) { return tells_the_same(one, decision); });
    const bool of_environment = decision.where.starts_with("/process/env");  // of which nothing is remembered
    if (decision.audited) {
      log.debug(cat("audited only: ", text));
    } else if ((decision.degraded || decision.warning) && !told && !of_environment) {
      log.warning(text);
    } else {
      log.debug(text);
    }
  }
}

base::Result<Decided> prepare_exec(const GlobalArgs& global, const ExecArgs& args, const container::Container& container,
                                   const ExecCgroups& cgroups, const base::Log& log) {
  Remembered remembered = TRY(remember(container));
  const UniqueFd root(::open(cat("/proc/", container.record.init.pid, "/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  // Alive still: the root is its own.
  if (!root || !TRY(container.init->is_alive())) return Error::state("cannot exec in a stopped container");
  policy::Effective policy = remembered.policy;
  auto told = tighten_by_today(policy, global, log);
  const oci::Process own = TRY(own_process(remembered, container, args));
  oci::Process process = TRY(requested_process(args, own, log));
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
  return Decided{std::move(outcome), std::move(plan), remembered.policy.policy.id(), policy_id(remembered.policy), std::move(told), told_at_start};
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

base::Result<launch::Launched> enter(const Decided& decided, const container::Container& container, const ExecCgroups& cgroups, bool chosen) {
  const std::string image = TRY(plan::encode(decided.plan));
  const UniqueFd v2 = TRY(open_v2(cgroups.v2));
  auto launched = launch::enter(decided.plan, image, {*container.init, v2.get()});
  if (launched || launched.error().sys() != EBUSY || chosen) return launched;
  const std::string moved = moved_to(container, cgroups.v2);
  if (moved.empty()) return launched;
  const UniqueFd below = TRY(open_v2(moved));
  return launch::enter(decided.plan, image, {*container.init, below.get()});
}

base::Result<launch::Launched> start(const ExecArgs& args, const container::Container& container, const ExecCgroups& cgroups,
                                     const Decided& decided, const base::Log& log) {
  const DecisionLog decisions = TRY(DecisionLog::open(decided.log, log));
  launch::Launched launched = TRY(enter(decided, container, cgroups, !args.cgroups.empty()));
  TRY(launched.provide(decided.plan, kernel::CgroupHandle(), -1));
  TRY(launched.await_entered(decided.plan));
  TRY(launched.verify_entered(decided.plan, *container.init));
  TRY(decisions.tell(exec_line({args.id, decided.policy, decided.policy_id, *decided.outcome.hardened.spec().process, decided.outcome.decisions},
                               base::now_rfc3339()),
                     args.id, log));
  TRY(launched.allow_start());
  TRY(launched.await_start(decided.plan, agent_of_exec(container.record, launched.process().pid(), decided.plan.listener_path,
                                                       decided.plan.listener_metadata)));
  if (!args.pid_file.empty()) TRY(write_pid_file(args.pid_file, launched.process().pid()));
  for (const auto& warning : decided.plan.warnings) log.debug(warning);  // the container's start told it
  for (const auto& warning : launched.warnings) {
    // Standard error is the program's.
    if (decided.told_at_start) {
      log.debug(warning);
    } else {
      log.warning(warning);
    }
  }
  launched.keep();
  return launched;
}

base::Result<int> exec(const GlobalArgs& global, const ExecArgs& args, const base::Log& log) {
  TRY(check_supported(args));
  // Until it has executed init, what is in the container has a copy of this memory.
  if (::prctl(PR_SET_DUMPABLE, 0) != 0) return Error::system(errno, "make this process not dumpable");
  std::optional<monitor::Foreground> foreground;
  if (!args.detach) foreground.emplace(TRY(monitor::Foreground::start()));
  const container::Container container = TRY(load(global, args));
  const ExecCgroups cgroups = TRY(exec_cgroups(container.record.cgroup_paths, args.cgroups));
  const Decided decided = TRY(prepare_exec(global, args, container, cgroups, log));
  const launch::Launched launched = TRY(start(args, container, cgroups, decided, log));
  if (args.detach) return 0;
  return TRY(foreground->wait(launched.process())).shell_code();
}

}  // namespace

base::Result<int> cmd_exec(const GlobalArgs& global, const ExecArgs& args, const base::Log& log) {
  return TRY_IN(cat("exec ", base::quote(args.id)), exec(global, args, log));
}

}  // namespace cli
