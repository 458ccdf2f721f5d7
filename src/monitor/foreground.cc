#include "monitor/foreground.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <optional>
#include <utility>

#include "base/text.h"

namespace monitor {
namespace {

// Children that were left to this process as a subreaper. `init` itself too, if it is among them.
std::optional<kernel::ExitStatus> reap_children(pid_t init) {
  std::optional<kernel::ExitStatus> status;
  for (;;) {
    siginfo_t info{};
    const int rc = ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG);
    if (rc != 0 && errno == EINTR) continue;
    if (rc != 0 || info.si_pid == 0) return status;
    if (info.si_pid != init) continue;
    status.emplace();
    (info.si_code == CLD_EXITED ? status->code : status->signal) = info.si_status;
  }
}

std::int64_t now_milliseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

sigset_t Foreground::forwarded() {
  sigset_t set;
  sigfillset(&set);
  for (const int signal : {SIGKILL, SIGSTOP, SIGCHLD, SIGPIPE, SIGURG}) sigdelset(&set, signal);
  return set;
}

base::Result<Foreground> Foreground::start() {
  sigset_t watched = forwarded();
  sigaddset(&watched, SIGCHLD);
  base::UniqueFd fd(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) return base::Error::system(errno, "signalfd");
  sigset_t old{};
  if (::sigprocmask(SIG_BLOCK, &watched, &old) != 0) return base::Error::system(errno, "block signals");
  return Foreground(std::move(fd), old);
}

Foreground::Foreground(Foreground&& other) noexcept : signals_(std::move(other.signals_)), old_mask_(other.old_mask_) {}

Foreground::~Foreground() {
  if (signals_) ::sigprocmask(SIG_SETMASK, &old_mask_, nullptr);
}

base::Result<kernel::ExitStatus> Foreground::wait(const kernel::PidFd& init, int most_milliseconds) const {
  const std::int64_t end = now_milliseconds() + most_milliseconds;
  for (;;) {
    std::array<pollfd, 2> polls = {pollfd{signals_.get(), POLLIN, 0}, pollfd{init.fd(), POLLIN, 0}};
    const auto left = most_milliseconds < 0 ? -1 : static_cast<int>(std::max<std::int64_t>(end - now_milliseconds(), 0));
    const int ready = ::poll(polls.data(), polls.size(), left);
    if (ready == 0) return base::Error::state(base::cat("the container has not ended after ", most_milliseconds / 1000, " s"));
    if (ready < 0) {
      if (errno == EINTR) continue;
      return base::Error::system(errno, "wait for the container");
    }
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      const int signal = static_cast<int>(info.ssi_signo);
      if (signal == SIGCHLD) {
        // One SIGCHLD may stand for many children, and init may be one of them.
        if (const auto status = reap_children(init.pid())) return *status;
      } else {
        // Fails when init is gone already. Whatever the reason, waiting goes on: nobody else would see it exit.
        (void)init.send_signal(signal).has_value();
      }
    }
    if (polls[1].revents != 0) return init.reap();
  }
}

}  // namespace monitor
