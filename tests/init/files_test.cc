// write_file: a file with a content of the plan's, in a mount that is attached nowhere.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "tests/init/sandbox.h"

namespace init {
namespace {

using WriteFile = InitTest;

// The op for a file of that name, mode and owner in the mount `fd`.
Bench::Op file_op(Bench& bench, int fd, std::string_view name, std::string_view content, unsigned mode = 0400,
                  std::uint32_t uid = 0, std::uint32_t gid = 0) {
  auto op = bench.with_words({uid, gid});
  op.slot = bench.add_slot(fd);
  op.text = bench.text(name);
  op.text2 = bench.text(content);
  op.a = mode;
  return op;
}

std::string content_at(int dir, const char* name) {
  const int fd = ::openat(dir, name, O_RDONLY | O_CLOEXEC);
  std::string out(1 << 17, '\0');
  const ssize_t n = fd < 0 ? -1 : ::read(fd, out.data(), out.size());
  if (fd >= 0) ::close(fd);
  out.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  return out;
}

TEST_F(WriteFile, HasContentModeAndOwner) {
  check_in_sandbox([](Bench& bench) {
    ::umask(0777);
    const int fd = bench.new_mount("tmpfs", {"mode=555"});
    EXPECT_EQ(write_file(bench.ctx, file_op(bench, fd, "DB_PASSWORD", "hunter2\n", 0400, 1234, 5678)), 0);
    EXPECT_EQ(content_at(fd, "DB_PASSWORD"), "hunter2\n");
    struct stat info {};
    ASSERT_EQ(::fstatat(fd, "DB_PASSWORD", &info, AT_SYMLINK_NOFOLLOW), 0);
    EXPECT_EQ(info.st_mode, S_IFREG | 0400U);
    EXPECT_EQ(info.st_uid, 1234U);
    EXPECT_EQ(info.st_gid, 5678U);
  });
}

TEST_F(WriteFile, MayBeEmptyOrLong) {
  check_in_sandbox([](Bench& bench) {
    const int fd = bench.new_mount("tmpfs", {"size=64k"});
    const std::string big(60000, 'x');
    EXPECT_EQ(write_file(bench.ctx, file_op(bench, fd, "big", big)), 0);
    EXPECT_EQ(write_file(bench.ctx, file_op(bench, fd, "empty", "")), 0);
    EXPECT_EQ(content_at(fd, "big"), big);
    EXPECT_EQ(content_at(fd, "empty"), "");
  });
}

TEST_F(WriteFile, IsNewAndStaysInTheMount) {
  check_in_sandbox([](Bench& bench) {
    const int fd = bench.new_mount("tmpfs");
    EXPECT_EQ(write_file(bench.ctx, file_op(bench, fd, "a", "1")), 0);
    EXPECT_EQ(write_file(bench.ctx, file_op(bench, fd, "a", "2")), -EEXIST);
    EXPECT_EQ(content_at(fd, "a"), "1");
    ASSERT_EQ(::symlinkat("/etc/passwd", fd, "link"), 0);
    EXPECT_EQ(write_file(bench.ctx, file_op(bench, fd, "link", "2")), -EEXIST);
    EXPECT_EQ(write_file(bench.ctx, file_op(bench, fd, "/outside", "2")), -EXDEV);
    EXPECT_EQ(write_file(bench.ctx, file_op(bench, fd, "../outside", "2")), -EXDEV);
    EXPECT_EQ(write_file(bench.ctx, file_op(bench, fd, "missing/x", "2")), -ENOENT);
    EXPECT_FALSE(exists("/outside"));
  });
}

TEST_F(WriteFile, ReportsAFullMountAndASealedOne) {
  check_in_sandbox([](Bench& bench) {
    const int fd = bench.new_mount("tmpfs", {"size=4096", "nr_inodes=2"});
    EXPECT_EQ(write_file(bench.ctx, file_op(bench, fd, "a", std::string(4097, 'x'))), -ENOSPC);
    EXPECT_EQ(write_file(bench.ctx, file_op(bench, fd, "b", "x")), -ENOSPC);  // no inode left
    const int sealed = bench.new_mount("tmpfs");
    auto seal = bench.with_slot(sealed);
    seal.a = MOUNT_ATTR_RDONLY;
    ASSERT_EQ(set_attr(bench.ctx, seal), 0);
    EXPECT_EQ(write_file(bench.ctx, file_op(bench, sealed, "a", "x")), -EROFS);
  });
}

// As the plan has it: filled and sealed while nobody can see it, and only then attached.
TEST_F(WriteFile, IsReadableAndNotWritableWhereItIsAttached) {
  check_in_sandbox([](Bench& bench) {
    const int fd = bench.new_mount("tmpfs", {"mode=555", "size=4096", "nr_inodes=2"});
    ASSERT_EQ(write_file(bench.ctx, file_op(bench, fd, "a", "secret", 0400, 1000, 1000)), 0);
    auto op = bench.with_slot(fd, "/run/secrets", plan::image::kNoSymlinks);
    op.a = MOUNT_ATTR_RDONLY;
    ASSERT_EQ(set_attr(bench.ctx, op), 0);
    op.a = 0;
    ASSERT_EQ(attach(bench.ctx, op), 0);
    EXPECT_EQ(read_file(bench.at("run/secrets/a")), "secret");
    EXPECT_EQ(create_error(bench.at("run/secrets/b")), EROFS);
    EXPECT_EQ(::unlink(bench.at("run/secrets/a").c_str()), -1);
    EXPECT_EQ(::seteuid(1001), 0);
    EXPECT_EQ(read_file(bench.at("run/secrets/a")), "<error> Permission denied");
    EXPECT_EQ(::seteuid(0), 0);
    EXPECT_EQ(::seteuid(1000), 0);
    EXPECT_EQ(read_file(bench.at("run/secrets/a")), "secret");
  });
}

TEST_F(WriteFile, FailsWithoutAMountOrForAnOwnerThatIsNone) {
  check_in_sandbox([](Bench& bench) {
    EXPECT_EQ(write_file(bench.ctx, file_op(bench, 999, "a", "x")), -EBADF);
    const int fd = bench.new_mount("tmpfs");
    ASSERT_EQ(::unshare(CLONE_NEWUSER), 0);  // nothing is mapped
    EXPECT_LT(write_file(bench.ctx, file_op(bench, fd, "a", "x", 0400, 5, 5)), 0);
  });
}

}  // namespace
}  // namespace init
