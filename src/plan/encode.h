// LaunchPlan -> the flat image that init walks (image.h). Pure.
#pragma once

#include <string>

#include "base/result.h"
#include "plan/plan.h"

namespace plan {

// The slot table holds -1 throughout: init fills it in with what the parent hands it.
// Error: unsupported, if the image would be larger than image::kMaxSize.
base::Result<std::string> encode(const LaunchPlan& plan);

}  // namespace plan
