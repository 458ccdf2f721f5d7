// A share of the disks, and how fast they may be read and written.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "chain_input.h"
#include "flatten.h"
#include "harden/io_weight.h"
#include "policy/io_ceiling.h"
#include "samples.h"

namespace harden_test {
namespace {

using policy::IoCeilings;
using Unified = std::vector<std::pair<std::string, std::string>>;

harden::Abilities host(const char* weight_file) {
  auto out = can_remap();
  out.io_weight_file = weight_file;
  out.disks = {{"8:0", ""}, {"254:0", ""}, {"8:1", "a partition has no limits of its own, its disk has"}};
  return out;
}

oci::Spec asking(oci::BlockIo io, Unified unified = {}) {
  auto spec = docker();
  spec.linux.resources.emplace().block_io = std::move(io);
  spec.linux.resources->unified = std::move(unified);
  return spec;
}

policy::Policy weight(std::optional<std::uint64_t> standard, std::optional<std::uint64_t> max) {
  auto out = none();
  out.resources.io_weight = rule(policy::Limit{.standard = standard, .max = max});
  return out;
}

policy::Policy ceilings(IoCeilings value) {
  auto out = none();
  out.resources.io_max = rule(std::move(value));
  return out;
}

const oci::BlockIo& io_of(const harden::Outcome& out) { return *out.hardened.spec().linux.resources->block_io; }
bool has_io(const harden::Outcome& out) { return out.hardened.spec().linux.resources && out.hardened.spec().linux.resources->block_io; }

TEST(IoWeight, IsHalfOfWhatOthersHaveInEveryFile) {
  const std::pair<const char*, int> all[] = {{"io.weight", 14}, {"io.bfq.weight", 50}, {"blkio.bfq.weight", 50}, {"blkio.weight", 250}, {"", 14}};
  for (const auto& [file, wanted] : all) {
    const auto out = hardened(docker(), weight(50, {}), host(file));
    ASSERT_TRUE(has_io(out)) << file;
    EXPECT_EQ(io_of(out).weight, wanted) << file;
    ASSERT_NE(decision(out, "resources.ioWeight"), nullptr);
    EXPECT_EQ(decision(out, "resources.ioWeight")->requested, "absent");
    EXPECT_FALSE(decision(out, "resources.ioWeight")->degraded);
  }
}

TEST(IoWeight, NobodyGetsMoreByARule) {
  for (const char* file : {"io.weight", "io.bfq.weight", "blkio.weight", ""}) {
    for (const auto& policy : {weight(100, {}), weight(300, {}), weight({}, 100), weight({}, 10'000), weight(100, 100), weight({}, {})}) {
      const auto out = hardened(docker(), policy, host(file));
      EXPECT_FALSE(has_io(out)) << file;
      EXPECT_EQ(decision(out, "resources.ioWeight"), nullptr) << file;
    }
    EXPECT_TRUE(has_io(hardened(docker(), weight({}, 99), host(file)))) << "less than others have";
  }
}

TEST(IoWeight, IsNoMoreThanTheCeilingAlsoOfSingleDisks) {
  const oci::BlockIo io{.weight = 900, .leaf_weight = {}, .weight_device = {{.major = 8, .minor = 0, .weight = 900, .leaf_weight = {}}, {.major = 8, .minor = 16, .weight = 11, .leaf_weight = {}}}};
  const auto out = hardened(asking(io), weight({}, 100), host("io.weight"));
  EXPECT_EQ(io_of(out).weight, 19) << "20 is more than 100 there";
  EXPECT_EQ(io_of(out).weight_device[0].weight, 19);
  EXPECT_EQ(io_of(out).weight_device[1].weight, 11);
  EXPECT_EQ(decision(out, "resources.ioWeight")->requested, "900, 8:0 900");
  EXPECT_EQ(io_of(hardened(asking(io), weight(50, {}), host("io.weight"))).weight, 900) << "a default is no ceiling";
  EXPECT_EQ(io_of(hardened(asking({.weight = 0}), weight(50, {}), host("io.bfq.weight"))).weight, 50) << "0 is not set";
}

TEST(IoWeight, UnifiedIsNoWayAround) {
  const auto after = [](const char* name, const char* value, const policy::Policy& policy) {
    const auto out = hardened(asking({.weight = 15}, {{name, value}}), policy, host(name));
    return out.hardened.spec().linux.resources->unified[0].second;
  };
  EXPECT_EQ(after("io.weight", "default 900", weight({}, 200)), "default 200");
  EXPECT_EQ(after("io.weight", "900", weight({}, 200)), "200");
  EXPECT_EQ(after("io.weight", " 8:0   900\n\n8:16 default\ndefault 7", weight({}, 200)), "8:0 200\n8:16 default\ndefault 7");
  EXPECT_EQ(after("io.bfq.weight", "900", weight({}, 5050)), "550") << "half-way up its scale";
  EXPECT_EQ(after("io.weight", "default 9", weight({}, 200)), "default 9");
  EXPECT_EQ(after("io.weight", "9000", weight(50, {})), "9000");
  for (const char* wrong : {"0x40", "0400", "default", "default 0", "10001", "8:0", "8:0 x", "x 5", "08:0 5", "4294967304:0 5", "8:0 5 6", "default 5 6", "-1"}) {
    const auto out = harden::harden(asking({}, {{"io.weight", wrong}}), weight({}, 200), host("io.weight"));
    ASSERT_FALSE(out) << wrong;
    EXPECT_NE(out.error().message().find("/linux/resources/unified/io.weight"), std::string::npos) << out.error().message();
  }
}

TEST(IoWeight, WhatUnifiedAsksForIsNotAbsent) {
  const auto weight_with = [](const char* name, const char* value, const char* file) {
    return io_of(hardened(asking({}, {{name, value}}), weight(50, 500), host(file))).weight;
  };
  EXPECT_EQ(weight_with("io.weight", "default 80", "io.weight"), std::nullopt);
  EXPECT_EQ(weight_with("io.weight", "8:0 80", "io.weight"), 14) << "of one disk only";
  EXPECT_EQ(weight_with("io.weight", "80", "io.bfq.weight"), 50) << "another file than the host's";
}

TEST(IoWeight, ADegradationIsToldAndRefusedWhereRequired) {
  auto able = host("");
  able.io_weight_unable = "this kernel has neither io.bfq.weight nor io.weight";
  auto policy = weight(50, 200);
  const auto out = hardened(docker(), policy, able);
  EXPECT_FALSE(has_io(out));
  const auto* told = decision(out, "resources.ioWeight");
  ASSERT_NE(told, nullptr);
  EXPECT_TRUE(told->degraded);
  EXPECT_EQ(told->effective, "as much as others");
  EXPECT_NE(told->why.find("not possible here: this kernel has neither"), std::string::npos);
  EXPECT_EQ(io_of(hardened(asking({.weight = 500}), policy, able)).weight, 29) << "what is asked for is tried, and fails when the file is not there";
  policy.required.push_back({.control = "resources.ioWeight", .origin = {.file = "p.json", .pointer = "/modes", .more = {}}});
  EXPECT_FALSE(harden::harden(docker(), policy, able));
  EXPECT_TRUE(harden::harden(docker(), policy, host("io.weight")));
}

TEST(IoMax, IsTheLeastOfBoth) {
  const auto policy = ceilings({{.major = 8, .minor = 0, .rbps = 500, .wbps = 70}});
  const oci::BlockIo io{.throttle_read_bps = {{.major = 8, .minor = 0, .rate = 900}, {.major = 254, .minor = 0, .rate = 900}}, .throttle_write_bps = {{.major = 8, .minor = 0, .rate = 30}}};
  const auto out = hardened(asking(io), policy, host(""));
  EXPECT_EQ(io_of(out).throttle_read_bps[0].rate, 500U);
  EXPECT_EQ(io_of(out).throttle_read_bps[1].rate, 900U) << "nothing is said of it";
  EXPECT_EQ(io_of(out).throttle_write_bps, io.throttle_write_bps);
  EXPECT_EQ(decision(out, "resources.ioMax")->requested, "8:0 rbps=900");
  EXPECT_EQ(decision(out, "resources.ioMax")->effective, "8:0 rbps=500");
  EXPECT_EQ(io_of(hardened(asking({.throttle_read_bps = {{.major = 8, .minor = 0, .rate = 0}}}), policy, host(""))).throttle_read_bps[0].rate, 500U) << "0 takes a limit away";
}

TEST(IoMax, ADiskHasOneNameOnly) {
  const oci::BlockIo io{.throttle_read_bps = {{.major = 8, .minor = 0, .rate = 5}, {.major = 0, .minor = 8388608, .rate = 900}, {.major = 4096 + 8, .minor = 0, .rate = 900}}};
  const auto out = hardened(asking(io), ceilings({{.major = 8, .minor = 0, .rbps = 500}}), host(""));
  for (const auto& entry : io_of(out).throttle_read_bps) EXPECT_LE(entry.rate, 500U) << entry.major << ":" << entry.minor;
}

TEST(IoMax, IsSetWhereNothingIsAsked) {
  const auto out = hardened(docker(), ceilings({{.wbps = 70}, {.major = 8, .minor = 0, .rbps = 500, .wbps = policy::kNoIoLimit, .riops = 20}}), host(""));
  const oci::BlockIo wanted{.throttle_read_bps = {{.major = 8, .minor = 0, .rate = 500}},
                            .throttle_write_bps = {{.major = 254, .minor = 0, .rate = 70}},
                            .throttle_read_iops = {{.major = 8, .minor = 0, .rate = 20}}};
  EXPECT_EQ(io_of(out), wanted) << "a partition is left out of every other disk";
  EXPECT_EQ(decision(out, "resources.ioMax")->effective, "8:0 rbps=500 riops=20, 254:0 wbps=70");
  EXPECT_FALSE(decision(out, "resources.ioMax")->degraded);
}

TEST(IoMax, UnifiedIsNoWayAround) {
  const auto policy = ceilings({{.wbps = 70}, {.major = 8, .minor = 0, .rbps = 500}});
  const auto out = hardened(asking({}, {{"io.max", "8:0 rbps=max  wbps=60\n254:0 riops=9"}}), policy, host(""));
  EXPECT_EQ(out.hardened.spec().linux.resources->unified[0].second, "8:0 rbps=500 wbps=60\n254:0 riops=9");
  EXPECT_TRUE(io_of(out).throttle_read_bps.empty());
  EXPECT_EQ(io_of(out).throttle_write_bps, (std::vector<oci::ThrottleDevice>{{.major = 254, .minor = 0, .rate = 70}})) << "of which nothing is asked";
  EXPECT_EQ(decision(out, "resources.ioMax")->also, std::vector<std::string>{"/linux/resources/unified/io.max"});
  for (const char* wrong : {"8:0 rbps=0x10", "8:0 rbps=0100", "8:0 rbps", "8:0 speed=5", "8:0 rbps=5x", "08:0 rbps=5", "4294967304:0 rbps=5", "0:8388608 rbps=5", "rbps=5", "8:0 rbps="}) {
    const auto refused = harden::harden(asking({}, {{"io.max", wrong}}), policy, host(""));
    ASSERT_FALSE(refused) << wrong;
    EXPECT_NE(refused.error().message().find("/linux/resources/unified/io.max"), std::string::npos) << refused.error().message();
  }
}

TEST(IoMax, WhatCannotBeLimitedIsTold) {
  const auto refused = [](policy::Policy policy, const harden::Abilities& able) {
    policy.required.push_back({.control = "resources.ioMax", .origin = {.file = "p.json", .pointer = "/modes", .more = {}}});
    return !harden::harden(docker(), policy, able).has_value();
  };
  auto policy = ceilings({{.major = 8, .minor = 0, .rbps = 500}});
  auto able = host("");
  EXPECT_FALSE(refused(policy, able));
  able.io_max_unable = "this kernel has no io.max";
  const auto out = hardened(docker(), policy, able);
  EXPECT_FALSE(has_io(out));
  EXPECT_TRUE(decision(out, "resources.ioMax")->degraded);
  EXPECT_EQ(decision(out, "resources.ioMax")->effective, "no limit");
  EXPECT_TRUE(refused(policy, able));
  EXPECT_EQ(io_of(hardened(asking({.throttle_read_bps = {{.major = 8, .minor = 0, .rate = 900}}}), policy, able)).throttle_read_bps[0].rate, 500U) << "asked for, so it is tried";

  policy = ceilings({{.major = 8, .minor = 1, .rbps = 500}});
  EXPECT_TRUE(decision(hardened(docker(), policy, host("")), "resources.ioMax")->degraded) << "a partition";
  EXPECT_TRUE(refused(policy, host("")));
  policy = ceilings({{.major = 99, .minor = 1, .rbps = 500}});
  const auto missing = hardened(docker(), policy, host(""));
  EXPECT_TRUE(decision(missing, "resources.ioMax")->warning && !decision(missing, "resources.ioMax")->degraded);
  EXPECT_FALSE(has_io(missing));
  EXPECT_FALSE(refused(policy, host(""))) << "what is not there is not read";
}

// What a container has in the end, said without the functions that are tried; the last word is that of `unified`.
std::uint64_t rate_in_force(const oci::Spec& spec, std::int64_t major, std::size_t kind) {
  std::uint64_t out = policy::kNoIoLimit;
  if (!spec.linux.resources) return out;
  if (const auto& io = spec.linux.resources->block_io) {
    const std::vector<oci::ThrottleDevice>* const lists[] = {&io->throttle_read_bps, &io->throttle_write_bps, &io->throttle_read_iops, &io->throttle_write_iops};
    for (const auto& t : *lists[kind]) {
      if (t.major == major && t.minor == 0) out = t.rate == 0 ? policy::kNoIoLimit : t.rate;
    }
  }
  for (const auto& [name, value] : spec.linux.resources->unified) {
    const auto at = value.find(std::to_string(major) + ":0 ");
    if (name != "io.max" || at == std::string::npos) continue;
    const auto line = value.substr(at, value.find('\n', at) - at);
    const auto word = line.find(" " + std::string(policy::kIoRates[kind].name) + "=");
    if (word == std::string::npos) continue;
    const auto text = line.substr(line.find('=', word) + 1);
    out = text.starts_with("max") ? policy::kNoIoLimit : std::stoull(text);
  }
  return out;
}

// P2 for disks: each floor and deny file holds, whatever was asked for and whoever was excepted.
std::string faster_than_a_layer(const Input& input, const std::function<void(oci::Spec&)>& spoil) {
  const policy::Circumstances when{.now = input.now, .built = 1, .kernel_release = "6.1.0"};
  const auto effective = policy::resolve(input.chain, input.profile, "faas", {}, when);
  if (!effective) return "";
  const auto outcome = harden::harden(input.spec, *effective, input.abilities);
  if (!outcome || !input.abilities.io_max_unable.empty()) return "";
  auto after = outcome->hardened.spec();
  spoil(after);
  for (const auto& document : input.chain.documents) {
    const auto& rule = document.policy.resources.io_max;
    if (!rule || (document.kind != policy::Kind::kFloor && document.kind != policy::Kind::kDeny)) continue;
    for (const std::int64_t major : {8, 254}) {
      for (std::size_t kind = 0; kind < policy::kIoRates.size(); ++kind) {
        if (rate_in_force(after, major, kind) > policy::ceiling_of(rule->value, major, 0, policy::kIoRates[kind])) return document.policy.name;
      }
    }
  }
  return "";
}

TEST(IoProperty, NoDiskIsFasterThanAFloorLeavesIt) {
  constexpr int kRounds = 5000;
  Random random(20261127);
  int faster = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto input = random_input(random);
    ASSERT_EQ(faster_than_a_layer(input, [](oci::Spec&) {}), "") << round;
    faster += faster_than_a_layer(input, [](oci::Spec& spec) { if (spec.linux.resources) spec.linux.resources->block_io.reset(); }).empty() ? 0 : 1;
  }
  EXPECT_GT(faster, 0) << "the limits that a policy adds are not looked at";
}

TEST(IoProperty, AnExtraLimitOfUnifiedIsLookedAt) {
  Random random(20261128);
  int faster = 0;
  for (int round = 0; round < 2000; ++round) {
    faster += faster_than_a_layer(random_input(random), [](oci::Spec& spec) {
      if (spec.linux.resources) spec.linux.resources->unified.emplace_back("io.max", "8:0 rbps=max wbps=max riops=max wiops=max");
    }).empty() ? 0 : 1;
  }
  EXPECT_GT(faster, 0);
}

}  // namespace
}  // namespace harden_test
