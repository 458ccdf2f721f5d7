#include "cli/kept_config.h"

#include <gtest/gtest.h>

namespace {

using cli::without_values;

TEST(KeptConfig, HoldsNoValue) {
  EXPECT_EQ(without_values(R"({"ociVersion":"1.2.0","process":{"cwd":"/","env":["A=secret","B=\"]}"],"args":["sh","-c","secret"],"user":{"uid":0}},
 "hooks" : {"prestart":[{"path":"/x","env":["T=secret"]}]} , "annotations":{"a":"secret"},"root":{"path":"env"}})"),
            R"({"ociVersion":"1.2.0","process":{"cwd":"/","env":[],"args":["-"],"user":{"uid":0}},
 "hooks" : {} , "annotations":{},"root":{"path":"env"}})");
}

TEST(KeptConfig, LeavesAlikeNamesElsewhere) {
  for (const auto* text : {R"({"linux":{"env":["x"],"process":{"env":["x"]},"annotations":{"a":"b"}},"mounts":[{"args":[1]}]})", "{}", " { } ", R"({"process":{}})",
                           R"({"process":null,"hostname":"env","domainname":"\"args\":[1]"})", R"({"root":{"readonly":true},"a":-1.5e3,"b":[],"c":[{},[{}]],"d":"\\"})"}) {
    EXPECT_EQ(without_values(text), text);
  }
}

TEST(KeptConfig, NullAndScalarsAreReplacedToo) {
  EXPECT_EQ(without_values(R"({"hooks":null,"annotations" :null, "process":{"env":null,"args":["a"]}})"),
            R"({"hooks":{},"annotations" :{}, "process":{"env":[],"args":["-"]}})");
}

TEST(KeptConfig, AnEscapedNameIsNotGuessedAt) {
  EXPECT_FALSE(without_values("{\"process\":{\"\\u0065nv\":[\"A=secret\"]}}"));
  EXPECT_FALSE(without_values("{\"pro\\u0063ess\":{}}"));
}

// Whatever it is, it ends.
TEST(KeptConfig, DamageIsNoTrap) {
  const std::string text = R"({"process":{"env":["A=\"b\"",1,{"c":[2]}],"args":["x"]},"hooks":{}})";
  for (std::size_t size = 0; size < text.size(); ++size) (void)without_values(std::string_view(text).substr(0, size));
  SUCCEED();
}

}  // namespace
