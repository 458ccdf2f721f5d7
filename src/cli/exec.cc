// `exec`: another program in a container, under what the container was made with.
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "base/text.h"
#include "cli/create.h"
#include "cli/descriptors.h"
#include "cli/exec_request.h"
#include "cli/exec_start.h"
#include "cli/verbs.h"
#include "monitor/foreground.h"

namespace cli {
namespace {

using base::cat;
using base::Error;

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

base::Result<int> exec(const GlobalArgs& global, const ExecArgs& args, const base::Log& log) {
  TRY(check_supported(args));
  // Until it has executed init, what is in the container has a copy of this memory.
  if (::prctl(PR_SET_DUMPABLE, 0) != 0) return Error::system(errno, "make this process not dumpable");
  std::optional<monitor::Foreground> foreground;
  if (!args.detach) foreground.emplace(TRY(monitor::Foreground::start()));
  const container::Container container = TRY(load_for_exec(global, args.id, args.ignore_paused));
  const ExecCgroups cgroups = TRY(exec_cgroups(container.record.cgroup_paths, args.cgroups));
  const Joining joining = TRY(prepare_exec(global, args, container, cgroups, log));
  launch::Launched launched = TRY(start_exec(args, container, cgroups, joining, log));
  launched.keep();
  if (args.detach) return 0;
  return TRY(foreground->wait(launched.process())).shell_code();
}

}  // namespace

base::Result<int> cmd_exec(const GlobalArgs& global, const ExecArgs& args, const base::Log& log) {
  return TRY_IN(cat("exec ", base::quote(args.id)), exec(global, args, log));
}

}  // namespace cli
