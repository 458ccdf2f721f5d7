// Lists of processors as text, cpuset(7), "List format".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace oci {

constexpr std::uint32_t kMaxCpus = 8192;  // the most that Linux can be built for on any machine that this runs on

// The mask of sched_setaffinity(2), in words of 32 processors, the lowest first. Empty: it is no list such as "0-3,5", or
// names a processor that is not below kMaxCpus.
std::optional<std::vector<std::uint32_t>> cpu_mask(std::string_view list);

}  // namespace oci
