// own_stdio: the three standard descriptors go to the container's user, the host's /dev/null is left behind.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <functional>

#include "tests/init/sandbox.h"

namespace init {
namespace {

// Standard descriptors are replaced for as long as `body` runs; gtest needs its own again afterwards.
void with_stdio(int in, int out, int err, const std::function<void()>& body) {
  std::fflush(nullptr);
  int saved[3];
  const int wanted[3] = {in, out, err};
  for (int fd = 0; fd < 3; ++fd) {
    saved[fd] = ::fcntl(fd, F_DUPFD_CLOEXEC, 100);
    ::dup2(wanted[fd], fd);
  }
  body();
  for (int fd = 0; fd < 3; ++fd) ::dup2(saved[fd], fd);
}

struct Stdio {
  struct stat of[3]{};
};

Stdio after_own_stdio(Bench& bench, int in, int out, int err) {
  Stdio result;
  long code = -1;
  with_stdio(in, out, err, [&] {
    auto op = bench.op();
    op.a = 1234;
    code = own_stdio(bench.ctx, op);
    for (int fd = 0; fd < 3; ++fd) ::fstat(fd, &result.of[fd]);
  });
  EXPECT_EQ(code, 0);
  return result;
}

int host_null() {
  const int fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  EXPECT_GE(fd, 0);
  return fd;
}

using OwnStdio = InitTest;

TEST_F(OwnStdio, GivesPipesAndFilesToTheUser) {
  check_in_sandbox([](Bench& bench) {
    int pipes[2];
    ASSERT_EQ(::pipe(pipes), 0);
    write_file(bench.at("log"), "");
    const int log = ::open(bench.at("log").c_str(), O_WRONLY);
    const Stdio now = after_own_stdio(bench, pipes[0], pipes[1], log);
    for (const auto& info : now.of) EXPECT_EQ(info.st_uid, 1234U);
    for (const auto& info : now.of) EXPECT_EQ(info.st_gid, 0U);
    EXPECT_TRUE(S_ISFIFO(now.of[0].st_mode));
    EXPECT_TRUE(S_ISREG(now.of[2].st_mode));
  });
}

TEST_F(OwnStdio, PutsNullOnTheContainersOwn) {
  check_in_sandbox([](Bench& bench) {
    make_dir_at(bench.at("dev"));
    ASSERT_EQ(::mknod(bench.at("dev/null").c_str(), S_IFCHR | 0666, makedev(1, 3)), 0);
    struct stat own {
    }, host{}, host_after{};
    ASSERT_EQ(::stat(bench.at("dev/null").c_str(), &own), 0);
    ASSERT_EQ(::stat("/dev/null", &host), 0);
    const Stdio now = after_own_stdio(bench, host_null(), host_null(), host_null());
    for (const auto& info : now.of) {
      EXPECT_EQ(info.st_dev, own.st_dev);
      EXPECT_EQ(info.st_ino, own.st_ino);
      EXPECT_EQ(info.st_uid, 0U);
    }
    ASSERT_EQ(::stat("/dev/null", &host_after), 0);
    EXPECT_EQ(host_after.st_uid, host.st_uid);
  });
}

TEST_F(OwnStdio, TrustsNothingThatOnlyLooksLikeNull) {
  const std::function<void(Bench&)> prepare[] = {
      [](Bench&) {},
      [](Bench& bench) { write_file(bench.at("dev/null"), "trap"); },
      [](Bench& bench) { EXPECT_EQ(::mknod(bench.at("dev/null").c_str(), S_IFCHR | 0666, makedev(1, 5)), 0); },
      [](Bench& bench) { EXPECT_EQ(::mkfifo(bench.at("dev/null").c_str(), 0666), 0); },
      [](Bench& bench) {
        EXPECT_EQ(::mknod(bench.at("real").c_str(), S_IFCHR | 0666, makedev(1, 3)), 0);
        link_at("/real", bench.at("dev/null"));
      },
  };
  for (const auto& step : prepare) {
    check_in_sandbox([&](Bench& bench) {
      make_dir_at(bench.at("dev"));
      step(bench);
      struct stat host {};
      ASSERT_EQ(::stat("/dev/null", &host), 0);
      const Stdio now = after_own_stdio(bench, host_null(), host_null(), host_null());
      for (const auto& info : now.of) {
        EXPECT_EQ(info.st_dev, host.st_dev);
        EXPECT_EQ(info.st_ino, host.st_ino);
      }
    });
  }
}

TEST_F(OwnStdio, CopesWithClosedDescriptors) {
  check_in_sandbox([](Bench& bench) {
    long code = -1;
    with_stdio(host_null(), host_null(), host_null(), [&] {
      ::close(0);
      ::close(2);
      auto op = bench.op();
      op.a = 1234;
      code = own_stdio(bench.ctx, op);
    });
    EXPECT_EQ(code, 0);
  });
}

}  // namespace
}  // namespace init
