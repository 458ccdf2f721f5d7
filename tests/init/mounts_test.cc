// propagation, new_mount, pivot and set_attr.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>

#include "tests/init/sandbox.h"

namespace init {
namespace {

using plan::image::OpKind;

constexpr long kTmpfsMagic = 0x01021994;

// The line of this process's mount table for a mount point; "" if there is none.
std::string mount_line(const std::string& mount_point) {
  std::istringstream table(read_file("/proc/self/mountinfo"));
  std::string line;
  while (std::getline(table, line)) {
    if (line.find(" " + mount_point + " ") != std::string::npos) return line;
  }
  return "";
}

bool shared(const std::string& mount_point) { return mount_line(mount_point).find("shared:") != std::string::npos; }

using NewMount = InitTest;

TEST_F(NewMount, HasItsOptionsAndAttributes) {
  check_in_sandbox([](Bench& bench) {
    const int fd = bench.new_mount("tmpfs", {"size=64k", "mode=710"}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    struct statfs fs {};
    ASSERT_EQ(::fstatfs(fd, &fs), 0);
    EXPECT_EQ(fs.f_type, kTmpfsMagic);
    EXPECT_EQ(fs.f_blocks * static_cast<std::uint64_t>(fs.f_bsize), 64U << 10);
    EXPECT_EQ(fs.f_flags & (ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_RDONLY), ST_NOSUID | ST_NODEV);
    struct stat info {};
    ASSERT_EQ(::fstat(fd, &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0710U);
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  });
}

TEST_F(NewMount, IsAttachedNowhere) {
  check_in_sandbox([](Bench& bench) {
    const std::string before = read_file("/proc/self/mountinfo");
    bench.new_mount("tmpfs");
    EXPECT_EQ(read_file("/proc/self/mountinfo"), before);
  });
}

TEST_F(NewMount, TakesOptionsWithoutAValue) {
  check_in_sandbox([](Bench& bench) {
    const int fd = bench.new_mount("tmpfs", {"ro"});
    EXPECT_EQ(::mkdirat(fd, "x", 0755), -1);
    EXPECT_EQ(errno, EROFS);
  });
}

TEST_F(NewMount, SaysWhichOptionIsBad) {
  check_in_sandbox([](Bench& bench) {
    auto op = bench.with_texts("tmpfs", {"size=64k", "no-such-option=1", "mode=755"});
    op.slot = bench.add_slot(-2);
    EXPECT_EQ(new_mount(bench.ctx, op), -EINVAL);
    EXPECT_EQ(bench.ctx.detail, 2U);
    EXPECT_EQ(bench.ctx.fd(op.slot), -2);
  });
}

TEST_F(NewMount, RefusesAnOptionWhoseNameDoesNotFit) {
  check_in_sandbox([](Bench& bench) {
    const std::string longest = std::string(255, 'k') + "=v";
    const std::string too_long = std::string(256, 'k') + "=v";
    auto op = bench.with_texts("tmpfs", {longest});
    op.slot = bench.add_slot(-2);
    EXPECT_EQ(new_mount(bench.ctx, op), -EINVAL);
    op = bench.with_texts("tmpfs", {too_long});
    op.slot = bench.add_slot(-2);
    EXPECT_EQ(new_mount(bench.ctx, op), -ENAMETOOLONG);
  });
}

TEST_F(NewMount, OfAnUnknownFileSystemBlamesNoOption) {
  check_in_sandbox([](Bench& bench) {
    auto op = bench.with_texts("no-such-fs", {"size=1"});
    op.slot = bench.add_slot(-2);
    EXPECT_EQ(new_mount(bench.ctx, op), -ENODEV);
    EXPECT_EQ(bench.ctx.detail, 0U);
  });
}

using Propagate = InitTest;

TEST_F(Propagate, ByPathAndByDescriptor) {
  check_in_sandbox([](Bench& bench) {
    ASSERT_FALSE(shared(bench.root_path));
    auto op = bench.op(bench.root_path);
    op.a = MS_SHARED;
    EXPECT_EQ(propagation(bench.ctx, op), 0);
    EXPECT_TRUE(shared(bench.root_path));
    op = bench.with_slot(::open(bench.root_path.c_str(), O_PATH));
    op.a = MS_PRIVATE;
    EXPECT_EQ(propagation(bench.ctx, op), 0);
    EXPECT_FALSE(shared(bench.root_path));
  });
}

TEST_F(Propagate, ReachesMountsBelowOnlyWhenRecursive) {
  check_in_sandbox([](Bench& bench) {
    make_dir_at(bench.at("sub"));
    ASSERT_EQ(::mount("tmpfs", bench.at("sub").c_str(), "tmpfs", 0, nullptr), 0);
    auto op = bench.op(bench.root_path);
    op.a = MS_SHARED;
    ASSERT_EQ(propagation(bench.ctx, op), 0);
    EXPECT_FALSE(shared(bench.at("sub")));
    op.flags = plan::image::kRecursive;
    ASSERT_EQ(propagation(bench.ctx, op), 0);
    EXPECT_TRUE(shared(bench.at("sub")));
  });
}

TEST_F(Propagate, OfSomethingThatIsNoMountFails) {
  check_in_sandbox([](Bench& bench) {
    make_dir_at(bench.at("plain"));
    auto op = bench.op(bench.at("plain"));
    op.a = MS_SHARED;
    EXPECT_EQ(propagation(bench.ctx, op), -EINVAL);
  });
}

using SetAttributes = InitTest;

TEST_F(SetAttributes, AreSetAndCleared) {
  check_in_sandbox([](Bench& bench) {
    auto op = bench.with_slot(::open(bench.root_path.c_str(), O_PATH));
    op.a = MOUNT_ATTR_RDONLY;
    EXPECT_EQ(set_attr(bench.ctx, op), 0);
    EXPECT_EQ(create_error(bench.at("a")), EROFS);
    op = bench.op(bench.root_path);
    op.b = MOUNT_ATTR_RDONLY;
    EXPECT_EQ(set_attr(bench.ctx, op), 0);
    EXPECT_EQ(create_error(bench.at("a")), 0);
  });
}

TEST_F(SetAttributes, ReachMountsBelowOnlyWhenRecursive) {
  check_in_sandbox([](Bench& bench) {
    make_dir_at(bench.at("sub"));
    ASSERT_EQ(::mount("tmpfs", bench.at("sub").c_str(), "tmpfs", 0, nullptr), 0);
    auto op = bench.op(bench.root_path);
    op.a = MOUNT_ATTR_RDONLY;
    ASSERT_EQ(set_attr(bench.ctx, op), 0);
    EXPECT_EQ(create_error(bench.at("sub/a")), 0);
    op.flags = plan::image::kRecursive;
    ASSERT_EQ(set_attr(bench.ctx, op), 0);
    EXPECT_EQ(create_error(bench.at("sub/b")), EROFS);
  });
}

using Pivot = InitTest;

// A detached copy of the sandbox with a procfs of its own in it.
Bench::Op root_with_proc(Bench& bench, OpKind kind) {
  write_file(bench.at("marker"), "new root");
  make_dir_at(bench.at("proc"));
  auto proc = bench.with_slot(bench.new_mount("proc"), "/proc");
  EXPECT_EQ(attach(bench.ctx, proc), 0);
  auto op = bench.with_slot(clone_of(bench.root_path, true));
  op.kind = kind;
  return op;
}

TEST_F(Pivot, LeavesNothingOfTheOldRoot) {
  check_in_sandbox([](Bench& bench) {
    const auto op = root_with_proc(bench, OpKind::kPivot);
    ASSERT_EQ(pivot(bench.ctx, op), 0);
    EXPECT_EQ(read_file("/marker"), "new root");
    EXPECT_EQ(read_file("/../../marker"), "new root");
    EXPECT_FALSE(exists(bench.root_path));
    EXPECT_FALSE(exists("/usr"));
    // The mount table shows all that the process's namespace can reach: the new root and its procfs.
    std::istringstream table(read_file("/proc/self/mountinfo"));
    std::string line;
    int mounts = 0;
    for (; std::getline(table, line); ++mounts) {
      EXPECT_TRUE(line.find(" / / ") != std::string::npos || line.find(" / /proc ") != std::string::npos) << line;
    }
    EXPECT_EQ(mounts, 2);
    struct stat here {
    }, root{};
    EXPECT_EQ(::fstat(bench.ctx.root, &here), 0);
    EXPECT_EQ(::stat("/", &root), 0);
    EXPECT_TRUE(here.st_ino == root.st_ino && here.st_dev == root.st_dev);
    EXPECT_EQ(::stat(".", &here), 0);
    EXPECT_TRUE(here.st_ino == root.st_ino && here.st_dev == root.st_dev);
    // Out through a second chroot: the way that chroot(2) alone leaves open.
    EXPECT_EQ(::mkdir("/jail", 0755), 0);
    EXPECT_EQ(::chroot("/jail"), 0);
    for (int i = 0; i < 32; ++i) EXPECT_EQ(::chdir(".."), 0);
    EXPECT_EQ(::chroot("."), 0);
    EXPECT_EQ(read_file("/marker"), "new root");
    EXPECT_FALSE(exists("/usr"));
  });
}

TEST_F(Pivot, WithChrootMovesTheRootToo) {
  check_in_sandbox([](Bench& bench) {
    const auto op = root_with_proc(bench, OpKind::kChroot);
    ASSERT_EQ(pivot(bench.ctx, op), 0);
    EXPECT_EQ(read_file("/marker"), "new root");
    EXPECT_FALSE(exists("/usr"));
    EXPECT_GE(bench.ctx.root, 0);
  });
}

TEST_F(Pivot, NeedsADetachedMount) {
  check_in_sandbox([](Bench& bench) {
    auto op = bench.op();
    op.kind = OpKind::kPivot;
    const int root = bench.ctx.root;
    EXPECT_EQ(pivot(bench.ctx, op), -EBADF);
    EXPECT_EQ(bench.ctx.root, root);
    EXPECT_TRUE(exists("/usr"));
  });
}

}  // namespace
}  // namespace init
