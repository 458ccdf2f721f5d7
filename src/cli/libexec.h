// The programs of bulkhead's own that are not in PATH, and the one that has the commands no container's start needs.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace cli {

// The path of "tools" or "probe": what was built or installed together with this program. It depends neither on PATH nor
// on the environment.
std::string libexec_program(std::string_view name);

// An error unless it is a regular file that not everybody can write. `own`: it is bulkhead's, so that it belongs to root
// or to whom this program belongs.
base::Result<void> check_program(const std::string& path, bool own);

// Goes on as `tools` with the same arguments, environment and inherited descriptors. Returns only if it cannot.
base::Error become_tools(char** argv);

}  // namespace cli
