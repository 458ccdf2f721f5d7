#include "plan/cgroup_convert.h"

#include <cmath>

namespace plan {

// A quadratic in log2(shares) through (2, 1), (1024, 100) and (262144, 10000), as Kubernetes computes it; the
// straight line of earlier years made 39 of the normal 1024.
std::optional<std::uint64_t> cpu_weight(std::uint64_t shares) {
  if (shares == 0) return std::nullopt;
  if (shares <= 2) return 1;
  if (shares >= 262144) return 10000;
  const double l = std::log2(static_cast<double>(shares));
  const double exponent = (l * l + 125 * l) / 612.0 - 7.0 / 34.0;
  return static_cast<std::uint64_t>(std::ceil(std::pow(10, exponent)));
}

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
