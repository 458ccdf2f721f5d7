// A container that may run only so long: a process of its own, which outlives `start` and `run`, waits for the container's
// init and ends it when its time is over. It holds no descriptor and no terminal of the caller's, and goes when init does.
#pragma once

#include <cstdint>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "kernel/cgroup_types.h"
#include "kernel/proc.h"

namespace monitor {

struct WallClockOrder {
  std::uint64_t limit = 0;  // seconds from begin() to SIGTERM for init
  std::uint64_t grace = 0;  // seconds from there to SIGKILL for all that is in the cgroups
  // Where it is told that the time was over, as DecisionSink::open() has them; no sink: nowhere.
  std::string id, sink;
  std::uint64_t sink_size = 0;
};

class WallClock {
 public:
  WallClock() = default;  // watches nothing

  // Makes the process. It only waits, and ends if this object does before begin(). Error: system.
  static base::Result<WallClock> arm(const kernel::PidFd& init, const kernel::CgroupPaths& cgroups, const WallClockOrder& order);

  // The program runs: from now on, whatever becomes of this process. Error, system: nobody watches.
  base::Result<void> begin();

 private:
  explicit WallClock(base::UniqueFd word) : word_(std::move(word)) {}

  base::UniqueFd word_;  // a socket whose other end the process has
};

}  // namespace monitor
