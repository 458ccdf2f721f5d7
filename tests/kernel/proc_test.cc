#include "kernel/proc.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace kernel {
namespace {

// A child that runs `body`; the test reaps it.
template <typename F>
pid_t fork_child(F body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  return pid;
}

int pause_for_ever() {
  for (;;) ::pause();
}

TEST(ParseStartTime, TakesField22) {
  const std::string tail = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 987654 20 21\n";
  EXPECT_EQ(parse_start_time("42 (name)" + tail), 987654U);
  // A process can name itself anything.
  EXPECT_EQ(parse_start_time("42 (a) S 1 (b)" + tail), 987654U);
  EXPECT_EQ(parse_start_time("42 (\n) )" + tail), 987654U);
  EXPECT_FALSE(parse_start_time(""));
  EXPECT_FALSE(parse_start_time("42 name S 1"));
  EXPECT_FALSE(parse_start_time("42 (name) S 1 2 3"));
  EXPECT_FALSE(parse_start_time("42 (name) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 x 20"));
}

TEST(ParseStartTime, ReadsAProcessWithAWildName) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t pid = fork_child([&] {
    ::prctl(PR_SET_NAME, ") S 1 1 (");
    (void)!::write(ready[1], "x", 1);
    return pause_for_ever();
  });
  char c = 0;
  ASSERT_EQ(::read(ready[0], &c, 1), 1);
  const auto process = PidFd::open(pid);
  ASSERT_TRUE(process.has_value());
  const auto identity = process->identity();
  ASSERT_TRUE(identity.has_value()) << identity.error().message();
  // It started after this process and so no earlier.
  const auto own = PidFd::open(::getpid())->identity();
  EXPECT_GE(identity->start_time, own->start_time);
  EXPECT_TRUE(process->send_signal(SIGKILL).has_value());
  EXPECT_EQ(process->reap()->signal, SIGKILL);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(PidFd, OpensByIdentityOnlyTheSameProcess) {
  const pid_t pid = fork_child(pause_for_ever);
  const auto process = PidFd::open(pid);
  ASSERT_TRUE(process.has_value());
  const ProcessIdentity identity = *process->identity();
  EXPECT_EQ(identity.pid, pid);
  EXPECT_EQ(identity.boot_id.size(), 36U);
  EXPECT_TRUE(PidFd::open(identity)->has_value());

  ProcessIdentity minimal;  // as an older kernel leaves it
  minimal.pid = pid;
  minimal.start_time = identity.start_time;
  EXPECT_TRUE(PidFd::open(minimal)->has_value());

  ProcessIdentity other = identity;
  other.start_time -= 1;
  EXPECT_FALSE(PidFd::open(other)->has_value());
  other = identity;
  other.boot_id[0] = 'x';
  EXPECT_FALSE(PidFd::open(other)->has_value());
  if (identity.pidfd_inode != 0) {
    other = identity;
    other.pidfd_inode += 1;
    EXPECT_FALSE(PidFd::open(other)->has_value());
  }
  for (const pid_t bad : {0, -1}) {
    other = identity;
    other.pid = bad;
    EXPECT_FALSE(PidFd::open(other)->has_value());
  }

  EXPECT_TRUE(process->send_signal(SIGKILL).has_value());
  EXPECT_TRUE(*process->wait_exit(10'000));
  EXPECT_TRUE(PidFd::open(identity)->has_value()) << "a zombie is still there";
  EXPECT_TRUE(process->reap().has_value());
  EXPECT_FALSE(PidFd::open(identity)->has_value());
}

TEST(PidFd, AZombieIsNotAlive) {
  const pid_t pid = fork_child([] { return 7; });
  const auto process = PidFd::open(pid);
  ASSERT_TRUE(*process->wait_exit(10'000));
  EXPECT_FALSE(*process->is_alive());
  const auto status = process->reap();
  EXPECT_EQ(status->shell_code(), 7);
  EXPECT_FALSE(*process->is_alive());
  EXPECT_EQ(process->send_signal(SIGTERM).error().sys(), ESRCH);
  EXPECT_EQ(process->reap().error().sys(), ECHILD);
}

// The first thread may end before the others: proc_pid_stat(5) then says Z of a process that runs.
TEST(PidFd, AProcessWhoseFirstThreadEndedIsAlive) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t pid = fork_child([&] {
    pthread_t thread{};
    ::pthread_create(
        &thread, nullptr,
        [](void* fd) -> void* {
          (void)!::write(*static_cast<int*>(fd), "x", 1);
          pause_for_ever();
          return nullptr;
        },
        &ready[1]);
    ::syscall(SYS_exit, 0);  // this thread alone
    return 0;
  });
  char c = 0;
  ASSERT_EQ(::read(ready[0], &c, 1), 1);
  const auto process = PidFd::open(pid);
  EXPECT_TRUE(*process->is_alive());
  EXPECT_TRUE(process->send_signal(SIGKILL).has_value());
  ASSERT_TRUE(*process->wait_exit(10'000));
  EXPECT_FALSE(*process->is_alive());
  EXPECT_EQ(process->reap()->signal, SIGKILL);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(PidFd, WaitGivesUpAfterItsTime) {
  const pid_t pid = fork_child(pause_for_ever);
  const auto process = PidFd::open(pid);
  EXPECT_FALSE(*process->wait_exit(0));
  EXPECT_FALSE(*process->wait_exit(20));
  EXPECT_TRUE(process->send_signal(SIGTERM).has_value());
  EXPECT_TRUE(*process->wait_exit(-1));
  EXPECT_EQ(process->reap()->shell_code(), 128 + SIGTERM);
}

TEST(PidFd, NoSuchProcessIsSaidSo) {
  const pid_t pid = fork_child([] { return 0; });
  ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
  EXPECT_EQ(PidFd::open(pid).error().sys(), ESRCH);
}

}  // namespace
}  // namespace kernel
