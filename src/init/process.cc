// What belongs to the process: cgroup, namespaces, names, limits, scheduling, stdio, working directory.

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/resource.h>
#include <linux/fcntl.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <linux/sockios.h>
#include <linux/stat.h>

#include "init/context.h"
#include "kernel/inroot.h"
#include "kernel/raw.h"

namespace init {

using kernel::raw::call;
using kernel::raw::failed;
using plan::image::Op;

namespace {

std::uint64_t length(const char* s) {
  std::uint64_t n = 0;
  while (s[n] != '\0') ++n;
  return n;
}

// struct ifreq as SIOCGIFFLAGS uses it; <linux/if.h> would bring in libc's headers.
struct InterfaceFlags {
  char name[16];
  short flags;
  char rest[22];
};
static_assert(sizeof(InterfaceFlags) == 40);

bool is_dev_null(const struct statx& stat) {
  return (stat.stx_mode & kernel::raw::kTypeMask) == kernel::raw::kCharDevice && stat.stx_rdev_major == 1 && stat.stx_rdev_minor == 3;
}

// A stdio descriptor on the host's /dev/null is put on the container's, so that /proc/self/fd leads nowhere else.
void use_own_null(const Context& ctx, int fd) {
  kernel::InRoot how;
  how.flags = O_PATH;
  how.no_symlinks = true;
  const long pinned = kernel::open_in_root(ctx.root, "/dev/null", how);
  if (failed(pinned)) return;
  struct statx stat {};
  if (!failed(call(__NR_statx, pinned, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stat)) && is_dev_null(stat)) {
    how.flags = O_RDWR;
    const long own = kernel::open_in_root(ctx.root, "/dev/null", how);
    if (!failed(own)) {
      if (!failed(call(__NR_statx, own, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stat)) && is_dev_null(stat)) {
        call(__NR_dup3, own, fd, 0);
      }
      call(__NR_close, own);
    }
  }
  call(__NR_close, pinned);
}

}  // namespace

// The single-threaded child moves itself with "0" to `tasks`: that path skips the kernel's global
// cgroup_threadgroup_rwsem, whose write side waits for an RCU grace period, 10 ms and more on an idle machine.
long join_cgroup(Context& ctx, const Op& op) {
  const long n = call(__NR_write, ctx.fd(op.slot), "0", 1);
  return failed(n) ? n : 0;
}

// A container must not inherit the pinning of the daemon that started it (the kernel cuts the mask to the cpuset).
long affinity(Context& ctx, const Op& op) {
  if (op.count != 0) return call(__NR_sched_setaffinity, 0, op.count * sizeof(std::uint32_t), ctx.words(op));
  std::uint64_t mask[128];
  for (auto& word : mask) word = ~0ULL;
  return call(__NR_sched_setaffinity, 0, sizeof(mask), mask);
}

// Anonymous: a named session keyring can be joined by other containers of the same user.
long keyring(Context&, const Op&) {
  const long serial = call(__NR_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0);
  return failed(serial) && serial != -ENOSYS ? serial : 0;
}

// Away from the caller's terminal, whose input TIOCSTI could forge, and from its signals.
long session(Context&, const Op&) {
  const long id = call(__NR_setsid);
  return failed(id) ? id : 0;
}

long unshare(Context& ctx, const Op& op) {
  if (op.a != ctx.begun) return call(__NR_unshare, op.a);
  ctx.begun = 0;
  return ctx.begun_result;
}

long join_mount_ns(Context& ctx, const Op& op) { return call(__NR_setns, ctx.fd(op.slot), CLONE_NEWNS); }

// exec: this process was put into the container's mount namespace before it was cloned; setns(2) made that one's root its own.
long enter_root(Context& ctx, const Op&) {
  long result = call(__NR_chdir, "/");
  if (!failed(result)) result = call(__NR_openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (failed(result)) return result;
  ctx.root = static_cast<int>(result);
  return 0;
}

// In the new pid namespace, whose setting this is whichever procfs it is written through, as the host's root, which alone
// may. 2: a memfd that is not said to be executable is not, and none can be (Documentation/admin-guide/sysctl/vm.rst).
// Read back here, where nobody else is in that namespace: trying it would be told in the kernel's log at each start.
long memfd_noexec(Context& ctx, const Op&) {
  const long file = call(__NR_openat, AT_FDCWD, "/proc/sys/vm/memfd_noexec", O_RDWR | O_CLOEXEC);
  if (failed(file)) return file;
  char now = 0;
  long n = call(__NR_write, file, "2", 1);
  if (!failed(n)) n = call(__NR_pread64, file, &now, 1, 0);
  call(__NR_close, file);
  if (failed(n)) return n;
  if (now == '2') return 0;
  ctx.detail = kMismatch;
  return -EPERM;
}

// The parent looks while init goes on; what it finds decides whether init is ever told to start.
long entered(Context& ctx, const Op&) {
  send(ctx, MessageKind::kEntered, 0, 0);
  return 0;
}

long hostname(Context& ctx, const Op& op) {
  return call(__NR_sethostname, ctx.text(op.text), length(ctx.text(op.text)));
}

long domainname(Context& ctx, const Op& op) {
  return call(__NR_setdomainname, ctx.text(op.text), length(ctx.text(op.text)));
}

long loopback(Context&, const Op&) {
  const long fd = call(__NR_socket, 2 /* AF_INET */, 2 /* SOCK_DGRAM */ | O_CLOEXEC, 0);
  if (failed(fd)) return fd;
  InterfaceFlags request{{'l', 'o'}, 0, {}};
  long result = call(__NR_ioctl, fd, SIOCGIFFLAGS, &request);
  if (!failed(result)) {
    request.flags = static_cast<short>(request.flags | 1 /* IFF_UP */);
    result = call(__NR_ioctl, fd, SIOCSIFFLAGS, &request);
  }
  call(__NR_close, fd);
  return result;
}

// Raising a hard limit needs CAP_SYS_RESOURCE in the initial user namespace. Without it the limit becomes as
// near to the wanted one as it can: never higher than asked for.
long rlimit(Context& ctx, const Op& op) {
  const std::uint32_t resource = ctx.words(op)[0];
  struct { std::uint64_t soft, hard; } wanted{op.a, op.b}, current{};
  long result = call(__NR_prlimit64, 0, resource, &wanted, 0);
  if (result != -EPERM) return result;
  result = call(__NR_prlimit64, 0, resource, 0, &current);
  if (failed(result)) return result;
  if (wanted.hard > current.hard) wanted.hard = current.hard;
  if (wanted.soft > wanted.hard) wanted.soft = wanted.hard;
  result = call(__NR_prlimit64, 0, resource, &wanted, 0);
  if (!failed(result)) send(ctx, MessageKind::kWarning, EPERM, kClamped);
  return result;
}

long scheduler(Context& ctx, const Op& op) {
  const std::uint32_t* w = ctx.words(op);
  sched_attr attr{};
  attr.size = sizeof(attr);
  attr.sched_policy = w[0];
  attr.sched_nice = static_cast<std::int32_t>(w[1]);
  attr.sched_priority = w[2];
  attr.sched_flags = wide(w + 3);
  attr.sched_runtime = wide(w + 5);
  attr.sched_deadline = wide(w + 7);
  attr.sched_period = wide(w + 9);
  return call(__NR_sched_setattr, 0, &attr, 0);
}

long io_priority(Context&, const Op& op) { return call(__NR_ioprio_set, 1 /* IOPRIO_WHO_PROCESS */, 0, op.a); }

long personality(Context&, const Op& op) {
  const long old = call(__NR_personality, op.a);
  return failed(old) ? old : 0;
}

// A program that is not root must be able to reopen its own stdio by path (/dev/stderr). What cannot be given
// away (a read-only file system, an unmapped owner) keeps its owner, as with every runtime.
long own_stdio(Context& ctx, const Op& op) {
  for (int fd = 0; fd < 3; ++fd) {
    struct statx stat {};
    if (failed(call(__NR_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stat))) continue;
    if (is_dev_null(stat)) {
      use_own_null(ctx, fd);
    } else {
      call(__NR_fchown, fd, op.a, -1);
    }
  }
  return 0;
}

long set_umask(Context&, const Op& op) {
  call(__NR_umask, op.a);
  return 0;
}

// Twice in a plan: as root, whose directories a later user may not search, and again as the user, whose
// directories root without CAP_DAC_OVERRIDE (or on NFS) may not. Never through a magic link (CVE-2024-21626).
long change_dir(Context& ctx, const Op& op) {
  if (ctx.in_cwd) return 0;
  kernel::InRoot how;
  how.flags = O_PATH | O_DIRECTORY;
  const long fd = kernel::open_in_root(ctx.root, ctx.text(op.text), how);
  if (failed(fd)) return (op.flags & plan::image::kSkipMissing) != 0 ? 0 : fd;
  const long result = call(__NR_fchdir, fd);
  call(__NR_close, fd);
  ctx.in_cwd = !failed(result);
  return (op.flags & plan::image::kSkipMissing) != 0 ? 0 : result;
}

}  // namespace init
