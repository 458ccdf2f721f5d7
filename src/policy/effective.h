// What holds for one container: what resolve() (chain.h) makes of a node's policies, and harden() applies.
#pragma once

#include <string>
#include <vector>

#include "policy/policy.h"

namespace policy {

struct ExceptionUse {
  std::string id, owner, reason, expires;
};

struct Effective {
  Policy policy;                // what is enforced
  std::vector<Policy> audited;  // if any rule is only audited: what would hold if it were enforced; else none
  std::string profile;          // "py-http@3"
  std::string selected_by;      // "prod.json:/select/0", "--policy", "annotation io.bulkhead/profile", "default"
  std::vector<std::string> layers;  // ids of the floors and deny files in force
  std::vector<ExceptionUse> exceptions;
  std::vector<std::string> notes;  // exceptions that fit and do not hold, and why; files that are not read
};

}  // namespace policy
