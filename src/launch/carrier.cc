#include "launch/carrier.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include <cerrno>
#include <charconv>

#include "base/text.h"
#include "kernel/file.h"
#include "kernel/raw.h"

namespace launch {
namespace {

namespace raw = kernel::raw;
using base::Error;

// Written by the child, which shares this process's memory until it execs, and read by the parent afterwards.
struct Shared {
  volatile int error = 0;
  volatile int step = 0;  // of Step
  volatile long inner_pid = 0;
};

enum Step : int { kNone, kJoinUserns, kCapabilities, kDescriptors, kExec, kInnerClone };

struct Child {
  const CarrierRequest* request;
  clone_args* inner;  // the second clone, when a user namespace is joined first
  const char* const* argv;
  Shared* shared;
};

[[noreturn]] void give_up(const Child& child, Step step, long error) noexcept {
  child.shared->step = step;
  child.shared->error = static_cast<int>(-error);
  raw::exit(1);
}

// Runs in: the child, on the parent's stack and in its memory (vfork), in its new namespaces, with all capabilities
// over them. May not allocate, return, throw or take a lock. As the user is not mapped yet, exec would drop the
// capabilities; ambient ones survive it.
long keep_capabilities(int last) noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  long result = raw::call(__NR_capget, &header, data);
  if (raw::failed(result)) return result;
  for (auto& word : data) word.inheritable = word.permitted;
  result = raw::call(__NR_capset, &header, data);
  for (int cap = 0; cap <= last && !raw::failed(result); ++cap) {
    if ((data[cap / 32].permitted >> (cap % 32) & 1U) == 0) continue;
    result = raw::call(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
  }
  return result;
}

// Runs in: the child, as above. The copies of the descriptors that init needs lose close-on-exec; the parent's keep it.
[[noreturn]] void exec_init(const Child& child) noexcept {
  const CarrierRequest& request = *child.request;
  long result = 0;
  if (request.in_userns) result = keep_capabilities(63);
  if (raw::failed(result) && result != -EINVAL) give_up(child, kCapabilities, result);
  result = 0;
  for (const int fd : request.keep) {
    if (!raw::failed(result)) result = raw::call(__NR_fcntl, fd, F_SETFD, 0);
  }
  if (!raw::failed(result)) result = raw::call(__NR_fcntl, request.image_fd, F_SETFD, 0);
  if (!raw::failed(result)) result = raw::call(__NR_fcntl, request.report_fd, F_SETFD, 0);
  if (raw::failed(result)) give_up(child, kDescriptors, result);
  const char* const no_environment[] = {nullptr};
  result = raw::call(__NR_execveat, request.init_fd, "", child.argv, no_environment, AT_EMPTY_PATH);
  give_up(child, kExec, result);
}

// The frame of this function is shared with the child, which never returns from it.
[[gnu::noinline]] long clone_to_init(const Child& child, clone_args& args) noexcept {
  const long pid = raw::call(__NR_clone3, &args, sizeof(args));
  if (pid == 0) exec_init(child);
  return pid;
}

// A container that joins a user namespace and has new ones besides: those must be made, and owned, by somebody
// inside. That is a child of ours with no other purpose; its child is made ours by CLONE_PARENT, and its descriptor
// table is ours, so that the pidfd arrives here.
[[gnu::noinline]] long clone_by_way_of_userns(const Child& child, clone_args& outer) noexcept {
  const long pid = raw::call(__NR_clone3, &outer, sizeof(outer));
  if (pid != 0) return pid;
  const long joined = raw::call(__NR_setns, child.request->join_userns, CLONE_NEWUSER);
  if (raw::failed(joined)) give_up(child, kJoinUserns, joined);
  const long inner = clone_to_init(child, *child.inner);
  if (raw::failed(inner)) give_up(child, kInnerClone, inner);
  child.shared->inner_pid = inner;
  raw::exit(0);
}

Error child_error(const Shared& shared) {
  switch (shared.step) {
    case kJoinUserns: return Error::system(shared.error, "join user namespace");
    case kCapabilities: return Error::system(shared.error, "keep capabilities in user namespace");
    case kInnerClone: return Error::system(shared.error, "clone container process");
    case kExec: return Error::system(shared.error, "execute init");
    default: return Error::system(shared.error, "pass descriptors to init");
  }
}

Error clone_error(int error) {
  Error result = Error::system(error, "clone container process");
  if (error == ENOSPC) return std::move(result).hint("a limit in /proc/sys/user or on nested namespaces is reached");
  if (error == EAGAIN) return std::move(result).hint("the limit on processes is reached");
  return result;
}

// "Pid:" of the pidfd, as seen in this process's pid namespace: proc_pid_fdinfo(5).
base::Result<pid_t> pid_of(int pidfd) {
  const std::string text = TRY(kernel::read_file_at(AT_FDCWD, base::cat("/proc/self/fdinfo/", pidfd), 4096));
  const auto at = text.find("Pid:\t");
  pid_t pid = 0;
  if (at != std::string::npos) std::from_chars(text.data() + at + 5, text.data() + text.size(), pid);
  if (pid <= 0) return Error::system(ESRCH, "pid of the container process");
  return pid;
}

void reap(long pid) {
  raw::uninterrupted([&] { return raw::call(__NR_wait4, pid, 0, __WALL, 0); });
}

}  // namespace

base::Result<kernel::PidFd> start_init(const CarrierRequest& request) {
  const std::string image = std::to_string(request.image_fd);
  const std::string report = std::to_string(request.report_fd);
  const char* const argv[] = {"bulkhead-init", image.c_str(), report.c_str(), nullptr};
  Shared shared;
  int pidfd_number = -1;
  clone_args args{};
  args.flags = request.clone_flags | CLONE_PIDFD | CLONE_VFORK | (request.separate_memory ? 0U : CLONE_VM);
  args.pidfd = reinterpret_cast<std::uint64_t>(&pidfd_number);
  args.exit_signal = SIGCHLD;
  if (request.cgroup_fd >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<__u64>(request.cgroup_fd);
  }
  clone_args outer{};
  outer.flags = CLONE_VM | CLONE_VFORK | CLONE_FILES;
  outer.exit_signal = SIGCHLD;
  const Child child{&request, &args, argv, &shared};
  long pid = 0;
  if (request.join_userns >= 0) {
    args.flags |= CLONE_PARENT;
    args.exit_signal = 0;  // inherited from the one in between
    pid = clone_by_way_of_userns(child, outer);
    if (!raw::failed(pid)) reap(pid);
  } else {
    pid = clone_to_init(child, args);
  }
  if (raw::failed(pid)) return clone_error(static_cast<int>(-pid));
  base::UniqueFd pidfd(pidfd_number);
  if (shared.error != 0) {
    if (pidfd) (void)kernel::PidFd(std::move(pidfd), static_cast<pid_t>(pid)).reap();  // it has exited on its own
    return child_error(shared);
  }
  if (request.join_userns >= 0) pid = TRY(pid_of(pidfd.get()));
  return kernel::PidFd(std::move(pidfd), static_cast<pid_t>(pid));
}

}  // namespace launch
