// THE in-root path walker: every lookup below a container's root goes through here, so that a symbolic link
// or a rename inside a hostile root file system can never lead outside of it. openat2(2) does the walk
// (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, Linux 5.6); there is no userspace resolver to fall back on.
// Freestanding: no libc, no allocation, fixed buffers. Shared by init and the parent.
#pragma once

#include <cstdint>

namespace kernel {

enum class Make { kNothing, kDirectory, kFile };

struct InRoot {
  std::uint64_t flags = 0;        // O_*; O_CLOEXEC is always added
  bool no_symlinks = false;       // RESOLVE_NO_SYMLINKS: for /proc, /sys, /dev, where a link is an attack
  Make make = Make::kNothing;     // create what is missing (directories 0755, a file 0644)
  std::uint32_t mode = 0;         // of what is made last; 0 means the default above
};

// Opens `path` (absolute or relative, both mean below `root_fd`). Returns an fd or a negative errno:
// -ELOOP a link where none may be, -EAGAIN the tree kept changing for 128 tries, -ENOTDIR, -ENOENT …
// A dangling symbolic link is followed, in root, to where the missing file is to be made.
long open_in_root(int root_fd, const char* path, const InRoot& how);
// The same for a path of which the caller has just heard that it is missing.
long make_in_root(int root_fd, const char* path, const InRoot& how);

}  // namespace kernel
