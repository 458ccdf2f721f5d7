#include "plan/cgroup.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "harden/cpu_shares.h"
#include "harden/io_weight.h"
#include "plan/cgroup_convert.h"

namespace {

using kernel::CgroupMode;
using Lines = std::vector<std::string>;

kernel::CgroupLayout unified() {
  return {.mode = CgroupMode::kUnified,
          .v2_mount = "/sys/fs/cgroup",
          .own = {{"", "/user.slice/session-1.scope"}},
          .v2_controllers = {"cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma"}};
}

kernel::CgroupLayout v1() {
  kernel::CgroupLayout layout{.mode = CgroupMode::kV1};
  for (const char* name :
       {"blkio", "cpuset", "devices", "freezer", "hugetlb", "memory", "pids", "rdma", "name=systemd"}) {
    layout.v1_mounts[name] = std::string("/sys/fs/cgroup/") + name;
    layout.own[name] = "/";
  }
  for (const char* name : {"cpu", "cpuacct"}) layout.v1_mounts[name] = "/sys/fs/cgroup/cpu,cpuacct";
  for (const char* name : {"net_cls", "net_prio"}) layout.v1_mounts[name] = "/sys/fs/cgroup/net_cls,net_prio";
  layout.own["memory"] = "/jobs/7";
  return layout;
}

// As v1, with hugetlb in the v2 hierarchy.
kernel::CgroupLayout hybrid() {
  kernel::CgroupLayout layout = v1();
  layout.mode = CgroupMode::kHybrid;
  layout.v1_mounts.erase("hugetlb");
  layout.v2_mount = "/sys/fs/cgroup/unified";
  layout.own[""] = "/a/b";
  layout.v2_controllers = {"hugetlb"};
  return layout;
}

oci::Linux with(oci::Resources resources) {
  oci::Linux config;
  config.cgroups_path = "/pod/web1";
  config.resources = std::move(resources);
  return config;
}

// "controller file=value (because)" of each write that is not about devices; or the error.
Lines writes(const oci::Resources& resources, const kernel::CgroupLayout& layout) {
  const auto plan = plan::plan_cgroup(with(resources), "web1", layout);
  if (!plan) return {plan.error().message()};
  Lines out;
  for (const auto& write : plan->writes) {
    if (write.file.rfind("devices.", 0) == 0) continue;
    EXPECT_EQ(0u, write.because.rfind("/linux/resources/", 0)) << write.because;
    out.push_back(base::cat(write.controller, write.controller.empty() ? "" : " ", write.file, "=", write.value,
                            write.optional ? " ?" : ""));
  }
  return out;
}

oci::Resources memory(oci::Memory m) {
  oci::Resources out;
  out.memory = m;
  return out;
}
oci::Resources cpu(oci::Cpu c) {
  oci::Resources out;
  out.cpu = c;
  return out;
}

TEST(CgroupConvert, CpuWeight) {
  const std::vector<std::pair<std::uint64_t, std::optional<std::uint64_t>>> cases = {
      {0, std::nullopt}, {1, 1},       {2, 1},          {3, 2},          {10, 4},
      {100, 17},         {102, 17},    {256, 35},       {512, 59},       {1024, 100},
      {2048, 174},       {10240, 639}, {262143, 10000}, {262144, 10000}, {1000000, 10000}};
  for (const auto& [shares, weight] : cases) EXPECT_EQ(weight, harden::cpu_weight(shares)) << shares;
}

TEST(CgroupConvert, IoWeight) {
  EXPECT_EQ(1u, plan::io_weight(10));
  EXPECT_EQ(910u, plan::io_weight(100));
  EXPECT_EQ(10000u, plan::io_weight(1000));
}

// What a policy's ceiling makes of config.json's weight is no more than that once it is in io.weight, and nothing is lost.
TEST(CgroupConvert, IoWeightOfACeiling) {
  for (std::uint64_t ceiling = 10; ceiling <= 10000; ++ceiling) {
    for (const auto file : {harden::WeightFile::kIo, harden::WeightFile::kUnknown}) {
      const auto weight = harden::config_weight(ceiling, file);
      ASSERT_LE(plan::io_weight(weight), ceiling);
      ASSERT_TRUE(weight == 1000 || plan::io_weight(static_cast<std::uint16_t>(weight + 1)) > ceiling) << ceiling;
    }
    ASSERT_LE(harden::config_weight(ceiling, harden::WeightFile::kUnknown), harden::config_weight(ceiling, harden::WeightFile::kBfq)) << "whichever it is";
  }
}

TEST(CgroupMemory, V2) {
  EXPECT_EQ(Lines{"memory.max=268435456"}, writes(memory({.limit = 268435456}), unified()));
  EXPECT_EQ((Lines{"memory.swap.max=max ?", "memory.max=max"}), writes(memory({.limit = -1}), unified()));
  EXPECT_EQ(Lines{}, writes(memory({.limit = 0, .swap = 0}), unified()));
  EXPECT_EQ((Lines{"memory.swap.max=100", "memory.max=300", "memory.low=200"}),
            writes(memory({.limit = 300, .reservation = 200, .swap = 400}), unified()));
  EXPECT_EQ((Lines{"memory.swap.max=0 ?", "memory.max=300"}), writes(memory({.limit = 300, .swap = 300}), unified()));
  EXPECT_EQ((Lines{"memory.swap.max=max ?", "memory.max=300"}), writes(memory({.limit = 300, .swap = -1}), unified()));
  EXPECT_EQ((Lines{"memory.swap.max=500", "memory.max=max"}), writes(memory({.limit = -1, .swap = 500}), unified()));
  EXPECT_EQ(Lines{"/linux/resources/memory/swap: unable to set swap limit without memory limit"},
            writes(memory({.swap = 400}), unified()));
  EXPECT_EQ(Lines{"/linux/resources/memory/swap: memory+swap limit should be >= memory limit"},
            writes(memory({.limit = 300, .swap = 299}), unified()));
  EXPECT_EQ(Lines{"/linux/resources/memory/limit: want -1 or more, have -2"}, writes(memory({.limit = -2}), unified()));
}

TEST(CgroupMemory, V1) {
  EXPECT_EQ((Lines{"memory memory.limit_in_bytes=300", "memory memory.memsw.limit_in_bytes=400",
                   "memory memory.soft_limit_in_bytes=200"}),
            writes(memory({.limit = 300, .reservation = 200, .swap = 400}), v1()));
  EXPECT_EQ((Lines{"memory memory.limit_in_bytes=300", "memory memory.memsw.limit_in_bytes=-1 ?"}),
            writes(memory({.limit = 300, .swap = -1}), v1()));
  EXPECT_EQ((Lines{"memory memory.oom_control=1", "memory memory.swappiness=60"}),
            writes(memory({.swappiness = 60, .disable_oom_killer = true}), v1()));
  EXPECT_EQ(Lines{}, writes(memory({.swappiness = ~std::uint64_t{0}}), v1()));
  EXPECT_EQ(Lines{"/linux/resources/memory/swappiness: want 0..100, have 101"},
            writes(memory({.swappiness = 101}), v1()));
  EXPECT_EQ(Lines{"/linux/resources/memory/swap: unable to set swap limit without memory limit"},
            writes(memory({.swap = 400}), v1()));
}

TEST(CgroupMemory, WhatHasNoEffectIsNoted) {
  const auto plan = plan::plan_cgroup(
      with(memory({.kernel = 1, .kernel_tcp = 2, .swappiness = 60, .disable_oom_killer = true})), "w", unified());
  ASSERT_TRUE(plan.has_value());
  Lines pointers;
  for (const auto& note : plan->notes) pointers.push_back(note.pointer);
  EXPECT_EQ((Lines{"/linux/resources/memory/kernel", "/linux/resources/memory/kernelTCP",
                   "/linux/resources/memory/swappiness", "/linux/resources/memory/disableOOMKiller"}),
            pointers);
  EXPECT_TRUE(plan->writes.empty());
}

TEST(CgroupCpu, V2) {
  EXPECT_EQ((Lines{"cpu.weight=100", "cpu.max=50000 100000"}),
            writes(cpu({.shares = 1024, .quota = 50000}), unified()));
  EXPECT_EQ(Lines{"cpu.max=max 20000"}, writes(cpu({.period = 20000}), unified()));
  EXPECT_EQ(Lines{"cpu.max=max 20000"}, writes(cpu({.period = 20000, .quota = -1}), unified()));
  EXPECT_EQ(Lines{"cpu.max=max 100000"}, writes(cpu({.quota = -1}), unified()));
  EXPECT_EQ((Lines{"cpu.max=5 6", "cpu.max.burst=4"}), writes(cpu({.burst = 4, .period = 6, .quota = 5}), unified()));
  EXPECT_EQ((Lines{"cpu.weight=1", "cpu.idle=1"}), writes(cpu({.shares = 2, .idle = 1}), unified()));
  EXPECT_EQ(Lines{}, writes(cpu({.shares = 0, .realtime_period = 1000000, .realtime_runtime = 950000}), unified()));
  EXPECT_EQ((Lines{"cpuset.cpus=0-1", "cpuset.mems=0"}), writes(cpu({.cpus = "0-1", .mems = "0"}), unified()));
}

TEST(CgroupCpu, V1) {
  EXPECT_EQ((Lines{"cpu cpu.shares=512", "cpu cpu.cfs_period_us=6", "cpu cpu.cfs_quota_us=5", "cpu cpu.cfs_burst_us=4",
                   "cpu cpu.idle=1", "cpu cpu.rt_period_us=8", "cpu cpu.rt_runtime_us=7"}),
            writes(cpu({.shares = 512,
                        .burst = 4,
                        .period = 6,
                        .realtime_period = 8,
                        .quota = 5,
                        .realtime_runtime = 7,
                        .idle = 1}),
                   v1()));
  EXPECT_EQ((Lines{"cpuset cpuset.cpus=1", "cpuset cpuset.mems=0"}), writes(cpu({.cpus = "1", .mems = "0"}), v1()));
}

TEST(CgroupPids, AllVersions) {
  for (const auto& [limit, text] :
       std::vector<std::pair<std::int64_t, std::string>>{{512, "512"}, {0, "1"}, {-1, "max"}, {-7, "max"}}) {
    oci::Resources resources;
    resources.pids_limit = limit;
    EXPECT_EQ(Lines{"pids.max=" + text}, writes(resources, unified()));
    EXPECT_EQ(Lines{"pids pids.max=" + text}, writes(resources, v1()));
  }
}

oci::Resources block_io() {
  oci::Resources resources;
  resources.block_io = oci::BlockIo{.weight = 500,
                                    .weight_device = {{.major = 8, .minor = 16, .weight = 1000}},
                                    .throttle_read_bps = {{8, 0, 1048576}},
                                    .throttle_write_iops = {{8, 0, 0}}};
  return resources;
}

TEST(CgroupBlockIo, V2) {
  EXPECT_EQ((Lines{"io.bfq.weight=500", "io.bfq.weight=8:16 1000", "io.max=8:0 rbps=1048576", "io.max=8:0 wiops=max"}),
            writes(block_io(), unified()));
  const auto plan = plan::plan_cgroup(with(block_io()), "w", unified());
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ("io.weight", plan->writes[0].fallback_file);
  EXPECT_EQ("4950", plan->writes[0].fallback_value);
  EXPECT_EQ("8:16 10000", plan->writes[1].fallback_value);
  EXPECT_EQ("/linux/resources/blockIO/throttleReadBpsDevice/0", plan->writes[2].because);
}

TEST(CgroupBlockIo, V1) {
  EXPECT_EQ((Lines{"blkio blkio.weight=500", "blkio blkio.weight_device=8:16 1000",
                   "blkio blkio.throttle.read_bps_device=8:0 1048576", "blkio blkio.throttle.write_iops_device=8:0 0"}),
            writes(block_io(), v1()));
  oci::Resources resources;
  resources.block_io = oci::BlockIo{.weight = 9};
  EXPECT_EQ(Lines{"/linux/resources/blockIO/weight: want 10..1000, have 9"}, writes(resources, v1()));
}

TEST(CgroupHugepages, EachVersion) {
  oci::Resources resources;
  resources.hugepage_limits = {{"2MB", 4194304}};
  EXPECT_EQ((Lines{"hugetlb.2MB.max=4194304", "hugetlb.2MB.rsvd.max=4194304 ?"}), writes(resources, unified()));
  EXPECT_EQ((Lines{"hugetlb hugetlb.2MB.limit_in_bytes=4194304", "hugetlb hugetlb.2MB.rsvd.limit_in_bytes=4194304 ?"}),
            writes(resources, v1()));
  EXPECT_EQ((Lines{"hugetlb.2MB.max=4194304", "hugetlb.2MB.rsvd.max=4194304 ?"}), writes(resources, hybrid()));
  for (const char* bad : {"", "2", "02MB", "2TB", "MB", "2MB/../x", "2mb", "2MBx"}) {
    resources.hugepage_limits = {{bad, 1}};
    EXPECT_EQ(0u, writes(resources, v1()).at(0).find("/linux/resources/hugepageLimits/0/pageSize: want")) << bad;
  }
}

TEST(CgroupNetwork, OnlyV1HasIt) {
  oci::Resources resources;
  resources.network = oci::Network{.class_id = 1048577, .priorities = {{"eth0", 5}}};
  EXPECT_EQ((Lines{"net_cls net_cls.classid=1048577", "net_prio net_prio.ifpriomap=eth0 5"}), writes(resources, v1()));
  EXPECT_EQ(Lines{}, writes(resources, unified()));
  resources.network->priorities = {{"eth0 1\n", 5}};
  EXPECT_EQ(0u, writes(resources, v1()).at(0).find("/linux/resources/network/priorities/0/name: not an interface"));
}

TEST(CgroupRdma, EachVersion) {
  oci::Resources resources;
  resources.rdma = {
      {"mlx5_1", {.hca_handles = 3, .hca_objects = 10000}}, {"mlx5_2", {.hca_objects = 1}}, {"mlx5_3", {}}};
  EXPECT_EQ((Lines{"rdma.max=mlx5_1 hca_handle=3 hca_object=10000", "rdma.max=mlx5_2 hca_object=1"}),
            writes(resources, unified()));
  EXPECT_EQ((Lines{"rdma rdma.max=mlx5_1 hca_handle=3 hca_object=10000", "rdma rdma.max=mlx5_2 hca_object=1"}),
            writes(resources, v1()));
}

TEST(CgroupUnified, WinsAndComesLineByLine) {
  oci::Resources resources = memory({.limit = 300});
  resources.unified = {{"memory.max", "400"}, {"io.max", "8:0 rbps=1\n8:16 wbps=2\n"}, {"cgroup.max.depth", "4"}};
  EXPECT_EQ(
      (Lines{"memory.max=300", "memory.max=400", "io.max=8:0 rbps=1", "io.max=8:16 wbps=2", "cgroup.max.depth=4"}),
      writes(resources, unified()));
  EXPECT_EQ(Lines{"/linux/resources/unified: cannot set unified resources on cgroup v1"}, writes(resources, v1()));
  EXPECT_EQ(Lines{"/linux/resources/unified: cannot set unified resources on cgroup v1"}, writes(resources, hybrid()));
}

TEST(CgroupUnified, KeysCannotReachOtherFiles) {
  for (const char* key :
       {"", "memory", "../memory.max", "memory/../x.y", "memory..max", ".max", "memory.", "memory.max\n",
        "cgroup.procs", "cgroup.threads", "cgroup.kill", "cgroup.freeze", "cgroup.subtree_control", "cgroup.type"}) {
    oci::Resources resources;
    resources.unified = {{key, "1"}};
    const auto plan = plan::plan_cgroup(with(resources), "w", unified());
    ASSERT_FALSE(plan.has_value()) << key;
    EXPECT_EQ(base::Kind::kConfig, plan.error().kind()) << key;
  }
  oci::Resources resources;
  resources.unified = {{"misc.max", "1"}};
  EXPECT_EQ(
      Lines{"/linux/resources/unified/misc.max: unified resource \"misc.max\" can't be set: controller \"misc\" not "
            "available"},
      writes(resources, unified()));
}

TEST(CgroupPath, AbsoluteIsBelowEveryMount) {
  const auto plan = plan::plan_cgroup(with({}), "w", hybrid());
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ("/pod/web1", plan->path);
  EXPECT_EQ(CgroupMode::kHybrid, plan->mode);
  EXPECT_EQ("/sys/fs/cgroup/unified/pod/web1", plan->directories.at(""));
  EXPECT_EQ("/sys/fs/cgroup/memory/pod/web1", plan->directories.at("memory"));
  EXPECT_EQ(plan->directories.at("cpu"), plan->directories.at("cpuacct"));
  // One entry for cpu and cpuacct, and for net_cls and net_prio.
  EXPECT_EQ(hybrid().v1_mounts.size() - 2 + 1, plan->hierarchies.size());
  EXPECT_TRUE(plan->v2_enable.empty());
  EXPECT_TRUE(plan->device_program.empty()) << "v1 writes do it";
}

TEST(CgroupPath, RelativeStartsAtOwnCgroup) {
  oci::Linux config;
  const auto v2_plan = plan::plan_cgroup(config, "web1", unified());
  ASSERT_TRUE(v2_plan.has_value());
  EXPECT_EQ("/sys/fs/cgroup/user.slice/web1", v2_plan->directories.at("")) << "beside, as this cgroup has processes";
  EXPECT_EQ(unified().v2_controllers, v2_plan->v2_enable);
  EXPECT_FALSE(v2_plan->device_program.empty()) << "default deny without any resources";
  config.cgroups_path = "a/../b//c/.";
  const auto v1_plan = plan::plan_cgroup(config, "web1", v1());
  ASSERT_TRUE(v1_plan.has_value());
  EXPECT_EQ("/sys/fs/cgroup/memory/jobs/7/b/c", v1_plan->directories.at("memory"));
  EXPECT_EQ("/sys/fs/cgroup/pids/b/c", v1_plan->directories.at("pids"));
}

TEST(CgroupPath, CleanedAsText) {
  const auto clean = [](const std::string& path) {
    const auto result = plan::clean_cgroup_path(path);
    return result ? *result : result.error().message();
  };
  EXPECT_EQ("a/b", clean("/a/b"));
  EXPECT_EQ("b", clean("/../../a/../b/"));
  EXPECT_EQ("b", clean("../b"));
  EXPECT_EQ("/linux/cgroupsPath: want a cgroup below the root, have \"/\"", clean("/"));
  EXPECT_EQ("/linux/cgroupsPath: want a cgroup below the root, have \"a/..\"", clean("a/.."));
  EXPECT_EQ("/linux/cgroupsPath: control character in \"/a\\nb\"", clean("/a\nb"));
  EXPECT_EQ("/linux/cgroupsPath: name of more than 255 bytes", clean("/" + std::string(256, 'x')));
  EXPECT_EQ(std::string(255, 'x'), clean("/" + std::string(255, 'x')));
  EXPECT_EQ("/linux/cgroupsPath: want at most 4000 bytes, have 4096", clean(std::string(4096, '/')));
}

TEST(CgroupPath, SystemdFormIsRefused) {
  oci::Linux config;
  config.cgroups_path = "system.slice:docker:web1";
  const auto plan = plan::plan_cgroup(config, "web1", unified());
  ASSERT_FALSE(plan.has_value());
  EXPECT_EQ(base::Kind::kUnsupported, plan.error().kind());
  EXPECT_EQ(0u, plan.error().message().find("/linux/cgroupsPath: the systemd cgroup driver is not supported yet"));
}

TEST(CgroupMissing, ALimitWithoutItsControllerIsRefused) {
  kernel::CgroupLayout layout = unified();
  layout.v2_controllers = {"cpu"};
  EXPECT_EQ(Lines{"/linux/resources/memory: no \"memory\" cgroup controller on this host"},
            writes(memory({.limit = 300}), layout));
  EXPECT_EQ(Lines{}, writes(memory({.limit = 0}), layout)) << "nothing is asked for";
  kernel::CgroupLayout no_devices = v1();
  no_devices.v1_mounts.erase("devices");
  EXPECT_FALSE(plan::plan_cgroup(with({}), "w", no_devices).has_value());
  kernel::CgroupLayout hybrid_devices = hybrid();
  hybrid_devices.v1_mounts.erase("devices");
  const auto plan = plan::plan_cgroup(with({}), "w", hybrid_devices);
  ASSERT_TRUE(plan.has_value());
  EXPECT_FALSE(plan->device_program.empty()) << "v2 takes over";
}

TEST(CgroupMissing, WithoutAnyHierarchy) {
  oci::Linux config;
  const auto plan = plan::plan_cgroup(config, "w", {});
  ASSERT_TRUE(plan.has_value());
  EXPECT_TRUE(plan->hierarchies.empty() && plan->writes.empty() && plan->device_program.empty());
  EXPECT_FALSE(plan::plan_cgroup(with({}), "w", {}).has_value()) << "an explicit path";
  config.resources.emplace().pids_limit = 5;
  EXPECT_FALSE(plan::plan_cgroup(config, "w", {}).has_value()) << "a limit";
}

}  // namespace
