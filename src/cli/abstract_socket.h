// A socket of this process's own that a container must not reach: in the abstract namespace, unix(7).
#pragma once

#include <string>

#include "base/result.h"
#include "base/fd.h"

namespace cli {

// Listens on that name, in the network namespace that the runtime is in, until the descriptor is closed. Error, system:
// the name is taken, or longer than an address may be.
base::Result<base::UniqueFd> listen_abstract(const std::string& name);

}  // namespace cli
