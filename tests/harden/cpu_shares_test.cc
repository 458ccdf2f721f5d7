// A share of busy processors.
#include "harden/cpu_shares.h"

#include <gtest/gtest.h>

#include "samples.h"

namespace harden_test {
namespace {

using Unified = std::vector<std::pair<std::string, std::string>>;

policy::Policy shares(std::optional<std::uint64_t> standard, std::optional<std::uint64_t> max) {
  auto out = none();
  out.resources.cpu_shares = rule(policy::Limit{.standard = standard, .max = max});
  return out;
}

oci::Spec asking(std::optional<std::uint64_t> asked, Unified unified = {}) {
  auto spec = docker();
  auto& resources = spec.linux.resources.emplace();
  if (asked) resources.cpu.emplace().shares = *asked;
  resources.unified = std::move(unified);
  return spec;
}

std::uint64_t given(const harden::Outcome& out) {
  const auto& resources = out.hardened.spec().linux.resources;
  return resources && resources->cpu ? resources->cpu->shares.value_or(0) : 0;
}

TEST(CpuShares, TheCeilingHolds) {
  const auto out = hardened(asking(5000), shares({}, 2048));
  EXPECT_EQ(given(out), 2048U);
  ASSERT_NE(decision(out, "resources.cpuShares"), nullptr);
  EXPECT_EQ(decision(out, "resources.cpuShares")->requested, "5000");
  EXPECT_EQ(given(hardened(asking(7), shares({}, 2048))), 7U);
  EXPECT_EQ(decision(hardened(asking(7), shares({}, 2048)), "resources.cpuShares"), nullptr);
  EXPECT_EQ(given(hardened(asking(5000), shares(512, {}))), 5000U) << "a default is no ceiling";
}

TEST(CpuShares, WhoAsksForNothingHasTheStandardAndNeverMoreThanOthers) {
  for (const auto& asked : {std::optional<std::uint64_t>(), std::optional<std::uint64_t>(0)}) {
    EXPECT_EQ(given(hardened(asking(asked), shares(512, 2048))), 512U);
    EXPECT_EQ(given(hardened(asking(asked), shares({}, 300))), 300U);
    for (const auto& policy : {shares({}, 2048), shares(1024, 2048), shares({}, {})}) {
      const auto out = hardened(asking(asked), policy);
      EXPECT_EQ(given(out), 0U);
      EXPECT_EQ(decision(out, "resources.cpuShares"), nullptr);
    }
  }
  auto bare = docker();
  bare.linux.resources.reset();
  EXPECT_EQ(given(hardened(bare, shares(512, {}))), 512U);
}

TEST(CpuShares, UnifiedIsNoWayAround) {
  const auto after = [](const char* name, const char* value, std::uint64_t max) {
    const auto out = hardened(asking({}, {{name, value}}), shares(512, max));
    EXPECT_EQ(given(out), 0U) << "it is asked for by the other word";
    return out.hardened.spec().linux.resources->unified[0].second;
  };
  EXPECT_EQ(after("cpu.weight", "10000", 1024), "100");
  EXPECT_EQ(after("cpu.weight", "10000", 262'144), "10000");
  EXPECT_EQ(after("cpu.weight", "99", 1024), "99");
  EXPECT_EQ(after("cpu.weight.nice", "-20", 1024), "0");
  EXPECT_EQ(after("cpu.weight.nice", "-20", 262'144), "-20");
  EXPECT_EQ(after("cpu.weight.nice", "-20", 2), "19") << "the least that there is";
  EXPECT_EQ(after("cpu.weight.nice", "7", 1024), "7");
  const auto both = hardened(asking(4000, {{"cpu.weight", "900"}}), shares({}, 1024));
  EXPECT_EQ(given(both), 1024U);
  EXPECT_EQ(decision(both, "resources.cpuShares")->also, std::vector<std::string>{"/linux/resources/cpu/shares"});
  for (const auto& [name, value] : {std::pair{"cpu.weight", "0"}, {"cpu.weight", "0x64"}, {"cpu.weight", "0144"}, {"cpu.weight", "10001"}, {"cpu.weight", ""}, {"cpu.weight", "100 "},
                                    {"cpu.weight.nice", "-21"}, {"cpu.weight.nice", "20"}, {"cpu.weight.nice", "+5"}, {"cpu.weight.nice", "007"}, {"cpu.weight.nice", ""}}) {
    const auto out = harden::harden(asking({}, {{name, value}}), shares({}, 1024), can_remap());
    ASSERT_FALSE(out) << name << " " << value;
    EXPECT_NE(out.error().message().find("/linux/resources/unified/" + std::string(name) + ": want"), std::string::npos) << out.error().message();
  }
}

// Whatever the ceiling, no priority is left that has more than the weight which the ceiling is.
TEST(CpuShares, NoPriorityIsAboveTheWeight) {
  long before = 19;
  for (std::uint64_t max = 2; max <= 262'144; max += 1 + max / 16) {
    const auto out = hardened(asking({}, {{"cpu.weight.nice", "-20"}}), shares({}, max));
    const auto nice = std::stol(out.hardened.spec().linux.resources->unified[0].second);
    EXPECT_LE(nice, before) << max;
    before = nice;
    EXPECT_TRUE(max < 1024 || nice <= 0) << max;
    EXPECT_TRUE(max > 1000 || nice > 0) << max;
  }
}

}  // namespace
}  // namespace harden_test
