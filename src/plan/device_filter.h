// Device rules as a program of type BPF_PROG_TYPE_CGROUP_DEVICE, for the v2 hierarchy. Pure.
#pragma once

#include <linux/bpf.h>

#include <vector>

#include "plan/device_rules.h"

namespace plan {

// Empty when the rules allow everything. The program gets bpf_cgroup_dev_ctx, and returns 1 to let the access through.
// Each kind of access asked for (read, write, mknod) is judged by itself; all have to be allowed.
std::vector<bpf_insn> device_program(const std::vector<DeviceAccess>& rules);

}  // namespace plan
