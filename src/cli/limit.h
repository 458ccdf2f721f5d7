// The limit on how long a container may run, from its record.
#pragma once

#include "base/result.h"
#include "container/record.h"
#include "kernel/proc.h"
#include "monitor/wall_clock.h"

namespace cli {

// To be begun once the program runs. Does nothing for a container without a limit.
base::Result<monitor::WallClock> watch_wall_clock(const container::Record& record, const kernel::PidFd& init);

}  // namespace cli
