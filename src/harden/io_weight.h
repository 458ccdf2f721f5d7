// A cgroup's share of the disks, in the scales of the files that it is set in. A policy has that of io.weight: 1 to 10000,
// and 100 is what every cgroup has that nobody asks for. config.json has 10 to 1000, which plan/cgroup_convert stretches for
// io.weight, so that the same number is more there than elsewhere.
#pragma once

#include <cstdint>
#include <string_view>

namespace harden {

inline constexpr std::uint64_t kStandardIoWeight = 100;

enum class WeightFile {
  kUnknown,  // any of them
  kIo,       // io.weight: 1..10000, normally 100
  kBfq,      // io.bfq.weight, blkio.bfq.weight: 1..1000, normally 100
  kBlkio,    // blkio.weight: 10..1000, normally 500
};

WeightFile weight_file(std::string_view name);

// As the number that the file has. `weight`: 10..10000.
std::uint64_t file_weight(std::uint64_t weight, WeightFile file);

// The largest blockIO.weight of config.json that is no more than `weight` in the file.
std::uint16_t config_weight(std::uint64_t weight, WeightFile file);

}  // namespace harden
