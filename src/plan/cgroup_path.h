// Where the container's cgroup is to be: cgroupsPath as directories. For plan/cgroup only.
#pragma once

#include <string>

#include "plan/cgroup_work.h"

namespace plan {

// Fills in the plan's path, hierarchies, directories and controllers to enable.
base::Result<void> plan_cgroup_place(CgroupWork& work, const std::string& cgroups_path, const std::string& id);

}  // namespace plan
