// The rules about disks: how they are read, ordered and put together.
#include <gtest/gtest.h>

#include "base/text.h"
#include "policy/builtin.h"
#include "policy/combine.h"
#include "policy/inherit.h"
#include "policy/io_ceiling.h"
#include "policy/lattice.h"
#include "policy/read.h"

namespace policy {
namespace {

constexpr auto kStrict = Strict::kByType;

base::Result<Policy> read(const std::string& resources) {
  return read_policy(base::cat(R"({"bulkhead": "policy/v1", "kind": "profile", "name": "x", "version": "1", "resources": {)", resources, "}}"), "x.json", builtin_group);
}

std::string refusal(const std::string& resources) {
  const auto policy = read(resources);
  return policy ? "" : policy.error().message();
}

TEST(IoWeight, IsOfCgroupsOwnScale) {
  const auto policy = read(R"("ioWeight": {"default": 50, "max": 10000})");
  ASSERT_TRUE(policy) << policy.error().message();
  EXPECT_EQ(policy->resources.io_weight->value.standard, 50U);
  EXPECT_EQ(policy->resources.io_weight->value.max, 10'000U);
  for (const char* wrong : {R"({"default": 9})", R"({"max": 9})", R"({"max": 10001})", R"({"max": "1K"})", R"({"default": 50, "max": 20})", R"({"least": 5})", "50"}) {
    EXPECT_NE(refusal(base::cat(R"("ioWeight": )", wrong)).find("/resources/ioWeight"), std::string::npos) << wrong;
  }
  EXPECT_NE(refusal(R"("ioWeight": {"default": 101})").find("above 100"), std::string::npos) << "more than who asks for nothing has";
}

TEST(IoMax, IsReadByDisk) {
  const auto policy = read(R"("ioMax": {"254:16": {"riops": 1000}, "*": {"wbps": "10M", "$comment": "all others"}, "8:0": {"rbps": "unlimited", "wiops": 2}, "$comment": "x"})");
  ASSERT_TRUE(policy) << policy.error().message();
  const auto& value = policy->resources.io_max->value;
  ASSERT_EQ(value.size(), 3U);
  EXPECT_EQ(lattice::text(value), "* wbps=10485760, 8:0 rbps=max wiops=2, 254:16 riops=1000");
  EXPECT_EQ(ceiling_of(value, 8, 0, kIoRates[1]), 10U << 20) << "what its own entry does not say";
  EXPECT_EQ(ceiling_of(value, 8, 0, kIoRates[0]), kNoIoLimit);
  EXPECT_EQ(ceiling_of(value, 7, 0, kIoRates[2]), kNoIoLimit);
}

TEST(IoMax, WhatIsNoDiskOrRateIsRefused) {
  for (const char* wrong : {R"({"8": {}})", R"({"sda": {}})", R"({"08:0": {}})", R"({"4096:0": {}})", R"({"8:1048576": {}})", R"({"8:-1": {}})", R"({"": {}})", R"({"8:0": {"rps": 5}})",
                            R"({"8:0": {"rbps": 0}})", R"({"8:0": {"rbps": 1}})", R"({"8:0": {"riops": 4294967296}})", R"({"8:0": {"rbps": "fast"}})", R"({"8:0": 5})", "[]"}) {
    EXPECT_NE(refusal(base::cat(R"("ioMax": )", wrong)).find("/resources/ioMax"), std::string::npos) << wrong;
  }
  std::string many;
  for (int i = 0; i < 65; ++i) many += base::cat(i == 0 ? "" : ", ", "\"8:", i, R"(": {"rbps": 5})");
  EXPECT_NE(refusal(base::cat(R"("ioMax": {)", many, "}")).find("64 disks"), std::string::npos);
}

TEST(IoMax, ADiskOfAnExtendedPolicyIsReplaced) {
  auto own = *read(R"("ioMax": {"8:0": {"rbps": 9}})");
  inherit(own, *read(R"("ioMax": {"8:0": {"rbps": 5, "wbps": 5}, "*": {"wbps": 7}}, "ioWeight": {"max": 30})"));
  EXPECT_EQ(lattice::text(own.resources.io_max->value), "* wbps=7, 8:0 rbps=9");
  EXPECT_EQ(own.resources.io_weight->value.max, 30U);
}

const std::vector<IoCeilings>& samples() {
  static const std::vector<IoCeilings> kSamples = {
      {},
      {{.rbps = 50}},
      {{.rbps = 50, .wbps = 9}, {.major = 8, .minor = 0, .rbps = 70}},
      {{.major = 8, .minor = 0, .rbps = 20}},
      {{.major = 8, .minor = 0, .rbps = 50}},
      {{.rbps = 30}, {.major = 8, .minor = 0, .rbps = kNoIoLimit, .riops = 4}},
      {{.wiops = 5}, {.major = 8, .minor = 0, .wiops = 5}, {.major = 9, .minor = 1, .rbps = 2, .wiops = 8}},
  };
  return kSamples;
}

constexpr std::pair<std::int64_t, std::int64_t> kDisks[] = {{8, 0}, {9, 1}, {7, 7}};

// What holds of every disk and rate of both lists.
void expect_each(const IoCeilings& got, const IoCeilings& a, const IoCeilings& b, auto&& wanted) {
  for (const auto& [major, minor] : kDisks) {
    for (const auto& rate : kIoRates) {
      EXPECT_EQ(ceiling_of(got, major, minor, rate), wanted(ceiling_of(a, major, minor, rate), ceiling_of(b, major, minor, rate)))
          << major << " " << rate.name << " of " << lattice::text(a) << " and " << lattice::text(b);
    }
  }
}

TEST(IoMax, MeetIsTheLeastOfEachAndWrittenInOneWay) {
  for (const auto& a : samples()) {
    for (const auto& b : samples()) {
      const auto both = lattice::meet(kStrict, a, b);
      expect_each(both, a, b, [](auto x, auto y) { return std::min(x, y); });
      EXPECT_EQ(lattice::text(both), lattice::text(lattice::meet(kStrict, b, a)));
      EXPECT_EQ(lattice::text(both), lattice::text(lattice::meet(kStrict, both, b)));
      EXPECT_TRUE(lattice::within(kStrict, both, a) && lattice::within(kStrict, both, b));
      for (const auto& c : samples()) {
        EXPECT_EQ(lattice::text(lattice::meet(kStrict, both, c)), lattice::text(lattice::meet(kStrict, a, lattice::meet(kStrict, b, c))));
      }
    }
  }
}

TEST(IoMax, WithinIsWhatEachDiskSays) {
  for (const auto& a : samples()) {
    for (const auto& b : samples()) {
      bool all = true;
      for (const auto& [major, minor] : kDisks) {
        for (const auto& rate : kIoRates) all = all && ceiling_of(a, major, minor, rate) <= ceiling_of(b, major, minor, rate);
      }
      EXPECT_EQ(lattice::within(kStrict, a, b), all) << lattice::text(a) << " in " << lattice::text(b);
    }
  }
}

TEST(IoMax, AnExceptionRaisesWhatItNames) {
  const IoCeilings own{{.wbps = 7}, {.major = 8, .minor = 0, .rbps = 5}};
  EXPECT_EQ(lattice::text(lattice::widen(kStrict, own, {{.major = 8, .minor = 0, .rbps = 9}})), "* wbps=7, 8:0 rbps=9");
  EXPECT_EQ(lattice::text(lattice::widen(kStrict, own, {{.major = 8, .minor = 0, .rbps = 2}})), "* wbps=7, 8:0 rbps=5");
  EXPECT_EQ(lattice::text(lattice::widen(kStrict, own, {{.major = 9, .minor = 0, .wbps = 8}})), "* wbps=7, 8:0 rbps=5, 9:0 wbps=8");
  EXPECT_EQ(lattice::text(lattice::widen(kStrict, own, {{.wbps = kNoIoLimit}})), "8:0 rbps=5");
}

TEST(IoMax, OfTwoPoliciesBothHold) {
  auto one = *read(R"("ioMax": {"8:0": {"rbps": 9}}, "ioWeight": {"default": 50})");
  tighten(one, *read(R"("ioMax": {"*": {"rbps": 30, "wbps": 4}}, "ioWeight": {"max": 20})"));
  EXPECT_EQ(lattice::text(one.resources.io_max->value), "* rbps=30 wbps=4, 8:0 rbps=9");
  EXPECT_EQ(one.resources.io_weight->value.standard, 20U);
  const auto all = differences(*read(R"("ioMax": {"8:0": {"rbps": 9}})"), *read(R"("ioMax": {"8:0": {"rbps": 10}})"));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].control, "resources.ioMax");
  EXPECT_TRUE(all[0].wider);
}

}  // namespace
}  // namespace policy
