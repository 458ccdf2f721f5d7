// The smaller sections: how lists of places are read, and what two policies make of them together.
#include <gtest/gtest.h>

#include "base/text.h"
#include "policy/builtin.h"
#include "policy/combine.h"
#include "policy/compare.h"
#include "policy/inherit.h"
#include "policy/read.h"

namespace {

using Paths = std::vector<std::string>;

base::Result<policy::Policy> read(const std::string& sections) {
  return policy::read_policy(base::cat(R"({"bulkhead": "policy/v1", "kind": "profile", "name": "x", "version": "1", )", sections, "}"), "x.json",
                             policy::builtin_group);
}

TEST(ReadRules, CgroupBelow) {
  const auto policy = read(R"("resources": {"cgroupBelow": ["/kubepods/", "//a//b"]})");
  ASSERT_TRUE(policy) << policy.error().message();
  EXPECT_EQ(policy->resources.cgroup_below->value, (Paths{"/kubepods", "/a/b"}));
  for (const auto* wrong : {R"(["kubepods"])", R"(["/a/../b"])", R"([""])", R"([1])", R"("/kubepods")"}) {
    const auto refused = read(base::cat(R"("resources": {"cgroupBelow": )", wrong, "}"));
    ASSERT_FALSE(refused) << wrong;
    EXPECT_NE(refused.error().message().find("/resources/cgroupBelow"), std::string::npos) << refused.error().message();
  }
}

TEST(ReadRules, JoinBelow) {
  const auto policy = read(R"("namespaces": {"joinBelow": ["/run/netns/", "/proc"]})");
  ASSERT_TRUE(policy) << policy.error().message();
  EXPECT_EQ(policy->namespaces.join_below->value, (Paths{"/run/netns", "/proc"}));
  EXPECT_FALSE(read(R"("namespaces": {"joinBelow": ["run"]})"));
}

TEST(ReadRules, OfTwoPoliciesBothHold) {
  auto one = *read(R"("resources": {"cgroupBelow": ["/kubepods", "/a/b"]})");
  policy::tighten(one, *read(R"("resources": {"cgroupBelow": ["/kubepods/burstable", "/a", "/c"]})"));
  EXPECT_EQ(one.resources.cgroup_below->value, (Paths{"/a/b", "/kubepods/burstable"}));
}

TEST(ReadRules, WhatBecomesOfAContainerWithoutMemory) {
  const auto policy = read(R"("resources": {"oomKiller": true, "oomGroup": false, "memoryHigh": {"default": "64M", "max": "1G"}})");
  ASSERT_TRUE(policy) << policy.error().message();
  EXPECT_TRUE(policy->resources.oom_killer->value);
  EXPECT_FALSE(policy->resources.oom_group->value);
  EXPECT_EQ(policy->resources.memory_high->value.standard, std::uint64_t{64} << 20);
  EXPECT_EQ(policy->resources.memory_high->value.max, std::uint64_t{1} << 30);
  for (const auto* wrong : {R"("oomKiller": 1)", R"("oomGroup": "1")", R"("memoryHigh": {"default": 0})", R"("memoryHigh": {"default": 2, "max": 1})", R"("memoryHigh": 5)"}) {
    EXPECT_FALSE(read(base::cat(R"("resources": {)", wrong, "}"))) << wrong;
  }
}

TEST(ReadRules, WhatOneOfTwoPoliciesForbidsIsForbidden) {
  auto one = *read(R"("namespaces": {"nested": true}, "process": {"ownIds": true})");
  policy::tighten(one, *read(R"("namespaces": {"nested": false}, "process": {"ownIds": false})"));
  EXPECT_FALSE(one.namespaces.nested->value);
  EXPECT_TRUE(one.process.own_ids->value);
  auto own = *read(R"("namespaces": {"nested": true})");
  policy::inherit(own, one);
  EXPECT_TRUE(own.namespaces.nested->value);
  EXPECT_TRUE(own.process.own_ids->value);
  EXPECT_FALSE(read(R"("namespaces": {"nested": 0})"));
}

TEST(ReadRules, CpuShares) {
  auto policy = read(R"("resources": {"cpuShares": {"default": 512, "max": 262144}})");
  ASSERT_TRUE(policy) << policy.error().message();
  EXPECT_EQ(policy->resources.cpu_shares->value.standard, 512U);
  EXPECT_EQ(policy->resources.cpu_shares->value.max, 262'144U);
  policy::tighten(*policy, *read(R"("resources": {"cpuShares": {"default": 1024, "max": 2000}})"));
  EXPECT_EQ(policy->resources.cpu_shares->value.standard, 512U);
  EXPECT_EQ(policy->resources.cpu_shares->value.max, 2000U);
  auto own = *read(R"("resources": {})");
  policy::inherit(own, *policy);
  EXPECT_EQ(own.resources.cpu_shares->value.max, 2000U);
  for (const auto* wrong : {R"({"default": 1})", R"({"default": 1025})", R"({"max": 262145})", R"({"max": "1K"})", R"({"default": 9, "max": 8})", "5"}) {
    const auto refused = read(base::cat(R"("resources": {"cpuShares": )", wrong, "}"));
    ASSERT_FALSE(refused) << wrong;
    EXPECT_NE(refused.error().message().find("/resources/cpuShares"), std::string::npos) << refused.error().message();
  }
}

TEST(ReadRules, OfTwoPoliciesTheStricterOneOfMemoryHolds) {
  auto one = *read(R"("resources": {"oomKiller": false, "oomGroup": true, "memoryHigh": {"default": 64, "max": 100}})");
  const auto other = *read(R"("resources": {"oomKiller": true, "oomGroup": false, "memoryHigh": {"default": 80, "max": 90}})");
  std::vector<std::string> wider;
  for (const auto& difference : policy::differences(one, other)) {
    if (difference.wider) wider.push_back(difference.control);
  }
  EXPECT_EQ(wider, (std::vector<std::string>{"resources.oomGroup", "resources.memoryHigh"}));
  policy::tighten(one, other);
  EXPECT_TRUE(one.resources.oom_killer->value);
  EXPECT_TRUE(one.resources.oom_group->value);
  EXPECT_EQ(one.resources.memory_high->value.standard, 64U);
  EXPECT_EQ(one.resources.memory_high->value.max, 90U);
  auto own = *read(R"("resources": {"oomGroup": false})");
  policy::inherit(own, one);
  EXPECT_FALSE(own.resources.oom_group->value);
  EXPECT_TRUE(own.resources.oom_killer->value);
  EXPECT_EQ(own.resources.memory_high->value.max, 90U);
}

}  // namespace
