#include <sys/prctl.h>

#include <memory>

#include "base/text.h"
#include "cli/agent.h"
#include "cli/create.h"
#include "cli/decisions.h"
#include "cli/hooks.h"
#include "cli/kept.h"
#include "cli/limit.h"
#include "cli/verbs.h"
#include "container/decided.h"
#include "container/destroy.h"
#include "container/lifecycle.h"
#include "monitor/foreground.h"

namespace cli {
namespace {

constexpr int kShortRun = 5;  // milliseconds

base::Result<void> start_container(Made& made, const CreateArgs& args, const base::Log& log) {
  auto limit = TRY(watch_wall_clock(made.record(), made.launched().process()));
  TRY(made.launched().await_start(made.plan(), agent_of(made.record())));
  (void)container::remove_journal(made.dir().fd());  // if not: what is executed tells as well that it runs
  TRY(limit.begin());
  TRY(run_poststart_hooks(made.record()));
  TRY(announce(made, args, log));
  made.keep();
  return base::ok();
}

// For `explain --id`, and for `exec`. The program runs: what fails here does not end it.
void keep_decisions(const Made& made, const GlobalArgs& global, const base::Log& log) {
  const auto saved = container::save_decided(made.dir().fd(), decided_text(made.prepared(), global.policy));
  if (!saved) log.warning(saved.error().message());
  const auto kept = keep_for_exec(made.dir().fd(), made.prepared());
  if (!kept) log.warning(kept.error().message());
}

base::Result<int> run_detached(const GlobalArgs& global, const CreateArgs& args, const base::Log& log) {
  Made made = TRY(make_container(global, args, false, log));
  TRY(start_container(made, args, log));
  keep_decisions(made, global, log);
  return 0;
}

base::Result<int> run_foreground(const GlobalArgs& global, const CreateArgs& args, const base::Log& log) {
  if (!args.no_subreaper) ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // the container's orphans are reaped here
  const monitor::Foreground foreground = TRY(monitor::Foreground::start());
  auto owned = std::make_unique<Made>(TRY(make_container(global, args, false, log)));
  Made& made = *owned;
  TRY(start_container(made, args, log));
  // Nobody can ask about a container that has ended and is removed at once, as most of one call are.
  const auto ended = made.launched().process().wait_exit(kShortRun);
  if (args.keep || (ended && !*ended)) keep_decisions(made, global, log);
  const auto status = foreground.wait(made.launched().process());
  // Also when the waiting failed: nobody else will look after the container.
  if (!args.keep) {
    if (status) {
      if (TRY(container::destroy_ended(made.root(), made.dir(), made.record()))) run_poststop_hooks(made.record(), log);
    } else {
      const container::Container left = TRY(container::load_container(made.root(), args.id));
      TRY(container::destroy_container(made.root(), left));
      run_poststop_hooks(made.record(), log);
    }
  }
  if (!status) return status.error();
  (void)owned.release();  // the process ends now; to free thousands of pieces one by one would hold up its caller
  return status->shell_code();
}

}  // namespace

base::Result<int> cmd_run(const GlobalArgs& global, const CreateArgs& args, const base::Log& log) {
  const std::string context = base::cat("run ", base::quote(args.id));
  return TRY_IN(context, args.detach ? run_detached(global, args, log) : run_foreground(global, args, log));
}

}  // namespace cli
