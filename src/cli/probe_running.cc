// `probe --id`: the attempts in a container that runs, by a program that is started there as `exec` starts one. What is
// expected follows from what the container was made with, or, with --policy, from what that one would have made of it.
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/text.h"
#include "cli/abstract_socket.h"
#include "cli/exec_start.h"
#include "cli/host.h"
#include "cli/probe.h"
#include "kernel/probe.h"
#include "monitor/foreground.h"

namespace cli {
namespace {

using base::cat;
using base::Error;

// Of the container's first process, whatever was planned. Error, state: it has ended meanwhile.
base::Result<std::map<std::string, std::string>> namespaces_of(const container::Container& container,
                                                               const std::map<std::string, std::string>& kinds) {
  std::map<std::string, std::string> out;
  for (const auto& [kind, ours] : kinds) {
    std::array<char, 64> target{};
    const std::string path = cat("/proc/", container.record.init.pid, "/ns/", kind);
    const ssize_t size = ::readlink(path.c_str(), target.data(), target.size() - 1);
    if (size > 0) out[kind] = std::string(target.data(), static_cast<std::size_t>(size));
  }
  if (out.size() != kinds.size() || !TRY(container.init->is_alive())) return Error::state("the container has stopped");
  return out;
}

struct Expected {
  harden::Hardened hardened;
  plan::LaunchPlan plan;
};

base::Result<Expected> as_made(const Joining& joining, const container::Container& container) {
  plan::CreateOptions options;
  options.id = container.record.id;
  options.bundle = container.record.bundle;
  options.gate = false;
  options.no_new_keyring = joining.remembered.no_new_keyring;
  options.seccomp = joining.plan.seccomp;
  plan::LaunchPlan made = TRY(plan::plan_create(joining.remembered.container.hardened, joining.facts, options));
  made.cgroup.directories = container.record.cgroup_paths;
  return Expected{joining.outcome.hardened, predict::joined(std::move(made), joining.plan)};
}

base::Result<Expected> by_another_policy(const GlobalArgs& global, const container::Container& container, const base::Log& log) {
  PrepareRequest request;
  request.id = container.record.id;
  request.bundle = container.record.bundle;
  Prepared prepared = TRY(prepare(global, request, log));
  prepared.plan.cgroup.directories = container.record.cgroup_paths;
  return Expected{std::move(prepared.outcome.hardened), std::move(prepared.plan)};
}

}  // namespace

base::Result<predict::Report> probe_running(const GlobalArgs& global, const ProbeArgs& args, const base::Log& log) {
  if (!args.bundle.empty()) return Error::usage("--id and --bundle exclude each other");
  if (::geteuid() != 0) return Error::unsupported("running without root is not supported yet").hint("run bulkhead as root");
  const Guest guest{.program = TRY(find_probe(args.program)), .installed = args.program.empty()};
  // Until it has executed init, what is in the container has a copy of this memory.
  if (::prctl(PR_SET_DUMPABLE, 0) != 0) return Error::system(errno, "make this process not dumpable");
  ExecArgs exec;
  exec.id = args.id;
  const container::Container container = TRY(load_for_exec(global, args.id, false));
  const ExecCgroups cgroups = TRY(exec_cgroups(container.record.cgroup_paths, {}));
  Joining joining = TRY(prepare_exec(global, exec, container, cgroups, log, &guest));
  const Expected wanted = TRY(global.policy.empty() ? as_made(joining, container) : by_another_policy(global, container, log));
  predict::Host host = probe_host(wanted.plan, joining.facts);
  host.running = true;
  const std::string name = cat("bulkhead-probe-", ::getpid());
  const auto outside = listen_abstract(name);
  if (outside) host.abstract_socket = name;
  host.joined = TRY(namespaces_of(container, host.namespaces));
  const auto expected = TRY(predict::predict(wanted.hardened, wanted.plan, host));
  joining.plan.argv = predict::probe_arguments(wanted.hardened, wanted.plan, host);

  Capture capture = TRY(Capture::start());
  const monitor::Foreground foreground = TRY(monitor::Foreground::start());
  launch::Launched launched = TRY(start_exec(exec, container, cgroups, joining, log));
  const kernel::ExitStatus status = TRY(foreground.wait(launched.process(), kMostMilliseconds));
  launched.keep();
  predict::Report report = TRY(compare_output(capture, status, expected, host, log));
  report.policy = wanted.plan.policy_name;
  report.bundle = container.record.bundle;
  report.container = args.id;
  return report;
}

}  // namespace cli
