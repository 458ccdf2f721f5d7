// Which policy --policy means: a built-in one by name, or a file. The only place of this room that reads files.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/policy.h"

namespace policy {

// "faas", "faas@1", "builtin:faas", "builtin:faas@1"; or a file, if it has a "/" or ends in ".json". A file is
// read only when nobody but root and the caller can have written it: a policy that others can change is none.
base::Result<Policy> load_policy(std::string_view name_or_file);

// What "extends" may name: a built-in policy with its version, "builtin:faas@1".
base::Result<Policy> builtin_base(std::string_view name);

// The text of such a file, if it may be read.
base::Result<std::string> read_policy_file(const std::string& path);
// The same for the file of that name in an open directory; `path` is for messages.
base::Result<std::string> read_policy_file_at(int directory, const char* name, const std::string& path);

}  // namespace policy
