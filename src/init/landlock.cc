// The second layer: a ruleset of Landlock, filled from the mounts' own descriptors and entered. Runs once everything is
// mounted and the standard streams are what they stay, while init still has CAP_SYS_ADMIN in its user namespace, so that it
// needs no no_new_privs; what init opens afterwards (a working directory, the program) the rules allow.

#include <asm/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "init/context.h"
#include "kernel/inroot.h"
#include "kernel/landlock.h"
#include "kernel/raw.h"

namespace init {

using kernel::raw::call;
using kernel::raw::failed;
using plan::image::Op;

namespace {

namespace ll = kernel::landlock;

// EBADFD: a file system of the kernel's own (pipes, sockets, namespaces), which Landlock restricts nowhere.
long allow(const Context& ctx, int fd, std::uint64_t access) {
  const ll::PathBeneathAttr attr{access, fd};
  const long result = call(__NR_landlock_add_rule, ctx.ruleset, ll::kRulePathBeneath, &attr, 0);
  return result == -EBADFD ? 0 : result;
}

}  // namespace

long landlock_ruleset(Context& ctx, const Op& op) {
  const ll::RulesetAttr attr{op.a, op.b, wide(ctx.words(op))};
  const long ruleset = call(__NR_landlock_create_ruleset, &attr, sizeof(attr), 0);
  if (failed(ruleset)) return ruleset;
  ctx.ruleset = static_cast<int>(ruleset);
  return 0;
}

namespace {

// A bind mount may be of a single file, for which the kernel takes (EINVAL) no rights of directories.
long allow_mount(const Context& ctx, int mount, const Op& op) {
  const long result = allow(ctx, mount, op.a);
  if (result != -EINVAL || (op.a & ll::kOfFiles) == op.a || (op.a & ll::kOfFiles) == 0) return result;
  return allow(ctx, mount, op.a & ll::kOfFiles);
}

}  // namespace

// exec: what the container was made of has no descriptors any more. The place of a mount cannot be removed or renamed; what
// is no root of a mount is not the place.
long landlock_path(Context& ctx, const Op& op) {
  if (op.slot >= 0) return allow_mount(ctx, ctx.fd(op.slot), op);
  kernel::InRoot how;
  how.flags = O_PATH;
  how.no_symlinks = (op.flags & plan::image::kNoSymlinks) != 0;
  const long mount = kernel::open_in_root(ctx.root, ctx.text(op.text), how);
  if (failed(mount)) return mount;
  struct statx stat {};
  long result = call(__NR_statx, mount, "", AT_EMPTY_PATH, STATX_TYPE, &stat);
  if (!failed(result) && (stat.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0) {
    ctx.detail = kMismatch;
    result = -EPERM;
  }
  if (!failed(result)) result = allow_mount(ctx, static_cast<int>(mount), op);
  call(__NR_close, mount);
  return result;
}

long landlock_port(Context& ctx, const Op& op) {
  const ll::NetPortAttr attr{op.a, op.b};
  return call(__NR_landlock_add_rule, ctx.ruleset, ll::kRuleNetPort, &attr, 0);
}

// By /proc/self/fd, as /dev/stderr is, a program opens its own files again. A directory stays closed: it could be one of
// the host's.
long landlock_open(Context& ctx, const Op& op) {
  for (std::uint64_t i = 0; i < op.b; ++i) {
    const auto fd = static_cast<int>(i);
    struct statx stat {};
    if (failed(call(__NR_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &stat))) continue;
    if ((stat.stx_mode & kernel::raw::kTypeMask) == kernel::raw::kDirectory) continue;
    const long result = allow(ctx, fd, op.a);
    if (failed(result)) return result;
  }
  return 0;
}

long landlock_restrict(Context& ctx, const Op& op) {
  const long result = call(__NR_landlock_restrict_self, ctx.ruleset, op.a);
  call(__NR_close, ctx.ruleset);
  ctx.ruleset = -1;
  return result;
}

// Nothing tells that a process is in a domain, but pivot_root(2) of the root to itself does: who may mount is told EBUSY or
// EINVAL, and in a domain, before the kernel looks, EPERM. It succeeds nowhere.
long verify_landlock(Context& ctx, const Op&) {
  if (call(__NR_pivot_root, "/", "/") == -EPERM) return 0;
  ctx.detail = kMismatch;
  return -EPERM;
}

}  // namespace init
