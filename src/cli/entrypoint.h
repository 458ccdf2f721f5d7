// What kind of program a container is to run, for policies that select by it. Reads its root, and changes nothing.
#pragma once

#include <string>

#include "oci/spec.h"

namespace cli {

// As policy::entrypoint_kind() has it; "other" where the program cannot be found: the plan tells why.
std::string find_entrypoint(int root_fd, const oci::Process& process);

}  // namespace cli
