// Hooks that run on the host: found, compared with their digests, run, and put into words where they fail. Those that run in
// the container are init's (init/hooks.cc); their failure comes here too.
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "init/protocol.h"
#include "oci/spec.h"
#include "plan/plan.h"

namespace launch {

// The program, open for reading and execution: links of a procfs are followed, as engines name themselves by one.
// Error: config, not a regular file; policy, none of the digests.
base::Result<base::UniqueFd> open_hook(const oci::CheckedHook& hook);

// Before anything is made: whether every program on the host whose digest counts is what it is to be.
base::Result<void> check_hooks(const plan::LaunchPlan& plan);

// Runs in: this process's namespaces, with its rights; in `directory`, or "/" if that is gone. `state` is what the hook
// reads. Returns when it has ended well, or why it has not.
base::Result<void> run_hook(const oci::CheckedHook& hook, const std::string& directory, std::string_view state);

// A hook of init's: the message, and the text that followed it.
base::Error hook_failure(const init::Message& message, std::string_view text);
// The same with the text still to be received.
base::Error receive_hook_failure(const init::Message& message, int socket);

}  // namespace launch
