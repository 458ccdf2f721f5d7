// Random requests: a real one, changed in a few places, among them all that a policy looks at.
#pragma once

#include <random>
#include <string_view>

#include "oci/spec.h"

namespace harden_test {

using Random = std::mt19937;

// In each secret's value, in small or capital letters.
constexpr std::string_view kCanary = "canary";

oci::Spec mutated(Random& random);
// One variable more in the environment: dangerous, secret, or neither.
void add_variable(Random& random, oci::Spec& spec);

}  // namespace harden_test
