// Requests to rtnetlink(7), as bytes: init sends them and has no need to know what they say.
#pragma once

#include <cstdint>
#include <vector>

#include "policy/prefix.h"

namespace plan {

// One after the other, each aligned. The last asks for an acknowledgement; one that fails is answered in any case.
std::vector<std::uint32_t> blackhole_requests(const std::vector<policy::Prefix>& prefixes);

}  // namespace plan
