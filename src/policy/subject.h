// Who a container is, from what the engine says of it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "oci/spec.h"
#include "policy/document.h"

namespace policy {

// The annotations of containerd's and of CRI-O's CRI, the cgroup, and what is given. The engine writes them itself; one
// that another engine would write can only come from the pod, and where it says otherwise the container is refused.
base::Result<Subject> subject_of(const oci::Spec& spec, std::string_view id, std::string_view bundle);

// What kind of program a file is: "python", "node", "java", "shell" or "go" by the name of the file (with links followed)
// or by its first bytes; "elf32" for any program of a 32-bit ABI; else "static", "dynamic" or "other". A script is what
// its interpreter is. `head`: its first 4096 bytes, or all if it has fewer.
std::string entrypoint_kind(std::string_view name, std::string_view head);

// All of them.
const std::vector<std::string_view>& entrypoint_kinds();

// Whether programs of that kind make code at run time, or are not known not to.
bool may_make_code(std::string_view entrypoint);

}  // namespace policy
