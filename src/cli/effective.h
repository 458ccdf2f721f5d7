// Questions about the policies of a container.
#pragma once

#include "policy/chain.h"

namespace cli {

// Whether what is in force, or only audited, has something.
bool any_of(const policy::Effective& policy, auto&& has) {
  return has(policy.policy) || (!policy.audited.empty() && has(policy.audited.front()));
}

}  // namespace cli
