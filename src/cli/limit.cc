#include "cli/limit.h"

#include "harden/harden.h"

namespace cli {

base::Result<monitor::WallClock> watch_wall_clock(const container::Record& record, const kernel::PidFd& init) {
  if (record.wall_clock == 0) return monitor::WallClock();
  return monitor::WallClock::arm(init, record.cgroup_paths,
                                 {.limit = record.wall_clock,
                                  .grace = harden::kWallClockGrace,
                                  .id = record.id,
                                  .sink = record.log_sink,
                                  .sink_size = record.log_size});
}

}  // namespace cli
