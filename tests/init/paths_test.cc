// node, symlink, make_dir, sysctl and label.
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

#include "tests/init/sandbox.h"
#include "tests/support/in_child.h"

namespace init {
namespace {

constexpr std::uint64_t device(std::uint64_t major, std::uint64_t minor) { return major << 32 | minor; }

long make_node(Bench& bench, const std::string& path, std::uint32_t mode, std::uint64_t dev, std::uint32_t uid = 0,
               std::uint32_t gid = 0) {
  auto op = bench.with_words({uid, gid});
  op.text = bench.text(path);
  op.a = mode;
  op.b = dev;
  bench.ctx.detail = 0;
  return node(bench.ctx, op);
}

using Node = InitTest;

TEST_F(Node, HasTypeNumberModeAndOwner) {
  check_in_sandbox([](Bench& bench) {
    ASSERT_EQ(make_node(bench, "/dev/null", S_IFCHR | 0666, device(1, 3)), 0);
    ASSERT_EQ(make_node(bench, "/dev/big", S_IFBLK | 0640, device(0x123, 0x45678), 1234, 5678), 0);
    ASSERT_EQ(make_node(bench, "/dev/fifo", S_IFIFO | 0600, 0), 0);
    struct stat info = info_of(bench.at("dev/null"));
    EXPECT_EQ(info.st_mode, S_IFCHR | 0666U);
    EXPECT_EQ(info.st_rdev, makedev(1, 3));
    EXPECT_EQ(info.st_uid, 0U);
    info = info_of(bench.at("dev/big"));
    EXPECT_EQ(info.st_mode, S_IFBLK | 0640U);
    EXPECT_EQ(info.st_rdev, makedev(0x123, 0x45678));
    EXPECT_EQ(info.st_uid, 1234U);
    EXPECT_EQ(info.st_gid, 5678U);
    EXPECT_EQ(info_of(bench.at("dev/fifo")).st_mode, S_IFIFO | 0600U);
  });
}

TEST_F(Node, ThatIsThereAlreadyStays) {
  check_in_sandbox([](Bench& bench) {
    ASSERT_EQ(make_node(bench, "/dev/null", S_IFCHR | 0600, device(1, 3), 7, 8), 0);
    ASSERT_EQ(make_node(bench, "/dev/fifo", S_IFIFO | 0600, 0), 0);
    EXPECT_EQ(make_node(bench, "/dev/null", S_IFCHR | 0666, device(1, 3), 9, 9), 0);
    EXPECT_EQ(make_node(bench, "/dev/fifo", S_IFIFO | 0666, device(9, 9)), 0);
    EXPECT_EQ(info_of(bench.at("dev/null")).st_mode, S_IFCHR | 0600U);
    EXPECT_EQ(info_of(bench.at("dev/null")).st_uid, 7U);
  });
}

TEST_F(Node, InWhosePlaceSomethingElseIsFails) {
  check_in_sandbox([](Bench& bench) {
    make_dir_at(bench.at("dev"));
    write_file(bench.at("dev/file"), "");
    make_dir_at(bench.at("dev/directory"));
    link_at("/dev/real", bench.at("dev/link"));
    ASSERT_EQ(::mknod(bench.at("dev/real").c_str(), S_IFCHR | 0666, makedev(1, 3)), 0);
    ASSERT_EQ(::mknod(bench.at("dev/zero").c_str(), S_IFCHR | 0666, makedev(1, 5)), 0);
    ASSERT_EQ(::mknod(bench.at("dev/block").c_str(), S_IFBLK | 0666, makedev(1, 3)), 0);
    for (const char* name : {"/dev/file", "/dev/directory", "/dev/link", "/dev/zero", "/dev/block", "/dev/.."}) {
      EXPECT_EQ(make_node(bench, name, S_IFCHR | 0666, device(1, 3)), -EEXIST) << name;
      EXPECT_EQ(bench.ctx.detail, kWrongNode) << name;
    }
  });
}

// CVE-2026-41579: nodes in a directory that the image has replaced by a link.
// In the root of a tmpfs of the plan's own, wherever that is attached.
TEST_F(Node, OfATmpfsOfThePlanNeedsNoLookup) {
  check_in_sandbox([](Bench& bench) {
    const int below = bench.add_slot(bench.new_mount("tmpfs", {"mode=755"}));
    make_dir_at(bench.at("place"));
    ASSERT_EQ(attach(bench.ctx, bench.with_slot(bench.ctx.fd(below), "/place")), 0);
    auto op = bench.with_words({7, 8});
    op.text = bench.text("/dev/null");
    op.slot = below;
    op.a = S_IFCHR | 0666;
    op.b = device(1, 3);
    ASSERT_EQ(node(bench.ctx, op), 0);
    EXPECT_EQ(info_of(bench.at("place/null")).st_rdev, makedev(1, 3));
    EXPECT_EQ(info_of(bench.at("place/null")).st_gid, 8U);
    EXPECT_EQ(node(bench.ctx, op), 0);  // it is there
    op.b = device(1, 5);
    EXPECT_EQ(node(bench.ctx, op), -EEXIST);
    auto link = bench.op("/dev/fd", "/proc/self/fd");
    link.slot = below;
    EXPECT_EQ(symlink(bench.ctx, link), 0);
    EXPECT_EQ(symlink(bench.ctx, link), 0);
    EXPECT_TRUE(S_ISLNK(info_of(bench.at("place/fd")).st_mode));
    EXPECT_FALSE(exists(bench.at("dev")));
    EXPECT_GE(::fcntl(bench.ctx.fd(below), F_GETFD), 0);
  });
}

TEST_F(Node, GoesThroughNoLink) {
  check_in_sandbox([](Bench& bench) {
    make_dir_at(bench.at("elsewhere"));
    link_at("/elsewhere", bench.at("dev"));
    link_at("/nowhere", bench.at("dangling"));
    EXPECT_EQ(make_node(bench, "/dev/null", S_IFCHR | 0666, device(1, 3)), -ELOOP);
    EXPECT_EQ(make_node(bench, "/dev/net/tun", S_IFCHR | 0666, device(10, 200)), -ELOOP);
    EXPECT_EQ(make_node(bench, "/dangling/null", S_IFCHR | 0666, device(1, 3)), -ELOOP);
    EXPECT_FALSE(exists(bench.at("elsewhere/null")));
    EXPECT_FALSE(exists(bench.at("elsewhere/net")));
    EXPECT_FALSE(exists(bench.at("nowhere")));
  });
}

TEST_F(Node, NeedsAUsablePath) {
  check_in_sandbox([](Bench& bench) {
    EXPECT_EQ(make_node(bench, "", S_IFCHR | 0666, device(1, 3)), -ENAMETOOLONG);
    EXPECT_EQ(make_node(bench, "/dev/", S_IFCHR | 0666, device(1, 3)), -ENOENT);
    EXPECT_EQ(make_node(bench, std::string(4096, 'x'), S_IFCHR | 0666, device(1, 3)), -ENAMETOOLONG);
    EXPECT_EQ(make_node(bench, "/" + std::string(256, 'x'), S_IFCHR | 0666, device(1, 3)), -ENAMETOOLONG);
    EXPECT_EQ(make_node(bench, "bare", S_IFCHR | 0666, device(1, 3)), 0);
    EXPECT_TRUE(exists(bench.at("bare")));
  });
}

using Symlink = InitTest;

TEST_F(Symlink, IsMadeUnlessSomethingIsThere) {
  check_in_sandbox([](Bench& bench) {
    ASSERT_EQ(init::symlink(bench.ctx, bench.op("/dev/fd", "/proc/self/fd")), 0);
    char target[64] = "";
    ASSERT_EQ(::readlink(bench.at("dev/fd").c_str(), target, sizeof(target)), 13);
    EXPECT_EQ(std::string(target, 13), "/proc/self/fd");
    write_file(bench.at("dev/core"), "theirs");
    EXPECT_EQ(init::symlink(bench.ctx, bench.op("/dev/core", "/proc/kcore")), 0);
    EXPECT_EQ(read_file(bench.at("dev/core")), "theirs");
    EXPECT_EQ(init::symlink(bench.ctx, bench.op("/dev/fd", "/elsewhere")), 0);
    link_at("/elsewhere", bench.at("etc"));
    EXPECT_EQ(init::symlink(bench.ctx, bench.op("/etc/mtab", "x")), -ELOOP);
  });
}

using MakeDir = InitTest;

TEST_F(MakeDir, MakesWhatIsMissing) {
  check_in_sandbox([](Bench& bench) {
    EXPECT_EQ(make_dir(bench.ctx, bench.op("/srv/app/data")), 0);
    EXPECT_EQ(info_of(bench.at("srv/app/data")).st_mode, S_IFDIR | 0755U);
    EXPECT_EQ(make_dir(bench.ctx, bench.op("/srv/app")), 0);
    link_at("/made/by/link", bench.at("dangling"));
    EXPECT_EQ(make_dir(bench.ctx, bench.op("/dangling")), 0);
    EXPECT_TRUE(S_ISDIR(info_of(bench.at("made/by/link")).st_mode));
    write_file(bench.at("file"), "");
    EXPECT_EQ(make_dir(bench.ctx, bench.op("/file/below")), -ENOTDIR);
  });
}

using Sysctl = InitTest;

long set_sysctl(Bench& bench, int proc, const std::string& key, const std::string& value) {
  auto op = bench.op(key, value);
  op.slot = proc;
  return sysctl(bench.ctx, op);
}

TEST_F(Sysctl, IsSet) {
  check_in_sandbox([](Bench& bench) {
    ASSERT_EQ(::unshare(CLONE_NEWUTS), 0);
    const int proc = bench.add_slot(bench.new_mount("proc"));
    EXPECT_EQ(set_sysctl(bench, proc, "kernel/domainname", "example.test"), 0);
    EXPECT_EQ(read_file("/proc/sys/kernel/domainname"), "example.test\n");
    EXPECT_EQ(set_sysctl(bench, proc, "kernel/no-such-thing", "1"), -ENOENT);
    EXPECT_EQ(set_sysctl(bench, proc, "kernel", "1"), -EISDIR);
  });
}

TEST_F(Sysctl, CannotLeaveItsDirectory) {
  check_in_sandbox([](Bench& bench) {
    ASSERT_EQ(::unshare(CLONE_NEWUTS), 0);
    const int proc = bench.add_slot(bench.new_mount("proc"));
    const std::string name = read_file("/proc/self/comm");
    const std::string own = std::to_string(::getpid()) + "/comm";
    for (const std::string& key :
         {"../" + own, "kernel/../../" + own, "/proc/" + own, std::string("../sys/kernel/domainname")}) {
      EXPECT_EQ(set_sysctl(bench, proc, key, "escaped"), -EXDEV) << key;
    }
    EXPECT_EQ(read_file("/proc/self/comm"), name);
    EXPECT_NE(read_file("/proc/sys/kernel/domainname"), "escaped\n");
  });
}

TEST_F(Sysctl, NeedsAProcfs) {
  check_in_sandbox([](Bench& bench) {
    EXPECT_EQ(sysctl(bench.ctx, bench.op("kernel/domainname", "x")), -EBADF);
    EXPECT_EQ(set_sysctl(bench, bench.add_slot(bench.new_mount("tmpfs")), "kernel/domainname", "x"), -ENOENT);
  });
}

using Label = InitTest;

// "comm" stands for the attributes of an LSM, which this machine may not have.
TEST_F(Label, IsWrittenToTheThreadsOwnDirectory) {
  check_in_sandbox([](Bench& bench) {
    auto op = bench.op("comm", "labelled");
    op.slot = bench.add_slot(bench.new_mount("proc"));
    EXPECT_EQ(label(bench.ctx, op), 0);
    char name[16] = "";
    EXPECT_EQ(::prctl(PR_GET_NAME, name), 0);
    EXPECT_STREQ(name, "labelled");
    op.text = bench.text("../1/comm");
    EXPECT_EQ(label(bench.ctx, op), -EXDEV);
    op.text = bench.text("attr/no-such-module/exec");
    EXPECT_EQ(label(bench.ctx, op), -ENOENT);
  });
}

TEST_F(Label, UsesTheIdOfItsOwnPidNamespace) {
  check_in_sandbox([](Bench& bench) {
    ASSERT_EQ(::unshare(CLONE_NEWPID), 0);
    support::check_in_child([&] {
      ASSERT_EQ(::getpid(), 1);
      auto op = bench.op("comm", "first");
      op.slot = bench.add_slot(bench.new_mount("proc"));
      EXPECT_EQ(label(bench.ctx, op), 0);
      char name[16] = "";
      EXPECT_EQ(::prctl(PR_GET_NAME, name), 0);
      EXPECT_STREQ(name, "first");
    });
  });
}

}  // namespace
}  // namespace init
