// Which files for the speed of disks a host has, told by a hierarchy and a sysfs made up in a directory.
#include "kernel/io_control.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace {

namespace fs = std::filesystem;

class IoControl : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/ioXXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    top = name;
    fs::create_directories(top / "cgroup");
    fs::create_directories(top / "sys/block");
  }
  void TearDown() override { fs::remove_all(top); }

  void file(const fs::path& path, const std::string& text = "") {
    fs::create_directories((top / path).parent_path());
    std::ofstream(top / path) << text;
  }
  kernel::CgroupLayout v1() {
    kernel::CgroupLayout out;
    out.mode = kernel::CgroupMode::kV1;
    out.v1_mounts["blkio"] = top / "cgroup";
    out.own["blkio"] = "/";
    return out;
  }
  kernel::CgroupLayout v2() {
    kernel::CgroupLayout out;
    out.mode = kernel::CgroupMode::kUnified;
    out.v2_mount = top / "cgroup";
    out.own[""] = "/a/b";
    out.v2_controllers = {"cpu", "io"};
    return out;
  }
  kernel::IoFiles files(const kernel::CgroupLayout& layout) { return kernel::probe_io_files(layout, top / "sys"); }

  fs::path top;
};

TEST_F(IoControl, TheRootOfV1TellsOfThoseBelow) {
  file("cgroup/tasks");
  EXPECT_EQ(files(v1()).weight, "");
  EXPECT_NE(files(v1()).weight_unable, "");
  EXPECT_NE(files(v1()).max_unable, "");
  file("cgroup/blkio.bfq.io_service_bytes");
  file("cgroup/blkio.throttle.read_bps_device");
  EXPECT_EQ(files(v1()).weight, "blkio.bfq.weight");
  EXPECT_EQ(files(v1()).weight_unable, "");
  EXPECT_EQ(files(v1()).max_unable, "");
  file("cgroup/some/blkio.weight");
  EXPECT_EQ(files(v1()).weight, "blkio.weight");
}

TEST_F(IoControl, OneCgroupOfV2WithTheControllerTells) {
  file("cgroup/a/cgroup.type");
  file("cgroup/a/b/cgroup.type");
  file("cgroup/a/b/io.stat");
  EXPECT_NE(files(v2()).weight_unable, "");
  EXPECT_NE(files(v2()).max_unable, "");
  file("cgroup/a/b/io.weight");
  file("cgroup/a/b/io.max");
  EXPECT_EQ(files(v2()).weight, "io.weight");
  EXPECT_EQ(files(v2()).weight_unable, "");
  EXPECT_EQ(files(v2()).max_unable, "");
  file("cgroup/a/b/io.bfq.weight");
  EXPECT_EQ(files(v2()).weight, "io.bfq.weight") << "the one that is written";
}

TEST_F(IoControl, WhatNoCgroupTellsIsTakenForPossible) {
  file("cgroup/io.stat");  // the root has it, too
  file("cgroup/a/cgroup.type");
  EXPECT_NE(files(v2()).weight_unable, "") << "no scheduler has weights";
  EXPECT_EQ(files(v2()).max_unable, "");
  file("sys/block/sda/queue/scheduler", "[none] mq-deadline bfq\n");
  EXPECT_EQ(files(v2()).weight, "io.bfq.weight");
  file("cgroup/io.cost.qos");
  EXPECT_EQ(files(v2()).weight, "") << "either";
  EXPECT_EQ(files(v2()).weight_unable, "");
}

TEST_F(IoControl, WithoutAControllerThereIsNothing) {
  auto layout = v2();
  layout.v2_controllers = {"cpu"};
  EXPECT_NE(files(layout).weight_unable, "");
  EXPECT_NE(files(layout).max_unable, "");
  EXPECT_NE(files({}).max_unable, "");
}

TEST_F(IoControl, Disks) {
  file("sys/block/sda/dev", "8:0\n");
  file("sys/block/sda/size", "5000\n");
  file("sys/block/loop0/dev", "7:0\n");
  file("sys/block/loop0/size", "0\n");
  file("sys/block/hidden/size", "5000\n");  // as those of a multipath NVMe disk
  file("sys/dev/block/8:0/dev");
  file("sys/dev/block/7:0/dev");
  file("sys/dev/block/8:1/partition", "1\n");
  using Disks = std::map<std::string, std::string>;
  EXPECT_EQ(kernel::probe_disks({}, top / "sys"), (Disks{{"8:0", ""}}));
  const auto all = kernel::probe_disks({"7:0", "8:1", "8:0", "9:9"}, top / "sys");
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all.at("7:0"), "") << "no medium is in it yet";
  EXPECT_NE(all.at("8:1"), "");
}

}  // namespace
