// One more program in a container that runs: decided by what the container was made with, and by the node's policies of
// today as far as they are asked of a program; planned; started. For `exec` and `probe`.
#pragma once

#include <optional>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "cli/args.h"
#include "cli/exec_request.h"
#include "cli/kept.h"
#include "container/lifecycle.h"
#include "kernel/facts.h"
#include "launch/launch.h"

namespace cli {

struct Joining {
  Remembered remembered;  // what the container was made with
  kernel::Facts facts;
  harden::Outcome outcome;
  plan::LaunchPlan plan;
  std::string policy, policy_id;  // that the container was made with
  std::optional<policy::DecisionLog> log;
  bool told_at_start = false;  // what could not be done for it could not for the container's own program either
};

// Errors: state, there is none of this id, or it has ended or is paused.
base::Result<container::Container> load_for_exec(const GlobalArgs& global, const std::string& id, bool ignore_paused);

// A program of the host's that is executed in place of the one that config.json names.
struct Guest {
  std::string program;
  bool installed = false;  // with bulkhead: nobody's choice, and so no matter of exec.allow
};

// Errors: as requested_process(), harden_exec() and plan_exec().
base::Result<Joining> prepare_exec(const GlobalArgs& global, const ExecArgs& args, const container::Container& container,
                                   const ExecCgroups& cgroups, const base::Log& log, const Guest* guest = nullptr);

// Returns when the program runs, and it is recorded in the log of decisions. Until Launched::keep() is called, it ends with
// what is returned. This process's memory must not be dumpable: until it has executed init, what is in the container has a
// copy of it.
base::Result<launch::Launched> start_exec(const ExecArgs& args, const container::Container& container, const ExecCgroups& cgroups,
                                          const Joining& joining, const base::Log& log);

}  // namespace cli
