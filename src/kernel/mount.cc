#include "kernel/mount.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"
#include "kernel/raw.h"

namespace kernel {
namespace {

// O_CLOEXEC, as <linux/mount.h> spells it; a libc header may have taken the name.
constexpr unsigned kCloneTree = 1U /* OPEN_TREE_CLONE */ | O_CLOEXEC | AT_EMPTY_PATH;

base::Result<void> configure(int fs, const std::string& option) {
  const auto equals = option.find('=');
  const std::string key = option.substr(0, equals);
  const long result = equals == std::string::npos
                          ? raw::call(__NR_fsconfig, fs, FSCONFIG_SET_FLAG, key.c_str(), 0, 0)
                          : raw::call(__NR_fsconfig, fs, FSCONFIG_SET_STRING, key.c_str(), option.c_str() + equals + 1, 0);
  if (raw::failed(result)) return base::Error::system(static_cast<int>(-result), "file system option", option);
  return base::ok();
}

}  // namespace

base::Result<base::UniqueFd> clone_tree(int dir_fd, const std::string& path, bool recursive) {
  const long fd = raw::call(__NR_open_tree, dir_fd, path.c_str(), kCloneTree | (recursive ? AT_RECURSIVE : 0U));
  if (raw::failed(fd)) return base::Error::system(static_cast<int>(-fd), "open_tree", path);
  return base::UniqueFd(static_cast<int>(fd));
}

base::Result<void> set_mount_attributes(int mount_fd, const MountAttributes& a) {
  mount_attr attr{};
  attr.attr_set = a.set;
  attr.attr_clr = a.clear;
  attr.propagation = a.propagation;
  if (a.userns_fd >= 0) {
    attr.attr_set |= __u64{MOUNT_ATTR_IDMAP};
    attr.userns_fd = static_cast<__u64>(a.userns_fd);
  }
  if (attr.attr_set == 0 && attr.attr_clr == 0 && attr.propagation == 0) return base::ok();
  const unsigned flags = static_cast<unsigned>(AT_EMPTY_PATH) | (a.recursive ? static_cast<unsigned>(AT_RECURSIVE) : 0U);
  const long result = raw::call(__NR_mount_setattr, mount_fd, "", flags, &attr, sizeof(attr));
  if (raw::failed(result)) return base::Error::system(static_cast<int>(-result), "mount_setattr");
  return base::ok();
}

base::Result<base::UniqueFd> new_filesystem(const std::string& fs, const std::vector<std::string>& options,
                                            std::uint64_t attr) {
  const long opened = raw::call(__NR_fsopen, fs.c_str(), FSOPEN_CLOEXEC);
  if (raw::failed(opened)) return base::Error::system(static_cast<int>(-opened), "fsopen", fs);
  const base::UniqueFd context(static_cast<int>(opened));
  for (const auto& option : options) TRY(configure(context.get(), option));
  long result = raw::call(__NR_fsconfig, context.get(), FSCONFIG_CMD_CREATE, 0, 0, 0);
  if (!raw::failed(result)) result = raw::call(__NR_fsmount, context.get(), FSMOUNT_CLOEXEC, attr);
  if (raw::failed(result)) return base::Error::system(static_cast<int>(-result), "mount", fs);
  return base::UniqueFd(static_cast<int>(result));
}

}  // namespace kernel
