// Ranges of the host's user and group ids, each for one container: a file for each that is given away, in a private
// directory, with the state directory of the container in it. A range is free again when that directory is gone, so that
// nothing is lost by a runtime that is killed before it gives one back.
#pragma once

#include <cstdint>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace kernel {

inline constexpr const char* kIdRangeDirectory = "/run/bulkhead-ids";

struct IdRange {
  std::uint32_t index = 0;
  // Locked. Until it is closed the range is the owner's though its directory is still to be made.
  base::UniqueFd lock;
};

// The first from `first` on, of `count`, that is the owner's already or nobody's. `owner`: an absolute path, which
// exists as long as the container does. Error: state, all are taken; system.
base::Result<IdRange> claim_id_range(int directory, std::uint32_t count, std::uint32_t first, const std::string& owner);

// Removes the file of a range that is nobody's any more. What fails leaves it to the next one who wants the range.
void release_id_range(int directory, std::uint32_t index);

}  // namespace kernel
