// The other way round: what request and policies together answer, as one linux.seccomp that any runtime understands.
// What bulkhead makes of the section alone is proven to answer the same, for every call there is. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "oci/spec.h"
#include "plan/seccomp_table.h"
#include "policy/seccomp_policy.h"

namespace plan {

struct SeccompSection {
  oci::Seccomp section;
  // What it answers otherwise, and never milder, since a section cannot say it.
  std::vector<std::string> lost;
};

// Either may be absent, not both. Without policies it is the request as it stands. Errors: as of build_seccomp(), and
// unsupported where it could not be proven that the section is no wider.
base::Result<SeccompSection> render_seccomp(const oci::Seccomp* request, std::span<const policy::SeccompPolicy> policies);

// The same of a table; `section` has no flags and no listener.
base::Result<SeccompSection> render_table(const FilterTable& table, Abi native);

}  // namespace plan
