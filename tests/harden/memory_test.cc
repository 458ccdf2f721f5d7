// What becomes of a container whose memory runs out.
#include <gtest/gtest.h>

#include "samples.h"

namespace harden_test {
namespace {

using Unified = std::vector<std::pair<std::string, std::string>>;

harden::Abilities v1() {
  auto out = can_remap();
  out.memory_v2_unable = "only cgroup v2 has it";
  return out;
}

oci::Spec asking(Unified unified) {
  auto spec = docker();
  spec.linux.resources.emplace().unified = std::move(unified);
  return spec;
}

policy::Policy group(bool value) {
  auto out = none();
  out.resources.oom_group = rule(value);
  return out;
}

policy::Policy high(policy::Limit limit) {
  auto out = none();
  out.resources.memory_high = rule(limit);
  return out;
}

Unified unified_of(const harden::Outcome& out) {
  const auto& resources = out.hardened.spec().linux.resources;
  return resources ? resources->unified : Unified{};
}

std::string refusal(const oci::Spec& spec, const policy::Policy& policy, const harden::Abilities& abilities) {
  const auto out = harden::harden(spec, policy, abilities);
  return out ? "" : out.error().message();
}

TEST(OomKiller, StaysOn) {
  auto policy = none();
  policy.resources.oom_killer = rule(true);
  auto spec = docker();
  spec.linux.resources.emplace().memory = oci::Memory{.limit = 5, .disable_oom_killer = true};
  const auto out = hardened(spec, policy);
  EXPECT_EQ(out.hardened.spec().linux.resources->memory->disable_oom_killer, false);
  ASSERT_NE(decision(out, "resources.oomKiller"), nullptr);
  EXPECT_EQ(decision(out, "resources.oomKiller")->where, "/linux/resources/memory/disableOOMKiller");
  EXPECT_EQ(hardened(spec).hardened.spec().linux.resources->memory->disable_oom_killer, false) << "faas";

  policy.resources.oom_killer->value = false;
  EXPECT_EQ(hardened(spec, policy).hardened.spec().linux.resources->memory->disable_oom_killer, true);
  policy.resources.oom_killer->value = true;
  for (const auto& off : {std::optional<bool>(), std::optional(false)}) {
    spec.linux.resources->memory->disable_oom_killer = off;
    EXPECT_EQ(decision(hardened(spec, policy), "resources.oomKiller"), nullptr);
    EXPECT_EQ(hardened(spec, policy).hardened.spec().linux.resources->memory->disable_oom_killer, off);
  }
}

TEST(OomGroup, AllOfItIsKilled) {
  const auto added = hardened(docker(), group(true));
  EXPECT_EQ(unified_of(added), (Unified{{"memory.oom.group", "1"}}));
  EXPECT_EQ(decision(added, "resources.oomGroup")->requested, "absent");
  EXPECT_FALSE(decision(added, "resources.oomGroup")->degraded);
  const auto changed = hardened(asking({{"memory.oom.group", "0"}, {"pids.max", "5"}}), group(true));
  EXPECT_EQ(unified_of(changed), (Unified{{"memory.oom.group", "1"}, {"pids.max", "5"}}));
  EXPECT_EQ(decision(changed, "resources.oomGroup")->requested, "0");
  EXPECT_EQ(decision(hardened(asking({{"memory.oom.group", "1"}}), group(true)), "resources.oomGroup"), nullptr);
  EXPECT_EQ(unified_of(hardened(asking({{"memory.oom.group", "0"}}), group(false))), (Unified{{"memory.oom.group", "0"}}));
  EXPECT_EQ(unified_of(hardened(docker(), group(false))), Unified{});
}

TEST(OomGroup, OnlyToldWhereThereIsNone) {
  const auto out = hardened(docker(), group(true), v1());
  EXPECT_EQ(unified_of(out), Unified{});
  const auto* told = decision(out, "resources.oomGroup");
  ASSERT_NE(told, nullptr);
  EXPECT_TRUE(told->degraded && told->expected) << "on every host of that kind: no warning at each start";
  EXPECT_NE(told->why.find("not possible here: only cgroup v2 has it"), std::string::npos);
  auto policy = group(true);
  policy.required.push_back({.control = "resources.oomGroup", .origin = {.file = "x.json", .pointer = "/modes"}});
  EXPECT_NE(refusal(docker(), policy, v1()).find("resources.oomGroup cannot be met in full here"), std::string::npos);
  EXPECT_EQ(refusal(docker(), policy, can_remap()), "");
}

TEST(MemoryHigh, IsAStandardAndACeiling) {
  const auto after = [](Unified asked, policy::Limit limit) { return unified_of(hardened(asking(std::move(asked)), high(limit))); };
  EXPECT_EQ(after({}, {.standard = 50, .max = 90}), (Unified{{"memory.high", "50"}}));
  EXPECT_EQ(after({}, {.standard = {}, .max = 90}), (Unified{{"memory.high", "90"}}));
  EXPECT_EQ(after({}, {}), Unified{});
  EXPECT_EQ(after({{"memory.high", "max"}}, {.standard = 50, .max = 90}), (Unified{{"memory.high", "50"}}));
  EXPECT_EQ(after({{"memory.high", "1K"}}, {.standard = 50, .max = 90}), (Unified{{"memory.high", "90"}}));
  EXPECT_EQ(after({{"memory.high", "70"}}, {.standard = 50, .max = 90}), (Unified{{"memory.high", "70"}}));
  EXPECT_EQ(after({{"memory.high", "1K"}}, {.standard = 50, .max = {}}), (Unified{{"memory.high", "1K"}})) << "a default is no ceiling";
  EXPECT_NE(refusal(asking({{"memory.high", "0x40"}}), high({.standard = {}, .max = 90}), can_remap()).find("/linux/resources/unified/memory.high"), std::string::npos);
}

TEST(MemoryHigh, ADegradationIsToldAndRefusedWhereRequired) {
  auto policy = high({.standard = 50, .max = 90});
  const auto out = hardened(docker(), policy, v1());
  EXPECT_EQ(unified_of(out), Unified{});
  const auto* told = decision(out, "resources.memoryHigh");
  ASSERT_NE(told, nullptr);
  EXPECT_TRUE(told->degraded && !told->expected);
  EXPECT_EQ(told->effective, "none");
  policy.required.push_back({.control = "resources.memoryHigh", .origin = {.file = "x.json", .pointer = "/modes"}});
  EXPECT_NE(refusal(docker(), policy, v1()).find("resources.memoryHigh cannot be met"), std::string::npos);
  EXPECT_EQ(decision(hardened(docker(), high({}), v1()), "resources.memoryHigh"), nullptr);
}

TEST(Unified, WhatOnlyTakesIsNotRemoved) {
  auto policy = none();
  policy.resources.unified = rule(std::vector<std::string>{});
  const Unified both{{"memory.high", "70"}, {"memory.oom.group", "1"}};
  EXPECT_EQ(unified_of(hardened(asking(both), policy)), both);
  policy.resources.memory_high = rule(policy::Limit{.standard = {}, .max = 60});
  policy.resources.oom_group = rule(true);
  const auto out = hardened(asking({{"memory.high", "70"}, {"memory.low", "7"}, {"memory.oom.group", "0"}}), policy);
  EXPECT_EQ(unified_of(out), (Unified{{"memory.high", "60"}, {"memory.oom.group", "1"}}));
  EXPECT_EQ(decision(out, "resources.unified")->requested, "also: memory.low=7");
}

}  // namespace
}  // namespace harden_test
