// linux.resources.devices together with the rules that every container gets, checked and numbered; and their form for
// the v1 devices controller. The form for v2 is in plan/device_filter.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "kernel/cgroup_types.h"
#include "oci/spec.h"

namespace plan {

struct DeviceAccess {
  bool allow = false;
  char type = 'a';                            // 'a': every device and every access, whatever else it says; 'c' or 'b'
  std::optional<std::uint32_t> major, minor;  // absent: all
  std::uint32_t access = 0;                   // BPF_DEVCG_ACC_*
  std::string because;                        // JSON pointer
};

// The rules in order, the last that fits decides; before them everything is denied. Rules for the default devices
// follow those of config.json, except for a default node that linux.devices makes in its own way.
// `tun_access`: of the default access to /dev/net/tun, as harden::Hardened has it. Error: config, with a JSON pointer.
base::Result<std::vector<DeviceAccess>> device_rules(const oci::Linux& config, const std::string& tun_access = "rwm");

// The writes to devices.deny and devices.allow that amount to `rules`. Error: unsupported, where they do not exist:
// the v1 controller cannot take one device out of a range.
base::Result<std::vector<kernel::CgroupWrite>> device_writes_v1(const std::vector<DeviceAccess>& rules);

}  // namespace plan
