// The programs that config.json may name as hooks: how they are written, and what two lists have in common.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"
#include "policy/builtin.h"
#include "policy/combine.h"
#include "policy/find.h"
#include "policy/lattice.h"
#include "policy/read.h"

namespace policy {
namespace {

using Programs = std::vector<HookProgram>;

const std::string kDigest(64, 'a');

base::Result<Policy> read(const std::string& allow) {
  return read_policy(base::cat(R"({"bulkhead": "policy/v1", "kind": "profile", "name": "x", "version": "1", "hooks": {"allow": )", allow, "}}"),
                     "x.json", builtin_group);
}

std::string error(const std::string& allow) {
  const auto policy = read(allow);
  return policy ? "" : policy.error().message();
}

TEST(Hooks, AreReadByPathAndDigest) {
  const auto policy = read(base::cat(R"([{"path": "/usr/bin/a", "sha256": ")", kDigest, R"("}, {"path": "/usr/bin/b"}])"));
  ASSERT_TRUE(policy) << policy.error().message();
  EXPECT_EQ(policy->hooks.allow->value, (Programs{{"/usr/bin/a", "sha256:" + kDigest}, {"/usr/bin/b", ""}}));
  EXPECT_EQ(lattice::text(policy->hooks.allow->value), base::cat("/usr/bin/a sha256:", kDigest, ", /usr/bin/b"));
  EXPECT_EQ(lattice::text(Programs{}), "none");
}

TEST(Hooks, WhatIsWrongIsToldAtItsPlace) {
  EXPECT_NE(error(R"([{"path": "a"}])").find("/hooks/allow/0/path: want an absolute path"), std::string::npos);
  EXPECT_NE(error(R"([{"sha256": "aa"}])").find("/hooks/allow/0"), std::string::npos);
  EXPECT_NE(error(R"([{"path": "/a", "digest": "x"}])").find("/hooks/allow/0/digest: unknown"), std::string::npos) << error(R"([{"path": "/a", "digest": "x"}])");
  EXPECT_NE(error(R"(["/a"])").find("/hooks/allow/0"), std::string::npos);
  EXPECT_NE(error(R"([{"path": "/a/../b"}])").find("/hooks/allow/0/path"), std::string::npos);
  for (const auto& wrong : {std::string(63, 'a'), std::string(64, 'A'), "sha256:" + kDigest}) {
    EXPECT_NE(error(base::cat(R"([{"path": "/a", "sha256": ")", wrong, R"("}])")).find("/hooks/allow/0/sha256: want 64 digits"), std::string::npos) << wrong;
  }
}

// Said without the functions that are tried: whether a file of that content may be run.
bool lets(const Programs& list, const HookProgram& file) {
  return std::any_of(list.begin(), list.end(), [&](const auto& entry) { return entry.path == file.path && (entry.digest.empty() || entry.digest == file.digest); });
}

const Programs kFiles = {{"/a", "1"}, {"/a", "2"}, {"/a", "3"}, {"/b", "1"}, {"/b", "2"}, {"/c", "1"}, {"/c", "2"}};

const std::vector<Programs>& lists() {
  static const std::vector<Programs> kLists = {{}, {{"/a", ""}}, {{"/a", "1"}}, {{"/a", "1"}, {"/a", "2"}}, {{"/a", "2"}, {"/b", ""}},
                                               {{"/b", "1"}, {"/a", ""}}, {{"/a", "1"}, {"/a", ""}, {"/c", ""}}};
  return kLists;
}

TEST(Hooks, MeetLeavesWhatBothLeaveAndWidenWhatOneDoes) {
  for (const auto& a : lists()) {
    for (const auto& b : lists()) {
      const auto both = lattice::meet(Strict::kByType, a, b), either = lattice::widen(Strict::kByType, a, b);
      for (const auto& file : kFiles) {
        EXPECT_EQ(lets(both, file), lets(a, file) && lets(b, file)) << file.path << file.digest;
        EXPECT_EQ(lets(either, file), lets(a, file) || lets(b, file)) << file.path << file.digest;
      }
      EXPECT_TRUE(lattice::within(Strict::kByType, both, a) && lattice::within(Strict::kByType, both, b));
      EXPECT_TRUE(lattice::within(Strict::kByType, a, either));
      const bool all = std::all_of(kFiles.begin(), kFiles.end(), [&](const auto& file) { return !lets(a, file) || lets(b, file); });
      EXPECT_EQ(lattice::within(Strict::kByType, a, b), all);
    }
  }
}

TEST(Hooks, OfTwoPoliciesBothHold) {
  auto one = *read(R"([{"path": "/a"}, {"path": "/b"}])");
  policy::tighten(one, *read(base::cat(R"([{"path": "/a", "sha256": ")", kDigest, R"("}, {"path": "/c"}])")));
  EXPECT_EQ(one.hooks.allow->value, (Programs{{"/a", "sha256:" + kDigest}}));
}

TEST(Hooks, TheHardenedPoliciesLetNoneRun) {
  for (const char* name : {"faas", "faas-restricted", "faas-java", "baseline", "sandbox"}) {
    const auto policy = load_policy(name);
    ASSERT_TRUE(policy) << name;
    ASSERT_TRUE(policy->hooks.allow) << name;
    EXPECT_TRUE(policy->hooks.allow->value.empty()) << name;
  }
  for (const char* name : {"compat", "passthrough"}) EXPECT_FALSE(load_policy(name)->hooks.allow) << name;
}

}  // namespace
}  // namespace policy
