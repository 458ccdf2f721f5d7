// System call names as a policy lists them: plain ones, and groups ("@faas", "@faas@1") that stand for many.
// Only files of this room include it.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "oci/json.h"
#include "policy/read.h"

namespace policy {

// Names of system calls. They live as long as the document and the groups that they come from.
using NameList = std::vector<std::string_view>;

// Adds what `name`, which stands at `at`, is or stands for. A group may list groups.
base::Result<void> expand(const oci::Cursor& at, std::string_view name, const GroupLookup& groups, NameList& out);

// Sorts, and drops doubles.
void normalize(NameList& names);

}  // namespace policy
