#include "monitor/foreground.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string>

// Each test runs in a child of its own, which stands for `bulkhead run`: its signal mask, its children and the
// signals that it gets are its own. It says what it saw by its exit code.
namespace monitor {
namespace {

constexpr int kSetupFailed = 99;

using Body = std::function<int()>;

pid_t fork_child(const Body& body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  return pid;
}

int status_of(pid_t pid) {
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

void empty_mask() {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Starts `init` as launch does, with an empty signal mask, and waits for it.
int run(const Body& init) {
  auto foreground = Foreground::start();
  if (!foreground.has_value()) return kSetupFailed;
  const pid_t pid = fork_child([&] {
    empty_mask();
    return init();
  });
  const auto pidfd = kernel::PidFd::open(pid);
  if (!pidfd.has_value()) return kSetupFailed;
  const auto status = foreground->wait(*pidfd);
  return status.has_value() ? status->shell_code() : kSetupFailed;
}

TEST(Foreground, GivesTheExitCode) {
  for (const int code : {0, 1, 42, 255}) {
    EXPECT_EQ(status_of(fork_child([&] { return run([&] { return code; }); })), code);
  }
}

TEST(Foreground, DoesNotWaitForEver) {
  EXPECT_EQ(status_of(fork_child([] {
              auto foreground = Foreground::start();
              const pid_t pid = fork_child([] {
                empty_mask();
                for (;;) ::pause();
                return 0;
              });
              const auto pidfd = kernel::PidFd::open(pid);
              if (!foreground.has_value() || !pidfd.has_value()) return kSetupFailed;
              const auto status = foreground->wait(*pidfd, 20);
              ::kill(pid, SIGKILL);
              const auto ended = foreground->wait(*pidfd, 60'000);
              return !status.has_value() && status.error().kind() == base::Kind::kState && ended.has_value() ? 7 : 8;
            })),
            7);
}

TEST(Foreground, GivesTheSignalAsAShellDoes) {
  for (const int signal : {SIGKILL, SIGTERM, SIGSEGV}) {
    const pid_t runtime = fork_child([&] {
      return run([&] {
        const rlimit none = {0, 0};
        ::setrlimit(RLIMIT_CORE, &none);
        ::signal(signal, SIG_DFL);  // a sanitizer has its own handler
        ::raise(signal);
        return 0;
      });
    });
    EXPECT_EQ(status_of(runtime), 128 + signal);
  }
}

TEST(Foreground, SeesAChildThatExitedBefore) {
  const pid_t runtime = fork_child([] {
    auto foreground = Foreground::start();
    const pid_t pid = fork_child([] { return 5; });
    const auto pidfd = kernel::PidFd::open(pid);
    if (!*pidfd->wait_exit(10'000)) return kSetupFailed;
    return foreground->wait(*pidfd)->shell_code();
  });
  EXPECT_EQ(status_of(runtime), 5);
}

// init counts the wanted signal and exits with 10 once it has come.
int wait_for(int signal, int ready_fd) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  (void)!::write(ready_fd, "x", 1);
  int got = 0;
  ::sigwait(&set, &got);
  return got == signal ? 10 : 11;
}

TEST(Foreground, ForwardsSignals) {
  for (const int signal :
       {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGTSTP, SIGCONT, SIGALRM, SIGRTMIN, SIGRTMAX}) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t runtime = fork_child([&] { return run([&] { return wait_for(signal, ready[1]); }); });
    char c = 0;
    ASSERT_EQ(::read(ready[0], &c, 1), 1);
    ASSERT_EQ(::kill(runtime, signal), 0);
    EXPECT_EQ(status_of(runtime), 10) << "signal " << signal;
    ::close(ready[0]);
    ::close(ready[1]);
  }
}

// A signal that comes before init exists waits for it.
TEST(Foreground, LosesNoSignalThatComesEarly) {
  const pid_t runtime = fork_child([] {
    auto foreground = Foreground::start();
    ::raise(SIGUSR1);
    const pid_t pid = fork_child([] {
      empty_mask();  // default action of SIGUSR1: death
      for (;;) ::pause();
      return 0;
    });
    return foreground->wait(*kernel::PidFd::open(pid))->shell_code();
  });
  EXPECT_EQ(status_of(runtime), 128 + SIGUSR1);
}

TEST(Foreground, KeepsToItselfWhatIsNotForInit) {
  for (const int signal : {SIGURG, SIGCHLD}) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t runtime = fork_child([&] {
      return run([&] {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, signal);
        sigaddset(&set, SIGTERM);
        ::sigprocmask(SIG_BLOCK, &set, nullptr);
        (void)!::write(ready[1], "x", 1);
        sigset_t end;
        sigemptyset(&end);
        sigaddset(&end, SIGTERM);
        int got = 0;
        ::sigwait(&end, &got);
        sigset_t pending;
        ::sigpending(&pending);
        return sigismember(&pending, signal) == 1 ? 1 : 0;
      });
    });
    char c = 0;
    ASSERT_EQ(::read(ready[0], &c, 1), 1);
    ASSERT_EQ(::kill(runtime, signal), 0);
    ASSERT_EQ(::kill(runtime, SIGTERM), 0);
    EXPECT_EQ(status_of(runtime), 0) << "signal " << signal;
    ::close(ready[0]);
    ::close(ready[1]);
  }
}

// init leaves grandchildren to the subreaper, and ends only once they have been reaped, not merely exited.
TEST(Foreground, ReapsAdoptedChildren) {
  const pid_t runtime = fork_child([] {
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return kSetupFailed;
    return run([] {
      for (int i = 0; i < 20; ++i) {
        int pids[2];
        if (::pipe(pids) != 0) return kSetupFailed;
        const pid_t middle = fork_child([&] {
          const pid_t orphan = fork_child([] { return 3; });
          return ::write(pids[1], &orphan, sizeof orphan) == sizeof orphan ? 0 : 1;
        });
        pid_t orphan = 0;
        if (::read(pids[0], &orphan, sizeof orphan) != sizeof orphan) return kSetupFailed;
        ::waitpid(middle, nullptr, 0);
        int tries = 0;
        while (::kill(orphan, 0) == 0 && ++tries < 10'000) ::usleep(1000);
        if (::kill(orphan, 0) == 0) return 1;
      }
      return 6;
    });
  });
  EXPECT_EQ(status_of(runtime), 6);
}

TEST(Foreground, AProcessThatIsNoChildIsAnError) {
  const pid_t stranger = fork_child([] {
    for (;;) ::pause();
    return 0;
  });
  const pid_t runtime = fork_child([&] {
    auto foreground = Foreground::start();
    const auto pidfd = kernel::PidFd::open(stranger);
    if (!pidfd->send_signal(SIGKILL).has_value()) return kSetupFailed;
    const auto status = foreground->wait(*pidfd);
    return !status.has_value() && status.error().sys() == ECHILD ? 0 : 1;
  });
  EXPECT_EQ(status_of(runtime), 0);
  EXPECT_EQ(status_of(stranger), 1000 + SIGKILL);
}

TEST(Foreground, PutsTheSignalMaskBack) {
  const pid_t runtime = fork_child([] {
    empty_mask();
    sigset_t mask;
    {
      const auto foreground = Foreground::start();
      ::sigprocmask(SIG_BLOCK, nullptr, &mask);
      if (sigismember(&mask, SIGTERM) != 1 || sigismember(&mask, SIGCHLD) != 1) return 1;
      if (sigismember(&mask, SIGPIPE) != 0 || sigismember(&mask, SIGURG) != 0) return 2;
    }
    ::sigprocmask(SIG_BLOCK, nullptr, &mask);
    return sigismember(&mask, SIGTERM) == 0 && sigismember(&mask, SIGCHLD) == 0 ? 0 : 3;
  });
  EXPECT_EQ(status_of(runtime), 0);
}

}  // namespace
}  // namespace monitor
