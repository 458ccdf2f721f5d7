// What a policy takes over from the one that it extends. Only files of this room include it.
#pragma once

#include "policy/policy.h"

namespace policy {

// A rule that `policy` does not have is the base's. One that it has is its own; but paths that are masked or read-only,
// variables that are stripped or warned of, limits and tmpfs come on top of the base's, entry by entry. Seccomp is not
// dealt with: its reader starts from the base's.
void inherit(Policy& policy, const Policy& base);

}  // namespace policy
