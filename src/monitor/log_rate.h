// How many lines a minute the decision log takes from all runtimes of a node together: what is made in floods must not
// push what was told before out of it.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace monitor {

struct Turn {
  bool granted = false;
  std::uint64_t dropped = 0;  // when granted: how many were not since the last one that was
};

// Counts one more line. `directory` is one of the caller's alone: its file "turns" keeps the count and is locked
// meanwhile. `minute`: of a clock that all callers share.
base::Result<Turn> take_turn(int directory, std::uint64_t per_minute, std::uint64_t minute);

// Counts `lines` more that were not granted: those of a turn that could not be told of.
base::Result<void> count_dropped(int directory, std::uint64_t lines);

}  // namespace monitor
