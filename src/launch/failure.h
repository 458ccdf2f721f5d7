// A failed op in words: {op, errno, detail} from init, together with the plan that the parent holds.
#pragma once

#include "base/result.h"
#include "init/protocol.h"
#include "plan/plan.h"

namespace launch {

base::Error describe_failure(const plan::LaunchPlan& plan, const init::Message& message);
std::string describe_warning(const plan::LaunchPlan& plan, const init::Message& message);

}  // namespace launch
