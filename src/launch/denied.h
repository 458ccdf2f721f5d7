// Whether what a bind's source leads to is of the host's that no container may have, or not of that which one may have at
// most (plan::DeniedBinds). Called with the descriptor that is then mounted, so that no link and no rename comes between.
#pragma once

#include "base/result.h"
#include "plan/plan.h"

namespace launch {

base::Result<void> check_denied(const plan::DeniedBinds& denied, int fd, const std::string& source);

}  // namespace launch
