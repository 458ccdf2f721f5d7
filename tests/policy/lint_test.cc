// What lint remarks, and what it leaves alone.
#include "policy/lint.h"

#include <gtest/gtest.h>

#include "files.h"

namespace {

using policy_test::file;

policy::Chain chain(const std::vector<std::string>& texts) {
  policy::Chain out;
  for (const auto& text : texts) out.documents.push_back(*policy_test::read(text));
  return out;
}

// The remarks without line and column; those on a missing reason or a missing "until" are every short file's.
std::string remarks(const std::string& text, const std::vector<std::string>& node = {}) {
  const auto read = policy_test::read(text);
  EXPECT_TRUE(read) << read.error().message() << "\n" << text;
  if (!read) return "";
  std::string out;
  for (const auto& remark : policy::lint(text, "x.json", *read, policy_test::kNow, chain(node))) {
    if (remark.find("no reason is given") != std::string::npos || remark.find("has no \"until\"") != std::string::npos) continue;
    out += remark.substr(remark.find(" /") == std::string::npos ? 0 : remark.find(" /") + 1) + "\n";
  }
  return out;
}

TEST(Lint, GroupsWithoutAVersion) {
  const std::string pin = " has no version: pin it, as in ";
  EXPECT_EQ(remarks(file("deny", "n", R"("seccomp": {"deny": ["@timer"]})")), "/seccomp/deny/0: group \"@timer\"" + pin + "\"@timer@1\"\n");
  EXPECT_EQ(remarks(file("exceptions", "n", R"("exceptions": [{"id": "e", "when": {"id": "x"}, "reason": "r", "owner": "o", "expires": "2099-01-01",
            "allow": {"seccomp": {"allow": ["@timer"]}}}])")),
            "/exceptions/0/allow/seccomp/allow/0: group \"@timer\"" + pin + "\"@timer@1\"\n");
  EXPECT_EQ(remarks(file("deny", "n", R"("seccomp": {"deny": ["@timer@1"]})")), "");
}

std::string bindings(const std::string& rows) { return file("bindings", "n", "\"select\": [" + rows + "]"); }
std::string to_faas(const std::string& when) { return R"({"when": )" + when + R"(, "profile": "builtin:faas@1"})"; }

TEST(Lint, BindingsThatAreNeverReached) {
  const auto second = [](const std::string& first, const std::string& then) { return remarks(bindings(to_faas(first) + "," + to_faas(then))); };
  const std::string never = "x.json:/select/1: is never reached: x.json:/select/0 fits wherever it does\n";
  EXPECT_EQ(second(R"({"image": "x*"})", R"({"image": "xy"})"), never);
  EXPECT_EQ(second(R"({"image": "x*"})", R"({"image": ["xy", "x?"], "type": "sandbox"})"), never);
  EXPECT_EQ(second(R"({"image": "x*"})", R"({"image": "x*"})"), never);
  EXPECT_EQ(second(R"({"image": ["*"]})", R"({"type": "sandbox"})"), never);
  EXPECT_EQ(second("{}", R"({"image": "x"})"), "x.json:/select/1: is never reached: x.json:/select/0 fits always\n");
  EXPECT_EQ(second(R"({"image": "xy"})", R"({"image": "x*"})"), "");
  EXPECT_EQ(second(R"({"image": "x*", "type": "sandbox"})", R"({"image": "xy"})"), "");
  EXPECT_EQ(second(R"({"image": "x*"})", R"({"image": ["xy", "z"]})"), "");
}

TEST(Lint, BindingsToAProfileThatIsNotThere) {
  const auto text = bindings(R"({"when": {"id": "x"}, "profile": "py-htp@3"})");
  const auto profile = [](const char* name) { return file("profile", name, ""); };
  EXPECT_EQ(remarks(text, {profile("py-http")}),
            "x.json:/select/0: no container that it fits will start: policy \"py-htp@3\" does not exist; hint: did you mean \"py-http\"?\n");
  EXPECT_EQ(remarks(bindings(R"({"when": {"id": "x"}, "profile": "py-http@1"})"), {profile("py-http")}), "");
  const auto read = policy_test::read(text);
  EXPECT_EQ(policy::lint(text, "x.json", *read, policy_test::kNow, {}, chain({file("profile", "py-htp", "")})).size(), 1U) << "that is py-htp@1";
}

// What is bound no more comes to the node's own profile, if there is one.
TEST(Lint, BindingsThatAreGoneLeaveToTheDefault) {
  const auto read = *policy_test::read(bindings(""));
  auto node = chain({file("profile", "wide", ""), bindings(to_faas(R"({"id": "x"})"))});
  EXPECT_TRUE(policy::lint(bindings(""), "x.json", read, policy_test::kNow, node).empty()) << "the default is faas too";
  node.has_main = true;
  const auto found = policy::lint(bindings(""), "x.json", read, policy_test::kNow, node);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found.front().find("leaves more than the installed \"n@1\""), std::string::npos) << found.front();
}

TEST(Lint, AKindOfProgramThatDoesNotExistIsAnError) {
  const auto text = [](const std::string& kind) { return bindings(to_faas("{\"entrypoint\": " + kind + "}")); };
  EXPECT_EQ(policy_test::error_of(text("\"pyhton\"")),
            "/select/0/when/entrypoint: unknown kind of program \"pyhton\"; hint: did you mean \"python\"?");
  EXPECT_EQ(policy_test::error_of(text(R"(["python", "perl"])")), "/select/0/when/entrypoint: unknown kind of program \"perl\"");
  EXPECT_TRUE(policy_test::read(text(R"(["py*", "elf32", "?o", "other"])")));
}

TEST(Lint, RulesThatChangeNothing) {
  const auto profile = [](const std::string& rest) { return remarks(file("profile", "n", rest)); };
  EXPECT_EQ(profile(R"("seccomp": {"allow": ["read"], "deny": ["mount"]})"), "/seccomp/deny/0: changes nothing: \"mount\" is not allowed anyway\n");
  EXPECT_EQ(profile(R"("extends": "builtin:faas@1", "seccomp": {"deny": ["mount", "read", "@default@1"]})"),
            "/seccomp/deny/0: changes nothing: \"mount\" is not allowed anyway\n");
  EXPECT_EQ(profile(R"("seccomp": {"allow": ["read"], "onDeny": {"read": "EIO", "mount": "EPERM"}})"), "/seccomp/onDeny/read: changes nothing: \"read\" is allowed\n");
  EXPECT_EQ(remarks(file("deny", "n", R"("seccomp": {"deny": ["mount"], "onDeny": {"mount": "EPERM", "umount2": "EPERM"}})")),
            "/seccomp/onDeny/umount2: changes nothing: \"umount2\" is allowed\n");
  EXPECT_EQ(profile(R"("environment": {"keep": ["PORT"]})"), "/environment/keep: changes nothing: there is no rule \"secrets\" that would take them for one\n");
  EXPECT_EQ(profile(R"("environment": {"keep": ["PORT"], "secrets": "warn"})"), "");
  EXPECT_EQ(profile(R"("environment": {"strip": ["LD_*"], "warn": ["LD_PRELOAD", "NODE_*"]})"),
            "/environment/warn/0: changes nothing: \"strip\" takes them away, by \"LD_*\"\n");
}

TEST(Lint, WhatIsWiderThanTheInstalledOne) {
  const auto floor = [](const char* max) { return file("floor", "n", base::cat(R"("resources": {"pids": {"max": )", max, "}}")); };
  EXPECT_EQ(remarks(floor("128"), {floor("64")}), "x.json: resources.pids: leaves more than the installed \"n@1\", x.json: max 128, not max 64\n");
  EXPECT_EQ(remarks(floor("64"), {floor("128")}), "");
  EXPECT_EQ(remarks(file("deny", "d", ""), {file("deny", "d", R"("seccomp": {"deny": ["mount"]})")}).substr(0, 42), "x.json: seccomp: leaves more than the inst");
  EXPECT_EQ(remarks(file("deny", "other", ""), {file("deny", "d", R"("seccomp": {"deny": ["mount"]})")}), "");
}

}  // namespace
