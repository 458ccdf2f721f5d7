#include "monitor/wall_clock.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <ctime>

#include "base/text.h"
#include "kernel/cgroup.h"
#include "monitor/decision_log.h"

namespace monitor {
namespace {

constexpr int kInit = 3, kWord = 4;  // the descriptors of the watching process

// Nothing of the caller's: who reads a pipe of its to the end would wait for this process, and what it has mounted could
// not be unmounted.
// Returns 0 or an errno.
int let_go(int init, int word) {
  ::setsid();
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGHUP, SIG_IGN);
  ::prctl(PR_SET_NAME, "bulkhead:limit");
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  // Above those that are replaced, so that none of these is.
  const int high_init = ::fcntl(init, F_DUPFD_CLOEXEC, kWord + 1);
  const int high_word = ::fcntl(word, F_DUPFD_CLOEXEC, kWord + 1);
  if (null < 0 || high_init < 0 || high_word < 0 || ::chdir("/") != 0) return errno;
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (null != fd && ::dup2(null, fd) < 0) return errno;
  }
  if (::dup2(high_init, kInit) < 0 || ::dup2(high_word, kWord) < 0) return errno;
  return ::close_range(kWord + 1, UINT_MAX, 0) == 0 ? 0 : errno;
}

std::uint64_t now_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec);
}

// False: `seconds` have gone by, and init has not ended.
bool ends_within(std::uint64_t seconds) {
  const std::uint64_t end = now_seconds() + seconds;
  for (;;) {
    const std::uint64_t now = now_seconds();
    const std::uint64_t left = now < end ? end - now : 0;
    timespec timeout{};
    timeout.tv_sec = static_cast<time_t>(left);
    pollfd waited{kInit, POLLIN, 0};
    const int ready = ::ppoll(&waited, 1, &timeout, nullptr);
    if (ready > 0) return true;
    if (ready == 0 && left == 0) return false;
    if (ready < 0 && errno != EINTR) return false;
  }
}

// Who cannot be told is not waited for.
void tell(const WallClockOrder& order) {
  if (order.sink.empty()) return;
  const auto sink = DecisionSink::open(order.sink, order.sink_size);
  if (!sink) return;
  const std::string line = base::cat(R"({"time":")", base::now_rfc3339(), R"(","event":"ended","id":")", base::json_escape(order.id),
                                     R"(","control":"resources.wallClock","effective":")", base::duration(order.limit), R"("})");
  (void)sink->write(line, order.id).has_value();
}

void watch(const kernel::PidFd& init, const kernel::CgroupPaths& cgroups, const WallClockOrder& order) {
  char word = 0;
  ssize_t got = 0;
  do {
    got = ::read(kWord, &word, 1);
  } while (got < 0 && errno == EINTR);
  if (got != 1) return;  // it was not begun
  ::close(kWord);
  if (ends_within(order.limit)) return;
  tell(order);
  (void)init.send_signal(SIGTERM).has_value();  // who is gone needs none
  if (ends_within(order.grace)) return;
  // Without a pid namespace of its own, and where it is frozen, more than init has to be dealt with.
  const bool killed = !cgroups.empty() && kernel::cgroup_kill_all(cgroups, SIGKILL).has_value();
  if (!killed) (void)init.send_signal(SIGKILL).has_value();
}

}  // namespace

base::Result<WallClock> WallClock::arm(const kernel::PidFd& init, const kernel::CgroupPaths& cgroups, const WallClockOrder& order) {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return base::Error::system(errno, "socketpair");
  const base::UniqueFd theirs(ends[0]);
  base::UniqueFd ours(ends[1]);
  const pid_t between = ::fork();
  if (between < 0) return base::Error::system(errno, "make the process that watches the wall clock");
  if (between == 0) {
    if (const int error = let_go(init.fd(), theirs.get()); error != 0) ::_exit(error);
    // Not the caller's child, which it would have to reap.
    const pid_t watcher = ::fork();
    if (watcher == 0) watch(kernel::PidFd(base::UniqueFd(kInit), init.pid()), cgroups, order);
    ::_exit(watcher < 0 ? errno : 0);
  }
  int status = 0;
  while (::waitpid(between, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return base::Error::system(WIFEXITED(status) ? WEXITSTATUS(status) : EAGAIN, "make the process that watches the wall clock");
  }
  return WallClock(std::move(ours));
}

base::Result<void> WallClock::begin() {
  if (!word_) return base::ok();
  const char word = 1;
  if (::send(word_.get(), &word, 1, MSG_NOSIGNAL) != 1) return base::Error::system(errno, "begin the limit of the wall clock");
  word_.reset();
  return base::ok();
}

}  // namespace monitor
