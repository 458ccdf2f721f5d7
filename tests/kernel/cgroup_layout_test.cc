#include "kernel/cgroup_layout.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "kernel/file.h"

namespace {

using kernel::CgroupMode;

constexpr const char* kHybridOwn =
    "4:memory:/jobs/7\n"
    "3:cpu,cpuacct:/\n"
    "2:perf_event:/not/mounted\n"
    "1:name=systemd:/\n"
    "0::/user.slice\n";
constexpr const char* kHybridMounts =
    "23 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 master:2 - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 / /sys/fs/cgroup/memory ro,relatime shared:10 - cgroup cgroup rw,memory\n"
    "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/lib/x,name=systemd\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n"
    "42 23 0:38 / /other rw,relatime - cgroup2 cgroup2 rw\n";

kernel::CgroupLayout layout(const char* own, const char* mounts) {
  return kernel::make_cgroup_layout(kernel::parse_proc_cgroup(own), kernel::parse_mountinfo_cgroups(mounts));
}

TEST(CgroupLayout, ProcCgroup) {
  const auto lines = kernel::parse_proc_cgroup(kHybridOwn);
  ASSERT_EQ(5u, lines.size());
  EXPECT_EQ((std::vector<std::string>{"cpu", "cpuacct"}), lines[1].controllers);
  EXPECT_EQ((std::vector<std::string>{"name=systemd"}), lines[3].controllers);
  EXPECT_TRUE(lines[4].controllers.empty());
  EXPECT_EQ("/user.slice", lines[4].path);
  EXPECT_EQ("/a:b:c", kernel::parse_proc_cgroup("0::/a:b:c\n").at(0).path) << "the path may have colons";
  EXPECT_TRUE(kernel::parse_proc_cgroup("").empty());
  EXPECT_TRUE(kernel::parse_proc_cgroup("garbage\n\n0:x\n").empty());
}

TEST(CgroupLayout, Mountinfo) {
  const auto mounts = kernel::parse_mountinfo_cgroups(kHybridMounts);
  ASSERT_EQ(5u, mounts.size());
  EXPECT_EQ((std::vector<std::string>{"cpu", "cpuacct"}), mounts[0].controllers);
  EXPECT_EQ((std::vector<std::string>{"name=systemd"}), mounts[2].controllers);
  EXPECT_TRUE(mounts[3].v2);
  EXPECT_TRUE(kernel::parse_mountinfo_cgroups("1 2 3\n- cgroup cgroup rw\n\n1 2 0:1 / /x rw - cgroup\n").empty());
}

TEST(CgroupLayout, MountinfoEscapes) {
  const auto mounts = kernel::parse_mountinfo_cgroups(
      "1 2 0:3 /a\\134b /mnt/with\\040space\\011tab\\012line rw - cgroup2 none rw\n"
      "1 2 0:3 / /odd\\9\\04\\777 rw - cgroup2 none rw\n");
  ASSERT_EQ(2u, mounts.size());
  EXPECT_EQ("/a\\b", mounts[0].root);
  EXPECT_EQ("/mnt/with space\ttab\nline", mounts[0].point);
  EXPECT_EQ("/odd\\9\\04\\777", mounts[1].point) << "not an escape";
}

TEST(CgroupLayout, Hybrid) {
  const auto got = layout(kHybridOwn, kHybridMounts);
  EXPECT_EQ(CgroupMode::kHybrid, got.mode);
  EXPECT_EQ("/sys/fs/cgroup/unified", got.v2_mount) << "the first of two";
  EXPECT_EQ((std::map<std::string, std::string>{{"cpu", "/sys/fs/cgroup/cpu,cpuacct"},
                                                {"cpuacct", "/sys/fs/cgroup/cpu,cpuacct"},
                                                {"memory", "/sys/fs/cgroup/memory"},
                                                {"name=systemd", "/sys/fs/cgroup/systemd"}}),
            got.v1_mounts);
  EXPECT_EQ("/jobs/7", got.own.at("memory"));
  EXPECT_EQ("/user.slice", got.own.at(""));
}

TEST(CgroupLayout, Modes) {
  const char* v2 = "41 31 0:38 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n";
  const char* v1 = "35 31 0:32 / /cg/memory rw - cgroup cgroup rw,memory\n";
  EXPECT_EQ(CgroupMode::kUnified, layout("0::/\n", v2).mode);
  EXPECT_EQ(CgroupMode::kV1, layout("4:memory:/\n0::/\n", v1).mode) << "v2 exists, but is not mounted";
  EXPECT_EQ(CgroupMode::kNone, layout("0::/\n", "").mode);
  EXPECT_EQ(CgroupMode::kNone, layout("", v2).mode);
}

TEST(CgroupLayout, OwnIsRelativeToTheMount) {
  const char* bound = "41 31 0:38 /docker/abc /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n";
  EXPECT_EQ("/", layout("0::/docker/abc\n", bound).own.at(""));
  EXPECT_EQ("/x", layout("0::/docker/abc/x\n", bound).own.at(""));
  EXPECT_EQ("/", layout("0::/docker/abcd\n", bound).own.at("")) << "not below";
  const char* whole = "41 31 0:38 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n";
  EXPECT_EQ("/", layout("0::/../other\n", whole).own.at("")) << "outside of the cgroup namespace";
}

// The short cut finds what the mount table says.
TEST(CgroupLayout, ProbeAgreesWithTheMountTable) {
  const auto own = kernel::read_file_at(AT_FDCWD, "/proc/self/cgroup", 1 << 20);
  const auto mounts = kernel::read_file_at(AT_FDCWD, "/proc/self/mountinfo", 1 << 20);
  ASSERT_TRUE(own.has_value() && mounts.has_value());
  const auto want = layout(own->c_str(), mounts->c_str());
  const auto got = kernel::probe_cgroup_layout();
  ASSERT_TRUE(got.has_value()) << got.error().message();
  EXPECT_EQ(want.mode, got->mode);
  EXPECT_EQ(want.v1_mounts, got->v1_mounts);
  EXPECT_EQ(want.v2_mount, got->v2_mount);
  EXPECT_EQ(want.own, got->own);
  for (const auto& name : got->v2_controllers) EXPECT_EQ(std::string::npos, name.find_first_of(" \n")) << name;
}

}  // namespace
