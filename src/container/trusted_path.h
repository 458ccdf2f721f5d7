// Opening the state root: a walk from "/" that follows a symlink only if root or this user owns it, so that nobody
// else decides where state is kept. (/var/run is a symlink on every distribution, so refusing all is no choice.)
#pragma once

#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace container {

// `path` must be absolute. With `make`, absent directories are made (0700); else empty if one is absent. The last
// directory must belong to this user and be writable to nobody else.
base::Result<std::optional<base::UniqueFd>> open_trusted_dir(const std::string& path, bool make);

}  // namespace container
