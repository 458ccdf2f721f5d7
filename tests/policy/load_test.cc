// The directory of a node's policies: what is read of it, what is refused, and what is remarked.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "files.h"

namespace {

namespace fs = std::filesystem;
using policy::Missing;

class Directory : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "bulkhead-node-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    top_ = pattern;
    node_ = top_ + "/node";
    for (const auto& path : {node_, node_ + "/policy.d", top_ + "/else"}) directory(path, 0755);
  }
  void TearDown() override { fs::remove_all(top_); }

  static void directory(const std::string& path, mode_t mode) {
    fs::create_directory(path);
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
  }
  static void write(const std::string& path, const std::string& name = "vaccine") {
    std::ofstream(path) << policy_test::file("deny", name.c_str(), R"("seccomp": {"deny": ["mount"]})");
    ASSERT_EQ(chmod(path.c_str(), 0644), 0);
  }
  std::string d(const std::string& name) const { return node_ + "/policy.d/" + name; }

  // The names of the policies, or the error without the test's own directory.
  std::string loaded(Missing missing = Missing::kFine) const { return loaded(node_, missing); }
  std::string loaded(const std::string& path, Missing missing = Missing::kFine) const {
    const auto chain = policy::load_chain(path, missing);
    std::string out = chain ? "" : chain.error().message();
    for (auto at = out.find(top_); at != std::string::npos; at = out.find(top_)) out.erase(at, top_.size());
    if (chain) {
      for (const auto& document : chain->documents) out += document.policy.name + " ";
    }
    return out;
  }

  std::string top_, node_;
};

TEST_F(Directory, NeedNotBeThereUnlessItWasNamed) {
  write(d("a.json"), "a");
  write(node_ + "/policy.json", "main");
  EXPECT_EQ(loaded(), "main a ");
  EXPECT_EQ(loaded(node_ + "///"), "main a ");
  EXPECT_EQ(loaded(top_ + "/none"), "");
  EXPECT_EQ(loaded(top_ + "/none", Missing::kError), "policies in \"/none\": there is no such directory");
  EXPECT_EQ(loaded(top_ + "/else", Missing::kError), "") << "an empty one is one";
  EXPECT_EQ(loaded(d("a.json"), Missing::kError), "policies in \"/node/policy.d/a.json\": not a directory");
}

TEST_F(Directory, LinksToNowhereAreErrors) {
  const std::string nowhere = ": dangling link: there is no \"nowhere\" where it leads to; hint: remove the link, or make what it leads to";
  fs::create_symlink("nowhere", node_ + "/policy.json");
  EXPECT_EQ(loaded(), "policy \"/node/policy.json\"" + nowhere);
  fs::remove(node_ + "/policy.json");
  fs::create_symlink("nowhere", d("x.json"));
  EXPECT_EQ(loaded(), "policy \"/node/policy.d/x.json\"" + nowhere);
  fs::remove_all(node_ + "/policy.d");
  fs::create_symlink("nowhere", node_ + "/policy.d");
  EXPECT_EQ(loaded(), "policies in \"/node/policy.d\"" + nowhere);
  fs::create_symlink("nowhere", top_ + "/link");
  EXPECT_EQ(loaded(top_ + "/link"), "policies in \"/link\"" + nowhere);
  EXPECT_EQ(loaded(top_ + "/link/"), "policies in \"/link\"" + nowhere);
  fs::remove(node_ + "/policy.d");
  fs::create_symlink("policy.d", node_ + "/policy.d");
  EXPECT_EQ(loaded(), "policies in \"/node/policy.d\": too many levels of symbolic links");
}

// As a tool makes them that puts a whole set of files in place at once.
TEST_F(Directory, LinksAreFollowedThroughCheckedDirectories) {
  directory(d("..2026"), 0755);
  write(d("..2026/x.json"), "x");
  fs::create_symlink("..2026", d("..data"));
  fs::create_symlink("..data/x.json", d("x.json"));
  write(top_ + "/else/main.json", "main");
  fs::create_symlink("../else/main.json", node_ + "/policy.json");
  fs::create_symlink(top_ + "/else/./main.json", d("y.json"));
  EXPECT_EQ(loaded().substr(0, 38), "two policies of kind \"deny\" are called") << "by a path from the root, through a sticky directory";
  fs::remove(d("y.json"));
  EXPECT_EQ(loaded(), "main x ");
  fs::rename(node_ + "/policy.d", top_ + "/real");
  fs::create_symlink("../real/", node_ + "/policy.d");
  fs::create_symlink(node_, top_ + "/link");
  EXPECT_EQ(loaded(top_ + "/link/"), "main x ");
}

TEST_F(Directory, LinksThroughWhatOthersCanChangeAreRefused) {
  directory(top_ + "/shared", 0777);
  directory(top_ + "/shared/below", 0755);
  for (const auto* name : {"/shared/a.json", "/shared/below/a.json"}) {
    write(top_ + name, "a");
    const std::string target = "../.." + std::string(name);
    fs::create_symlink(target, d("a.json"));
    EXPECT_EQ(loaded(), "policy \"/node/policy.d/a.json\": leads through the directory \"shared\", which can be written by others") << name;
    fs::remove(d("a.json"));
  }
  fs::create_symlink("../../else", d("up"));
  fs::create_symlink("up/b.json", d("b.json"));
  write(top_ + "/else/b.json", "b");
  EXPECT_EQ(loaded(), "b ");
  ASSERT_EQ(chmod((top_ + "/else").c_str(), 0775), 0);
  EXPECT_EQ(loaded(), "policy \"/node/policy.d/b.json\": leads through the directory \"else\", which can be written by others");
  ASSERT_EQ(chmod((top_ + "/else").c_str(), 01777), 0);
  EXPECT_EQ(loaded(), "b ") << "nobody else can rename it";
  if (geteuid() != 0) GTEST_SKIP() << "only root can give away";
  ASSERT_EQ(lchown(d("up").c_str(), 12345, 0), 0);
  EXPECT_EQ(loaded(), "policy \"/node/policy.d/b.json\": leads through the link \"up\", which belongs to user 12345");
  ASSERT_EQ(lchown(d("up").c_str(), 0, 0), 0);
  ASSERT_EQ(chmod((top_ + "/else").c_str(), 0755), 0);
  ASSERT_EQ(chown((top_ + "/else").c_str(), 12345, 0), 0);
  EXPECT_EQ(loaded(), "policy \"/node/policy.d/b.json\": leads through the directory \"else\", which belongs to user 12345");
}

TEST_F(Directory, ThatOthersCanChangeIsRefused) {
  write(d("a.json"), "a");
  for (const auto* name : {"/node", "/node/policy.d"}) {
    const std::string path = top_ + name;
    ASSERT_EQ(chmod(path.c_str(), 0777), 0);
    EXPECT_EQ(loaded(), base::cat("policies in \"", name, "\": the directory can be written by others; hint: chmod go-w ", name));
    ASSERT_EQ(chmod(path.c_str(), 0755), 0);
  }
  fs::remove(d("a.json"));
  ASSERT_EQ(chmod(node_.c_str(), 01777), 0);
  EXPECT_NE(loaded(), "") << "what is missing may have been taken away";
}

TEST_F(Directory, WhatIsPassedOverIsRemarked) {
  for (const auto* name : {"a.json", "vaccine.JSON", "b.json.bak", "README", "x.json~", ".hidden.json", "..data"}) write(d(name), "a");
  const auto chain = policy::load_chain(node_, Missing::kFine);
  ASSERT_TRUE(chain) << chain.error().message();
  EXPECT_EQ(chain->documents.size(), 1U);
  EXPECT_EQ(chain->ignored, (std::vector<std::string>{d("README"), d("b.json.bak"), d("vaccine.JSON")}));
  const auto effective = policy::resolve(*chain, "faas", "faas", {}, policy_test::kNow);
  ASSERT_TRUE(effective);
  EXPECT_EQ(effective->notes.size(), 3U);
  EXPECT_EQ(effective->notes.back(), "policy \"" + d("vaccine.JSON") + "\" is not read: its name does not end in \".json\"");
}

}  // namespace
