#include <sys/prctl.h>

#include "base/text.h"
#include "cli/agent.h"
#include "cli/create.h"
#include "cli/limit.h"
#include "cli/verbs.h"
#include "container/destroy.h"
#include "container/lifecycle.h"
#include "monitor/foreground.h"

namespace cli {
namespace {

base::Result<void> start_container(Made& made, const CreateArgs& args, const base::Log& log) {
  auto limit = TRY(watch_wall_clock(made.record(), made.launched().process()));
  TRY(made.launched().await_start(made.plan(), agent_of(made.record())));
  TRY(announce(made, args, log));
  TRY(limit.begin());
  made.keep();
  return base::ok();
}

base::Result<int> run_detached(const GlobalArgs& global, const CreateArgs& args, const base::Log& log) {
  Made made = TRY(make_container(global, args, false, log));
  TRY(start_container(made, args, log));
  return 0;
}

base::Result<int> run_foreground(const GlobalArgs& global, const CreateArgs& args, const base::Log& log) {
  if (!args.no_subreaper) ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // the container's orphans are reaped here
  const monitor::Foreground foreground = TRY(monitor::Foreground::start());
  Made made = TRY(make_container(global, args, false, log));
  TRY(start_container(made, args, log));
  const auto status = foreground.wait(made.launched().process());
  // Also when the waiting failed: nobody else will look after the container.
  if (!args.keep) {
    if (status) {
      TRY(container::destroy_ended(made.root(), made.dir(), made.record()));
    } else {
      const container::Container left = TRY(container::load_container(made.root(), args.id));
      TRY(container::destroy_container(made.root(), left));
    }
  }
  if (!status) return status.error();
  return status->shell_code();
}

}  // namespace

base::Result<int> cmd_run(const GlobalArgs& global, const CreateArgs& args, const base::Log& log) {
  const std::string context = base::cat("run ", base::quote(args.id));
  return TRY_IN(context, args.detach ? run_detached(global, args, log) : run_foreground(global, args, log));
}

}  // namespace cli
