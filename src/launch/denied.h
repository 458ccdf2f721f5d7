// Whether what a bind's source leads to is of the host's that no container may have (harden::DeniedBinds). Called with
// the descriptor that is then mounted, so that no link and no rename comes between.
#pragma once

#include "base/result.h"
#include "harden/harden.h"

namespace launch {

base::Result<void> check_denied(const harden::DeniedBinds& denied, int fd, const std::string& source);

}  // namespace launch
