// The section exec, and what floors and deny files that come later still say of what is started in a container.
#include "policy/later.h"

#include <gtest/gtest.h>

#include "files.h"

namespace {

using policy_test::file;
using policy_test::Texts;

std::string error(const std::string& rules) { return policy_test::error_of(file("profile", "p", rules)); }

policy::Policy later(const Texts& then, const Texts& today, const policy::Circumstances& circumstances = policy_test::kNow) {
  policy::Effective policy;
  policy.policy = policy_test::resolved(then);
  std::vector<policy::Document> documents;
  for (const auto& text : today) documents.push_back(*policy_test::read(text));
  policy::tighten_later(policy, *policy::make_chain(std::move(documents)), circumstances);
  return std::move(policy.policy);
}

TEST(ExecSection, IsRead) {
  const auto document = policy_test::read(file("profile", "p", R"("exec": {"allow": false, "withinContainer": true, "why": {"allow": "r"}})"));
  ASSERT_TRUE(document) << document.error().message();
  EXPECT_FALSE(document->policy.exec.allow->value);
  EXPECT_EQ(document->policy.exec.allow->why, "r");
  EXPECT_TRUE(document->policy.exec.within_container->value);
  EXPECT_TRUE(error(R"("exec": {"allow": 1})").starts_with("/exec/allow: want"));
  EXPECT_TRUE(error(R"("exec": {"deny": true})").starts_with("/exec/deny: unknown member"));
}

TEST(ExecSection, TheStricterHolds) {
  const auto out = policy_test::resolved({file("profile", "p", R"("exec": {"allow": true, "withinContainer": false})"),
                                          file("floor", "f", R"("exec": {"allow": false, "withinContainer": true})"),
                                          file("floor", "g", R"("exec": {"allow": true})")});
  EXPECT_FALSE(out.exec.allow->value);
  EXPECT_TRUE(out.exec.within_container->value);
  const auto extended = policy_test::resolved({file("profile", "p", R"("extends": "builtin:faas-restricted@1", "exec": {"withinContainer": false})")});
  EXPECT_FALSE(extended.exec.allow->value);
  EXPECT_FALSE(extended.exec.within_container->value);
}

TEST(Later, OnlyWhatIsSaidOfAProcessIsMet) {
  const auto then = file("profile", "p", R"("process": {"capabilities": ["KILL", "CHOWN"]}, "filesystem": {"readonlyRoot": false})");
  const auto out = later({then}, {file("floor", "f", R"("process": {"capabilities": ["KILL"], "memfdNoexec": true, "noNewPrivileges": true, "umask": "077"},
      "filesystem": {"readonlyRoot": true}, "namespaces": {"own": ["pid"]}, "resources": {"pids": {"max": 1}}, "environment": {"secrets": "refuse", "strip": ["LD_*"]},
      "exec": {"allow": false}, "seccomp": {"deny": ["mount"]}, "lsm": {"unconfined": false})"),
                                  file("profile", "p", R"("process": {"capabilities": []})")});
  EXPECT_EQ(out.process.capabilities->value, oci::CapSet{1} << 5);
  EXPECT_TRUE(out.process.no_new_privileges->value);
  EXPECT_EQ(out.process.umask->value, 077U);
  EXPECT_FALSE(out.process.memfd_noexec) << "of a pid namespace that is there";
  EXPECT_FALSE(out.filesystem.readonly_root->value);
  EXPECT_FALSE(out.namespaces.own);
  EXPECT_FALSE(out.resources.pids);
  EXPECT_FALSE(out.environment.secrets);
  EXPECT_EQ(out.environment.strip->value, Texts{"LD_*"});
  EXPECT_FALSE(out.exec.allow->value);
  EXPECT_TRUE(out.seccomp || !out.seccomp_limits.empty());
  EXPECT_FALSE(out.lsm.unconfined->value);
}

TEST(Later, NothingGetsWider) {
  const auto then = file("profile", "p", R"("process": {"capabilities": ["KILL"], "noNewPrivileges": true}, "exec": {"allow": false})");
  const auto out = later({then}, {file("floor", "f", R"("process": {"capabilities": ["KILL", "SYS_ADMIN"], "noNewPrivileges": false}, "exec": {"allow": true})")});
  EXPECT_EQ(out.process.capabilities->value, oci::CapSet{1} << 5);
  EXPECT_TRUE(out.process.no_new_privileges->value);
  EXPECT_FALSE(out.exec.allow->value);
}

TEST(Later, WhatIsOnlyAuditedIsApart) {
  const auto tightened = [](policy::Effective policy, const std::string& text) {
    policy::tighten_later(policy, *policy::make_chain({*policy_test::read(text)}), policy_test::kNow);
    return policy;
  };
  policy::Effective then;
  then.policy = policy_test::resolved({file("profile", "p", R"("process": {"capabilities": ["KILL", "CHOWN"]})")});
  EXPECT_TRUE(tightened(then, file("floor", "f", R"("exec": {"allow": false})")).audited.empty());
  EXPECT_TRUE(tightened(then, file("floor", "f", R"("modes": {"exec.allow": {"mode": "off", "reason": "r"}}, "exec": {"allow": false})")).audited.empty());

  const auto floor = file("floor", "f", R"("modes": {"exec.allow": "audit"}, "exec": {"allow": false}, "process": {"capabilities": ["KILL"]})");
  auto out = tightened(then, floor);
  EXPECT_FALSE(out.policy.exec.allow);
  ASSERT_EQ(out.audited.size(), 1U);
  EXPECT_FALSE(out.audited.front().exec.allow->value);
  for (const auto* one : {&out.policy, &out.audited.front()}) EXPECT_EQ(one->process.capabilities->value, oci::CapSet{1} << 5);

  // What was audited when the container was made is so still, and gets no wider.
  then.audited.push_back(policy_test::resolved({file("profile", "p", R"("process": {"capabilities": ["CHOWN"]})")}));
  out = tightened(then, floor);
  ASSERT_EQ(out.audited.size(), 1U);
  EXPECT_EQ(out.audited.front().process.capabilities->value, 0U);
  EXPECT_FALSE(out.audited.front().exec.allow->value);
}

TEST(Later, OnlyWhatIsInForce) {
  const auto then = file("profile", "p", R"("process": {"capabilities": ["KILL"]})");
  auto circumstances = policy_test::kNow;
  const auto vaccine = file("deny", "v", R"("until": {"kernel": "6.19"}, "exec": {"allow": false})");
  EXPECT_TRUE(later({then}, {vaccine}, circumstances).exec.allow);
  circumstances.kernel_release = "6.20";
  EXPECT_FALSE(later({then}, {vaccine}, circumstances).exec.allow);
  EXPECT_FALSE(later({then}, {file("floor", "f", R"("mode": "audit", "exec": {"allow": false})")}).exec.allow) << "only audited";
}

}  // namespace
