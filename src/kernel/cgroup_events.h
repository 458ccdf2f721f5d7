// Waiting for what a cgroup reports of itself in cgroup.events ("populated", "frozen"), and, where there is no such
// file, for time to pass. For the other cgroup files only.
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "kernel/cgroup_types.h"

namespace kernel::cgroup {

// The value of `key` in the text of cgroup.events.
std::optional<bool> parse_event(std::string_view text, std::string_view key);

class EventWait {
 public:
  // Of the v2 directory among `paths`; without one, wait() only passes time.
  EventWait(const CgroupPaths& paths, int timeout_ms);

  // Returns at the next event or after a short while, whichever is first, for the caller to look again; false once
  // the time is over.
  //
  // The event alone is not enough: the kernel withholds an event for up to 10 ms after the one before
  // (CGROUP_FILE_NOTIFY_MIN_INTV), which is most of a short function's life, and pure v1 has no event that tells of
  // the last process's end at all. So the time between two looks starts at 50 us and doubles up to 10 ms.
  bool wait();

 private:
  base::UniqueFd events_;
  timespec deadline_{};
  long pause_ns_ = 50'000;
};

}  // namespace kernel::cgroup
