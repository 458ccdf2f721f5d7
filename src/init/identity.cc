// Users, groups, capabilities, no_new_privs. Raw system calls: libc's set*id wrappers signal other threads.
// Order (capabilities(7)): groups and bounding set while still privileged, KEEPCAPS over the change of user,
// then all sets at once, ambient last.

#include <asm/errno.h>
#include <linux/capability.h>
#include <linux/prctl.h>

#include "init/context.h"
#include "kernel/raw.h"

namespace init {

using kernel::raw::call;
using kernel::raw::failed;
using plan::image::Op;

long setup_identity(Context&, const Op& op) {
  long result = call(__NR_setresgid, op.b, op.b, op.b);
  if (!failed(result)) result = call(__NR_setresuid, op.a, op.a, op.a);
  if (!failed(result)) result = call(__NR_prctl, PR_SET_DUMPABLE, 0);
  return result;
}

long bounding(Context&, const Op& op) {
  for (std::uint32_t cap = 0; cap <= op.b && cap < 64; ++cap) {
    if ((op.a >> cap & 1) != 0) continue;
    const long result = call(__NR_prctl, PR_CAPBSET_DROP, cap, 0, 0, 0);
    if (failed(result)) return result;
  }
  return 0;
}

long identity(Context& ctx, const Op& op) {
  long result = 0;
  if ((op.flags & plan::image::kKeepGroups) == 0) result = call(__NR_setgroups, op.count, ctx.words(op));
  if (!failed(result)) result = call(__NR_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);
  if (!failed(result)) result = call(__NR_setresgid, op.b, op.b, op.b);
  if (!failed(result)) result = call(__NR_setresuid, op.a, op.a, op.a);
  // A change of user resets it to what suid_dumpable says.
  if (!failed(result)) result = call(__NR_prctl, PR_SET_DUMPABLE, 0);
  return result;
}

namespace {

// Locks of the caller's stay: the kernel refuses a value without them.
long set_secure_bits(std::uint64_t bits) {
  const long result = call(__NR_prctl, PR_SET_SECUREBITS, bits, 0, 0, 0);
  if (result != -EPERM) return result;
  const long now = call(__NR_prctl, PR_GET_SECUREBITS, 0, 0, 0, 0);
  return failed(now) ? now : call(__NR_prctl, PR_SET_SECUREBITS, static_cast<std::uint64_t>(now) | bits, 0, 0, 0);
}

}  // namespace

// The secure bits come last, since one of them forbids to raise ambient capabilities; the capability that it takes to
// set them is kept until then.
long capabilities(Context& ctx, const Op& op) {
  const std::uint32_t* w = ctx.words(op);  // effective, permitted, inheritable, ambient: lo, hi each
  const std::uint32_t extra = op.a == 0 ? 0 : 1U << CAP_SETPCAP;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {{w[0] | extra, w[2] | extra, w[4]}, {w[1], w[3], w[5]}};
  long result = call(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (!failed(result)) result = call(__NR_capset, &header, data);
  if (failed(result)) return result;
  const std::uint64_t ambient = wide(w + 6);
  for (std::uint32_t cap = 0; cap < 64; ++cap) {
    if ((ambient >> cap & 1) == 0) continue;
    result = call(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
    if (failed(result)) return result;
  }
  result = call(__NR_prctl, PR_SET_KEEPCAPS, 0, 0, 0, 0);
  if (failed(result) || op.a == 0) return result;
  result = set_secure_bits(op.a);
  if (failed(result)) return result;
  data[0] = {w[0], w[2], w[4]};
  return call(__NR_capset, &header, data);
}

long no_new_privs(Context&, const Op&) { return call(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }

// Kept by fork and execve: the kernel counts it among what a process's memory is (MMF_HAS_MDWE).
long deny_write_execute(Context&, const Op&) {
  return call(__NR_prctl, kSetMdwe, kRefuseExecGain, 0, 0, 0);
}

long get_cookie(std::uint64_t& cookie) {
  return call(__NR_prctl, PR_SCHED_CORE, PR_SCHED_CORE_GET, 0, PR_SCHED_CORE_SCOPE_THREAD, &cookie);
}

// Kept by fork and execve. A process can only take a cookie of its own again, or that of one which it may trace.
long core_scheduling(Context& ctx, const Op&) {
  const long result = get_cookie(ctx.cookie);
  if (failed(result)) return result;
  return call(__NR_prctl, PR_SCHED_CORE, PR_SCHED_CORE_CREATE, 0, PR_SCHED_CORE_SCOPE_THREAD_GROUP, 0);
}

// For good, and kept by fork and execve (Documentation/userspace-api/spec_ctrl.rst).
long speculation(Context&, const Op& op) {
  for (std::uint32_t control = 0; op.a >> control != 0; ++control) {
    if ((op.a >> control & 1) == 0) continue;
    const long result = call(__NR_prctl, PR_SET_SPECULATION_CTRL, control, PR_SPEC_FORCE_DISABLE, 0, 0);
    if (failed(result)) return result;
  }
  return 0;
}

long not_dumpable(Context&, const Op&) { return call(__NR_prctl, PR_SET_DUMPABLE, 0); }

}  // namespace init
