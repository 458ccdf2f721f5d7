// Ending containers: signals to one, and removing all that is left of one. Used by kill, delete, and by run for
// its own clean-up.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "container/lifecycle.h"
#include "container/state_dir.h"

namespace container {

// `signal` to init, or with `all`, and with SIGKILL where init's death would not end the others, to every process
// of the cgroup. Error: state, "container not running" (not with `all`).
base::Result<void> kill_container(const Container& container, int signal, bool all);

// Kills what still runs, waits for init, removes the cgroups and then the directory; in that order, so that after an
// error it can be tried again. The caller has checked the status.
base::Result<void> destroy_container(const StateRoot& root, const Container& container);

// The same for a container whose init the caller has seen end; what is gone already is no error. False: somebody else has
// removed it.
base::Result<bool> destroy_ended(const StateRoot& root, const ContainerDir& dir, const Record& record);

// The `delete` verb. Without `force`: only what is stopped or created. With it: anything, also what a killed create
// left, and an id that nobody has is no error. Returns the record of what was removed, if it had one; of what a
// killed create left, if it has poststop hooks.
base::Result<std::optional<Record>> delete_container(const std::string& root, const std::string& id, bool force);

}  // namespace container
