// What a prediction asks of the host besides the plan: the runtime's own limits and namespaces, which a container
// inherits or shares, the flags of the mounts it is given, and the kernel's settings.
#pragma once

#include "kernel/facts.h"
#include "plan/plan.h"
#include "predict/host.h"

namespace cli {

// What cannot be read is left out, and what depends on it is not predicted. Changes nothing.
predict::Host probe_host(const plan::LaunchPlan& plan, const kernel::Facts& facts);

}  // namespace cli
