// What this host can do about the speed of disks: which files a new cgroup has for it, and which disks there are. Reads only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kernel/facts.h"

namespace kernel {

struct IoFiles {
  std::string weight;         // "io.weight", "io.bfq.weight", "blkio.weight", "blkio.bfq.weight"; empty: none, or not known
  std::string weight_unable;  // why there is none
  std::string max_unable;     // why there is no io.max, or no blkio.throttle.*
};

// Most of them are in no hierarchy's root: asked is a cgroup that is there already. What no cgroup tells is taken for
// possible. `sys`: where sysfs is.
IoFiles probe_io_files(const CgroupLayout& layout, const std::string& sys = "/sys");

// The host's disks, "8:0", that have a medium, and those of `named` that are there; why one cannot be limited, or empty.
std::map<std::string, std::string> probe_disks(const std::vector<std::string>& named, const std::string& sys = "/sys");

}  // namespace kernel
