// What the seccomp agent of a container is told, together with the notification descriptor.
#pragma once

#include "container/record.h"
#include "launch/listener.h"

namespace cli {

launch::Agent agent_of(const container::Record& record);

}  // namespace cli
