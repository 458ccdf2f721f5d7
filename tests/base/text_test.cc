#include "base/text.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace base {
namespace {

TEST(Cat, TakesTextsCharactersAndIntegers) {
  const std::string text = "b";
  EXPECT_EQ(cat("a", text, std::string_view("c"), 'd', 5, -6, std::uint16_t{7}), "abcd5-67");
  EXPECT_EQ(cat(), "");
  EXPECT_EQ(cat("", std::string()), "");
}

TEST(Cat, WritesTheGreatestAndTheLeast) {
  EXPECT_EQ(cat(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(cat(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(cat(std::numeric_limits<std::int32_t>::min(), ' ', 0U), "-2147483648 0");
}

TEST(Escape, LeavesPrintableTextAsItIs) {
  EXPECT_EQ(escape("/usr/bin/x -y ~{}"), "/usr/bin/x -y ~{}");
  EXPECT_EQ(escape("grün €"), "grün €");
  EXPECT_EQ(escape(""), "");
}

TEST(Escape, ShowsWhatATerminalWouldTakeForACommand) {
  EXPECT_EQ(escape("a\x1b[31m\"b\\c\nd\x7f\t"), "a\\x1b[31m\\\"b\\\\c\\nd\\x7f\\x09");
  EXPECT_EQ(escape("a\xffz"), "a\\xffz");
  EXPECT_EQ(escape(std::string_view("a\0b", 3)), "a\\x00b");
}

TEST(Escape, OfATextThatIsGivenAwayIsTheSame) {
  for (const std::string text : {"plain", "a\nb", "grün", "\xc3"}) EXPECT_EQ(escape(std::string(text)), escape(std::string_view(text)));
}

TEST(JsonEscape, WritesWhatJsonCannotHold) {
  EXPECT_EQ(json_escape("plain, grün"), "plain, grün");
  EXPECT_EQ(json_escape("a\"b\\c\nd\x1f"), "a\\\"b\\\\c\\u000ad\\u001f");
  EXPECT_EQ(json_escape("a\xff"), "a\xEF\xBF\xBD");
}

}  // namespace
}  // namespace base
