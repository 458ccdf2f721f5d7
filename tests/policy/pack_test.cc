#include "policy/find.h"
#include "policy/pack.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "policy/builtin.h"

namespace {

policy::Policy every_member() {
  std::ifstream file(EVERY_MEMBER);
  std::stringstream text;
  text << file.rdbuf();
  auto read = policy::read_policy(text.str(), "every-member.json", policy::builtin_group);
  EXPECT_TRUE(read) << read.error().message();
  return *std::move(read);
}

TEST(Pack, GivesBackWhatItWasGiven) {
  const auto policy = every_member();
  const std::string bytes = policy::pack(policy);
  const auto again = policy::unpack(bytes);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(policy::pack(*again), bytes);
  EXPECT_EQ(again->id(), policy.id());
  EXPECT_EQ(again->process.rlimits->value.size(), policy.process.rlimits->value.size());
  EXPECT_EQ(again->process.no_new_privileges->origin.text(), policy.process.no_new_privileges->origin.text());
  EXPECT_EQ(again->seccomp->value.allow, policy.seccomp->value.allow);
  ASSERT_EQ(again->required.size(), 2U);
  EXPECT_EQ(again->required[0].origin.text(), "every-member.json:/modes/process.rootUser/required");
  EXPECT_EQ(again->resources.memory->value.standard, policy.resources.memory->value.standard);
}

TEST(Pack, TheBuiltinOnesAreThoseOfTheFiles) {
  ASSERT_EQ(policy::packed_policies().size(), policy::builtin_policy_names().size());
  for (const auto& [name, bytes] : policy::packed_policies()) {
    const auto read = policy::read_policy(policy::builtin_policy(name), std::string(name) + ".json", policy::builtin_group, policy::builtin_base);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(policy::pack(*read), bytes) << name;
  }
}

TEST(Pack, DamageIsAnError) {
  const std::string bytes = policy::pack(every_member());
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(policy::unpack(bytes.substr(0, size))) << size;
  EXPECT_FALSE(policy::unpack(bytes + "x"));
  std::string huge = bytes;
  huge.replace(0, 8, "\xff\xff\xff\xff\xff\xff\xff\x7f");
  EXPECT_FALSE(policy::unpack(huge));
}

}  // namespace
