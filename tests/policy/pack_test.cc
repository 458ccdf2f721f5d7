#include "policy/find.h"
#include "policy/pack.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "policy/builtin.h"
#include "policy/rules.h"

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

TEST(Keep, GivesBackWhatItWasGiven) {
  for (const auto& policy : {every_member(), policy::Policy(), *policy::load_policy("faas")}) {
    const auto again = policy::read_kept(policy::keep(policy));
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(policy::pack(*again), policy::pack(policy));
  }
}

TEST(Keep, DamageIsAnError) {
  const std::string bytes = policy::keep(every_member());
  std::size_t whole = 0;
  for (std::size_t size = 1; size < bytes.size(); ++size) whole += policy::read_kept(bytes.substr(0, size)) ? 1U : 0U;
  EXPECT_LE(whole, policy::control_names().size() + 8) << "as often as a rule ends, and no more";
  EXPECT_FALSE(policy::read_kept(bytes + "x"));
  EXPECT_FALSE(policy::read_kept(bytes + bytes)) << "twice";
}

// What another version wrote: a rule that is not known here, and one that looks otherwise. Numbers have eight bytes.
TEST(Keep, WhatIsNotKnownIsAnError) {
  const auto number = [](std::uint64_t n) { return std::string(reinterpret_cast<const char*>(&n), sizeof n); };
  const auto text = [&](const std::string& s) { return number(s.size()) + s; };
  const auto bytes = policy::keep({});
  EXPECT_TRUE(policy::read_kept(bytes));
  const auto unknown = policy::read_kept(bytes + text("process.later") + text("n") + text(number(1)));
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message().find("\"process.later\" is not known"), std::string::npos);
  EXPECT_FALSE(policy::read_kept(bytes + text("exec.allow") + text("?s") + text(number(0))));
  // A version without the rule: it is absent.
  auto policy = every_member();
  const auto all = policy::keep(policy);
  policy.exec.allow.reset();
  const auto less = policy::keep(policy);
  EXPECT_LT(less.size(), all.size());
  const auto read = policy::read_kept(less);
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->exec.allow);
  EXPECT_TRUE(read->exec.within_container);
}

}  // namespace
