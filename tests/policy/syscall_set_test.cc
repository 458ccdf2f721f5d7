#include "policy/syscall_set.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace policy {
namespace {

using namespace std::string_view_literals;

std::vector<std::string_view> list(const SyscallSet& names) { return {names.begin(), names.end()}; }

TEST(SyscallSet, AreSortedAndEachThereOnce) {
  const SyscallSet names{"write", "read", "openat", "read"};
  EXPECT_EQ(list(names), (std::vector<std::string_view>{"openat", "read", "write"}));
  EXPECT_EQ(names.size(), 3U);
  EXPECT_FALSE(names.empty());
  EXPECT_EQ(names, (SyscallSet{"openat", "write", "read"}));
  EXPECT_NE(names, (SyscallSet{"openat", "write"}));
}

TEST(SyscallSet, NoneAtAll) {
  EXPECT_TRUE(SyscallSet().empty());
  EXPECT_EQ(SyscallSet().size(), 0U);
  EXPECT_TRUE(list(SyscallSet()).empty());
  EXPECT_FALSE(SyscallSet().contains("read"));
  EXPECT_FALSE(SyscallSet().contains(""));
}

TEST(SyscallSet, ContainWholeNamesOnly) {
  const SyscallSet names{"pread64", "readlinkat"};
  EXPECT_TRUE(names.contains("pread64"));
  for (const auto* part : {"read", "pread", "readlink", "64", ""}) EXPECT_FALSE(names.contains(part)) << part;
}

TEST(SyscallSet, CanBeMadeOfTheirOwn) {
  SyscallSet names{"read", "write"};
  auto all = list(names);
  all.emplace_back("close");
  names = SyscallSet(all);
  EXPECT_EQ(names, (SyscallSet{"close", "read", "write"}));
}

TEST(SyscallSet, TextsComeBack) {
  const SyscallSet names{"write", "read", "close"};
  SyscallSet again;
  ASSERT_TRUE(again.set_text(names.text()));
  EXPECT_EQ(again, names);
  ASSERT_TRUE(again.set_text(""));
  EXPECT_EQ(again, SyscallSet());
}

TEST(SyscallSet, DamagedTextsChangeNothing) {
  for (const auto text : {"read"sv, "read\0write"sv, "write\0read\0"sv, "read\0read\0"sv, "\0"sv, "read\0\0"sv}) {
    SyscallSet names{"close"};
    EXPECT_FALSE(names.set_text(std::string(text))) << text;
    EXPECT_EQ(names, SyscallSet{"close"}) << text;
  }
}

}  // namespace
}  // namespace policy
