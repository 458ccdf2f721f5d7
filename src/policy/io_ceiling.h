// resources.ioMax: how fast each disk may be read and written, as io.max of cgroup v2 has it (Documentation/admin-guide/
// cgroup-v2.rst). Pure.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"

namespace policy {

inline constexpr std::uint64_t kNoIoLimit = ~std::uint64_t{0};

struct IoRate {
  std::string_view name;  // in io.max
  std::optional<std::uint64_t> IoCeiling::* member;
};
inline constexpr std::array<IoRate, 4> kIoRates = {{{"rbps", &IoCeiling::rbps}, {"wbps", &IoCeiling::wbps}, {"riops", &IoCeiling::riops}, {"wiops", &IoCeiling::wiops}}};

using IoCeilings = std::vector<IoCeiling>;

// "8:0", or "*" for every other disk.
std::string device_text(const IoCeiling& ceiling);
// "8:0" as the numbers; absent if it is not written like that, or out of the kernel's range (12 and 20 bits).
std::optional<std::pair<std::int64_t, std::int64_t>> parse_device(std::string_view text);
// The most that the device may have of this rate: its own entry's, and without one that of every other disk.
std::uint64_t ceiling_of(const IoCeilings& all, std::int64_t major, std::int64_t minor, const IoRate& rate);
// What says the same, in one way only: sorted, and without what the entry of every other disk says already.
IoCeilings canonical(const IoCeilings& all);

}  // namespace policy
