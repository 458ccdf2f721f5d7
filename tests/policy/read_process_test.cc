// The section process: members that are switches.
#include <gtest/gtest.h>

#include "base/text.h"
#include "policy/builtin.h"
#include "policy/read.h"

namespace {

base::Result<policy::Policy> read(const std::string& process) {
  return policy::read_policy(base::cat(R"({"bulkhead": "policy/v1", "kind": "profile", "name": "x", "version": "1", "process": {)", process, "}}"),
                             "x.json", policy::builtin_group);
}

std::string error(const std::string& process) {
  const auto policy = read(process);
  const auto text = policy ? "no error" : policy.error().message();
  return text.substr(text.find(" /") + 1);  // after the file, line and column
}

TEST(ReadProcess, CoreScheduling) {
  for (const bool value : {true, false}) {
    const auto policy = read(base::cat(R"("coreScheduling": )", value ? "true" : "false", R"(, "why": {"coreScheduling": "neighbours"})"));
    ASSERT_TRUE(policy) << policy.error().message();
    EXPECT_EQ(policy->process.core_scheduling->value, value);
    EXPECT_EQ(policy->process.core_scheduling->why, "neighbours");
    EXPECT_EQ(policy->process.core_scheduling->origin.text(), "x.json:/process/coreScheduling");
  }
  EXPECT_EQ(error(R"("coreScheduling": "auto")"), "/process/coreScheduling: want true or false, have \"auto\"");
}

TEST(ReadProcess, OwnIds) {
  const auto policy = read(R"("ownIds": true)");
  ASSERT_TRUE(policy) << policy.error().message();
  EXPECT_TRUE(policy->process.own_ids->value);
  EXPECT_EQ(error(R"("ownIds": "remap")"), "/process/ownIds: want true or false, have \"remap\"");
}

TEST(ReadProcess, Speculation) {
  for (const auto& [text, value] : {std::pair{"default", policy::Speculation::kDefault}, {"deny", policy::Speculation::kDeny}}) {
    const auto policy = read(base::cat(R"("speculation": ")", text, "\""));
    ASSERT_TRUE(policy) << policy.error().message();
    EXPECT_EQ(policy->process.speculation->value, value);
  }
  EXPECT_EQ(error(R"("speculation": "allow")"), "/process/speculation: want \"default\" or \"deny\", have \"allow\"");
  EXPECT_EQ(error(R"("speculation": true)").substr(0, 26), "/process/speculation: want");
}

}  // namespace
