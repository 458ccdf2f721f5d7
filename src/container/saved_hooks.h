// Hooks in a container's record: those that are run by whoever starts, and whoever deletes it.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "oci/json.h"
#include "oci/spec.h"

namespace container {

// A JSON array: [{"pointer", "path", "args", "env", "timeout", "digests"}].
std::string encode_hooks(const std::vector<oci::CheckedHook>& hooks);
base::Result<std::vector<oci::CheckedHook>> read_hooks(const oci::Cursor& list);

}  // namespace container
