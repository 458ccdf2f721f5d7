// What is to be known of the files of hooks before a policy decides about them.
#pragma once

#include "harden/harden.h"
#include "policy/chain.h"

namespace cli {

// Where a policy looks at hooks: the digests of those in the container's root, `root_fd` (-1: none), and which programs of
// the host links of procfs lead to.
void find_hook_files(harden::Abilities& abilities, const oci::Spec& spec, const policy::Effective& policy, int root_fd);

}  // namespace cli
