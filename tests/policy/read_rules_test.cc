// The smaller sections: how lists of places are read, and what two policies make of them together.
#include <gtest/gtest.h>

#include "base/text.h"
#include "policy/builtin.h"
#include "policy/combine.h"
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

}  // namespace
