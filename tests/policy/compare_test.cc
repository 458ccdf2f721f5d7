// What of a newer file is wider: of each kind.
#include "policy/compare.h"

#include <gtest/gtest.h>

#include "files.h"
#include "policy/arguments.h"
#include "policy/meant.h"

namespace {

using policy_test::file;

policy::Document document(const std::string& text) {
  auto read = policy_test::read(text);
  EXPECT_TRUE(read) << read.error().message() << "\n" << text;
  return read ? *std::move(read) : policy::Document{};
}

// "+ control: before -> after", one a line.
std::string compared(const std::string& before, const std::string& after) {
  const auto profiles = [](std::string_view name) { return policy::load_policy(name.empty() ? "builtin:faas@1" : name); };
  std::string out;
  for (const auto& d : policy::compare(document(before), document(after), profiles)) {
    out += base::cat(d.wider ? '+' : '-', ' ', d.control, ": ", d.before, " -> ", d.after, '\n');
  }
  return out;
}

std::string of(const char* kind, const std::string& before, const std::string& after) {
  return compared(file(kind, "n", before), file(kind, "n", after));
}

TEST(Compare, FloorsAndDenyFiles) {
  EXPECT_EQ(of("floor", R"("resources": {"pids": {"max": 64}}, "maxExceptionDays": 30)", R"("resources": {"pids": {"max": 128}}, "maxExceptionDays": 60)"),
            "+ resources.pids: max 64 -> max 128\n+ maxExceptionDays: 30 -> 60\n");
  EXPECT_EQ(of("floor", R"("maxExceptionDays": 30)", R"("process": {"realtime": false})"),
            "- process.realtime: no rule -> false\n+ maxExceptionDays: 30 -> any number\n");
  EXPECT_EQ(of("floor", R"("decisionLog": {"sink": "syslog", "required": true})", R"("decisionLog": {"sink": "syslog"})"),
            "+ decisionLog: syslog, required -> syslog\n");
  EXPECT_EQ(of("deny", R"("seccomp": {"deny": ["mount", "umount2"]})", R"("seccomp": {"deny": ["mount"]}, "until": {"kernel": "6.18.60"})"),
            "+ seccomp:umount2: EPERM -> allowed\n+ until: for ever -> 6.18.60\n");
  EXPECT_EQ(of("deny", R"("until": {"kernel": "6.9"})", R"("until": {"kernel": "6.10"})"), "- until: 6.9 -> 6.10\n");
}

TEST(Compare, ArgumentsAreSpelledOut) {
  EXPECT_EQ(of("deny", R"("seccomp": {"args": {"socket": "a0 != AF_ALG"}})", R"("seccomp": {"args": {"socket": "a0 != AF_ALG && a1 & 0xf != 3"}})"),
            "- seccomp:socket: if a0 != 38, otherwise EPERM -> if a0 != 38 && a1 & 15 != 3, otherwise EPERM\n");
  EXPECT_EQ(of("profile", R"("seccomp": {"allow": [], "args": {"socket": "a0 == 1"}})", R"("seccomp": {"allow": [], "args": {"socket": "a0 in {1, 2} || a1 == 3"}})"),
            "+ seccomp:socket: if a0 == 1, otherwise ENOSYS -> if a0 in {1, 2} || a1 == 3, otherwise ENOSYS\n");
  EXPECT_EQ(policy::arguments_text({}), "never");
}

TEST(Compare, WhatAPolicySaysOfItself) {
  EXPECT_EQ(of("profile", R"("process": {"realtime": false})", R"("process": {"realtime": false}, "mode": "audit", "selectable": true)"),
            "+ process.realtime: false -> no rule\n+ mode: enforce -> audit\n- selectable: false -> true\n");
}

std::string exceptions(const std::string& when, const std::string& expires, const std::string& allow, const char* id = "E") {
  return base::cat(R"("exceptions": [{"id": ")", id, R"(", "when": )", when, R"(, "allow": )", allow, R"(, "reason": "r", "owner": "o", "expires": ")", expires, "\"}]");
}

TEST(Compare, Exceptions) {
  const std::string rt = R"({"process": {"realtime": true}})";
  const auto one = exceptions(R"({"image": "a:*"})", "2027-01-31", rt);
  EXPECT_EQ(of("exceptions", one, one), "");
  EXPECT_EQ(of("exceptions", one, exceptions(R"({"image": "*"})", "2027-01-31", rt)), "+ E:when: image a:* -> image *\n");
  EXPECT_EQ(of("exceptions", one, exceptions(R"({"image": "a:1"})", "2026-01-31", rt)),
            "- E:when: image a:* -> image a:1\n- E:expires: 2027-01-31 -> 2026-01-31\n");
  EXPECT_EQ(of("exceptions", one, exceptions(R"({"image": "a:*"})", "2027-02-01", rt)), "+ E:expires: 2027-01-31 -> 2027-02-01\n");
  EXPECT_EQ(of("exceptions", one, exceptions("{}", "2027-01-31", rt, "F")),
            "- E: until 2027-01-31 for image a:* -> none\n+ F: none -> until 2027-01-31 for any container\n");
  const auto masked = [](const std::string& paths) { return exceptions("{}", "2027-01-31", R"({"filesystem": {"maskedPaths": [)" + paths + "]}}"); };
  EXPECT_EQ(of("exceptions", masked(R"("/proc/a")"), masked(R"("/proc/a", "/proc/b")")).front(), '+') << "no longer masked";
  EXPECT_EQ(of("exceptions", masked(R"("/proc/a", "/proc/b")"), masked(R"("/proc/a")")).front(), '-');
  const auto calls = [](const std::string& names) { return exceptions("{}", "2027-01-31", R"({"seccomp": {"allow": [)" + names + "]}}"); };
  EXPECT_EQ(of("exceptions", calls(R"("mbind")"), calls(R"("mount")")), "- E:seccomp:mbind: allowed -> ENOSYS\n+ E:seccomp:mount: ENOSYS -> allowed\n");
}

std::string bindings(const std::string& rows) { return "\"select\": [" + rows + "]"; }

TEST(Compare, Bindings) {
  const std::string a_faas = R"({"when": {"namespace": "a"}, "profile": "builtin:faas@1"})",
                    a_pass = R"({"when": {"namespace": "a"}, "profile": "builtin:passthrough@1"})",
                    all_faas = R"({"when": {}, "profile": "builtin:faas@1"})", all_strict = R"({"when": {}, "profile": "builtin:faas-restricted@1"})",
                    a_audit = R"({"when": {"namespace": "a"}, "profile": "builtin:faas@1", "mode": "audit"})";
  EXPECT_EQ(of("bindings", bindings(a_faas + "," + all_strict), bindings(a_faas + "," + all_strict)), "");
  EXPECT_EQ(of("bindings", bindings(a_faas), bindings(a_pass)), "+ select: namespace a: builtin:faas@1 -> builtin:passthrough@1\n");
  EXPECT_EQ(of("bindings", bindings(a_pass), bindings(a_faas)), "- select: namespace a: builtin:passthrough@1 -> builtin:faas@1\n");
  EXPECT_EQ(of("bindings", bindings(a_faas), bindings(a_audit)), "+ select: namespace a: builtin:faas@1 -> builtin:faas@1, audit\n");
  EXPECT_EQ(of("bindings", bindings(all_faas), bindings(a_pass + "," + all_faas)), "+ select: namespace a: builtin:faas@1 -> builtin:passthrough@1\n");
  EXPECT_EQ(of("bindings", bindings(a_faas + "," + all_strict), bindings(all_strict + "," + a_faas)),
            "- select: namespace a: builtin:faas@1 -> builtin:faas-restricted@1\n") << "the order counts, and what is not reached does not";
  EXPECT_EQ(of("bindings", bindings(all_strict), bindings(R"({"when": {"namespace": "b"}, "profile": "builtin:faas-restricted@1"})")),
            "+ select: any container: builtin:faas-restricted@1 -> the node's default\n");
  EXPECT_EQ(of("bindings", bindings(all_faas), bindings(R"({"when": {}, "profile": "none@1"})")).front(), '+') << "nobody knows";
}

TEST(Covers, Patterns) {
  struct Row {
    const char *outer, *inner;
    bool covers;
  };
  for (const auto& row : {Row{"*", "", true}, {"*", "a*b?", true}, {"x*", "xy", true}, {"x*", "xy*", true}, {"xy*", "x*", false}, {"x?", "x*", false},
                          {"x?", "xy", true}, {"x?", "x?", true}, {"xy", "x?", false}, {"", "", true}, {"", "a", false}, {"*a*", "bab", true},
                          {"*a", "*ba", true}, {"a*b", "a*", false}, {"?*", "*", false}, {"**", "*", true}}) {
    EXPECT_EQ(policy::covers(row.outer, row.inner), row.covers) << row.outer << " " << row.inner;
  }
}

TEST(Meant, ByTheBeginningToo) {
  const std::vector<std::string_view> known = {"process.noNewPrivileges", "process.umask", "process.rlimits", "resources.pids", "filesystem.nosuid", "filesystem.noexec"};
  EXPECT_EQ(policy::meant("process.noNewPriv", known), "process.noNewPrivileges");
  EXPECT_EQ(policy::meant("noNewPrivileges", known), "process.noNewPrivileges");
  EXPECT_EQ(policy::meant("resources.pid", known), "resources.pids");
  EXPECT_EQ(policy::meant("process", known), "") << "too many";
  EXPECT_EQ(policy::meant("no", known), "");
  EXPECT_EQ(policy_test::error_of(file("profile", "n", R"("modes": {"process.noNewPriv": "audit"})")),
            "/modes/process.noNewPriv: unknown control \"process.noNewPriv\"; hint: did you mean \"process.noNewPrivileges\"?");
}

}  // namespace
