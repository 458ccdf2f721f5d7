// Mounts, all by descriptor (the mount API of Linux 5.2 and mount_setattr of 5.12): built detached with their
// final attributes, attached once to a target that was resolved once, in root. No path of the host is used.

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/statfs.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "init/context.h"
#include "kernel/inroot.h"
#include "kernel/raw.h"

namespace init {

using kernel::raw::call;
using kernel::raw::failed;
using plan::image::Op;

namespace {

long setattr(int fd, const char* path, std::uint64_t set, std::uint64_t clear, std::uint64_t propagation_, bool recursive) {
  mount_attr attr{};
  attr.attr_set = set;
  attr.attr_clr = clear;
  attr.propagation = propagation_;
  const unsigned flags = (path[0] == '\0' ? AT_EMPTY_PATH : 0U) | (recursive ? AT_RECURSIVE : 0U);
  return call(__NR_mount_setattr, fd, path, flags, &attr, sizeof(attr));
}

long move(int mount, int target) {
  return call(__NR_move_mount, mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

// "key=value" or "key" to a file system being configured. The value is cut off in a copy of the key.
long configure(int fs, const char* option) {
  char key[256];
  std::size_t n = 0;
  while (option[n] != '\0' && option[n] != '=') {
    if (n + 1 >= sizeof(key)) return -ENAMETOOLONG;
    key[n] = option[n];
    ++n;
  }
  key[n] = '\0';
  if (option[n] == '\0') return call(__NR_fsconfig, fs, FSCONFIG_SET_FLAG, key, 0, 0);
  return call(__NR_fsconfig, fs, FSCONFIG_SET_STRING, key, option + n + 1, 0);
}

// Where a mount may not land, however the path got there (CVE-2019-16884, CVE-2025-52881): on the root itself,
// or on procfs unless the plan says so.
long check_target(Context& ctx, int target, const Op& op) {
  struct statfs fs {};
  long result = call(__NR_fstatfs, target, &fs);
  if (failed(result)) return result;
  if (fs.f_type == PROC_SUPER_MAGIC && (op.flags & plan::image::kInProc) == 0) {
    ctx.detail = kTargetOnProc;
    return -EACCES;
  }
  struct statx stat {};
  if (ctx.root_inode == 0) {
    result = call(__NR_statx, ctx.root, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &stat);
    if (failed(result)) return result;
    ctx.root_mount = stat.stx_mnt_id;
    ctx.root_device = device_of(stat);
    ctx.root_inode = stat.stx_ino;
  }
  result = call(__NR_statx, target, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &stat);
  if (failed(result)) return result;
  if (stat.stx_mnt_id == ctx.root_mount && device_of(stat) == ctx.root_device && stat.stx_ino == ctx.root_inode) {
    ctx.detail = kTargetIsRoot;
    return -EBUSY;
  }
  return 0;
}

// The root of a new tmpfs takes mode and owner of the directory it covers, as an unpacked image expects.
long take_mode(int mount, int target) {
  struct statx stat {};
  const long result = call(__NR_statx, target, "", AT_EMPTY_PATH, STATX_MODE | STATX_UID | STATX_GID, &stat);
  if (failed(result)) return result;
  const long directory = call(__NR_openat, mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (failed(directory)) return directory;
  // An owner that this user namespace does not map cannot be taken over; the mode can.
  call(__NR_fchown, directory, stat.stx_uid, stat.stx_gid);
  const long changed = call(__NR_fchmod, directory, stat.stx_mode & 07777);
  call(__NR_close, directory);
  return changed;
}

}  // namespace

long propagation(Context& ctx, const Op& op) {
  const bool recursive = (op.flags & plan::image::kRecursive) != 0;
  if (op.slot >= 0) return setattr(ctx.fd(op.slot), "", 0, 0, op.a, recursive);
  return setattr(AT_FDCWD, ctx.text(op.text), 0, 0, op.a, recursive);
}

long new_mount(Context& ctx, const Op& op) {
  const long fs = call(__NR_fsopen, ctx.text(op.text), FSOPEN_CLOEXEC);
  if (failed(fs)) return fs;
  long result = 0;
  for (std::uint32_t i = 0; i < op.count && !failed(result); ++i) {
    result = configure(static_cast<int>(fs), ctx.text(ctx.words(op)[i]));
    if (failed(result)) ctx.detail = i + 1;
  }
  if (!failed(result)) result = call(__NR_fsconfig, fs, FSCONFIG_CMD_CREATE, 0, 0, 0);
  if (!failed(result)) result = call(__NR_fsmount, fs, FSMOUNT_CLOEXEC, op.a);
  call(__NR_close, fs);
  if (failed(result)) return result;
  ctx.image.slots[op.slot] = static_cast<std::int32_t>(result);
  return 0;
}

// The new root goes on top of the old one, becomes the root, and the old one leaves the tree: pivot_root(2),
// "pivot_root(".", ".")". From here on no path of the host can be reached.
long pivot(Context& ctx, const Op& op) {
  const int root = ctx.fd(op.slot);
  long result = call(__NR_move_mount, root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
  if (!failed(result)) result = call(__NR_fchdir, root);
  if (op.kind == plan::image::OpKind::kChroot) {
    if (!failed(result)) result = call(__NR_chroot, ".");
  } else {
    if (!failed(result)) result = call(__NR_pivot_root, ".", ".");
    if (!failed(result)) result = call(__NR_umount2, ".", 2 /* MNT_DETACH */);
  }
  if (!failed(result)) result = call(__NR_chdir, "/");
  if (!failed(result)) result = call(__NR_openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (failed(result)) return result;
  ctx.root = static_cast<int>(result);
  return 0;
}

namespace {

// In the root of a tmpfs that this process has just made, whose names are its own: nothing is looked up there, and no link
// followed. -EEXIST: something is there after all.
long attach_below(int below, const char* name, int mount, bool file) {
  const long made = file ? call(__NR_mknodat, below, name, kernel::raw::kRegular | 0644U, 0) : call(__NR_mkdirat, below, name, 0755);
  return failed(made) ? made : call(__NR_move_mount, mount, "", below, name, MOVE_MOUNT_F_EMPTY_PATH);
}

}  // namespace

long attach(Context& ctx, const Op& op) {
  const int mount = ctx.fd(op.slot);
  if (op.a != 0) {
    const char* name = last_component(ctx.text(op.text));
    const long result = attach_below(ctx.fd(static_cast<std::int32_t>(op.a - 1)), name, mount, (op.flags & plan::image::kFile) != 0);
    if (result != -EEXIST) return result;
  }
  kernel::InRoot how;
  how.flags = O_PATH;
  how.no_symlinks = (op.flags & plan::image::kNoSymlinks) != 0;
  long target = kernel::open_in_root(ctx.root, ctx.text(op.text), how);
  const bool existed = target != -ENOENT;
  if (!existed) {
    struct statx source {};
    const long known = call(__NR_statx, mount, "", AT_EMPTY_PATH, STATX_TYPE, &source);
    if (failed(known)) return known;
    const bool directory = (source.stx_mode & kernel::raw::kTypeMask) == kernel::raw::kDirectory;
    how.make = directory ? kernel::Make::kDirectory : kernel::Make::kFile;
    target = kernel::make_in_root(ctx.root, ctx.text(op.text), how);
  }
  if (failed(target)) return target;
  const int target_fd = static_cast<int>(target);
  long result = check_target(ctx, target_fd, op);
  if (!failed(result) && existed && (op.flags & plan::image::kCopyMode) != 0) result = take_mode(mount, target_fd);
  if (!failed(result) && existed && (op.flags & plan::image::kCopyUp) != 0) result = copy_up(target_fd, mount);
  if (!failed(result)) result = move(mount, target_fd);
  call(__NR_close, target_fd);
  return result;
}

long set_attr(Context& ctx, const Op& op) {
  const bool recursive = (op.flags & plan::image::kRecursive) != 0;
  if (op.slot >= 0) return setattr(ctx.fd(op.slot), "", op.a, op.b, 0, recursive);
  return setattr(AT_FDCWD, ctx.text(op.text), op.a, op.b, 0, recursive);
}

// A path and all below it become read-only: a clone of the tree at the resolved target, made read-only while
// detached, attached to the very descriptor that was resolved; nothing is looked up twice.
long readonly_path(Context& ctx, const Op& op) {
  kernel::InRoot how;
  how.flags = O_PATH;
  const long target = kernel::open_in_root(ctx.root, ctx.text(op.text), how);
  if (target == -ENOENT || target == -ENOTDIR) return 0;
  if (failed(target)) return target;
  long clone = call(__NR_open_tree, target, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
  if (!failed(clone)) {
    const int mount = static_cast<int>(clone);
    clone = setattr(mount, "", MOUNT_ATTR_RDONLY, 0, 0, true);
    if (!failed(clone)) clone = move(mount, static_cast<int>(target));
    call(__NR_close, mount);
  }
  call(__NR_close, target);
  return failed(clone) ? clone : 0;
}

// A file is covered by the host's /dev/null, whose device number the parent has checked, a directory by an empty
// read-only tmpfs: never by anything that comes from the container's own tree (CVE-2025-31133). A missing
// target is nothing to mask; any other failure is fatal.
long mask(Context& ctx, const Op& op) {
  kernel::InRoot how;
  how.flags = O_PATH;
  const long target = kernel::open_in_root(ctx.root, ctx.text(op.text), how);
  if (target == -ENOENT || target == -ENOTDIR) return 0;
  if (failed(target)) return target;
  struct statx stat {};
  long result = call(__NR_statx, target, "", AT_EMPTY_PATH, STATX_TYPE, &stat);
  if (!failed(result)) {
    const bool directory = (stat.stx_mode & kernel::raw::kTypeMask) == kernel::raw::kDirectory;
    bool& attached = directory ? ctx.empty_attached : ctx.null_attached;
    long source = ctx.fd(directory ? static_cast<std::int32_t>(op.a) : op.slot);
    if (attached) {
      source = call(__NR_open_tree, source, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    }
    result = failed(source) ? source : move(static_cast<int>(source), static_cast<int>(target));
    if (attached && !failed(source)) call(__NR_close, source);
    if (!failed(result)) attached = true;
  }
  call(__NR_close, target);
  return result;
}

}  // namespace init
