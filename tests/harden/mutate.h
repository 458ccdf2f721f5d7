// Random requests: a real one, changed in a few places, among them all that a policy looks at.
#pragma once

#include <random>

#include "oci/spec.h"

namespace harden_test {

using Random = std::mt19937;

oci::Spec mutated(Random& random);

}  // namespace harden_test
