#include "kernel/hook_process.h"

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/poll.h>
#include <linux/fcntl.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/time_types.h>

#include "kernel/raw.h"

namespace kernel {

namespace {

using raw::call;
using raw::failed;

constexpr std::uint64_t kNanoseconds = 1'000'000'000;
constexpr std::uint64_t kLongest = 1'000'000'000;  // seconds: for ever
constexpr int kSigkill = 9, kSigchld = 17;
constexpr unsigned kWaitAll = 0x40000000;  // __WALL
constexpr int kProgram = 3;  // its descriptor in the child
constexpr std::size_t kPipe = std::size_t{1} << 16;

struct Child {
  HookProcess& hook;
  int output;
  volatile long error = 0;
};

// Runs in: the child, in the parent's memory, while that stands still (vfork(2)). Nothing is allocated, locked or thrown.
[[gnu::no_sanitize_address]] long take_descriptors(const Child& child) {
  constexpr int kFree = kProgram + 1;
  const long input = call(__NR_fcntl, child.hook.input, F_DUPFD, kFree);
  const long output = call(__NR_fcntl, child.output, F_DUPFD, kFree);
  const long program = call(__NR_fcntl, child.hook.program, F_DUPFD, kFree);
  const long all[] = {input, output, program};
  for (const long fd : all) {
    if (failed(fd)) return fd;
  }
  call(__NR_dup3, input, 0, 0);
  call(__NR_dup3, output, 1, 0);
  call(__NR_dup3, output, 2, 0);
  call(__NR_dup3, program, kProgram, child.hook.script ? 0 : O_CLOEXEC);
  return call(__NR_close_range, kProgram + 1, ~0U, 0);
}

[[gnu::no_sanitize_address]] void reset_signals() {
  struct { std::uint64_t handler, flags, restorer, mask; } standard{};
  for (int signal = 1; signal <= 64; ++signal) call(__NR_rt_sigaction, signal, &standard, 0, 8);
  const std::uint64_t none = 0;
  call(__NR_rt_sigprocmask, 2 /* SIG_SETMASK */, &none, 0, 8);
}

// Runs in: as above. Once the filter is loaded nothing but the execution happens.
[[gnu::no_sanitize_address]] long execute(const HookProcess& hook) {
  if (hook.filter_count != 0) {
    sock_fprog program{};
    program.len = static_cast<unsigned short>(hook.filter_count);
    program.filter = static_cast<sock_filter*>(const_cast<void*>(hook.filter));
    // Its listener is the container's, and there once; a call that it is to answer fails with ENOSYS (seccomp(2)).
    constexpr std::uint64_t kOfListener = 1U << 3 | 1U << 5;  // SECCOMP_FILTER_FLAG_NEW_LISTENER, _WAIT_KILLABLE_RECV (Linux 5.19)
    const long loaded = call(__NR_seccomp, SECCOMP_SET_MODE_FILTER, hook.filter_flags & ~kOfListener, &program);
    if (failed(loaded)) return loaded;
  }
  if (hook.by_path) return call(__NR_execve, "/proc/self/fd/3", hook.argv, hook.envp);
  return call(__NR_execveat, kProgram, "", hook.argv, hook.envp, AT_EMPTY_PATH);
}

[[noreturn, gnu::no_sanitize_address]] void run_child(void* argument) {
  Child& child = *static_cast<Child*>(argument);
  call(__NR_setsid);
  reset_signals();
  long result = take_descriptors(child);
  if (child.hook.mask != HookProcess::kSameMask) call(__NR_umask, child.hook.mask);
  if (!failed(result) && child.hook.directory != nullptr) result = call(__NR_chdir, child.hook.directory);
  if (!failed(result)) result = execute(child.hook);
  child.error = result;
  raw::exit(127);
}

std::uint64_t now() {
  __kernel_timespec time{};
  call(__NR_clock_gettime, 1 /* CLOCK_MONOTONIC */, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * kNanoseconds + static_cast<std::uint64_t>(time.tv_nsec);
}

// The last that fits is kept.
void keep(HookProcess& hook, const char* text, std::size_t size) {
  constexpr std::size_t kRoom = HookProcess::kOutput;
  if (size > kRoom) {
    text += size - kRoom;
    size = kRoom;
  }
  const std::size_t excess = hook.said + size > kRoom ? hook.said + size - kRoom : 0;
  for (std::size_t i = excess; excess != 0 && i < hook.said; ++i) hook.output[i - excess] = hook.output[i];
  hook.said -= excess;
  for (std::size_t i = 0; i < size; ++i) hook.output[hook.said + i] = text[i];
  hook.said += size;
}

// What is there to be read of `fd`, which does not block; false: its end.
bool take_output(HookProcess& hook, long fd, std::size_t most) {
  char chunk[4096];
  for (std::size_t taken = 0; taken < most;) {
    const long n = raw::uninterrupted([&] { return call(__NR_read, fd, chunk, sizeof(chunk)); });
    if (n == 0) return false;
    if (failed(n)) return n == -EAGAIN;
    keep(hook, chunk, static_cast<std::size_t>(n));
    taken += static_cast<std::size_t>(n);
  }
  return true;
}

// True once the process has ended; false when its time is up.
bool await(HookProcess& hook, int pidfd, int output) {
  const std::uint64_t seconds = hook.timeout > kLongest ? kLongest : hook.timeout;
  const std::uint64_t deadline = now() + seconds * kNanoseconds;
  pollfd watched[2] = {{pidfd, POLLIN, 0}, {output, POLLIN, 0}};
  for (;;) {
    const std::uint64_t at = now();
    if (hook.timeout != 0 && at >= deadline) return false;
    const std::uint64_t left = deadline - at;
    const __kernel_timespec wait{static_cast<long long>(left / kNanoseconds), static_cast<long long>(left % kNanoseconds)};
    const long ready = call(__NR_ppoll, watched, 2, hook.timeout != 0 ? &wait : nullptr, 0, 8);
    if (ready == -EINTR || ready == 0) continue;
    if (failed(ready) || watched[0].revents != 0) return true;
    if (watched[1].revents != 0 && !take_output(hook, output, kPipe)) watched[1].fd = -1;
  }
}

void tell_end(HookProcess& hook, unsigned status) {
  const int signal = static_cast<int>(status & 0x7f);
  hook.end = signal != 0 ? HookEnd::kSignalled : HookEnd::kExited;
  hook.value = signal != 0 ? signal : static_cast<int>(status >> 8 & 0xff);
}

void supervise(HookProcess& hook, long pid, int pidfd, int output) {
  const bool ended = await(hook, pidfd, output);
  if (!ended) {
    call(__NR_kill, -pid, kSigkill);
    call(__NR_pidfd_send_signal, pidfd, kSigkill, 0, 0);
  }
  unsigned status = 0;
  raw::uninterrupted([&] { return call(__NR_wait4, pid, &status, kWaitAll, 0); });
  (void)take_output(hook, output, kPipe);  // what a child of it that lives on still says is not waited for
  tell_end(hook, status);
  if (!ended) hook.end = HookEnd::kTimedOut;
}

}  // namespace

bool is_script(int fd) {
  char head[2] = {};
  return call(__NR_pread64, fd, head, 2, 0) == 2 && head[0] == '#' && head[1] == '!';
}

void run_hook(HookProcess& hook) {
  hook.end = HookEnd::kNotRun;
  hook.said = 0;
  int pipe[2] = {-1, -1};
  long result = call(__NR_pipe2, pipe, O_CLOEXEC);
  if (failed(result)) {
    hook.value = static_cast<int>(-result);
    return;
  }
  Child child{.hook = hook, .output = pipe[1]};
  int pidfd = -1;
  clone_args args{};
  args.flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD;
  args.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  args.exit_signal = kSigchld;
  args.stack = reinterpret_cast<std::uint64_t>(hook.stack);
  args.stack_size = sizeof(hook.stack);
  const long pid = raw::clone3_on_stack(&args, sizeof(args), run_child, &child);
  call(__NR_close, pipe[1]);
  // Of this end alone: the hook's blocks, as a program's output does.
  call(__NR_fcntl, pipe[0], F_SETFL, O_NONBLOCK);
  if (failed(pid)) {
    hook.value = static_cast<int>(-pid);
  } else {
    supervise(hook, pid, pidfd, pipe[0]);
    call(__NR_close, pidfd);
    const long error = child.error;
    if (error != 0) {
      hook.end = HookEnd::kNotRun;
      hook.value = static_cast<int>(-error);
    }
  }
  call(__NR_close, pipe[0]);
}

}  // namespace kernel
