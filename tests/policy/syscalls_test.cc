// Names of system calls in a policy: those that no machine has are errors, wherever they stand.
#include "policy/syscalls.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "files.h"

namespace {

using policy_test::error_of;
using policy_test::file;

TEST(Syscalls, TheTableIsInOrder) {
  const auto all = policy::syscall_list();
  EXPECT_GT(all.size(), 380U);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
  for (const auto name : all) EXPECT_TRUE(policy::is_syscall(name)) << name;
  for (const auto* name : {"", "a", "acceptt", "zzz", "socketcall", "openat3", "Read"}) EXPECT_FALSE(policy::is_syscall(name)) << name;
}

TEST(Syscalls, AnUnknownNameIsAnErrorInEveryListAndKind) {
  struct Case {
    const char* kind;
    std::string rest, want;
  };
  const std::string meant = "unknown system call \"opnat\"; hint: did you mean \"openat\"?";
  const auto exception = [](const std::string& seccomp) {
    return R"("exceptions": [{"id": "e", "when": {}, "reason": "r", "owner": "o", "expires": "2099-01-01", "allow": {"seccomp": )" + seccomp + "}}]";
  };
  const Case cases[] = {
      {"profile", R"("seccomp": {"allow": ["read", "opnat"]})", "/seccomp/allow/1: " + meant},
      {"profile", R"("seccomp": {"allow": [], "args": {"opnat": "a0 == 1"}})", "/seccomp/args/opnat: " + meant},
      {"profile", R"("seccomp": {"allow": [], "onDeny": {"opnat": "EPERM"}})", "/seccomp/onDeny/opnat: " + meant},
      {"profile", R"("extends": "builtin:faas@1", "seccomp": {"deny": ["opnat"]})", "/seccomp/deny/0: " + meant},
      {"floor", R"("seccomp": {"deny": ["read", "opnat"]})", "/seccomp/deny/1: " + meant},
      {"floor", R"("seccomp": {"allow": ["opnat"]})", "/seccomp/allow/0: " + meant},
      {"deny", R"("seccomp": {"deny": ["opnat"]})", "/seccomp/deny/0: " + meant},
      {"deny", R"("seccomp": {"args": {"opnat": "a0 != 1"}})", "/seccomp/args/opnat: " + meant},
      {"deny", R"("seccomp": {"deny": [], "onDeny": {"opnat": "EPERM"}})", "/seccomp/onDeny/opnat: " + meant},
      {"exceptions", exception(R"({"allow": ["opnat"]})"), "/exceptions/0/allow/seccomp/allow/0: " + meant},
      {"deny", R"("seccomp": {"deny": ["mprotct"]})", "/seccomp/deny/0: unknown system call \"mprotct\"; hint: did you mean \"mprotect\"?"},
      {"deny", R"("seccomp": {"deny": ["qqqqqqqqq"]})", "/seccomp/deny/0: unknown system call \"qqqqqqqqq\""},
      {"deny", R"("seccomp": {"deny": ["fstat64"]})",
       "/seccomp/deny/0: unknown system call \"fstat64\"; hint: it is i386's, and what is said of \"fstat\" holds for it"},
      {"deny", R"("seccomp": {"deny": ["socketcall"]})",
       "/seccomp/deny/0: unknown system call \"socketcall\"; hint: it is i386's, and what is said of the calls that it makes holds for it"},
      {"deny", R"x("seccomp": {"deny": []}, "tests": [{"name": "t", "expect": {"syscall:opnat(1)": "allow"}}])x", "/tests/0/expect/syscall:opnat(1): " + meant},
  };
  for (const auto& c : cases) EXPECT_EQ(error_of(file(c.kind, "n", c.rest)), c.want) << c.kind << " " << c.rest;
}

TEST(Syscalls, AnErrorHasItsLineAndColumn) {
  const auto document = policy_test::read(file("deny", "n", "\n\"seccomp\": {\n  \"deny\": [\"mount\", \"mprotct\"]}"));
  ASSERT_FALSE(document);
  EXPECT_EQ(document.error().message().substr(0, 33), "x.json:3:21: /seccomp/deny/1: unk");
}

TEST(Syscalls, WhatOneMachineHasMayBeNamedOnAll) {
  for (const auto* name : {"open", "mseal", "listns", "uretprobe", "renameat", "clone3"}) {
    EXPECT_TRUE(policy_test::read(file("deny", "n", base::cat(R"("seccomp": {"deny": [")", name, "\"]}")))) << name;
  }
}

TEST(Syscalls, AGroupThatWasMeant) {
  EXPECT_EQ(error_of(file("deny", "n", R"("seccomp": {"deny": ["@fass@1"]})")),
            "/seccomp/deny/0: there is no system call group \"@fass@1\"; hint: did you mean \"@faas@1\"?");
  EXPECT_EQ(error_of(file("deny", "n", R"("seccomp": {"deny": ["@qqqqqq"]})")), "/seccomp/deny/0: there is no system call group \"@qqqqqq\"");
}

}  // namespace
