// What of a hardened request another runtime can be told: the effective config.json as a Spec, for oci::write_spec().
// Called by `policy render`. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "harden/harden.h"
#include "oci/spec.h"

namespace plan {

struct Rendered {
  oci::Spec spec;
  // "CONTROL: what": in force when bulkhead runs the container, and nothing that config.json has words for.
  std::vector<std::string> lost;
};

// Members of the document that the reader does not know are in neither: nothing is known of what they would do. They are
// told as lost. Errors: as of build_seccomp().
base::Result<Rendered> render(const harden::Hardened& hardened);

}  // namespace plan
