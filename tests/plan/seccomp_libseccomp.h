// libseccomp's programs, made as runc makes them, and the profiles that they are made of.
#pragma once

#include <linux/filter.h>

#include <string>
#include <vector>

#include "oci/spec.h"
#include "plan/seccomp_samples.h"

namespace samples {

std::vector<sock_filter> libseccomps(const oci::Seccomp& request);

// linux.seccomp of a bundle in tests/bundles.
oci::Seccomp profile_of(const std::string& bundle);

// A random one in which each name has rules of one answer only, and not both with and without arguments.
oci::Seccomp undisputed_profile(Dice& dice);

}  // namespace samples
