// LaunchPlan -> the flat image that init walks (image.h). Pure.
#pragma once

#include <string>

#include "base/result.h"
#include "plan/plan.h"

namespace plan {

// The slot table holds -1 throughout: launch fills it in with set_slot() once the descriptors are open.
// Error: unsupported, if the image would be larger than image::kMaxSize.
base::Result<std::string> encode(const LaunchPlan& plan);

void set_slot(std::string& image, Slot slot, int fd);

}  // namespace plan
