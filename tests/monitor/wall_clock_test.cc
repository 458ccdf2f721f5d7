#include "monitor/wall_clock.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <functional>
#include <string>

// The watcher ends what it watches by signals; `init` here is a child of the test.
namespace monitor {
namespace {

struct Init {
  pid_t pid;
  kernel::PidFd fd;
};

Init start(const std::function<void()>& prepare = [] {}) {
  std::array<int, 2> ready{};
  EXPECT_EQ(::pipe2(ready.data(), O_CLOEXEC), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    prepare();
    (void)!::write(ready[1], "x", 1);
    for (;;) ::pause();
  }
  char byte = 0;
  EXPECT_EQ(::read(ready[0], &byte, 1), 1);
  for (const int end : ready) ::close(end);
  return {pid, kernel::PidFd::open(pid).value()};
}

// The signal that ended it.
int end_of(const Init& init) {
  int status = 0;
  EXPECT_EQ(::waitpid(init.pid, &status, 0), init.pid);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST(WallClock, AsksFirst) {
  const Init init = start();
  auto limit = WallClock::arm(init.fd, {}, {.limit = 0, .grace = 1000});
  ASSERT_TRUE(limit.has_value()) << limit.error().message();
  ASSERT_TRUE(limit->begin().has_value());
  EXPECT_EQ(end_of(init), SIGTERM);
}

TEST(WallClock, IsToldInTheDecisionLog) {
  std::string path = testing::TempDir() + "wall-clock-XXXXXX";
  const int file = ::mkstemp(path.data());
  ASSERT_GE(file, 0);
  const Init init = start();
  auto limit = WallClock::arm(init.fd, {}, {.limit = 0, .grace = 1000, .id = "web1", .sink = "file:" + path, .sink_size = 65536});
  ASSERT_TRUE(limit.has_value());
  ASSERT_TRUE(limit->begin().has_value());
  EXPECT_EQ(end_of(init), SIGTERM);
  std::array<char, 256> text{};
  ASSERT_GT(::read(file, text.data(), text.size() - 1), 0) << "before it is ended";
  const std::string line = text.data();
  EXPECT_NE(line.find(R"("event":"ended","id":"web1","control":"resources.wallClock","effective":"0s"})"), std::string::npos) << line;
  ::close(file);
  ::unlink(path.c_str());
}

TEST(WallClock, ThenKills) {
  const Init init = start([] { ::signal(SIGTERM, SIG_IGN); });
  auto limit = WallClock::arm(init.fd, {}, {.limit = 0, .grace = 0});
  ASSERT_TRUE(limit.has_value());
  ASSERT_TRUE(limit->begin().has_value());
  EXPECT_EQ(end_of(init), SIGKILL);
}

TEST(WallClock, ThatDidNotBeginEndsNothing) {
  const Init init = start();
  { ASSERT_TRUE(WallClock::arm(init.fd, {}, {.limit = 0, .grace = 0}).has_value()); }
  EXPECT_FALSE(init.fd.wait_exit(200).value());
  ASSERT_TRUE(init.fd.send_signal(SIGINT).has_value());
  EXPECT_EQ(end_of(init), SIGINT);
}

std::string read_link(const std::string& path) {
  std::array<char, 256> target{};
  const auto length = ::readlink(path.c_str(), target.data(), target.size());
  return length < 0 ? "" : std::string(target.data(), static_cast<std::size_t>(length));
}

// The processes that this one was left with, besides `known`.
pid_t adopted(pid_t known) {
  const std::string path = "/proc/self/task/" + std::to_string(::getpid()) + "/children";
  std::array<char, 256> text{};
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const auto length = ::read(fd, text.data(), text.size() - 1);
  ::close(fd);
  if (length <= 0) return 0;
  for (const char* at = text.data(); *at != 0;) {
    char* end = nullptr;
    const auto pid = static_cast<pid_t>(::strtol(at, &end, 10));
    if (end == at) break;
    if (pid != known) return pid;
    at = end;
  }
  return 0;
}

TEST(WallClock, HoldsNothingOfTheCallersAndGoesWithInit) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  const int held = ::open("/etc", O_RDONLY | O_DIRECTORY);  // not close-on-exec
  const Init init = start();
  auto limit = WallClock::arm(init.fd, {}, {.limit = 1000, .grace = 1000});
  ASSERT_TRUE(limit.has_value());
  ASSERT_TRUE(limit->begin().has_value());
  const pid_t watcher = adopted(init.pid);
  ASSERT_GT(watcher, 0);
  const std::string proc = "/proc/" + std::to_string(watcher);
  DIR* fds = ::opendir((proc + "/fd").c_str());
  ASSERT_NE(fds, nullptr);
  while (const dirent* entry = ::readdir(fds)) {
    if (entry->d_name[0] == '.') continue;
    const std::string target = read_link(proc + "/fd/" + entry->d_name);
    EXPECT_TRUE(target.empty() || target == "/dev/null" || target.starts_with("anon_inode:") || target.starts_with("pidfd:") || target.starts_with("socket:")) << target;
  }
  ::closedir(fds);
  EXPECT_EQ(read_link(proc + "/cwd"), "/");
  EXPECT_EQ(::getsid(watcher) == ::getsid(0), false);
  ASSERT_TRUE(init.fd.send_signal(SIGKILL).has_value());
  EXPECT_EQ(end_of(init), SIGKILL);
  int status = 0;
  EXPECT_EQ(::waitpid(watcher, &status, 0), watcher);  // it would take its 1000 seconds otherwise
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  ::close(held);
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

}  // namespace
}  // namespace monitor
