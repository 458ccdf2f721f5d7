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

// What was in force for a container, for a file that outlives this program: each rule by its name, with the shape of its
// value, so that another version reads it or says that it cannot. A rule that a later version brings is absent in it, as it
// was when the container was made. The order of enumerators is a part of the form: new ones come last.
std::string keep(const Policy& policy);

// Error: policy.
base::Result<Policy> read_kept(std::string_view bytes);

}  // namespace policy
