// The post-condition pass: just before the container starts, what is really in force is read back from the
// kernel and compared with the plan. Any difference ends the start with a named check.

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/statfs.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/prctl.h>
#include <linux/stat.h>

#include "init/context.h"
#include "kernel/inroot.h"
#include "kernel/raw.h"

namespace init {

using kernel::raw::call;
using kernel::raw::failed;
using plan::image::Op;

namespace {

constexpr std::uint64_t kStatfsReadonly = 1;  // ST_RDONLY of statfs(2)

long mismatch(Context& ctx) {
  ctx.detail = kMismatch;
  return -EPERM;
}

bool group_wanted(const Context& ctx, const Op& op, std::uint32_t group) {
  for (std::uint32_t i = 0; i < op.count; ++i) {
    if (ctx.words(op)[i] == group) return true;
  }
  return false;
}

// Whether it is the root of the file system that masks directories. That one is empty: it has no room, and was never
// mounted to be written to.
long is_empty_root(Context& ctx, const Op& op, const struct statx& stat, bool& same) {
  if (ctx.empty_inode == 0) {
    struct statx empty {};
    const long result = call(__NR_statx, ctx.fd(op.slot), "", AT_EMPTY_PATH, STATX_INO, &empty);
    if (failed(result)) return result;
    ctx.empty_device = device_of(empty);
    ctx.empty_inode = empty.stx_ino;
  }
  same = device_of(stat) == ctx.empty_device && stat.stx_ino == ctx.empty_inode;
  return 0;
}

}  // namespace

long verify_identity(Context& ctx, const Op& op) {
  std::uint32_t r = 0, e = 0, s = 0;
  long result = call(__NR_getresuid, &r, &e, &s);
  if (failed(result)) return result;
  if (r != op.a || e != op.a || s != op.a) return mismatch(ctx);
  result = call(__NR_getresgid, &r, &e, &s);
  if (failed(result)) return result;
  if (r != op.b || e != op.b || s != op.b) return mismatch(ctx);
  if ((op.flags & plan::image::kKeepGroups) != 0) return 0;
  std::uint32_t groups[1024];
  const long n = call(__NR_getgroups, 0, 0);
  if (failed(n)) return n;
  if (n != static_cast<long>(op.count)) return mismatch(ctx);
  if (n > 1024) return 0;  // set by count; more than can be read into a fixed buffer
  result = call(__NR_getgroups, 1024, groups);
  if (failed(result)) return result;
  for (long i = 0; i < n; ++i) {
    if (!group_wanted(ctx, op, groups[i])) return mismatch(ctx);
  }
  return 0;
}

long verify_caps(Context& ctx, const Op& op) {
  const std::uint32_t* w = ctx.words(op);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  const long result = call(__NR_capget, &header, data);
  if (failed(result)) return result;
  const bool same = data[0].effective == w[0] && data[1].effective == w[1] && data[0].permitted == w[2] &&
                    data[1].permitted == w[3] && data[0].inheritable == w[4] && data[1].inheritable == w[5];
  if (!same) return mismatch(ctx);
  const std::uint64_t ambient = wide(w + 6);
  const std::uint64_t bounding_set = wide(w + 8);
  for (std::uint32_t cap = 0; cap < 64; ++cap) {
    const long bound = call(__NR_prctl, PR_CAPBSET_READ, cap, 0, 0, 0);
    if (bound < 0) break;  // EINVAL: this kernel has no more capabilities
    // A capability that the runtime itself lacks cannot be in force, so only "more than wanted" is a difference.
    if (bound == 1 && (bounding_set >> cap & 1) == 0) return mismatch(ctx);
    // The kernel keeps ambient within permitted and inheritable, which were just compared.
    if (((wide(w + 2) & wide(w + 4)) >> cap & 1) == 0 && (ambient >> cap & 1) == 0) continue;
    const long raised = call(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0);
    if (raised >= 0 && static_cast<std::uint64_t>(raised) != (ambient >> cap & 1)) return mismatch(ctx);
  }
  return 0;
}

long verify_no_new_privs(Context& ctx, const Op&) {
  const long set = call(__NR_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
  return set == 1 ? 0 : mismatch(ctx);
}

long verify_locks(Context& ctx, const Op& op) {
  if ((op.flags & plan::image::kWriteExecute) != 0) {
    const long mdwe = call(__NR_prctl, kGetMdwe, 0, 0, 0, 0);
    if (failed(mdwe)) return mdwe;
    if (mdwe != kRefuseExecGain) return mismatch(ctx);
  }
  if ((op.flags & plan::image::kCookie) != 0) {
    std::uint64_t cookie = 0;
    const long result = get_cookie(cookie);
    if (failed(result)) return result;
    if (cookie == 0 || cookie == ctx.cookie) return mismatch(ctx);
  }
  for (std::uint32_t control = 0; op.b >> control != 0; ++control) {
    if ((op.b >> control & 1) == 0) continue;
    const long state = call(__NR_prctl, PR_GET_SPECULATION_CTRL, control, 0, 0, 0);
    if (failed(state)) return state;
    if ((static_cast<std::uint64_t>(state) & PR_SPEC_FORCE_DISABLE) == 0) return mismatch(ctx);
  }
  if (op.a == 0) return 0;
  const long bits = call(__NR_prctl, PR_GET_SECUREBITS, 0, 0, 0, 0);
  if (failed(bits)) return bits;
  return (static_cast<std::uint64_t>(bits) & op.a) == op.a ? 0 : mismatch(ctx);
}

long verify_mount(Context& ctx, const Op& op) {
  kernel::InRoot how;
  how.flags = O_PATH;
  const long fd = kernel::open_in_root(ctx.root, ctx.text(op.text), how);
  // The container's user may not be allowed to search the way there; what it cannot reach it cannot use.
  if (fd == -EACCES || (fd == -ENOENT && (op.flags & plan::image::kSkipMissing) != 0)) return 0;
  if (failed(fd)) return fd;
  struct statfs fs {};
  const long result = call(__NR_fstatfs, fd, &fs);
  call(__NR_close, fd);
  if (failed(result)) return result;
  const bool flags_ok = (static_cast<std::uint64_t>(fs.f_flags) & op.a) == op.a;
  const bool type_ok = op.b == 0 || static_cast<std::uint64_t>(fs.f_type) == op.b;
  return flags_ok && type_ok ? 0 : mismatch(ctx);
}

// Masked: gone, the null device, or an empty read-only tmpfs. The path is looked up as the container's program would.
long verify_mask(Context& ctx, const Op& op) {
  const char* path = ctx.text(op.text);
  while (*path == '/') ++path;
  struct statx stat {};
  long result = call(__NR_statx, ctx.root, path, 0, STATX_TYPE | STATX_INO, &stat);
  if (result == -ENOENT || result == -ENOTDIR || result == -EACCES) return 0;
  if (failed(result)) return result;
  const std::uint32_t type = stat.stx_mode & kernel::raw::kTypeMask;
  if (type == kernel::raw::kCharDevice && stat.stx_rdev_major == 1 && stat.stx_rdev_minor == 3) return 0;
  if (type != kernel::raw::kDirectory || op.slot < 0) return mismatch(ctx);
  bool empty = false;
  result = is_empty_root(ctx, op, stat, empty);
  if (failed(result)) return result;
  if (!empty) return mismatch(ctx);
  kernel::InRoot how;
  how.flags = O_PATH | O_DIRECTORY;
  const long fd = kernel::open_in_root(ctx.root, path, how);
  if (failed(fd)) return fd;
  struct statfs fs {};
  result = call(__NR_fstatfs, fd, &fs);
  call(__NR_close, fd);
  if (failed(result)) return result;
  const bool read_only = (static_cast<std::uint64_t>(fs.f_flags) & kStatfsReadonly) != 0;
  return read_only ? 0 : mismatch(ctx);
}

// A working directory outside the root reads as "(unreachable)…" (CVE-2024-21626).
long verify_cwd(Context& ctx, const Op&) {
  char path[4096];
  const long n = call(__NR_getcwd, path, sizeof(path));
  if (failed(n)) return n;
  return path[0] == '/' ? 0 : mismatch(ctx);
}

}  // namespace init
