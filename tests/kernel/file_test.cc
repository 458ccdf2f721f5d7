// Paths that fit a pattern.
#include "kernel/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

namespace {

TEST(FindPaths, OnlyWhatIsThereAndFits) {
  char name[] = "/tmp/bulkhead-find-XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  const std::string top = name;
  for (const char* directory : {"/cpu0", "/cpu0/throttle", "/cpu10", "/cpu10/throttle", "/cpu2", "/other", "/other/throttle", "/.cpu"}) {
    ASSERT_EQ(::mkdir((top + directory).c_str(), 0700), 0) << directory;
  }
  using Paths = std::vector<std::string>;
  EXPECT_EQ(kernel::find_paths(top + "/cpu*/throttle"), (Paths{top + "/cpu0/throttle", top + "/cpu10/throttle"}));
  EXPECT_EQ(kernel::find_paths(top + "/*/"), (Paths{top + "/cpu0", top + "/cpu10", top + "/cpu2", top + "/other"}));
  EXPECT_EQ(kernel::find_paths(top + "/cpu0"), Paths{top + "/cpu0"});
  EXPECT_EQ(kernel::find_paths(top + "/none/*"), Paths{});
  EXPECT_EQ(kernel::find_paths(top + "/cpu0/*/x"), Paths{});
  std::filesystem::remove_all(top);
}

}  // namespace
