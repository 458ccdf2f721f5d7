#include <gtest/gtest.h>

#include "base/text.h"
#include "oci/read.h"

namespace {

oci::Resources read(std::string_view text) {
  auto resources = oci::read_resources(text);
  EXPECT_TRUE(resources.has_value()) << resources.error().message();
  return resources.has_value() ? std::move(resources).value() : oci::Resources{};
}

std::string refusal(std::string_view text) {
  const auto resources = oci::read_resources(text);
  return resources.has_value() ? "" : resources.error().message();
}

TEST(ReadResources, Devices) {
  const auto rules = read(R"({"devices":[{"allow":false,"access":"rwm"},
      {"allow":true,"type":"c","major":10,"minor":-1,"access":"rw"}]})")
                         .devices;
  ASSERT_EQ(rules.size(), 2U);
  EXPECT_FALSE(rules[0].allow);
  EXPECT_EQ(rules[0].type, 'a');
  EXPECT_FALSE(rules[0].major.has_value());
  EXPECT_TRUE(rules[1].allow);
  EXPECT_EQ(rules[1].type, 'c');
  EXPECT_EQ(rules[1].major, 10);
  EXPECT_EQ(rules[1].minor, -1);
  EXPECT_EQ(rules[1].access, "rw");
  EXPECT_EQ(refusal(R"({"devices":[{"allow":true,"access":"x"}]})"),
            "resources: /devices/0/access: want some of rwm, have \"x\"");
  EXPECT_EQ(refusal(R"({"devices":[{"allow":true,"access":""}]})"),
            "resources: /devices/0/access: want some of rwm, have \"\"");
  EXPECT_EQ(refusal(R"({"devices":[{"allow":true}]})"), "resources: /devices/0/access: want some of rwm, have nothing");
  EXPECT_EQ(refusal(R"({"devices":[{"access":"r"}]})"),
            "resources: /devices/0/allow: want true or false, have nothing");
  EXPECT_EQ(refusal(R"({"devices":[{"allow":true,"type":"u","access":"r"}]})"),
            "resources: /devices/0/type: want one of a, c, b, have \"u\"");
  EXPECT_EQ(refusal(R"({"devices":[{"allow":true,"major":-2,"access":"r"}]})"),
            "resources: /devices/0/major: want -1..4294967295, have -2");
}

TEST(ReadResources, MemoryCpuPids) {
  const auto r = read(R"({"memory":{"limit":1,"reservation":2,"swap":-1,"kernel":4,"kernelTCP":5,"swappiness":6,
      "disableOOMKiller":true,"useHierarchy":false,"checkBeforeUpdate":true},
      "cpu":{"shares":1,"quota":-1,"burst":3,"period":4,"realtimeRuntime":5,"realtimePeriod":6,"cpus":"0-1","mems":"0",
      "idle":1},"pids":{"limit":0}})");
  EXPECT_EQ(r.memory->limit, 1);
  EXPECT_EQ(r.memory->reservation, 2);
  EXPECT_EQ(r.memory->swap, -1);
  EXPECT_EQ(r.memory->kernel, 4);
  EXPECT_EQ(r.memory->kernel_tcp, 5);
  EXPECT_EQ(r.memory->swappiness, 6U);
  EXPECT_EQ(r.memory->disable_oom_killer, true);
  EXPECT_EQ(r.memory->use_hierarchy, false);
  EXPECT_EQ(r.memory->check_before_update, true);
  EXPECT_EQ(r.cpu->shares, 1U);
  EXPECT_EQ(r.cpu->quota, -1);
  EXPECT_EQ(r.cpu->burst, 3U);
  EXPECT_EQ(r.cpu->period, 4U);
  EXPECT_EQ(r.cpu->realtime_runtime, 5);
  EXPECT_EQ(r.cpu->realtime_period, 6U);
  EXPECT_EQ(r.cpu->cpus, "0-1");
  EXPECT_EQ(r.cpu->mems, "0");
  EXPECT_EQ(r.cpu->idle, 1);
  EXPECT_EQ(r.pids_limit, 0);
  EXPECT_FALSE(read(R"({"pids":{}})").pids_limit.has_value());
  EXPECT_EQ(refusal(R"({"memory":{"limit":-2}})"), "resources: /memory/limit: want -1..9223372036854775807, have -2");
  EXPECT_EQ(refusal(R"({"memory":{"limit":9223372036854775808}})"),
            "resources: /memory/limit: want -1..9223372036854775807, have 9223372036854775808");
  EXPECT_EQ(refusal(R"({"cpu":{"shares":-1}})"), "resources: /cpu/shares: want 0..18446744073709551615, have -1");
  EXPECT_EQ(refusal(R"({"cpu":{"idle":2}})"), "resources: /cpu/idle: want 0..1, have 2");
  EXPECT_EQ(refusal(R"({"cpu":{"cpus":"0\n1"}})"), "resources: /cpu/cpus: want a list such as 0-3,5, have \"0\\n1\"");
}

TEST(ReadResources, BlockIo) {
  const auto io = read(R"({"blockIO":{"weight":10,"leafWeight":1000,
      "weightDevice":[{"major":8,"minor":0,"weight":500,"leafWeight":300}],
      "throttleReadBpsDevice":[{"major":1,"minor":2,"rate":18446744073709551615}],
      "throttleWriteBpsDevice":[{"major":3,"minor":4,"rate":5}],
      "throttleReadIOPSDevice":[{"major":6,"minor":7,"rate":8}],
      "throttleWriteIOPSDevice":[{"major":9,"minor":10,"rate":11}]}})")
                      .block_io;
  EXPECT_EQ(io->weight, 10);
  EXPECT_EQ(io->leaf_weight, 1000);
  EXPECT_EQ(io->weight_device.at(0).weight, 500);
  EXPECT_EQ(io->weight_device.at(0).leaf_weight, 300);
  EXPECT_EQ(io->throttle_read_bps.at(0).rate, UINT64_MAX);
  EXPECT_EQ(io->throttle_write_bps.at(0).major, 3);
  EXPECT_EQ(io->throttle_read_iops.at(0).minor, 7);
  EXPECT_EQ(io->throttle_write_iops.at(0).rate, 11U);
  EXPECT_EQ(refusal(R"({"blockIO":{"weight":9}})"), "resources: /blockIO/weight: want 0 or 10..1000, have 9");
  EXPECT_EQ(refusal(R"({"blockIO":{"leafWeight":1001}})"),
            "resources: /blockIO/leafWeight: want 0 or 10..1000, have 1001");
  EXPECT_EQ(refusal(R"({"blockIO":{"throttleReadBpsDevice":[{"minor":1,"rate":1}]}})"),
            "resources: /blockIO/throttleReadBpsDevice/0/major: want an integer, have nothing");
}

TEST(ReadResources, HugepagesNetworkRdma) {
  const auto r = read(R"({"hugepageLimits":[{"pageSize":"64KB","limit":18446744073709551615}],
      "network":{"classID":1048577,"priorities":[{"name":"eth0.100","priority":5}]},
      "rdma":{"mlx5_1":{"hcaHandles":3,"hcaObjects":10000},"mlx4_0":{}}})");
  EXPECT_EQ(r.hugepage_limits.at(0).page_size, "64KB");
  EXPECT_EQ(r.hugepage_limits.at(0).limit, UINT64_MAX);
  EXPECT_EQ(r.network->class_id, 1048577U);
  EXPECT_EQ(r.network->priorities.at(0).name, "eth0.100");
  EXPECT_EQ(r.network->priorities.at(0).priority, 5U);
  EXPECT_EQ(r.rdma.at("mlx5_1").hca_handles, 3U);
  EXPECT_FALSE(r.rdma.at("mlx4_0").hca_objects.has_value());
  for (const auto* bad : {"", "2", "MB", "02MB", "2mB", "2MB ", "2TB", "../2MB", "2.5MB", "-2MB"})
    EXPECT_EQ(refusal(base::cat(R"({"hugepageLimits":[{"pageSize":")", bad, R"(","limit":1}]})")),
              base::cat("resources: /hugepageLimits/0/pageSize: want a page size such as 2MB, have \"", bad, "\""));
  for (const auto* bad : {"", "a b", "a/b", "a\\nb"})
    EXPECT_NE(refusal(base::cat(R"({"network":{"priorities":[{"name":")", bad, R"(","priority":1}]}})")), "") << bad;
  EXPECT_NE(refusal(R"({"rdma":{"a b":{}}})"), "");
}

TEST(ReadResources, UnifiedKeysAreFilesOfControllers) {
  const auto unified = read(R"({"unified":{"memory.high":"1","cpu.max":"1 2","hugetlb.2MB.max":"0",
      "io.max":"8:0 rbps=1\n8:16 rbps=2"}})")
                           .unified;
  ASSERT_EQ(unified.size(), 4U);
  EXPECT_EQ(unified[0].first, "memory.high");
  EXPECT_EQ(unified[1].second, "1 2");
  EXPECT_EQ(unified[2].first, "hugetlb.2MB.max");
  for (const auto* bad : {"", "memory", "../x", "a/b", "memory..high", ".x", "memory.", "cgroup.procs",
                          "cgroup.subtree_control", "memory.high ", "a.b\\n"})
    EXPECT_NE(refusal(base::cat("{\"unified\":{\"", bad, "\":\"1\"}}"))
                  .find("want the file of a cgroup v2 controller such as memory.high as its name"),
              std::string::npos)
        << bad;
}

}  // namespace
