// cgroup, affinity, keyring, namespaces, names, limits, scheduling, umask and working directory.
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "tests/init/sandbox.h"
#include "tests/support/in_child.h"

namespace init {
namespace {

ino_t inode(const char* path) {
  struct stat info {};
  EXPECT_EQ(::stat(path, &info), 0) << path;
  return info.st_ino;
}

using Process = InitTest;

TEST_F(Process, JoinsACgroup) {
  const std::string group = "/sys/fs/cgroup/pids/bulkhead-init-test-" + std::to_string(::getpid());
  if (::mkdir(group.c_str(), 0755) != 0)
    GTEST_SKIP() << "no v1 hierarchy to make a cgroup in: " << std::strerror(errno);
  support::check_in_child([&] {
    Bench bench;
    EXPECT_EQ(join_cgroup(bench.ctx, bench.with_slot(::open((group + "/tasks").c_str(), O_WRONLY | O_CLOEXEC))), 0);
    EXPECT_EQ(read_file(group + "/tasks"), std::to_string(::getpid()) + "\n");
    EXPECT_EQ(join_cgroup(bench.ctx, bench.op()), -EBADF);
  });
  EXPECT_EQ(::rmdir(group.c_str()), 0);
}

TEST_F(Process, KeepsFilesInMemoryFromBeingExecutedInItsPidNamespace) {
  if (::access("/proc/sys/vm/memfd_noexec", W_OK) != 0) GTEST_SKIP() << "a kernel before 6.3, or not root";
  const auto before = read_file("/proc/sys/vm/memfd_noexec");
  support::check_in_child([&] {
    ASSERT_EQ(::unshare(CLONE_NEWPID), 0);
    support::check_in_child([] {
      Bench bench;
      EXPECT_EQ(memfd_noexec(bench.ctx, bench.op()), 0);
      EXPECT_EQ(read_file("/proc/sys/vm/memfd_noexec"), "2\n");
      EXPECT_EQ(::memfd_create("x", 0x10 /* MFD_EXEC */), -1);
      EXPECT_EQ(errno, EACCES);
    });
    Bench bench;
    EXPECT_EQ(read_file("/proc/sys/vm/memfd_noexec"), before) << "the caller's own namespace";
    ASSERT_EQ(::setresuid(1, 1, 1), 0);
    EXPECT_EQ(memfd_noexec(bench.ctx, bench.op()), -EACCES) << "the host's root alone may";
  });
}

TEST_F(Process, ForgetsThePinningOfItsCaller) {
  cpu_set_t all;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(all), &all), 0);
  if (CPU_COUNT(&all) < 2) GTEST_SKIP() << "one CPU only";
  support::check_in_child([&] {
    cpu_set_t one;
    CPU_ZERO(&one);
    for (std::size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu) {
      if (CPU_ISSET(cpu, &all)) CPU_SET(cpu, &one);
    }
    ASSERT_EQ(::sched_setaffinity(0, sizeof(one), &one), 0);
    Bench bench;
    EXPECT_EQ(affinity(bench.ctx, bench.op()), 0);
    cpu_set_t now;
    ASSERT_EQ(::sched_getaffinity(0, sizeof(now), &now), 0);
    EXPECT_GE(CPU_COUNT(&now), CPU_COUNT(&all));
  });
}

TEST_F(Process, RunsOnTheCpusOfItsList) {
  cpu_set_t all;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(all), &all), 0);
  support::check_in_child([&] {
    for (std::uint32_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (!CPU_ISSET(cpu, &all)) continue;
      Bench bench;
      std::vector<std::uint32_t> mask(cpu / 32 + 1);
      mask.back() = 1U << (cpu % 32);
      EXPECT_EQ(affinity(bench.ctx, bench.with_words(mask)), 0);
      cpu_set_t now;
      ASSERT_EQ(::sched_getaffinity(0, sizeof(now), &now), 0);
      EXPECT_TRUE(CPU_COUNT(&now) == 1 && CPU_ISSET(cpu, &now)) << cpu;
    }
    Bench bench;
    std::vector<std::uint32_t> none(256);
    none.back() = 1U << 31;
    EXPECT_EQ(affinity(bench.ctx, bench.with_words(none)), -EINVAL);
  });
}

TEST_F(Process, GetsASessionKeyringOfItsOwn) {
  constexpr long kGetId = 0, kSession = -3;
  if (::syscall(SYS_keyctl, kGetId, kSession, 0) < 0 && errno == ENOSYS) GTEST_SKIP() << "this kernel has no keyrings";
  support::check_in_child([] {
    const long before = ::syscall(SYS_keyctl, kGetId, kSession, 1);
    Bench bench;
    EXPECT_EQ(keyring(bench.ctx, bench.op()), 0);
    const long after = ::syscall(SYS_keyctl, kGetId, kSession, 0);
    EXPECT_GT(after, 0);
    EXPECT_NE(after, before);
  });
}

TEST_F(Process, UnsharesAndSetsItsNames) {
  support::check_in_child([] {
    utsname before{};
    ::uname(&before);
    const ino_t old = inode("/proc/self/ns/uts");
    support::check_in_child([] {
      Bench bench;
      auto op = bench.op();
      op.a = CLONE_NEWUTS;
      ASSERT_EQ(init::unshare(bench.ctx, op), 0);
      EXPECT_EQ(hostname(bench.ctx, bench.op("web1")), 0);
      EXPECT_EQ(domainname(bench.ctx, bench.op("example.test")), 0);
      utsname names{};
      ::uname(&names);
      EXPECT_STREQ(names.nodename, "web1");
      EXPECT_STREQ(names.domainname, "example.test");
      EXPECT_EQ(hostname(bench.ctx, bench.op(std::string(65, 'h'))), -EINVAL);
    });
    utsname after{};
    ::uname(&after);
    EXPECT_STREQ(after.nodename, before.nodename);
    EXPECT_EQ(inode("/proc/self/ns/uts"), old);
  });
}

// What was begun before the plan came is not done again, and what went wrong then is told now.
TEST_F(Process, UnsharesNothingTwice) {
  support::check_in_child([] {
    Bench bench;
    auto op = bench.op();
    op.a = CLONE_NEWUTS;
    const ino_t before = inode("/proc/self/ns/uts");
    for (const long result : {0L, static_cast<long>(-ENOSPC)}) {
      bench.ctx.begun = CLONE_NEWUTS;
      bench.ctx.begun_result = result;
      EXPECT_EQ(init::unshare(bench.ctx, op), result);
      EXPECT_EQ(inode("/proc/self/ns/uts"), before);
    }
    EXPECT_EQ(init::unshare(bench.ctx, op), 0);
    EXPECT_NE(inode("/proc/self/ns/uts"), before);
  });
}

TEST_F(Process, JoinsAMountNamespace) {
  support::check_in_child([] {
    const ino_t original = inode("/proc/self/ns/mnt");
    const int ns = ::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
    ASSERT_NE(inode("/proc/self/ns/mnt"), original);
    Bench bench;
    EXPECT_EQ(join_mount_ns(bench.ctx, bench.with_slot(ns)), 0);
    EXPECT_EQ(inode("/proc/self/ns/mnt"), original);
    EXPECT_EQ(join_mount_ns(bench.ctx, bench.with_slot(::open("/proc/self/ns/uts", O_RDONLY))), -EINVAL);
  });
}

TEST_F(Process, BringsTheLoopbackUp) {
  support::check_in_child([] {
    if (::unshare(CLONE_NEWNET) != 0) {
      std::puts("SKIPPED here: no network namespace on this machine");
      return;
    }
    const auto flags = [] {
      const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
      ifreq request{};
      std::strcpy(request.ifr_name, "lo");
      EXPECT_EQ(::ioctl(fd, SIOCGIFFLAGS, &request), 0);
      ::close(fd);
      return request.ifr_flags;
    };
    ASSERT_EQ(flags() & IFF_UP, 0);
    Bench bench;
    EXPECT_EQ(loopback(bench.ctx, bench.op()), 0);
    EXPECT_NE(flags() & IFF_UP, 0);
  });
}

long set_limit(Bench& bench, std::uint32_t resource, std::uint64_t soft, std::uint64_t hard) {
  auto op = bench.with_words({resource});
  op.a = soft;
  op.b = hard;
  return init::rlimit(bench.ctx, op);
}

void expect_limit(std::uint64_t soft, std::uint64_t hard) {
  struct ::rlimit now {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &now), 0);
  EXPECT_EQ(now.rlim_cur, soft);
  EXPECT_EQ(now.rlim_max, hard);
}

TEST_F(Process, SetsALimitSilently) {
  support::check_in_child([] {
    Bench bench;
    const int parent = bench.connect_report();
    EXPECT_EQ(set_limit(bench, RLIMIT_NOFILE, 100, 200), 0);
    expect_limit(100, 200);
    EXPECT_EQ(set_limit(bench, 99, 1, 1), -EINVAL);
    EXPECT_EQ(set_limit(bench, RLIMIT_NOFILE, 300, 200), -EINVAL);
    char byte;
    EXPECT_EQ(::recv(parent, &byte, 1, MSG_DONTWAIT), -1);
    EXPECT_EQ(errno, EAGAIN);
  });
}

// As a runtime without CAP_SYS_RESOURCE: as near as it can get, never more than asked for, and said so.
TEST_F(Process, ClampsALimitThatItMayNotRaise) {
  struct Case {
    std::uint64_t soft, hard, got_soft, got_hard;
  };
  for (const Case c : {Case{500, 1000, 100, 100}, Case{60, 1000, 60, 100}, Case{100, 101, 100, 100}}) {
    support::check_in_child([&] {
      Bench bench;
      const int parent = bench.connect_report();
      ASSERT_EQ(set_limit(bench, RLIMIT_NOFILE, 80, 100), 0);
      ASSERT_EQ(::setresuid(1234, 1234, 1234), 0);  // and no capability is left
      EXPECT_EQ(set_limit(bench, RLIMIT_NOFILE, c.soft, c.hard), 0);
      expect_limit(c.got_soft, c.got_hard);
      Message message{};
      ASSERT_EQ(::recv(parent, &message, sizeof(message), MSG_DONTWAIT), static_cast<ssize_t>(sizeof(message)));
      EXPECT_EQ(message.kind, MessageKind::kWarning);
      EXPECT_EQ(message.err, EPERM);
      EXPECT_EQ(message.detail, kClamped);
    });
  }
}

TEST_F(Process, SetsItsScheduling) {
  support::check_in_child([] {
    Bench bench;
    EXPECT_EQ(scheduler(bench.ctx, bench.with_words({SCHED_BATCH, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0})), 0);
    EXPECT_EQ(::sched_getscheduler(0), SCHED_BATCH);
    EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), 5);
    EXPECT_EQ(scheduler(bench.ctx, bench.with_words({77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})), -EINVAL);
    auto op = bench.op();
    op.a = 2U << 13 | 6;  // best effort, level 6
    EXPECT_EQ(io_priority(bench.ctx, op), 0);
    EXPECT_EQ(::syscall(SYS_ioprio_get, 1, 0), 2 << 13 | 6);
    op.a = 7U << 13;
    EXPECT_EQ(io_priority(bench.ctx, op), -EINVAL);
  });
}

TEST_F(Process, SetsPersonalityAndUmask) {
  support::check_in_child([] {
    Bench bench;
    auto op = bench.op();
    op.a = ADDR_NO_RANDOMIZE;
    EXPECT_EQ(init::personality(bench.ctx, op), 0);
    EXPECT_EQ(::personality(0xffffffff), ADDR_NO_RANDOMIZE);
    op.a = 027;
    EXPECT_EQ(set_umask(bench.ctx, op), 0);
    EXPECT_EQ(::umask(0), 027U);
  });
}

using WorkingDirectory = InitTest;

std::string cwd() { return std::filesystem::current_path().string(); }

TEST_F(WorkingDirectory, IsEnteredOnce) {
  check_in_sandbox([](Bench& bench) {
    make_dir_at(bench.at("srv"));
    make_dir_at(bench.at("other"));
    EXPECT_EQ(change_dir(bench.ctx, bench.op("/srv")), 0);
    EXPECT_TRUE(bench.ctx.in_cwd);
    EXPECT_EQ(cwd(), bench.at("srv"));
    EXPECT_EQ(change_dir(bench.ctx, bench.op("/other")), 0);
    EXPECT_EQ(cwd(), bench.at("srv"));
  });
}

TEST_F(WorkingDirectory, MayBeTriedFirst) {
  check_in_sandbox([](Bench& bench) {
    const std::string before = cwd();
    auto op = bench.op("/missing");
    op.flags = plan::image::kSkipMissing;
    EXPECT_EQ(change_dir(bench.ctx, op), 0);
    EXPECT_FALSE(bench.ctx.in_cwd);
    EXPECT_EQ(cwd(), before);
    EXPECT_EQ(change_dir(bench.ctx, bench.op("/missing")), -ENOENT);
    write_file(bench.at("file"), "");
    EXPECT_EQ(change_dir(bench.ctx, bench.op("/file")), -ENOTDIR);
    EXPECT_FALSE(bench.ctx.in_cwd);
  });
}

// CVE-2024-21626: a working directory by way of a descriptor of the host.
TEST_F(WorkingDirectory, IsReachedThroughNoMagicLink) {
  check_in_sandbox([](Bench& bench) {
    make_dir_at(bench.at("proc"));
    ASSERT_EQ(attach(bench.ctx, bench.with_slot(bench.new_mount("proc"), "/proc")), 0);
    const std::string leak = std::to_string(::open("/usr", O_PATH | O_DIRECTORY));
    const std::string before = cwd();
    for (const std::string& path : {"/proc/self/fd/" + leak, std::string("/proc/self/cwd"),
                                    std::string("/proc/self/root"), "/proc/self/fd/" + leak + "/.."}) {
      EXPECT_EQ(change_dir(bench.ctx, bench.op(path)), -ELOOP) << path;
    }
    EXPECT_EQ(cwd(), before);
    link_at("../../../usr", bench.at("out"));
    EXPECT_EQ(change_dir(bench.ctx, bench.op("/out")), -ENOENT);
    make_dir_at(bench.at("usr"));
    EXPECT_EQ(change_dir(bench.ctx, bench.op("/out")), 0);
    EXPECT_EQ(cwd(), bench.at("usr"));
  });
}

}  // namespace
}  // namespace init
