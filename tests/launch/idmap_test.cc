// Id maps: their text, and what the kernel makes of them.
#include "launch/idmap.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "tests/support/in_child.h"

namespace launch {
namespace {

TEST(IdMap, IsOneLineForEachRange) {
  EXPECT_EQ(format_id_map({}), "");
  EXPECT_EQ(format_id_map({{0, 100000, 65536}}), "0 100000 65536\n");
  EXPECT_EQ(format_id_map({{0, 100000, 1}, {1, 4294967294U, 1}}), "0 100000 1\n1 4294967294 1\n");
}

class IdMapAsRoot : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: writes id maps";
    if (support::in_child([] { ASSERT_EQ(::unshare(CLONE_NEWUSER), 0); }) != 0) {
      GTEST_SKIP() << "this machine gives no user namespaces";
    }
  }
};

std::string numbers_of(const std::string& path) {
  std::ifstream file(path);
  std::string out;
  for (std::string word; file >> word;) out += (out.empty() ? "" : " ") + word;
  return out;
}

TEST_F(IdMapAsRoot, NamespaceHasTheMaps) {
  const auto userns = make_userns({{0, 100000, 1000}, {1000, 5000, 1}}, {{0, 200000, 10}});
  ASSERT_TRUE(userns.has_value()) << userns.error().message();
  struct stat ours {
  }, made{};
  ASSERT_EQ(::fstat(userns->get(), &made), 0);
  ASSERT_EQ(::stat("/proc/self/ns/user", &ours), 0);
  EXPECT_NE(made.st_ino, ours.st_ino);
  support::check_in_child([&] {
    ASSERT_EQ(::setns(userns->get(), CLONE_NEWUSER), 0);
    EXPECT_EQ(numbers_of("/proc/self/uid_map"), "0 100000 1000 1000 5000 1");
    EXPECT_EQ(numbers_of("/proc/self/gid_map"), "0 200000 10");
  });
}

TEST_F(IdMapAsRoot, LeavesNoProcessBehind) {
  support::check_in_child([] {
    ASSERT_TRUE(make_userns({{0, 1, 1}}, {{0, 1, 1}}).has_value());
    EXPECT_EQ(::waitpid(-1, nullptr, 0), -1);
    EXPECT_EQ(errno, ECHILD);
  });
}

TEST_F(IdMapAsRoot, ErrorsNameTheMap) {
  const auto overlapping = make_userns({{0, 1, 10}, {5, 100, 10}}, {{0, 1, 1}});
  ASSERT_FALSE(overlapping.has_value());
  EXPECT_EQ(overlapping.error().message(), "config.json: /linux/uidMappings: write \"uid_map\": invalid argument");
  const auto empty = make_userns({{0, 1, 1}}, {{0, 1, 0}});
  ASSERT_FALSE(empty.has_value());
  EXPECT_EQ(empty.error().message(), "config.json: /linux/gidMappings: write \"gid_map\": invalid argument");
}

}  // namespace
}  // namespace launch
