// A Policy as bytes and back. The built-in policies are read from their files when bulkhead is built, by the one reader
// that there is, and unpacked at a start: reading their text again would be a fifth of what a start costs this program.
// The form is no one's but this build's: it is never written to a disk.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/policy.h"

namespace policy {

std::string pack(const Policy& policy);

// Error: policy, when the bytes are not those of pack().
base::Result<Policy> unpack(std::string_view bytes);

}  // namespace policy
