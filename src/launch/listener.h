// The seccomp notification descriptor (SCMP_ACT_NOTIFY) on its way from init to the agent that answers for it:
// runtime-spec, "Seccomp", "The Container Process State"; seccomp_unotify(2).
#pragma once

#include <string>

#include "base/result.h"
#include "init/protocol.h"
#include "kernel/proc.h"

namespace launch {

struct Agent {
  std::string path;   // linux.seccomp.listenerPath; empty: there is none
  std::string state;  // what it is told, a JSON text
};

// init has announced its listener and waits: takes the descriptor out of it, hands it to the agent, lets init go on.
base::Result<void> pass_listener(const kernel::PidFd& init, const init::Message& announced, const Agent& agent);

}  // namespace launch
