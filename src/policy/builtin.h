// The files of profiles/ that are part of the program, byte for byte: a node without configuration has them,
// and nobody can take them away.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "policy/read.h"

namespace policy {

struct BuiltinFile {
  std::string_view name;  // "faas.json", "seccomp/faas.json"
  std::string_view text;
};

std::span<const BuiltinFile> builtin_files();

// The groups of profiles/seccomp/, read when the program was built: sixteen documents would cost every start
// more than the whole rest of the policy.
std::span<const SyscallGroup> builtin_groups();

// The text of a built-in policy; empty if there is none of that name.
std::string_view builtin_policy(std::string_view name);
const SyscallGroup* builtin_group(std::string_view name);
std::vector<std::string_view> builtin_policy_names();

// The JSON Schema of a policy file.
std::string_view policy_schema();

// The built-in policies as pack.h has them, by name: read when the program was built.
std::span<const BuiltinFile> packed_policies();

}  // namespace policy
