#include "policy/find.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "oci/json.h"
#include "policy/builtin.h"

namespace {

std::string error(const std::string& name) {
  const auto policy = policy::load_policy(name);
  if (policy) return "no error";
  EXPECT_EQ(policy.error().kind(), base::Kind::kPolicy);
  return policy.error().message();
}

TEST(Find, BuiltinNames) {
  for (const auto* name : {"faas", "faas@1", "builtin:faas", "builtin:faas@1"}) {
    const auto policy = policy::load_policy(name);
    ASSERT_TRUE(policy) << policy.error().message();
    EXPECT_EQ(policy->id(), "faas@1");
    EXPECT_EQ(policy->process.root_user->origin.text(), "faas.json:/process/rootUser");
  }
  EXPECT_EQ(policy::load_policy("passthrough")->id(), "passthrough@1");
}

TEST(Find, WhatDoesNotExist) {
  EXPECT_EQ(error("fass"), "policy \"fass\" does not exist; hint: did you mean \"faas\"?");
  EXPECT_EQ(error(""), "policy \"\" does not exist; hint: built-in policies are baseline, compat, faas-go, faas-java, faas-node, faas-python, faas-restricted, faas, passthrough, sandbox");
  EXPECT_EQ(error("builtin:fas@1"), "policy \"builtin:fas@1\" does not exist; hint: did you mean \"builtin:faas\"?");
  EXPECT_EQ(error("sandb"), "policy \"sandb\" does not exist; hint: did you mean \"sandbox\"?");
  EXPECT_EQ(error("faas@2"), "policy \"faas@2\" does not exist; hint: this build has \"faas@1\"");
  EXPECT_EQ(error("faas@"), "policy \"faas@\" does not exist; hint: this build has \"faas@1\"");
  EXPECT_EQ(error("seccomp/faas"), "policy \"seccomp/faas\" does not exist");
  EXPECT_EQ(error("none.json"), "policy \"none.json\" does not exist");
}

TEST(Find, TheBuiltinFilesAreTheOnesInstalled) {
  std::size_t count = 0;
  for (const auto& file : policy::builtin_files()) {
    std::ifstream in(std::string(PROFILES) + "/" + std::string(file.name), std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    EXPECT_EQ(text, file.text) << file.name;
    ++count;
  }
  std::size_t there = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(PROFILES))
    there += entry.path().extension() == ".json";
  EXPECT_EQ(count, there) << "a file of profiles/ is not listed in src/policy/meson.build";
}

// The table of groups is made by another program than the one that reads policies.
TEST(Find, TheTableOfGroupsSaysWhatTheFilesSay) {
  std::size_t count = 0;
  for (const auto& file : policy::builtin_files()) {
    if (!file.name.starts_with("seccomp/")) continue;
    const auto json = oci::parse_json(file.text, file.name);
    ASSERT_TRUE(json) << json.error().message();
    const auto name = std::string(*json->root().find("name")->get_string());
    const auto* group = policy::builtin_group(name.substr(1));
    ASSERT_NE(group, nullptr) << name;
    EXPECT_EQ(std::string(group->version), *json->root().find("version")->get_string());
    EXPECT_EQ(std::vector<std::string>(group->syscalls.begin(), group->syscalls.end()),
              *json->root().find("syscalls")->get_strings());
    ++count;
  }
  EXPECT_EQ(count, policy::builtin_groups().size());
  EXPECT_GE(count, 2U);
  EXPECT_EQ(policy::builtin_group("none"), nullptr);
}

class PolicyFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "bulkhead-policy-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    path_ = directory_ + "/p.json";
    write(R"({"bulkhead": "policy/v1", "kind": "profile", "name": "mine", "version": "7",
              "seccomp": {"allow": ["@faas@1"]}})");
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  void write(const std::string& text) const {
    std::ofstream(path_, std::ios::binary) << text;
    ASSERT_EQ(chmod(path_.c_str(), 0644), 0);
  }
  std::string directory_, path_;
};

TEST_F(PolicyFile, IsRead) {
  const auto policy = policy::load_policy(path_);
  ASSERT_TRUE(policy) << policy.error().message();
  EXPECT_EQ(policy->id(), "mine@7");
  EXPECT_EQ(policy->seccomp->origin.file, path_);
}

TEST_F(PolicyFile, ThatOthersCanWriteIsRefused) {
  for (const mode_t mode : {0664U, 0646U, 0666U}) {
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
    EXPECT_EQ(error(path_), "policy \"" + path_ + "\" can be written by others; hint: chmod go-w " + path_);
  }
}

TEST_F(PolicyFile, OfAnotherUserIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  ASSERT_EQ(chown(path_.c_str(), 12345, 0), 0);
  EXPECT_EQ(error(path_),
            "policy \"" + path_ + "\" belongs to user 12345; hint: it must belong to root or to the caller");
}

TEST_F(PolicyFile, OtherThingsAreRefused) {
  EXPECT_EQ(error(directory_), "policy \"" + directory_ + "\" is not a regular file");
  std::filesystem::remove(path_);
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(error(path_), "policy \"" + path_ + "\" is not a regular file");
  std::filesystem::remove(path_);
  write(std::string((1 << 20) + 1, ' '));
  EXPECT_EQ(error(path_), "policy \"" + path_ + "\" is larger than 1048576 bytes");
  write("");
  EXPECT_NE(error(path_), "no error");
  write(std::string("{\0}", 3));
  EXPECT_NE(error(path_), "no error");
}

}  // namespace
