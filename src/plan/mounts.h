// A mount of the container between its planning (before the pivot) and its attachment (after it).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "oci/mount_options.h"
#include "plan/ops.h"

namespace plan {

struct PlannedMount {
  Slot mount;
  std::string target;                            // clean and absolute, in the container
  std::string what;                              // "proc", "rbind /etc/hosts": for people
  std::string because;
  std::uint64_t attr = 0;                        // MOUNT_ATTR_* in the end
  std::vector<oci::Propagation> propagation;
  std::uint64_t type = 0;                        // file system magic expected at the target, or 0
  bool bind = false;
  bool no_symlinks = false, copy_mode = false, copy_up = false, in_proc = false, read_only_late = false;
};

}  // namespace plan
