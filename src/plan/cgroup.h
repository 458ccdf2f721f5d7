// linux.resources and cgroupsPath as the writes that put them in force, for the cgroup layout at hand.
// Pure; applied by kernel/cgroup.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "kernel/facts.h"
#include "oci/spec.h"

namespace plan {

struct CgroupWrite {
  std::string controller;  // "memory"; "" is the v2 hierarchy
  std::string file;        // "memory.max"
  std::string value;
  std::string because;     // JSON pointer: "/linux/resources/memory/limit"
  bool optional = false;   // a missing file is no error (nothing is asked for that the kernel lacks)
};

struct CgroupPlan {
  std::string path;  // below each mount point: "/kubepods/pod1/web1"; empty: no cgroup
  kernel::CgroupMode mode = kernel::CgroupMode::kNone;
  // Hierarchies in which the directory is made: controller -> mount point; "" is v2. One entry a mount point.
  std::vector<std::pair<std::string, std::string>> hierarchies;
  std::vector<CgroupWrite> writes;  // in order, after mkdir, before the first process joins
  std::vector<bpf_insn> device_program;  // v2 only; empty: devices unrestricted
};

// `id` names the cgroup when cgroups_path is empty. Errors: config, with a JSON pointer.
base::Result<CgroupPlan> plan_cgroup(const oci::Linux& config, const std::string& id, const kernel::CgroupLayout& layout);

}  // namespace plan
