#include "cli/table.h"

#include <gtest/gtest.h>

namespace cli {
namespace {

TEST(FormatTable, LooksAsRuncs) {
  EXPECT_EQ(format_table({{"ID", "PID", "OWNER"}}), "ID          PID         OWNER\n");
  EXPECT_EQ(format_table({{"ID", "PID", "OWNER"}, {"a-long-container", "1", "root"}}),
            "ID                 PID         OWNER\n"
            "a-long-container   1           root\n");
  EXPECT_EQ(format_table({{"ID", "X"}, {"123456789", "y"}}), "ID          X\n123456789   y\n");
  EXPECT_EQ(format_table({{"ID", "X"}, {"1234567890", "y"}}), "ID           X\n1234567890   y\n");
  EXPECT_EQ(format_table({}), "");
}

TEST(FormatTable, ABundlesNameCannotForgeALine) {
  EXPECT_EQ(format_table({{"/b\nfake\x1b[2J", "x"}}), "/b\\nfake\\x1b[2J   x\n");
}

TEST(UserName, ReadsPasswd) {
  const std::string passwd =
      "root:x:0:0:root:/root:/bin/sh\n"
      "# comment:x:5:\n"
      "broken\n"
      "web:x:1000:1000::/:\n"
      "plus:x:+7:7::/:\n"
      ":x:8:8::/:\n"
      "last:x:9:9::/:";
  EXPECT_EQ(user_name(passwd, 0), "root");
  EXPECT_EQ(user_name(passwd, 1000), "web");
  EXPECT_EQ(user_name(passwd, 9), "last");
  EXPECT_EQ(user_name(passwd, 7), "#7");
  EXPECT_EQ(user_name(passwd, 8), "#8");
  EXPECT_EQ(user_name(passwd, 1001), "#1001");
  EXPECT_EQ(user_name("", 4294967294U), "#4294967294");
}

}  // namespace
}  // namespace cli
