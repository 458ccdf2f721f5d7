#include "policy/arguments.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace {

using Alternatives = std::vector<std::vector<policy::ArgCheck>>;

std::string text(const Alternatives& all) {
  std::string out;
  for (const auto& alternative : all) {
    if (!out.empty()) out += " | ";
    for (const auto& check : alternative) {
      if (!out.empty() && out.back() != ' ') out += " ";
      out += base::cat('a', check.index);
      if (check.mask != 0xffffffff) out += base::cat('&', check.mask);
      for (std::size_t i = 0; i < check.values.size(); ++i) out += base::cat(i == 0 ? '=' : ',', check.values[i]);
    }
  }
  return out;
}

std::string parsed(std::string_view expression) {
  const auto result = policy::parse_arguments(expression);
  return result ? text(*result) : "error: " + result.error().message();
}

TEST(Arguments, Checks) {
  EXPECT_EQ(parsed("a0 == 1"), "a0=1");
  EXPECT_EQ(parsed("a5==0xffffffff"), "a5=4294967295");
  EXPECT_EQ(parsed("a1 & 0xf in {SOCK_STREAM, SOCK_DGRAM}"), "a1&15=1,2");
  EXPECT_EQ(parsed(" a0&3==0 "), "a0&3=0");
}

TEST(Arguments, AndBindsTighterThanOr) {
  EXPECT_EQ(parsed("a0 == 1 && a1 == 2 || a2 == 3"), "a0=1 a1=2 | a2=3");
  EXPECT_EQ(parsed("a0 == 1 && (a1 == 2 || a2 == 3)"), "a0=1 a1=2 | a0=1 a2=3");
  EXPECT_EQ(parsed("((a0 == 1))"), "a0=1");
}

TEST(Arguments, Faults) {
  for (const auto& [expression, fault] : std::vector<std::pair<std::string, std::string>>{
           {"", "at character 1: want an argument, a0 to a5, have the end"},
           {"a6 == 1", "at character 1: want an argument, a0 to a5, have \"a6\""},
           {"a0", "at character 3: want \"==\", \"!=\" or \"in\", have the end"},
           {"a0 <= 1", "at character 4: want \"==\", \"!=\" or \"in\", have \"<\""},
           {"a0 == ", "at character 7: want a number or a constant's name, have the end"},
           {"a0 == 4294967296", "at character 7: want a number of 32 bits, have \"4294967296\""},
           {"a0 == 0x", "at character 7: want a number of 32 bits, have \"0x\""},
           {"a0 == 1x", "at character 7: want a number of 32 bits, have \"1x\""},
           {"a0 == AF_UNIXX",
            "at character 7: want a number or a constant's name, have \"AF_UNIXX\"; hint: did you mean \"AF_UNIX\"?"},
           {"a0 in 1", "at character 7: want \"{\", have \"1\""},
           {"a0 in {1", "at character 9: want \",\" or \"}\", have the end"},
           {"(a0 == 1", "at character 9: want \")\", have the end"},
           {"a0 == 1 a1 == 2", "at character 9: want \"&&\", \"||\" or the end, have \"a\""},
           {"a0 & 1 == 2", "a0 & 1 can never be 2"},
       }) {
    EXPECT_EQ(parsed(expression), "error: " + fault) << expression;
  }
}

TEST(Arguments, SizeIsBounded) {
  std::string wide = "(a0 == 1 || a0 == 2)";
  for (int i = 0; i < 6; ++i) wide += " && (a0 == 1 || a0 == 2)";
  EXPECT_EQ(parsed(wide), "error: more than 64 alternatives");
  EXPECT_EQ(parsed(std::string(10000, '(') + "a0 == 1"), "error: more than 16 levels of parentheses");
}

}  // namespace
