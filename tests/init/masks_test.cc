// mask, readonly_path, and what verify_mask says of them.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "tests/init/sandbox.h"

namespace init {
namespace {

// The op for one path; all of them share the two sources, as in a plan.
class Masks {
 public:
  explicit Masks(Bench& bench) : bench_(bench) {
    null_ = bench.add_slot(clone_of("/dev/null"));
    directory_ = bench.add_slot(bench.new_mount("tmpfs", {"mode=755"}, MOUNT_ATTR_RDONLY));
  }
  long operator()(const std::string& path) {
    auto op = bench_.op(path);
    op.slot = null_;
    op.a = static_cast<std::uint64_t>(directory_);
    return mask(bench_.ctx, op);
  }
  long verify(const std::string& path) {
    auto op = bench_.op(path);
    op.slot = directory_;
    bench_.ctx.detail = 0;
    return verify_mask(bench_.ctx, op);
  }
  // What covers directories.
  int directory() const { return bench_.ctx.fd(directory_); }

 private:
  Bench& bench_;
  int null_, directory_;
};

void expect_null(const std::string& path) {
  struct stat info {};
  ASSERT_EQ(::lstat(path.c_str(), &info), 0) << path;
  EXPECT_TRUE(S_ISCHR(info.st_mode)) << path;
  EXPECT_EQ(info.st_rdev, makedev(1, 3)) << path;
  EXPECT_EQ(read_file(path), "") << path;
}

void expect_empty_read_only(const std::string& path) {
  EXPECT_TRUE(std::filesystem::is_directory(path)) << path;
  EXPECT_TRUE(std::filesystem::is_empty(path)) << path;
  EXPECT_EQ(create_error(path + "/new"), EROFS) << path;
}

using Mask = InitTest;

TEST_F(Mask, CoversFilesAndDirectories) {
  check_in_sandbox([](Bench& bench) {
    Masks mask(bench);
    for (const char* name : {"dir1", "dir2", "dir3"}) {
      make_dir_at(bench.at(name));
      write_file(bench.at(std::string(name) + "/secret"), "secret");
      ASSERT_EQ(mask(name), 0) << name;  // the first moves the mount, the others clone it
      expect_empty_read_only(bench.at(name));
      EXPECT_EQ(mask.verify(name), 0) << name;
    }
    for (const char* name : {"file1", "file2", "file3"}) {
      write_file(bench.at(name), "secret");
      ASSERT_EQ(mask(name), 0) << name;
      expect_null(bench.at(name));
      EXPECT_EQ(mask.verify(name), 0) << name;
    }
    expect_empty_read_only(bench.at("dir1"));
    expect_null(bench.at("file1"));
  });
}

TEST_F(Mask, OfAMissingPathIsNothing) {
  check_in_sandbox([](Bench& bench) {
    Masks mask(bench);
    write_file(bench.at("file"), "");
    EXPECT_EQ(mask("/missing"), 0);
    EXPECT_EQ(mask("/missing/too"), 0);
    EXPECT_EQ(mask("/file/below"), 0);
    EXPECT_FALSE(exists(bench.at("missing")));
    EXPECT_EQ(mask.verify("/missing"), 0);
    EXPECT_EQ(mask.verify("/file/below"), 0);
  });
}

TEST_F(Mask, FollowsLinksWithinTheRootOnly) {
  check_in_sandbox([](Bench& bench) {
    Masks mask(bench);
    make_dir_at(bench.at("etc"));
    write_file(bench.at("etc/shadow"), "secret");
    link_at("/etc/shadow", bench.at("link"));
    struct stat before {
    }, after{};
    ASSERT_EQ(::stat("/etc/passwd", &before), 0);
    link_at("/etc/passwd", bench.at("host"));
    EXPECT_EQ(mask("/link"), 0);
    expect_null(bench.at("etc/shadow"));
    EXPECT_EQ(mask("/host"), 0);  // there is no such file in the root
    ASSERT_EQ(::stat("/etc/passwd", &after), 0);
    EXPECT_EQ(before.st_ino, after.st_ino);
  });
}

TEST_F(Mask, AnyOtherFailureIsFatal) {
  check_in_sandbox([](Bench& bench) {
    Masks mask(bench);
    link_at("loop", bench.at("loop"));
    EXPECT_EQ(mask("/loop"), -ELOOP);
    write_file(bench.at("file"), "secret");
    auto op = bench.op("/file");  // no source
    EXPECT_LT(init::mask(bench.ctx, op), 0);
    EXPECT_EQ(read_file(bench.at("file")), "secret");
  });
}

TEST_F(Mask, VerificationSeesWhatIsNotMasked) {
  check_in_sandbox([](Bench& bench) {
    Masks mask(bench);
    write_file(bench.at("file"), "secret");
    for (const char* name : {"dir", "other", "writable"}) make_dir_at(bench.at(name));
    ASSERT_EQ(::mknod(bench.at("zero").c_str(), S_IFCHR | 0666, makedev(1, 5)), 0);
    ASSERT_EQ(::mount("tmpfs", bench.at("other").c_str(), "tmpfs", MS_RDONLY, nullptr), 0);  // as empty, but of somebody else
    auto rw = bench.with_slot(mask.directory());
    rw.b = MOUNT_ATTR_RDONLY;
    ASSERT_EQ(set_attr(bench.ctx, rw), 0);
    ASSERT_EQ(mask("writable"), 0);
    for (const char* name : {"file", "dir", "other", "writable", "zero"}) {
      EXPECT_EQ(mask.verify(name), -EPERM) << name;
      EXPECT_EQ(bench.ctx.detail, kMismatch) << name;
    }
    auto without = bench.op("dir");  // no file system that masks: nothing can be masked
    expect_mismatch(bench, verify_mask(bench.ctx, without));
  });
}

using ReadonlyPath = InitTest;

long make_readonly(Bench& bench, const std::string& path) { return readonly_path(bench.ctx, bench.op(path)); }

TEST_F(ReadonlyPath, KeepsTheContentAndRefusesWrites) {
  check_in_sandbox([](Bench& bench) {
    make_dir_at(bench.at("dir"));
    write_file(bench.at("dir/file"), "content");
    ASSERT_EQ(make_readonly(bench, "/dir"), 0);
    EXPECT_EQ(read_file(bench.at("dir/file")), "content");
    EXPECT_EQ(create_error(bench.at("dir/new")), EROFS);
    EXPECT_EQ(::open(bench.at("dir/file").c_str(), O_WRONLY), -1);
    EXPECT_EQ(errno, EROFS);
    EXPECT_EQ(create_error(bench.at("beside")), 0);
  });
}

TEST_F(ReadonlyPath, ReachesFilesAndMountsBelow) {
  check_in_sandbox([](Bench& bench) {
    write_file(bench.at("file"), "content");
    ASSERT_EQ(make_readonly(bench, "/file"), 0);
    EXPECT_EQ(::open(bench.at("file").c_str(), O_WRONLY), -1);
    EXPECT_EQ(errno, EROFS);
    make_dir_at(bench.at("dir"));
    make_dir_at(bench.at("dir/sub"));
    ASSERT_EQ(::mount("tmpfs", bench.at("dir/sub").c_str(), "tmpfs", 0, nullptr), 0);
    ASSERT_EQ(make_readonly(bench, "/dir"), 0);
    EXPECT_EQ(create_error(bench.at("dir/sub/new")), EROFS);
  });
}

TEST_F(ReadonlyPath, FollowsLinksWithinTheRootOnly) {
  check_in_sandbox([this](Bench& bench) {
    link_at("/tmp", bench.at("link"));
    make_dir_at(bench.at("tmp"));
    ASSERT_EQ(make_readonly(bench, "/link"), 0);
    EXPECT_EQ(create_error(bench.at("tmp/new")), EROFS);
    const std::string outside = dir_ + "-outside";
    EXPECT_EQ(create_error(outside), 0);
    ::unlink(outside.c_str());
  });
}

TEST_F(ReadonlyPath, OfAMissingPathIsNothing) {
  check_in_sandbox([](Bench& bench) {
    write_file(bench.at("file"), "");
    link_at("loop", bench.at("loop"));
    EXPECT_EQ(make_readonly(bench, "/missing"), 0);
    EXPECT_EQ(make_readonly(bench, "/file/below"), 0);
    EXPECT_EQ(make_readonly(bench, "/loop"), -ELOOP);
    EXPECT_FALSE(exists(bench.at("missing")));
  });
}

}  // namespace
}  // namespace init
