// The descriptors that the caller left open: counted and made close-on-exec before anything else is opened, so that
// none of this program's own can pass for one of the caller's.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace cli {

// 0, 1 and 2 exist afterwards (on /dev/null if the caller had closed them). Error: there is no /dev/null.
base::Result<void> secure_descriptors();

// How many descriptors from 3 on, without a gap, the caller had open at secure_descriptors().
std::uint32_t inherited_descriptors();

// Lets those be inherited by the program that this process goes on as.
void share_descriptors();

}  // namespace cli
