// resources.wallClock: the ways to say a time.
#include <gtest/gtest.h>

#include "base/text.h"
#include "policy/builtin.h"
#include "policy/lattice.h"
#include "policy/read.h"

namespace {

base::Result<policy::Policy> read(const std::string& value) {
  return policy::read_policy(
      base::cat(R"({"bulkhead": "policy/v1", "kind": "profile", "name": "x", "version": "1", "resources": {"wallClock": )", value, "}}"),
      "x.json", policy::builtin_group);
}

TEST(WallClock, IsReadInAnyUnit) {
  const std::pair<const char*, std::uint64_t> kTimes[] = {
      {"90", 90}, {R"("90")", 90}, {R"("90s")", 90}, {R"("15m")", 900}, {R"("2h")", 7200}, {R"("3660d")", 316224000}};
  for (const auto& [text, seconds] : kTimes) {
    const auto policy = read(text);
    ASSERT_TRUE(policy) << policy.error().message();
    EXPECT_EQ(policy->resources.wall_clock->value.seconds, seconds) << text;
  }
}

TEST(WallClock, OtherThingsAreRefused) {
  for (const auto* wrong : {"0", R"("0s")", R"("3661d")", R"("15 m")", R"("m")", R"("1w")", "1.5", "-1", R"("99999999999999999999s")", "true", "[]"}) {
    const auto policy = read(wrong);
    ASSERT_FALSE(policy) << wrong;
    EXPECT_NE(policy.error().message().find("/resources/wallClock: "), std::string::npos) << policy.error().message();
  }
}

TEST(WallClock, IsTextThatCanBeReadBack) {
  for (const std::uint64_t seconds : {1U, 59U, 60U, 90U, 3600U, 86400U, 90000U}) {
    EXPECT_EQ(base::parse_duration(policy::lattice::text(policy::WallClock{seconds})), seconds);
  }
}

}  // namespace
