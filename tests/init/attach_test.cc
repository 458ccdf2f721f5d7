// attach: where a mount may land and where it may not, however its path gets there.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "tests/init/sandbox.h"

namespace init {
namespace {

using namespace plan::image;  // NOLINT: the flags of ops

// A tmpfs with a file in it, so that one sees where it went.
int marked(Bench& bench) {
  const int mount = bench.new_mount("tmpfs");
  const int file = ::openat(mount, "marker", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  EXPECT_GE(file, 0);
  ::close(file);
  return mount;
}

long attach_marked(Bench& bench, const std::string& target, unsigned flags = 0) {
  bench.ctx.detail = 0;
  return attach(bench.ctx, bench.with_slot(marked(bench), target, flags));
}

using Attach = InitTest;

TEST_F(Attach, CoversADirectory) {
  check_in_sandbox([](Bench& bench) {
    make_dir_at(bench.at("data"));
    write_file(bench.at("data/old"), "");
    EXPECT_EQ(attach_marked(bench, "/data"), 0);
    EXPECT_TRUE(exists(bench.at("data/marker")));
    EXPECT_FALSE(exists(bench.at("data/old")));
  });
}

TEST_F(Attach, MakesAMissingDirectory) {
  check_in_sandbox([](Bench& bench) {
    EXPECT_EQ(attach_marked(bench, "/a/b/c"), 0);
    EXPECT_TRUE(exists(bench.at("a/b/c/marker")));
    struct stat info {};
    ASSERT_EQ(::stat(bench.at("a/b").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode, S_IFDIR | 0755U);
  });
}

TEST_F(Attach, MakesAMissingFileForAFile) {
  check_in_sandbox([](Bench& bench) {
    write_file(bench.at("source"), "bound");
    EXPECT_EQ(attach(bench.ctx, bench.with_slot(clone_of(bench.at("source")), "/etc/hosts")), 0);
    EXPECT_EQ(read_file(bench.at("etc/hosts")), "bound");
  });
}

// In the root of a tmpfs of the plan's own.
long attach_in(Bench& bench, int below, int mount, const std::string& target, unsigned flags = 0) {
  auto op = bench.with_slot(mount, target, flags);
  op.a = static_cast<std::uint64_t>(below) + 1;
  return attach(bench.ctx, op);
}

TEST_F(Attach, InATmpfsOfThePlanNeedsNoLookup) {
  check_in_sandbox([](Bench& bench) {
    const int below = bench.add_slot(bench.new_mount("tmpfs", {"mode=755"}));
    ASSERT_EQ(attach(bench.ctx, bench.with_slot(bench.ctx.fd(below), "/dev")), 0);
    write_file(bench.at("source"), "bound");
    EXPECT_EQ(attach_in(bench, below, marked(bench), "/dev/shm"), 0);
    EXPECT_EQ(attach_in(bench, below, clone_of(bench.at("source")), "/dev/null", plan::image::kFile), 0);
    EXPECT_TRUE(exists(bench.at("dev/shm/marker")));
    EXPECT_EQ(read_file(bench.at("dev/null")), "bound");
    EXPECT_LT(attach_in(bench, below, marked(bench), "/dev/file", plan::image::kFile), 0);  // a directory onto a file
  });
}

TEST_F(Attach, InATmpfsOfThePlanWhereSomethingIsLooksAtIt) {
  check_in_sandbox([](Bench& bench) {
    const int below = bench.add_slot(bench.new_mount("tmpfs", {"mode=755"}));
    ASSERT_EQ(attach(bench.ctx, bench.with_slot(bench.ctx.fd(below), "/dev")), 0);
    make_dir_at(bench.at("dev/there"));
    make_dir_at(bench.at("elsewhere"));
    link_at("/elsewhere", bench.at("dev/link"));
    EXPECT_EQ(attach_in(bench, below, marked(bench), "/dev/there"), 0);
    EXPECT_TRUE(exists(bench.at("dev/there/marker")));
    EXPECT_EQ(attach_in(bench, below, marked(bench), "/dev/link", plan::image::kNoSymlinks), -ELOOP);
    EXPECT_FALSE(exists(bench.at("elsewhere/marker")));
    EXPECT_EQ(attach_in(bench, below, marked(bench), "/dev/link"), 0);
    EXPECT_TRUE(exists(bench.at("elsewhere/marker")));
  });
}

TEST_F(Attach, WillNotMixFilesAndDirectories) {
  check_in_sandbox([](Bench& bench) {
    write_file(bench.at("file"), "");
    EXPECT_EQ(attach_marked(bench, "/file"), -EINVAL);
    EXPECT_EQ(attach_marked(bench, "/file/below"), -ENOTDIR);
  });
}

TEST_F(Attach, WithoutAMountFails) {
  check_in_sandbox([](Bench& bench) {
    make_dir_at(bench.at("there"));
    EXPECT_EQ(attach(bench.ctx, bench.op("/there")), -EBADF);
    EXPECT_EQ(attach(bench.ctx, bench.op("/missing")), -EBADF);
    EXPECT_FALSE(exists(bench.at("missing")));
  });
}

TEST_F(Attach, StaysOffTheRootItself) {
  check_in_sandbox([](Bench& bench) {
    make_dir_at(bench.at("a"));
    link_at("/", bench.at("slash"));
    link_at("../../..", bench.at("up"));
    for (const char* target : {"/", "", ".", "a/..", "/../../", "/slash", "/up", "/slash/a/.."}) {
      EXPECT_EQ(attach_marked(bench, target), -EBUSY) << target;
      EXPECT_EQ(bench.ctx.detail, kTargetIsRoot) << target;
      EXPECT_FALSE(exists(bench.at("marker"))) << target;
    }
  });
}

// CVE-2019-16884, CVE-2025-52881: a mount over /proc/self/attr makes an LSM label a no-op.
TEST_F(Attach, StaysOffProc) {
  check_in_sandbox([](Bench& bench) {
    make_dir_at(bench.at("proc"));
    link_at("/proc/sys", bench.at("data"));
    ASSERT_EQ(attach(bench.ctx, bench.with_slot(bench.new_mount("proc"), "/proc")), 0);
    for (const char* target : {"/proc", "/proc/sys", "/proc/1/attr", "/data", "/data/kernel", "/proc/self"}) {
      EXPECT_EQ(attach_marked(bench, target), -EACCES) << target;
      EXPECT_EQ(bench.ctx.detail, kTargetOnProc) << target;
    }
    EXPECT_TRUE(exists(bench.at("proc/sys/kernel/hostname")));
    EXPECT_EQ(attach_marked(bench, "/proc/self/cwd"), -ELOOP);
    EXPECT_EQ(attach_marked(bench, "/proc/self/fd/0"), -ELOOP);
  });
}

TEST_F(Attach, GoesOnProcWherePlanned) {
  check_in_sandbox([](Bench& bench) {
    make_dir_at(bench.at("proc"));
    write_file(bench.at("cpuinfo"), "one");
    ASSERT_EQ(attach(bench.ctx, bench.with_slot(bench.new_mount("proc"), "/proc")), 0);
    EXPECT_EQ(attach(bench.ctx, bench.with_slot(clone_of(bench.at("cpuinfo")), "/proc/cpuinfo", kInProc)), 0);
    EXPECT_EQ(read_file(bench.at("proc/cpuinfo")), "one");
  });
}

TEST_F(Attach, FollowsLinksWithinTheRootOnly) {
  check_in_sandbox([](Bench& bench) {
    link_at("/usr", bench.at("absolute"));
    link_at("../../../../usr/lib", bench.at("relative"));
    EXPECT_EQ(attach_marked(bench, "/absolute"), 0);
    EXPECT_TRUE(exists(bench.at("usr/marker")));
    EXPECT_FALSE(exists("/usr/marker"));
    EXPECT_EQ(attach_marked(bench, "/relative"), 0);
    EXPECT_TRUE(exists(bench.at("usr/lib/marker")));
    EXPECT_FALSE(exists("/usr/lib/marker"));
  });
}

TEST_F(Attach, FollowsNoLinkToTheKernelsPlaces) {
  check_in_sandbox([](Bench& bench) {
    make_dir_at(bench.at("elsewhere"));
    link_at("/elsewhere", bench.at("dev"));
    link_at("/nowhere", bench.at("sys"));
    for (const char* target : {"/dev", "/dev/shm", "/sys", "/sys/fs/cgroup"}) {
      EXPECT_EQ(attach_marked(bench, target, kNoSymlinks), -ELOOP) << target;
    }
    EXPECT_FALSE(exists(bench.at("elsewhere/marker")));
    EXPECT_FALSE(exists(bench.at("elsewhere/shm")));
    EXPECT_FALSE(exists(bench.at("nowhere")));
  });
}

TEST_F(Attach, TakesTheModeOfWhatItCovers) {
  check_in_sandbox([](Bench& bench) {
    make_dir_at(bench.at("tmp"), 01777);
    make_dir_at(bench.at("home"), 0700);
    ASSERT_EQ(::chown(bench.at("home").c_str(), 1234, 5678), 0);
    ASSERT_EQ(attach_marked(bench, "/tmp", kCopyMode), 0);
    ASSERT_EQ(attach_marked(bench, "/home", kCopyMode), 0);
    struct stat info {};
    ASSERT_EQ(::stat(bench.at("tmp").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 01777U);
    ASSERT_EQ(::stat(bench.at("home").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0700U);
    EXPECT_EQ(info.st_uid, 1234U);
    EXPECT_EQ(info.st_gid, 5678U);
    EXPECT_TRUE(exists(bench.at("home/marker")));
  });
}

TEST_F(Attach, KeepsItsOwnModeOtherwise) {
  check_in_sandbox([](Bench& bench) {
    make_dir_at(bench.at("data"), 0700);
    auto op = bench.with_slot(bench.new_mount("tmpfs", {"mode=751"}), "/data");
    ASSERT_EQ(attach(bench.ctx, op), 0);
    op = bench.with_slot(bench.new_mount("tmpfs", {"mode=752"}), "/made", kCopyMode);
    ASSERT_EQ(attach(bench.ctx, op), 0);
    struct stat info {};
    ASSERT_EQ(::stat(bench.at("data").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0751U);
    ASSERT_EQ(::stat(bench.at("made").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0752U);
  });
}

TEST_F(Attach, CopiesUpWhatItCovers) {
  check_in_sandbox([](Bench& bench) {
    make_dir_at(bench.at("etc"));
    write_file(bench.at("etc/passwd"), "root");
    ASSERT_EQ(attach_marked(bench, "/etc", kCopyUp), 0);
    EXPECT_TRUE(exists(bench.at("etc/marker")));
    EXPECT_EQ(read_file(bench.at("etc/passwd")), "root");
    write_file(bench.at("etc/passwd"), "changed");
    ASSERT_EQ(::umount2(bench.at("etc").c_str(), MNT_DETACH), 0);
    EXPECT_EQ(read_file(bench.at("etc/passwd")), "root");
  });
}

}  // namespace
}  // namespace init
