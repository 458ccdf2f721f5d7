// verify_mount and verify_cwd; the other verifications are tested with the ops that they verify.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

#include "tests/init/sandbox.h"

namespace init {
namespace {

constexpr std::uint64_t kTmpfs = 0x01021994, kProc = 0x9fa0;

long verify(Bench& bench, const std::string& path, std::uint64_t flags, std::uint64_t type = 0, unsigned op_flags = 0) {
  auto op = bench.op(path);
  op.a = flags;
  op.b = type;
  op.flags = static_cast<std::uint16_t>(op_flags);
  bench.ctx.detail = 0;
  return verify_mount(bench.ctx, op);
}

using VerifyMount = InitTest;

TEST_F(VerifyMount, ComparesFlagsAndType) {
  check_in_sandbox([](Bench& bench) {
    auto op = bench.with_slot(bench.new_mount("tmpfs", {}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV), "/data");
    ASSERT_EQ(attach(bench.ctx, op), 0);
    EXPECT_EQ(verify(bench, "/data", ST_NOSUID | ST_NODEV, kTmpfs), 0);
    EXPECT_EQ(verify(bench, "/data", ST_NOSUID), 0);
    EXPECT_EQ(verify(bench, "/data", 0), 0);
    expect_mismatch(bench, verify(bench, "/data", ST_NOEXEC, kTmpfs));
    expect_mismatch(bench, verify(bench, "/data", ST_NOSUID | ST_RDONLY, kTmpfs));
    expect_mismatch(bench, verify(bench, "/data", ST_NOSUID, kProc));
    expect_mismatch(bench, verify(bench, "/", ST_NOSUID));
  });
}

TEST_F(VerifyMount, SeesWhatWasMountedOverIt) {
  check_in_sandbox([](Bench& bench) {
    ASSERT_EQ(attach(bench.ctx, bench.with_slot(bench.new_mount("tmpfs", {}, MOUNT_ATTR_RDONLY), "/data")), 0);
    ASSERT_EQ(verify(bench, "/data", ST_RDONLY), 0);
    ASSERT_EQ(::mount("tmpfs", bench.at("data").c_str(), "tmpfs", 0, nullptr), 0);
    expect_mismatch(bench, verify(bench, "/data", ST_RDONLY));
  });
}

TEST_F(VerifyMount, ToleratesAMissingPathOnlyIfTold) {
  check_in_sandbox([](Bench& bench) {
    EXPECT_EQ(verify(bench, "/missing", ST_RDONLY), -ENOENT);
    EXPECT_EQ(verify(bench, "/missing", ST_RDONLY, 0, plan::image::kSkipMissing), 0);
    link_at("loop", bench.at("loop"));
    EXPECT_EQ(verify(bench, "/loop", ST_RDONLY, 0, plan::image::kSkipMissing), -ELOOP);
  });
}

TEST_F(VerifyMount, ToleratesWhatTheUserCannotReach) {
  check_in_sandbox([](Bench& bench) {
    make_dir_at(bench.at("private"), 0700);
    make_dir_at(bench.at("private/data"));
    expect_mismatch(bench, verify(bench, "/private/data", ST_RDONLY));
    ASSERT_EQ(::setresuid(1234, 1234, 1234), 0);
    EXPECT_EQ(verify(bench, "/private/data", ST_RDONLY), 0);
  });
}

using VerifyCwd = InitTest;

TEST_F(VerifyCwd, AcceptsADirectoryBelowTheRoot) {
  check_in_sandbox([](Bench& bench) {
    ASSERT_EQ(::chdir(bench.root_path.c_str()), 0);
    EXPECT_EQ(verify_cwd(bench.ctx, bench.op()), 0);
  });
}

// CVE-2024-21626.
TEST_F(VerifyCwd, SeesADirectoryOfTheHost) {
  check_in_sandbox([](Bench& bench) {
    ASSERT_EQ(::chdir("/usr"), 0);
    ASSERT_EQ(::chroot(bench.root_path.c_str()), 0);
    expect_mismatch(bench, verify_cwd(bench.ctx, bench.op()));
  });
  check_in_sandbox([](Bench& bench) {
    ASSERT_EQ(::chdir("/usr"), 0);
    const int usr = ::open("/usr", O_PATH | O_DIRECTORY);
    auto op = bench.with_slot(clone_of(bench.root_path, true));
    op.kind = plan::image::OpKind::kPivot;
    ASSERT_EQ(pivot(bench.ctx, op), 0);
    ASSERT_EQ(verify_cwd(bench.ctx, bench.op()), 0);
    ASSERT_EQ(::fchdir(usr), 0);
    expect_mismatch(bench, verify_cwd(bench.ctx, bench.op()));
  });
}

TEST_F(VerifyCwd, OfADeletedDirectoryFails) {
  check_in_sandbox([](Bench& bench) {
    make_dir_at(bench.at("gone"));
    ASSERT_EQ(::chdir(bench.at("gone").c_str()), 0);
    ASSERT_EQ(::rmdir(bench.at("gone").c_str()), 0);
    EXPECT_EQ(verify_cwd(bench.ctx, bench.op()), -ENOENT);
  });
}

}  // namespace
}  // namespace init
