#include "oci/cpu_list.h"

#include <algorithm>

#include "base/text.h"

namespace oci {

std::optional<std::vector<std::uint32_t>> cpu_mask(std::string_view list) {
  constexpr std::uint64_t kBits = 32;
  std::vector<std::uint32_t> mask;
  const auto parts = base::split(list, ',');
  if (parts.size() > kMaxCpus) return std::nullopt;  // it says some twice, and would take its time
  for (const auto& part : parts) {
    const std::size_t dash = part.find('-');
    const auto low = base::parse_u64(part.substr(0, dash));
    const auto high = dash == std::string::npos ? low : base::parse_u64(part.substr(dash + 1));
    if (!low || !high || *low > *high || *high >= kMaxCpus) return std::nullopt;
    mask.resize(std::max<std::size_t>(mask.size(), *high / kBits + 1));
    for (auto cpu = *low; cpu <= *high; ++cpu) mask[cpu / kBits] |= 1U << (cpu % kBits);
  }
  return mask;
}

}  // namespace oci
