// The v2 device controller: a program attached to the cgroup, Documentation/admin-guide/cgroup-v2.rst "Device
// controller". bpf(2).
#pragma once

#include <linux/bpf.h>

#include <vector>

#include "base/result.h"

namespace kernel::cgroup {

// `dir` may be an O_PATH descriptor. The kernel drops the program together with the cgroup.
base::Result<void> attach_device_program(int dir, const std::vector<bpf_insn>& program);

}  // namespace kernel::cgroup
