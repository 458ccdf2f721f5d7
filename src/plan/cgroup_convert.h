// Numbers of the cgroup v1 world in those of v2. OCI keeps the former in config.json.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace plan {

// blkio weight (10..1000) as io.weight (1..10000).
std::uint64_t io_weight(std::uint16_t blkio_weight);
// The text of memory.swap.max for OCI's limit on memory and swap together; absent: nothing to write.
// Error: config, without a pointer.
base::Result<std::optional<std::string>> swap_max(std::int64_t memory_and_swap, std::int64_t memory);
// "max" for -1; absent for 0, "not set".
std::optional<std::string> limit_text(std::int64_t value);

}  // namespace plan
