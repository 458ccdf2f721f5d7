// What kind of program a container is to run, for policies that select by it. Reads its root, and changes nothing.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "harden/harden.h"
#include "oci/spec.h"

namespace cli {

// As policy::entrypoint_kind() has it; "other" where the program cannot be found: the plan tells why.
std::string find_entrypoint(int root_fd, const oci::Process& process);

// The files that the kernel reads to execute it: the program, and the interpreters of a script; with what is in them.
base::Result<std::vector<harden::HashedFile>> hash_program(int root_fd, const oci::Process& process);

// A file of the root, by its path there.
base::Result<harden::HashedFile> hash_file_in_root(int root_fd, const std::string& path);

}  // namespace cli
