#include "container/id.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace container {
namespace {

TEST(CheckId, TakesWhatCallersUse) {
  for (const char* id : {"a", "web1", "A_b+c.d-e", ".hidden", "..a", "...", "1", "+", "_",
                         "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}) {
    EXPECT_TRUE(check_id(id).has_value()) << id;
  }
  EXPECT_TRUE(check_id(std::string(1024, 'a')).has_value());
}

TEST(CheckId, RefusesWhatIsNoNameOrAnOption) {
  using namespace std::string_literals;
  for (const std::string& id : {""s, "."s, ".."s, "a/b"s, "/"s, "../x"s, "a b"s, "a\n"s, "-f"s, "--force"s, "-"s,
                                "a\0b"s, "\xc3\xa4"s, "a:b"s, "a@b"s, "a~"s, "a*"s, std::string(1025, 'a')}) {
    const auto checked = check_id(id);
    ASSERT_FALSE(checked.has_value()) << id;
    EXPECT_EQ(checked.error().message(), "invalid container ID format");
  }
}

// Against the rule written another way, over random bytes.
TEST(CheckId, AgreesWithTheRuleOnRandomStrings) {
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+.-";
  std::mt19937 random(20261123);  // NOLINT: the same strings each time
  int valid = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string id(random() % 6, '\0');
    for (char& c : id) {
      // Mostly from the alphabet, or no string of some length would ever be valid.
      c = random() % 8 == 0 ? static_cast<char>(random() % 256) : alphabet[random() % alphabet.size()];
    }
    const bool want =
        id.find_first_not_of(alphabet) == std::string::npos && !id.empty() && id != "." && id != ".." && id[0] != '-';
    ASSERT_EQ(check_id(id).has_value(), want) << testing::PrintToString(id);
    valid += want ? 1 : 0;
  }
  EXPECT_GT(valid, 10'000);
}

}  // namespace
}  // namespace container
