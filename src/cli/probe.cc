#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

#include "base/text.h"
#include "cli/abstract_socket.h"
#include "cli/agent.h"
#include "cli/create.h"
#include "cli/exit.h"
#include "cli/host.h"
#include "cli/libexec.h"
#include "cli/output.h"
#include "cli/probe.h"
#include "cli/verbs.h"
#include "container/destroy.h"
#include "container/lifecycle.h"
#include "monitor/foreground.h"

namespace cli {
namespace {

using base::cat;
using base::Error;

base::Result<std::string> temporary_id() {
  std::uint32_t random = 0;
  if (::getrandom(&random, sizeof(random), 0) != static_cast<ssize_t>(sizeof(random)))
    return Error::system(errno, "getrandom");
  return cat("bulkhead-probe-", ::getpid(), "-", random);
}

// Until its program has ended, or its time; it is gone in either case.
base::Result<kernel::ExitStatus> run_to_end(Made& made, const CreateArgs& args, const monitor::Foreground& foreground,
                                            const base::Log& log) {
  TRY(made.launched().await_start(made.plan(), agent_of(made.record())));
  TRY(announce(made, args, log));
  made.keep();
  const auto status = foreground.wait(made.launched().process(), kMostMilliseconds);
  if (status) {
    TRY(container::destroy_ended(made.root(), made.dir(), made.record()));
  } else {
    const container::Container left = TRY(container::load_container(made.root(), made.record().id));
    TRY(container::destroy_container(made.root(), left));
  }
  return status;
}

// How it ended, if not as it should have.
std::string bad_end(const kernel::ExitStatus& status) {
  if (status.signal == 0) return status.code == 0 ? "" : cat("ended with status ", status.code);
  const char* name = ::sigabbrev_np(status.signal);
  return name == nullptr ? cat("was killed by signal ", status.signal) : cat("was killed by SIG", name);
}

void warn_of_own_filter(const predict::Host& host, const base::Log& log) {
  if (host.seccomp_mode == 0) return;
  log.warning("this process is under a seccomp filter itself; what that one answers in the container is not predicted");
}

base::Result<predict::Report> probe_bundle(const GlobalArgs& global, const ProbeArgs& args, const base::Log& log) {
  CreateArgs create;
  create.id = TRY(temporary_id());
  create.bundle = args.bundle;
  predict::Host host;
  const auto outside = listen_abstract(create.id);
  const Substitute substitute{
      .program = TRY(find_probe(args.program)),
      .finish = [&](Prepared& prepared, const kernel::Facts& facts) {
        host = probe_host(prepared.plan, facts);
        if (outside) host.abstract_socket = create.id;
        prepared.plan.argv = predict::probe_arguments(prepared.outcome.hardened, prepared.plan, host);
      }};
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // what an attempt leaves is reaped here
  Capture capture = TRY(Capture::start());
  const monitor::Foreground foreground = TRY(monitor::Foreground::start());
  Made made = TRY(make_container(global, create, false, log, &substitute));
  const auto expected = TRY(predict::predict(made.hardened(), made.plan(), host));
  const kernel::ExitStatus status = TRY(run_to_end(made, create, foreground, log));
  predict::Report report = TRY(compare_output(capture, status, expected, host, log));
  report.policy = made.plan().policy_name;
  report.bundle = made.plan().bundle;
  return report;
}

}  // namespace

// Whoever can write to it could have it report anything.
base::Result<std::string> find_probe(const std::string& given) {
  const std::string path = given.empty() ? libexec_program("probe") : given;
  auto checked = check_program(path, given.empty());
  if (!checked && given.empty()) return std::move(checked).error().hint("is bulkhead installed completely? --program names another one");
  TRY(std::move(checked));
  return path;
}

base::Result<predict::Report> compare_output(Capture& capture, const kernel::ExitStatus& status, const predict::Expectations& expected,
                                             const predict::Host& host, const base::Log& log) {
  warn_of_own_filter(host, log);
  capture.restore();
  const std::string lines = TRY(capture.output());
  auto seen = predict::read_observations(lines, host);
  const std::string end = bad_end(status);
  if (!seen) return end.empty() ? std::move(seen).error() : std::move(seen).error().hint(cat("it ", end));
  const bool expected_end = status.signal == SIGKILL && predict::killed_for_memory(*seen);
  if (!end.empty() && !expected_end) log.warning(cat("the program inside the container ", end, " before it was done"));
  return predict::compare(expected, *seen);
}

base::Result<int> cmd_probe(const GlobalArgs& global, const ProbeArgs& args, const base::Log& log) {
  const predict::Report report =
      args.id.empty() ? TRY_IN(std::string("probe"), probe_bundle(global, args, log))
                      : TRY_IN(cat("probe ", base::quote(args.id)), probe_running(global, args, log));
  if (args.format == OutputFormat::kJson) {
    TRY(print(predict::print_json(report)));
  } else {
    TRY(print(predict::print_text(report, print_style())));
  }
  return report.differences == 0 ? 0 : kExitNo;
}

}  // namespace cli
