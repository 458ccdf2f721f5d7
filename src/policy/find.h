// Which policy --policy means: a built-in one by name, or a file. With load_chain.cc and follow.cc the only place of this room
// that reads files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/policy.h"

namespace policy {

// "faas", "faas@1", "builtin:faas", "builtin:faas@1"; or a file, if it has a "/" or ends in ".json". A file is
// read only when nobody but root and the caller can have written it: a policy that others can change is none.
base::Result<Policy> load_policy(std::string_view name_or_file);

// That there is none of that name, with the one that was probably meant: of `known`, or built in.
base::Error no_such_policy(std::string_view asked, std::vector<std::string_view> known);

// What "extends" may name: a built-in policy with its version, "builtin:faas@1".
base::Result<Policy> builtin_base(std::string_view name);

// The profiles of the distribution, DIRECTORY/NAME.json: they are found after the node's own and the built-in ones.
inline constexpr std::string_view kSharedProfiles = "/usr/share/bulkhead/profiles/";
// Their files, sorted; empty if there is no such directory. The built-in ones are installed there too.
base::Result<std::vector<std::string>> shared_profiles();

// The text of such a file, if it may be read.
base::Result<std::string> read_policy_file(const std::string& path);
// The same for the file of that name in an open directory, which may be a link as follow.h wants it; `path` is for
// messages.
base::Result<std::string> read_policy_file_at(int directory, const char* name, const std::string& path);

}  // namespace policy
