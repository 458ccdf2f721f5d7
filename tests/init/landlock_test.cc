// The ops of Landlock: a ruleset on mounts, and what is left inside.
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "kernel/landlock.h"
#include "plan/landlock.h"
#include "tests/init/sandbox.h"
#include "tests/support/in_child.h"

namespace init {
namespace {

namespace ll = kernel::landlock;

constexpr std::uint64_t kRead = ll::kReadFile | ll::kReadDir | ll::kExecute;

int version() { return static_cast<int>(::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1)); }

std::uint64_t known() { return plan::landlock_rights(version()); }
std::uint64_t change() { return known() & ~(kRead | ll::kMakeChar | ll::kMakeBlock | ll::kIoctlDev); }

class LandlockTest : public InitTest {
 protected:
  void SetUp() override {
    if (version() < 2) GTEST_SKIP() << "this kernel has no Landlock of version 2";
    InitTest::SetUp();
  }
};

// The steps as a plan has them.
struct Ruleset {
  Bench& bench;
  explicit Ruleset(Bench& on, std::uint64_t ports = 0, std::uint64_t scopes = 0) : bench(on) {
    auto op = bench.with_words({static_cast<std::uint32_t>(scopes), 0});
    op.a = known();
    op.b = ports;
    EXPECT_EQ(landlock_ruleset(bench.ctx, op), 0);
    EXPECT_EQ(::fcntl(bench.ctx.ruleset, F_GETFD), FD_CLOEXEC);
  }
  long allow(int mount, std::uint64_t access) {
    auto op = bench.with_slot(mount);
    op.a = access & known();
    return landlock_path(bench.ctx, op);
  }
  long allow_path(std::string_view path, std::uint64_t access, unsigned flags = 0) {
    auto op = bench.op(path);
    op.slot = plan::image::kNoSlot;
    op.flags = static_cast<std::uint16_t>(flags);
    op.a = access & known();
    return landlock_path(bench.ctx, op);
  }
  long allow_port(std::uint16_t port, std::uint64_t access) {
    auto op = bench.op();
    op.a = access;
    op.b = port;
    return landlock_port(bench.ctx, op);
  }
  long allow_open(std::uint32_t count) {
    auto op = bench.op();
    op.a = ll::kOfFiles & ~ll::kExecute & known();
    op.b = count;
    return landlock_open(bench.ctx, op);
  }
  void enter() {
    EXPECT_EQ(landlock_restrict(bench.ctx, bench.op()), 0);
    EXPECT_EQ(bench.ctx.ruleset, -1);
    EXPECT_EQ(verify_landlock(bench.ctx, bench.op()), 0);
  }
};

int open_error(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) return errno;
  ::close(fd);
  return 0;
}

int root_of(const std::string& path) { return ::open(path.c_str(), O_PATH | O_CLOEXEC); }

// exec: in a container that is there already.
TEST_F(LandlockTest, APlaceIsTheRootOfAMount) {
  check_in_sandbox([](Bench& bench) {
    make_dir_at(bench.at("tmp"));
    make_dir_at(bench.at("plain"));
    ASSERT_EQ(::mount("tmpfs", bench.at("tmp").c_str(), "tmpfs", 0, "mode=755"), 0);
    link_at("tmp", bench.at("link"));
    link_at("/plain", bench.at("other"));
    Ruleset rules(bench);
    EXPECT_EQ(rules.allow_path("/", kRead), 0);
    EXPECT_EQ(rules.allow_path("/plain", change()), -EPERM) << "no mount is there";
    EXPECT_EQ(bench.ctx.detail, kMismatch);
    EXPECT_EQ(rules.allow_path("/other", change()), -EPERM);
    EXPECT_EQ(rules.allow_path("/missing", change()), -ENOENT);
    EXPECT_EQ(rules.allow_path("/link", change(), plan::image::kNoSymlinks), -ELOOP);
    EXPECT_EQ(rules.allow_path("/link", change()), 0);
    rules.enter();
    EXPECT_EQ(create_error(bench.at("tmp/new")), 0);
    EXPECT_EQ(create_error(bench.at("plain/new")), EACCES);
  });
}

TEST_F(LandlockTest, OnlyWhatHasARuleCanBeWritten) {
  check_in_sandbox([](Bench& bench) {
    make_dir_at(bench.at("tmp"));
    ASSERT_EQ(::mount("tmpfs", bench.at("tmp").c_str(), "tmpfs", 0, "mode=755"), 0);
    write_file(bench.at("file"), "x");
    write_file(bench.at("tmp/file"), "x");
    Ruleset rules(bench);
    EXPECT_EQ(rules.allow(root_of(bench.root_path), kRead), 0);
    EXPECT_EQ(rules.allow(root_of(bench.at("tmp")), change()), 0);
    rules.enter();
    EXPECT_EQ(open_error(bench.at("file"), O_RDONLY), 0);
    EXPECT_EQ(open_error(bench.at("file"), O_WRONLY), EACCES);
    EXPECT_EQ(create_error(bench.at("new")), EACCES);
    EXPECT_EQ(::unlink(bench.at("file").c_str()), -1);
    EXPECT_EQ(errno, EACCES);
    if (version() >= 3) {
      EXPECT_EQ(::truncate(bench.at("file").c_str(), 0), -1);
      EXPECT_EQ(errno, EACCES);
    }
    EXPECT_EQ(open_error(bench.at("tmp/file"), O_RDWR | O_TRUNC), 0);
    EXPECT_EQ(create_error(bench.at("tmp/new")), 0);
    EXPECT_EQ(::mkdir(bench.at("tmp/sub").c_str(), 0755), 0);
    EXPECT_EQ(::rename(bench.at("tmp/new").c_str(), bench.at("tmp/sub/new").c_str()), 0) << "between directories";
    EXPECT_EQ(::symlink("x", bench.at("tmp/link").c_str()), 0);
    EXPECT_EQ(::mknod(bench.at("tmp/null").c_str(), S_IFCHR | 0600, 0x103), -1);
    EXPECT_EQ(errno, EACCES) << "no nodes";
  });
}

// Everything that a program does with files, on a mount with its rule below a root without.
TEST_F(LandlockTest, NothingIsTakenFromAWritableMount) {
  check_in_sandbox([](Bench& bench) {
    make_dir_at(bench.at("tmp"));
    ASSERT_EQ(::mount("tmpfs", bench.at("tmp").c_str(), "tmpfs", 0, "mode=755"), 0);
    Ruleset rules(bench);
    EXPECT_EQ(rules.allow(root_of(bench.root_path), kRead), 0);
    EXPECT_EQ(rules.allow(root_of(bench.at("tmp")), change()), 0);
    rules.enter();
    const auto path = [&bench](const char* name) { return bench.at(std::string("tmp/") + name); };
    const auto done = [](long result) { return result < 0 ? errno : 0; };
    EXPECT_EQ(done(::mkdir(path("a").c_str(), 0755)), 0);
    EXPECT_EQ(done(::mkdir(path("b").c_str(), 0755)), 0);
    EXPECT_EQ(create_error(path("a/file")), 0);
    EXPECT_EQ(done(::link(path("a/file").c_str(), path("b/link").c_str())), 0);
    EXPECT_EQ(done(::rename(path("a/file").c_str(), path("b/file").c_str())), 0);
    EXPECT_EQ(done(::rename(path("a").c_str(), path("b/a").c_str())), 0);
    EXPECT_EQ(create_error(path("other")), 0);
    EXPECT_EQ(done(::renameat2(AT_FDCWD, path("other").c_str(), AT_FDCWD, path("b/a").c_str(), RENAME_EXCHANGE)), 0);
    EXPECT_EQ(done(::truncate(path("b/file").c_str(), 10)), 0);
    EXPECT_EQ(done(::mkfifo(path("fifo").c_str(), 0600)), 0);
    EXPECT_EQ(open_error(path("fifo"), O_RDWR | O_NONBLOCK), 0);
    sockaddr_un place{};
    place.sun_family = AF_UNIX;
    std::snprintf(place.sun_path, sizeof(place.sun_path), "%s", path("socket").c_str());
    const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(done(::bind(listener, reinterpret_cast<const sockaddr*>(&place), sizeof(place))), 0);
    const int unnamed = ::open(path("").c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    EXPECT_GE(unnamed, 0);
    EXPECT_EQ(done(::linkat(unnamed, "", AT_FDCWD, path("named").c_str(), AT_EMPTY_PATH)), 0);
    EXPECT_EQ(done(::symlink("x", path("symlink").c_str())), 0);
    EXPECT_EQ(done(::chmod(path("named").c_str(), 0755)), 0);
    for (const char* name : {"named", "symlink", "fifo", "socket", "b/file", "b/link", "b/a"}) EXPECT_EQ(done(::unlink(path(name).c_str())), 0) << name;
    for (const char* name : {"b", "other"}) EXPECT_EQ(done(::rmdir(path(name).c_str())), 0) << name;
  });
}

TEST_F(LandlockTest, WhatIsNotBelowTheRootIsOutOfReach) {
  check_in_sandbox([](Bench& bench) {
    const int outside = ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    Ruleset rules(bench);
    EXPECT_EQ(rules.allow(root_of(bench.root_path), kRead), 0);
    rules.enter();
    EXPECT_EQ(::openat(outside, "etc", O_RDONLY | O_DIRECTORY), -1);
    EXPECT_EQ(errno, EACCES);
    EXPECT_EQ(open_error(bench.root_path, O_RDONLY | O_DIRECTORY), 0);
  });
}

TEST_F(LandlockTest, ASingleFileGetsTheRightsOfFiles) {
  check_in_sandbox([](Bench& bench) {
    write_file(bench.at("source"), "x");
    write_file(bench.at("target"), "y");
    ASSERT_EQ(::mount(bench.at("source").c_str(), bench.at("target").c_str(), nullptr, MS_BIND, nullptr), 0);
    Ruleset rules(bench);
    EXPECT_EQ(rules.allow(root_of(bench.root_path), kRead), 0);
    EXPECT_EQ(rules.allow(root_of(bench.at("target")), change()), 0);
    rules.enter();
    EXPECT_EQ(open_error(bench.at("target"), O_RDWR | O_TRUNC), 0);
    EXPECT_EQ(::unlink(bench.at("source").c_str()), -1);
    EXPECT_EQ(errno, EACCES);
  });
}

TEST_F(LandlockTest, OpenFilesStayWhatTheyAre) {
  check_in_sandbox([](Bench& bench) {
    char outside[] = "/tmp/bulkhead-landlock-XXXXXX";
    const int file = ::mkstemp(outside);
    ASSERT_GE(file, 0);
    ASSERT_EQ(::unlink(outside), 0);
    ASSERT_EQ(::dup2(file, 0), 0);
    int ends[2] = {-1, -1};
    ASSERT_EQ(::pipe(ends), 0);
    ASSERT_EQ(::dup2(ends[1], 1), 1);
    const int saved = ::dup(2);
    const int directory = ::open("/", O_RDONLY | O_DIRECTORY);
    ASSERT_EQ(::dup2(directory, 2), 2);
    Ruleset rules(bench);
    EXPECT_EQ(rules.allow(root_of(bench.root_path), kRead), 0);
    const int proc = root_of("/proc");
    EXPECT_EQ(rules.allow(proc, kRead), 0);
    EXPECT_EQ(rules.allow_open(3), 0);
    rules.enter();
    const int of_file = open_error("/proc/self/fd/0", O_RDWR | O_TRUNC);
    const int of_pipe = open_error("/proc/self/fd/1", O_WRONLY);
    const int of_directory = open_error("/proc/self/fd/2", O_RDONLY);
    const int of_host = open_error("/etc/passwd", O_RDONLY);
    ::dup2(saved, 2);
    EXPECT_EQ(of_file, 0);
    EXPECT_EQ(of_pipe, 0);
    EXPECT_EQ(of_directory, EACCES);
    EXPECT_EQ(of_host, EACCES);
  });
}

TEST_F(LandlockTest, AFileSystemOfTheKernelsOwnNeedsNoRule) {
  check_in_sandbox([](Bench& bench) {
    Ruleset rules(bench);
    EXPECT_EQ(rules.allow(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), kRead), 0) << "EBADFD is no failure";
    EXPECT_EQ(rules.allow(-1, kRead), -EBADF) << "others are";
  });
}

TEST_F(LandlockTest, NothingIsMountedInside) {
  check_in_sandbox([](Bench& bench) {
    make_dir_at(bench.at("x"));
    Ruleset rules(bench);
    EXPECT_EQ(rules.allow(root_of("/"), kRead), 0);
    rules.enter();
    EXPECT_EQ(::mount("tmpfs", bench.at("x").c_str(), "tmpfs", 0, nullptr), -1);
    EXPECT_EQ(errno, EPERM);
  });
}

TEST_F(LandlockTest, OnlyPortsWithARule) {
  if (version() < 4) GTEST_SKIP() << "this kernel's Landlock does not restrict ports";
  check_in_sandbox([](Bench& bench) {
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
    Ruleset rules(bench, ll::kBindTcp | ll::kConnectTcp);
    EXPECT_EQ(rules.allow_port(8080, ll::kBindTcp), 0);
    EXPECT_EQ(rules.allow_port(443, ll::kConnectTcp), 0);
    EXPECT_EQ(rules.allow_port(1, 0), -ENOMSG) << "a failure is told";
    rules.enter();
    const auto on = [](int (*call)(int, const sockaddr*, socklen_t), std::uint16_t port) {
      sockaddr_in place{};
      place.sin_family = AF_INET;
      place.sin_port = htons(port);
      place.sin_addr.s_addr = htonl(call == &::connect ? INADDR_LOOPBACK : INADDR_ANY);
      const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      return call(fd, reinterpret_cast<const sockaddr*>(&place), sizeof(place)) == 0 ? 0 : errno;
    };
    EXPECT_EQ(on(&::bind, 8080), 0);
    EXPECT_EQ(on(&::bind, 8081), EACCES);
    EXPECT_EQ(on(&::connect, 443), ENETUNREACH) << "lo is down: it was let through";
    EXPECT_EQ(on(&::connect, 8080), EACCES);
  });
}

TEST_F(LandlockTest, SignalsAndAbstractSocketsEndAtTheDomain) {
  if (version() < 6) GTEST_SKIP() << "this kernel's Landlock has no scopes";
  sockaddr_un place{};
  place.sun_family = AF_UNIX;
  std::snprintf(place.sun_path + 1, sizeof(place.sun_path) - 1, "bulkhead-test-%d", ::getpid());
  const auto* address = reinterpret_cast<const sockaddr*>(&place);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(listener, address, sizeof(place)), 0);
  ASSERT_EQ(::listen(listener, 4), 0);
  const auto attempt = [&](std::uint64_t scopes, int signal_error, int socket_error) {
    const pid_t outside = ::getpid();
    check_in_sandbox([&](Bench& bench) {
      Ruleset rules(bench, 0, scopes);
      EXPECT_EQ(rules.allow(root_of("/"), kRead), 0);
      rules.enter();
      EXPECT_EQ(::kill(outside, 0) == 0 ? 0 : errno, signal_error);
      EXPECT_EQ(::kill(::getpid(), 0), 0);
      const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      EXPECT_EQ(::connect(fd, address, sizeof(place)) == 0 ? 0 : errno, socket_error);
    });
  };
  attempt(0, 0, 0);
  attempt(ll::kScopeSignal, EPERM, 0);
  attempt(ll::kScopeAbstractSocket, 0, EPERM);
  ::close(listener);
}

TEST_F(LandlockTest, OutsideOfADomainTheVerificationFails) {
  check_in_sandbox([](Bench& bench) { expect_mismatch(bench, verify_landlock(bench.ctx, bench.op())); });
}

TEST_F(LandlockTest, ARightThatTheKernelDoesNotKnowIsRefused) {
  check_in_sandbox([](Bench& bench) {
    auto op = bench.with_words({0, 0});
    op.a = std::uint64_t{1} << 63;
    EXPECT_EQ(landlock_ruleset(bench.ctx, op), -EINVAL);
  });
}

}  // namespace
}  // namespace init
