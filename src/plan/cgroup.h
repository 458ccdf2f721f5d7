// linux.resources and cgroupsPath as the writes that put them in force, for the cgroup layout at hand.
// Pure; applied by kernel/cgroup.
#pragma once

#include <string>

#include "base/result.h"
#include "kernel/cgroup_types.h"
#include "oci/spec.h"

namespace plan {

using kernel::CgroupPlan;
using kernel::CgroupWrite;

// `id` names the cgroup when cgroups_path is empty. Errors: config, with a JSON pointer; unsupported, when the host
// lacks the controller of a limit that is asked for. Device access is denied by default, even without any resources. `tun_access` as in
// device_rules.h.
base::Result<CgroupPlan> plan_cgroup(const oci::Linux& config, const std::string& id,
                                     const kernel::CgroupLayout& layout, const std::string& tun_access = "rwm");

// `path` with "//", "." and ".." resolved as text, never above its start, and without the leading "/".
// Error: config, for what no cgroup can be called.
base::Result<std::string> clean_cgroup_path(const std::string& path);

}  // namespace plan
