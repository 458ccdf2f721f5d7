#include "plan/cgroup_convert.h"

namespace plan {

std::uint64_t io_weight(std::uint16_t blkio_weight) { return 1 + (std::uint64_t{blkio_weight} - 10) * 9999 / 990; }

base::Result<std::optional<std::string>> swap_max(std::int64_t memory_and_swap, std::int64_t memory) {
  // v1 had one limit for both, so that taking away the limit on memory took away the other as well.
  if (memory == -1 && memory_and_swap == 0) return std::optional<std::string>("max");
  if (memory_and_swap <= 0 || memory == -1) return limit_text(memory_and_swap);
  if (memory == 0) return base::Error::config("unable to set swap limit without memory limit");
  if (memory_and_swap < memory) return base::Error::config("memory+swap limit should be >= memory limit");
  return std::optional(std::to_string(memory_and_swap - memory));
}

std::optional<std::string> limit_text(std::int64_t value) {
  if (value == 0) return std::nullopt;
  return value == -1 ? "max" : std::to_string(value);
}

}  // namespace plan
