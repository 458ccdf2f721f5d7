// A policy that extends a built-in one.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"
#include "policy/builtin.h"
#include "policy/find.h"
#include "policy/pack.h"
#include "policy/read.h"

namespace {

base::Result<policy::Policy> read(const std::string& rest, const std::string& base = "builtin:faas@1") {
  return policy::read_policy(
      base::cat(R"({"bulkhead": "policy/v1", "kind": "profile", "name": "x", "version": "2", "extends": ")", base, "\"",
                rest.empty() ? "" : ", ", rest, "}"),
      "x.json", policy::builtin_group, policy::builtin_base);
}

policy::Policy good(const std::string& rest) {
  auto policy = read(rest);
  EXPECT_TRUE(policy) << policy.error().message();
  return *std::move(policy);
}

std::string error(const std::string& rest, const std::string& base = "builtin:faas@1") {
  const auto policy = read(rest, base);
  return policy ? "no error" : policy.error().message();
}

policy::Policy faas() { return *policy::load_policy("faas"); }

bool allows(const policy::Policy& policy, std::string_view name) {
  const auto& all = policy.seccomp->value.allow;
  return std::find(all.begin(), all.end(), name) != all.end();
}

const policy::ConditionalSyscall* condition(const policy::Policy& policy, std::string_view name) {
  for (const auto& call : policy.seccomp->value.conditional) {
    if (call.name == name) return &call;
  }
  return nullptr;
}

TEST(Extends, NothingElseIsTheSame) {
  auto policy = good("");
  EXPECT_EQ(policy.id(), "x@2");
  EXPECT_EQ(policy.description, "");
  const auto base = faas();
  policy.name = base.name;
  policy.version = base.version;
  policy.description = base.description;
  EXPECT_EQ(policy::pack(policy), policy::pack(base));
}

TEST(Extends, ARuleReplacesTheBases) {
  const auto policy = good(R"("process": {"noNewPrivileges": false, "rootUser": "refuse"}, "resources": {"pids": {"max": 8}})");
  EXPECT_FALSE(policy.process.no_new_privileges->value);
  EXPECT_EQ(policy.process.no_new_privileges->origin.text(), "x.json:/process/noNewPrivileges");
  EXPECT_EQ(policy.process.root_user->value, policy::RootUser::kRefuse);
  EXPECT_EQ(policy.process.capabilities->origin.text(), "faas.json:/process/capabilities");
  EXPECT_EQ(policy.resources.pids->value.max, 8U);
  EXPECT_FALSE(policy.resources.pids->value.standard);
  EXPECT_EQ(policy.resources.memory->value.standard, faas().resources.memory->value.standard);
}

TEST(Extends, SomeListsComeOnTop) {
  const auto policy = good(R"("filesystem": {"maskedPaths": ["/proc/own", "/proc/kcore"],
                                             "tmpfs": [{"path": "/tmp", "size": "8M"}, {"path": "/own", "size": "1M"}]},
                              "process": {"rlimits": {"RLIMIT_CORE": "1M", "RLIMIT_FSIZE": 5}},
                              "environment": {"strip": ["OWN_*"]})");
  const auto base = faas();
  EXPECT_EQ(policy.filesystem.masked_paths->value.size(), base.filesystem.masked_paths->value.size() + 1);
  ASSERT_EQ(policy.filesystem.tmpfs->value.size(), 2U);
  EXPECT_EQ(policy.filesystem.tmpfs->value[0].size, 8U << 20);
  EXPECT_EQ(policy.process.rlimits->value.size(), base.process.rlimits->value.size() + 1);
  for (const auto& limit : policy.process.rlimits->value) {
    if (limit.type == "RLIMIT_CORE") {
      EXPECT_EQ(limit.hard, 1U << 20);
    }
  }
  EXPECT_EQ(policy.environment.strip->value.size(), base.environment.strip->value.size() + 1);
}

TEST(Extends, SystemCallsAreAddedAndTakenAway) {
  const auto policy = good(R"("seccomp": {"allow": ["mbind", "@timer@1"], "deny": ["execveat", "@sandbox@1"],
                                          "onDeny": {"execveat": "EACCES", "io_uring_setup": "EPERM"}})");
  EXPECT_TRUE(allows(policy, "mbind") && allows(policy, "read"));
  EXPECT_FALSE(allows(policy, "execveat") || allows(policy, "seccomp") || allows(policy, "landlock_add_rule"));
  EXPECT_TRUE(std::is_sorted(policy.seccomp->value.allow.begin(), policy.seccomp->value.allow.end()));
  const auto answer = [&](const std::string& name) {
    for (const auto& [call, number] : policy.seccomp->value.errnos) {
      if (call == name) return number;
    }
    return 0U;
  };
  EXPECT_EQ(answer("execveat"), 13U);
  EXPECT_EQ(answer("io_uring_setup"), 1U);
  EXPECT_EQ(answer("mount"), 1U);  // faas's
  EXPECT_NE(condition(policy, "socket"), nullptr);
  EXPECT_EQ(policy.seccomp->why, faas().seccomp->why);
}

TEST(Extends, AConditionStaysUnlessItsCallIsNamed) {
  EXPECT_NE(condition(good(R"("seccomp": {"allow": ["@process@1", "@network-io@1"]})"), "clone"), nullptr);
  const auto open = good(R"("seccomp": {"allow": ["clone"]})");
  EXPECT_EQ(condition(open, "clone"), nullptr);
  EXPECT_TRUE(allows(open, "clone"));
  const auto shut = good(R"("seccomp": {"deny": ["clone"]})");
  EXPECT_EQ(condition(shut, "clone"), nullptr);
  EXPECT_FALSE(allows(shut, "clone"));
  const auto other = good(R"("seccomp": {"args": {"socket": "a0 == AF_UNIX", "prctl": "a0 == 15"}, "onDeny": {"socket": "EPERM"}})");
  ASSERT_NE(condition(other, "socket"), nullptr);
  EXPECT_EQ(condition(other, "socket")->any_of.size(), 1U);
  EXPECT_EQ(condition(other, "socket")->errno_otherwise, 1U);
  EXPECT_FALSE(allows(other, "prctl"));
  EXPECT_NE(condition(other, "prctl"), nullptr);
}

TEST(Extends, OnlyABuiltinOneWithItsVersion) {
  EXPECT_NE(error("", "faas@1").find("x.json:1:86: /extends: want a built-in policy with its version"), std::string::npos)
      << error("", "faas@1");
  EXPECT_NE(error("", "builtin:faas").find("with its version"), std::string::npos);
  EXPECT_NE(error("", "builtin:faas@9").find("this build has \"faas@1\""), std::string::npos);
  EXPECT_NE(error("", "builtin:fass@1").find("does not exist"), std::string::npos);
  EXPECT_NE(error("", "./own.json").find("with its version"), std::string::npos);
}

TEST(Deny, TakesAwayFromAGroupWithoutABaseToo) {
  const auto policy = policy::read_policy(
      R"({"bulkhead": "policy/v1", "kind": "profile", "name": "x", "version": "1",
          "seccomp": {"allow": ["@basic-io@1"], "deny": ["write"]}})",
      "x.json", policy::builtin_group);
  ASSERT_TRUE(policy) << policy.error().message();
  EXPECT_TRUE(allows(*policy, "read"));
  EXPECT_FALSE(allows(*policy, "write"));
}

}  // namespace
