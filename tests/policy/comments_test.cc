#include "policy/comments.h"

#include <gtest/gtest.h>

#include "policy/builtin.h"

namespace {

std::string without(std::string_view text) {
  auto out = policy::without_comments(text, "x.json");
  if (!out) return out.error().message();
  EXPECT_EQ(out->size(), text.size());
  return *out;
}

TEST(Comments, BecomeSpaces) {
  EXPECT_EQ(without("{} // x"), "{}     ");
  EXPECT_EQ(without("// x\n{}"), "    \n{}");
  EXPECT_EQ(without("[1/* 2\n3 */,4]"), "[1    \n    ,4]");
  EXPECT_EQ(without("/**/{}/*/ */"), "    {}      ");
  EXPECT_EQ(without("{}//"), "{}  ");
}

TEST(Comments, AreNotInStrings) {
  for (const char* text : {R"({"a": "// no", "b": "/* no */"})", R"({"a\"//": 1})", R"("\\")", R"("\\\"/*")", R"("/*)"}) {
    EXPECT_EQ(without(text), text);
  }
}

TEST(Comments, NeedAnEnd) {
  EXPECT_EQ(without("{\n  /* x"), "x.json:2:3: this comment has no end");
  EXPECT_EQ(without("/*/"), "x.json:1:1: this comment has no end");
}

TEST(TrailingCommas, BecomeSpaces) {
  EXPECT_EQ(without("[1,]"), "[1 ]");
  EXPECT_EQ(without("[1, // one\n]"), "[1        \n]");
  EXPECT_EQ(without(R"({"a": [{}, ], /* b */ })"), R"({"a": [{}  ]          })");
  EXPECT_EQ(without(R"(["a","b",])"), R"(["a","b" ])");
}

// What is no list with one comma too many stays wrong.
TEST(TrailingCommas, OnlyBehindAnElement) {
  for (const char* text : {"[,]", "{,}", "[1,,]", "[1,,2]", R"({"a":,})", ",", "[1],"}) {
    const std::string out = without(text);
    EXPECT_FALSE(policy::read_policy(out, "x.json", policy::builtin_group)) << text;
    EXPECT_NE(out.find(','), std::string::npos) << text;
  }
}

TEST(Places, AreThoseOfTheFile) {
  const auto error = [](const char* text) {
    const auto read = policy::read_policy(text, "x.json", policy::builtin_group);
    return read ? "no error" : read.error().message();
  };
  const char* const file = R"({
  // A comment, and an umlaut: ä
  "bulkhead": "policy/v1", "kind": "profile",
  /* over
     lines */ "name": "x", "version": "1",
  "process": {
    "noNewPrivilege": true, // mistyped
  },
})";
  EXPECT_EQ(error(file),
            "x.json:7:23: /process/noNewPrivilege: unknown member \"noNewPrivilege\"; hint: did you mean "
            "\"noNewPrivileges\"?");
  EXPECT_EQ(error("[ // x\n]"), "x.json:1:1: want an object, have an array");
  EXPECT_EQ(error("{ /* x */ \"a\" 1}"), "x.json:1:15: want \":\", have \"1\"");
}

}  // namespace
