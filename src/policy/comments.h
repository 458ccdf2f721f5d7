// Policies are JSON with comments and trailing commas, as people write them; config.json is not.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace policy {

// `text` with every comment ("// …", "/* … */") and every comma behind the last element of an object or array replaced by
// spaces: of the same length and with the same lines, so that every place in it is that of the file. Strings are left
// alone. Error: policy, a comment without an end, at its place.
base::Result<std::string> without_comments(std::string_view text, const std::string& source_name);

}  // namespace policy
