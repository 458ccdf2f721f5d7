// exec: from a plan to an init in a container that is there already.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/result.h"
#include "kernel/proc.h"
#include "launch/launch.h"

namespace launch {

// The container's first process, whose namespaces are entered, and the v2 cgroup to start in: -1, none.
struct Target {
  const kernel::PidFd& init;
  int cgroup_fd = -1;
};

// As launch(): clones, with nothing of the host's in the child's sight from its first instruction on. What follows is the
// same: provide(), await_entered(), allow_start(), await_start(). This process's memory must not be dumpable, for the child
// has a copy of it until it has executed init. Errors: state, the container has ended.
base::Result<Launched> enter(const plan::LaunchPlan& plan, const std::string& image, const Target& target);

}  // namespace launch
