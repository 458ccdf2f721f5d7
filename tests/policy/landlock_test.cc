// The section landlock: how it is read, and what several files make of it together.
#include <gtest/gtest.h>

#include <algorithm>

#include "files.h"
#include "policy/combine.h"
#include "policy/lint.h"

namespace {

using policy::Ports;
using policy_test::file;
using policy_test::kNow;
using policy_test::read;
using policy_test::Texts;

std::string profile(const std::string& landlock) { return file("profile", "p", base::cat(R"("landlock": )", landlock)); }
std::string error(const std::string& landlock) { return policy_test::error_of(profile(landlock)); }
policy::Landlock together(const Texts& texts) { return policy_test::resolved(texts).landlock; }

TEST(Landlock, IsRead) {
  const auto document = read(profile(R"({"enable": true, "scopes": ["signal", "abstract-unix-socket", "signal"], "bind": [0, 65535, 0], "connect": [],
                                         "why": {"bind": "because"}})"));
  ASSERT_TRUE(document) << document.error().message();
  const auto& landlock = document->policy.landlock;
  EXPECT_TRUE(landlock.enable->value);
  EXPECT_EQ(landlock.scopes->value, (Texts{"signal", "abstract-unix-socket"}));
  EXPECT_EQ(landlock.bind->value, (Ports{0, 65535}));
  EXPECT_EQ(landlock.bind->why, "because");
  EXPECT_EQ(landlock.connect->value, Ports{});
  EXPECT_EQ(landlock.connect->origin.text(), "x.json:/landlock/connect");
}

TEST(Landlock, WhatIsWrong) {
  EXPECT_EQ(error(R"({"scopes": ["signals"]})"), "/landlock/scopes/0: unknown scope \"signals\"; hint: did you mean \"signal\"?");
  EXPECT_TRUE(error(R"({"bind": [65536]})").starts_with("/landlock/bind/0: want"));
  EXPECT_TRUE(error(R"({"connect": [-1]})").starts_with("/landlock/connect/0: want"));
  EXPECT_TRUE(error(R"({"bind": 80})").starts_with("/landlock/bind: want"));
  EXPECT_TRUE(error(R"({"enable": "yes"})").starts_with("/landlock/enable: want"));
  EXPECT_TRUE(error(R"({"ports": [80]})").starts_with("/landlock/ports: unknown member"));
}

TEST(Landlock, AFloorTightens) {
  const auto landlock = together({profile(R"({"enable": false, "scopes": ["signal"], "bind": [80, 443, 8080]})"),
                                  file("floor", "f", R"("landlock": {"enable": true, "scopes": ["abstract-unix-socket"], "bind": [8080, 80, 1], "connect": [53]})")});
  EXPECT_TRUE(landlock.enable->value);
  EXPECT_EQ(landlock.scopes->value, (Texts{"signal", "abstract-unix-socket"}));
  EXPECT_EQ(landlock.bind->value, (Ports{80, 8080}));
  EXPECT_EQ(landlock.connect->value, Ports{53}) << "none said so far was any";
}

TEST(Landlock, AnExceptionWidens) {
  const auto landlock = together(
      {profile(R"({"enable": true, "scopes": ["signal", "abstract-unix-socket"], "bind": [8080]})"),
       file("exceptions", "e", R"("exceptions": [{"id": "EX-1", "when": {}, "allow": {"landlock": {"enable": false, "scopes": ["signal"], "bind": [9000], "connect": [1]}},
                                "reason": "r", "owner": "o", "expires": "2024-10-31"}])")});
  EXPECT_FALSE(landlock.enable->value);
  EXPECT_EQ(landlock.scopes->value, Texts{"abstract-unix-socket"});
  EXPECT_EQ(landlock.bind->value, (Ports{8080, 9000}));
  EXPECT_FALSE(landlock.connect) << "any is not made less";
}

TEST(Landlock, ExtendingTakesTheBases) {
  const auto document = read(file("profile", "p", R"("extends": "builtin:faas@1", "landlock": {"bind": [8080]})"));
  ASSERT_TRUE(document) << document.error().message();
  EXPECT_TRUE(document->policy.landlock.enable->value);
  EXPECT_EQ(document->policy.landlock.scopes->value.size(), 2U);
  EXPECT_EQ(document->policy.landlock.bind->value, Ports{8080});
}

TEST(Landlock, WhoHasItAndWhoMounts) {
  for (const auto name : policy::builtin_policy_names()) {
    const auto policy = policy::load_policy(base::cat("builtin:", name));
    ASSERT_TRUE(policy);
    const auto& enable = policy->landlock.enable;
    EXPECT_EQ(enable && enable->value, name.starts_with("faas") || name == "sandbox") << name;
  }
}

TEST(Landlock, ADifferenceSaysWhatIsWider) {
  const auto before = read(profile(R"({"enable": true, "bind": [80, 81]})"))->policy;
  const auto wider = [&](const char* after) {
    const auto all = policy::differences(before, read(profile(after))->policy);
    return std::any_of(all.begin(), all.end(), [](const auto& d) { return d.wider; });
  };
  EXPECT_FALSE(wider(R"({"enable": true, "bind": [80], "connect": [1], "scopes": ["signal"]})"));
  EXPECT_TRUE(wider(R"({"enable": true, "bind": [80, 81, 82]})"));
  EXPECT_TRUE(wider(R"({"enable": true})"));
  EXPECT_TRUE(wider(R"({"enable": false, "bind": [80, 81]})"));
}

std::string lints(const std::string& text) {
  const auto document = read(text);
  EXPECT_TRUE(document) << document.error().message();
  return base::join(policy::lint(text, "x.json", *document, kNow), "\n");
}

TEST(Landlock, IsLinted) {
  EXPECT_NE(lints(profile(R"({"bind": [80]})")).find("/landlock/bind: has no effect without \"enable\""), std::string::npos);
  EXPECT_EQ(lints(profile(R"({"enable": true, "bind": [80]})")).find("no effect"), std::string::npos);
  const auto with = [](const char* capability) {
    return lints(file("profile", "p", base::cat(R"("process": {"capabilities": [")", capability, R"("]}, "landlock": {"enable": true})")));
  };
  EXPECT_NE(with("SYS_ADMIN").find("takes mount(2) and pivot_root(2)"), std::string::npos);
  EXPECT_EQ(with("CHOWN").find("mount(2)"), std::string::npos);
  EXPECT_EQ(lints(file("floor", "f", R"("landlock": {"scopes": ["signal"]})")).find("no effect"), std::string::npos) << "another file enables it";
}

}  // namespace
