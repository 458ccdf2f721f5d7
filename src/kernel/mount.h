// The mount API by descriptor, for the parent: open_tree(2), mount_setattr(2) (Linux 5.12), fsopen(2), fsmount(2).
// Everything made here is detached: nothing appears in the host's mount table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace kernel {

// A detached copy of the mount at `path` (and of all below it). `dir_fd` with an empty path: of what the fd refers to.
base::Result<base::UniqueFd> clone_tree(int dir_fd, const std::string& path, bool recursive);

struct MountAttributes {
  std::uint64_t set = 0;          // MOUNT_ATTR_*
  std::uint64_t clear = 0;
  std::uint64_t propagation = 0;  // MS_SHARED …; 0: as it is
  int userns_fd = -1;             // with MOUNT_ATTR_IDMAP
  bool recursive = false;
};
// errno values are the kernel's; EINVAL with an idmap: this file system cannot be idmapped.
base::Result<void> set_mount_attributes(int mount_fd, const MountAttributes& attributes);

// A new instance of `fs`, configured with "key" and "key=value" options, as a detached mount.
base::Result<base::UniqueFd> new_filesystem(const std::string& fs, const std::vector<std::string>& options,
                                            std::uint64_t attr);

}  // namespace kernel
