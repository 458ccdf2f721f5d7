#include "launch/carrier.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <iterator>
#include <new>
#include <string>

#include "base/text.h"
#include "init/protocol.h"
#include "kernel/file.h"
#include "kernel/raw.h"

namespace launch {
namespace {

namespace raw = kernel::raw;
using base::Error;

// Of the child that only joins a user namespace, for whose end this process waits.
struct Shared {
  volatile int error = 0;
  volatile bool joined = false;
  volatile bool cookie = false;
};

// What the child works with and on, in this process's memory, until it has executed init.
struct Child {
  CarrierRequest request;
  std::string report, begin;
  const char* argv[4] = {};
  clone_args args = {};
  Shared shared;
  int pidfd = -1;
  alignas(16) char stack[16384];
};

[[noreturn, gnu::no_sanitize_address]] void give_up(const Child& child, init::Detail step, long error) noexcept {
  const init::Message message{init::MessageKind::kFailure, init::kNoOp, static_cast<std::int32_t>(-error), step};
  raw::call(__NR_sendto, child.request.report_fd, &message, sizeof(message), MSG_NOSIGNAL, 0, 0);
  raw::exit(1);
}

// Runs in: the child, on a stack of its own but in the parent's memory, while the parent goes on; in its new namespaces,
// with all capabilities over them. May not allocate, return, throw or take a lock. As the user is not mapped yet, exec
// would drop the capabilities; ambient ones survive it.
[[gnu::no_sanitize_address]] long keep_capabilities(int last) noexcept {
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
[[noreturn, gnu::no_sanitize_address]] void exec_init(void* argument) noexcept {
  const Child& child = *static_cast<const Child*>(argument);
  const CarrierRequest& request = child.request;
  long result = 0;
  if (request.in_userns) result = keep_capabilities(63);
  if (raw::failed(result) && result != -EINVAL) give_up(child, init::kNoCapabilities, result);
  result = 0;
  for (const int fd : request.keep) {
    if (!raw::failed(result)) result = raw::call(__NR_fcntl, fd, F_SETFD, 0);
  }
  if (!raw::failed(result)) result = raw::call(__NR_fcntl, request.report_fd, F_SETFD, 0);
  if (raw::failed(result)) give_up(child, init::kNoDescriptors, result);
  const char* const no_environment[] = {nullptr};
  result = raw::call(__NR_execveat, request.init_fd, "", child.argv, no_environment, AT_EMPTY_PATH);
  give_up(child, init::kNoInit, result);
}

// A container that joins a user namespace and has new ones besides: those must be made, and owned, by somebody
// inside. That is a child of ours with no other purpose, for which this process stands still (vfork): it runs on this
// frame. Its child is made ours by CLONE_PARENT, and its descriptor table is ours, so that the pidfd arrives here.
[[gnu::noinline]] long clone_by_way_of_userns(Child& child, clone_args& outer) noexcept {
  const long pid = raw::call(__NR_clone3, &outer, sizeof(outer));
  if (pid != 0) return pid;
  long result = raw::call(__NR_setns, child.request.join_userns, CLONE_NEWUSER);
  if (!raw::failed(result)) {
    child.shared.joined = true;
    result = raw::clone3_on_stack(&child.args, sizeof(child.args), exec_init, &child);
  }
  if (raw::failed(result)) child.shared.error = static_cast<int>(-result);
  raw::exit(0);
}

// exec: a child of ours enters all namespaces of the container at once (setns(2) with a pidfd), and in there clones init,
// which is made ours by CLONE_PARENT; the descriptor table is ours, so that the pidfd arrives here. It stays outside of the
// pid namespace itself, where nobody sees it, and init is there only when nothing of the host is in sight. With memory of
// its own, as a time namespace wants, but for `child`, which is shared. It starts in the cgroup that init is to be in, for
// which it needs the rights that this process has outside.
[[gnu::noinline]] long clone_in_container(Child& child, clone_args& outer) noexcept {
  const long pid = raw::call(__NR_clone3, &outer, sizeof(outer));
  if (pid != 0) return pid;
  const CarrierRequest& request = child.request;
  long result = 0;
  if (request.share_core != 0) {
    result = raw::call(__NR_prctl, PR_SCHED_CORE, PR_SCHED_CORE_SHARE_FROM, request.share_core, PR_SCHED_CORE_SCOPE_THREAD, 0);
  }
  if (!raw::failed(result)) {
    child.shared.cookie = true;
    if (request.enter_flags != 0) result = raw::call(__NR_setns, request.enter_pidfd, request.enter_flags);
  }
  if (!raw::failed(result)) {
    child.shared.joined = true;
    result = raw::clone3_on_stack(&child.args, sizeof(child.args), exec_init, &child);
  }
  if (raw::failed(result)) child.shared.error = static_cast<int>(-result);
  raw::exit(0);
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

void end(const kernel::PidFd& process) {
  (void)process.send_signal(SIGKILL);
  (void)process.reap();
}

// Where a child with memory of its own finds it, and what it writes there is seen here.
base::Result<std::shared_ptr<Child>> make_shared_child() {
  void* memory = ::mmap(nullptr, sizeof(Child), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return Error::system(errno, "mmap");
  return std::shared_ptr<Child>(new (memory) Child, [](Child* child) {
    child->~Child();
    ::munmap(child, sizeof(Child));
  });
}

Error enter_error(const Shared& shared) {
  if (!shared.cookie) return Error::system(shared.error, "share the container's cores");
  if (!shared.joined) return Error::system(shared.error, "enter the container's namespaces");
  return clone_error(shared.error);
}

base::Result<Carried> start_init(const CarrierRequest& request) {
  const std::shared_ptr<Child> child = request.enter_pidfd < 0 ? std::shared_ptr<Child>(new Child) : TRY(make_shared_child());
  child->request = request;
  child->report = std::to_string(request.report_fd);
  child->begin = std::to_string(request.begin);
  const char* const argv[] = {"bulkhead-init", child->report.c_str(), child->begin.c_str(), nullptr};
  std::copy(std::begin(argv), std::end(argv), child->argv);
  clone_args& args = child->args;
  args.flags = request.clone_flags | CLONE_PIDFD | (request.separate_memory ? 0U : CLONE_VM);
  args.pidfd = reinterpret_cast<std::uint64_t>(&child->pidfd);
  args.exit_signal = SIGCHLD;
  args.stack = reinterpret_cast<std::uint64_t>(child->stack);
  args.stack_size = sizeof(child->stack);
  if (request.cgroup_fd >= 0 && request.enter_pidfd < 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<__u64>(request.cgroup_fd);
  }
  long pid = 0;
  if (request.enter_pidfd >= 0) {
    clone_args outer{};
    outer.flags = CLONE_VFORK | CLONE_FILES;
    outer.exit_signal = SIGCHLD;
    if (request.cgroup_fd >= 0) {
      outer.flags |= CLONE_INTO_CGROUP;
      outer.cgroup = static_cast<__u64>(request.cgroup_fd);
    }
    args.flags |= CLONE_PARENT;
    args.exit_signal = 0;  // inherited from the one in between
    pid = clone_in_container(*child, outer);
    if (!raw::failed(pid)) reap(pid);
    if (child->shared.error != 0) return enter_error(child->shared);
  } else if (request.join_userns >= 0) {
    clone_args outer{};
    outer.flags = CLONE_VM | CLONE_VFORK | CLONE_FILES;
    outer.exit_signal = SIGCHLD;
    args.flags |= CLONE_PARENT;
    args.exit_signal = 0;  // inherited from the one in between
    pid = clone_by_way_of_userns(*child, outer);
    if (!raw::failed(pid)) reap(pid);
    if (child->shared.error != 0 && !child->shared.joined) return Error::system(child->shared.error, "join user namespace");
    if (child->shared.error != 0) return clone_error(child->shared.error);
  } else {
    pid = raw::clone3_on_stack(&args, sizeof(args), exec_init, child.get());
  }
  if (raw::failed(pid)) return clone_error(static_cast<int>(-pid));
  base::UniqueFd pidfd(child->pidfd);
  if (request.join_userns < 0 && request.enter_pidfd < 0) return Carried{kernel::PidFd(std::move(pidfd), static_cast<pid_t>(pid)), child};
  const auto own = pid_of(pidfd.get());
  Carried carried{kernel::PidFd(std::move(pidfd), own ? *own : 0), child};
  if (own) return carried;
  end(carried.process);  // before its memory goes
  return own.error();
}

}  // namespace launch
