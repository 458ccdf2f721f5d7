#include <csignal>

#include "base/text.h"
#include "cli/agent.h"
#include "cli/hooks.h"
#include "cli/limit.h"
#include "cli/verbs.h"
#include "container/destroy.h"
#include "container/lifecycle.h"
#include "launch/launch.h"

namespace cli {

base::Result<int> cmd_start(const GlobalArgs& global, const StartArgs& args, const base::Log&) {
  const container::Container found = TRY(container::load_container(global.root, args.id));
  switch (found.status) {
    case container::Status::kCreated: break;
    case container::Status::kRunning: return base::Error::state("cannot start an already running container");
    case container::Status::kPaused: return base::Error::state("cannot start a container in the paused state");
    case container::Status::kStopped: return base::Error::state("cannot start a container that has stopped");
  }
  const std::string context = base::cat("start ", base::quote(args.id));
  // Armed before: what could not be ended is not begun.
  auto limit = TRY_IN(context, watch_wall_clock(found.record, *found.init));
  TRY_IN(context, launch::open_gate(found.dir.fd(), *found.init, agent_of(found.record)));
  auto begun = limit.begin();
  if (begun) begun = run_poststart_hooks(found.record);
  if (!begun) {
    (void)container::kill_container(found, SIGKILL, true).has_value();  // the error that is told is why
    return std::move(begun).error().in(context);
  }
  return 0;
}

}  // namespace cli
