// A cgroup's share of the processors, in the scales of the files that it is set in: cpu.shares of cgroup v1, which is also
// config.json's (2 to 262144, and 1024 is what every cgroup has that nobody asks for), and cpu.weight of v2 (1 to 10000, 100).
#pragma once

#include <cstdint>
#include <optional>

namespace harden {

inline constexpr std::uint64_t kStandardCpuShares = 1024;

// As cpu.weight, by the rule that all runtimes have; absent for 0, "not set".
std::optional<std::uint64_t> cpu_weight(std::uint64_t shares);

}  // namespace harden
