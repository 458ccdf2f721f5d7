#include "oci/json.h"

#include <gtest/gtest.h>

#include "base/text.h"

using oci::Cursor;
using oci::Json;
using oci::parse_json;

namespace {

std::string refusal(std::string_view text) {
  const auto json = parse_json(text, "t.json");
  return json.has_value() ? "" : json.error().message();
}

// Calls `use` with the root of a text that has to be valid.
template <typename F>
void with_root(std::string_view text, F use) {
  const auto json = parse_json(text, "t.json");
  ASSERT_TRUE(json.has_value()) << json.error().message();
  use(json.value().root());
}

TEST(Json, RefusesAnEmptyText) {
  EXPECT_EQ(refusal(""), "t.json: empty");
  EXPECT_EQ(refusal(" \n\t\r"), "t.json: empty");
}

TEST(Json, RefusesSyntaxErrorsWithTheirPlace) {
  EXPECT_EQ(refusal("{\n  \"a\": tru\n}").rfind("t.json: line 2 column ", 0), 0U) << refusal("{\n  \"a\": tru\n}");
  EXPECT_EQ(refusal("{\"a\":1").rfind("t.json: line 1 column ", 0), 0U);
  EXPECT_NE(refusal("{\"a\":1").find("end of file"), std::string::npos);
  EXPECT_NE(refusal("{'a':1}"), "");
  EXPECT_NE(refusal("[1,]"), "");
  EXPECT_NE(refusal("[01]"), "");
  EXPECT_NE(refusal("[+1]"), "");
  EXPECT_NE(refusal("// c\n1"), "");
}

TEST(Json, SaysWhatASyntaxErrorShouldHaveBeen) {
  EXPECT_EQ(refusal("{\"a\" 1}"), "t.json: line 1 column 6: want \":\", have \"1\"");
  EXPECT_EQ(refusal("{\"a\":1,}"), "t.json: line 1 column 8: want a name in quotes, have \"}\"");
  EXPECT_EQ(refusal("{\"a\":1"), "t.json: line 1 column 7: want \",\" or \"}\", have the end of file");
  EXPECT_EQ(refusal("[1\n2]"), "t.json: line 2 column 1: want \",\" or \"]\", have \"2\"");
  EXPECT_EQ(refusal("{} x"), "t.json: line 1 column 4: want the end of the file, have \"x\"");
  EXPECT_EQ(refusal("[True]"), "t.json: line 1 column 2: want a value, have \"True\"");
  EXPECT_EQ(refusal("{\"a\": tru\n}"), "t.json: line 1 column 7: want a value, have \"tru\"");
  EXPECT_EQ(refusal("[\"a\nb\"]"), "t.json: line 1 column 4: want the end of the string, have \"\\n\"");
  EXPECT_EQ(refusal(R"(["\q"])"), "t.json: line 1 column 3: want an escape that JSON has, have \"\\\\q\\\"\"");
  EXPECT_EQ(refusal("[1.]"), "t.json: line 1 column 4: want digits behind the point, have \"]\"");
  EXPECT_EQ(refusal("[1e999]"), "t.json: line 1 column 2: want a smaller number, have \"1e999\"");
  EXPECT_EQ(refusal("[9999e308]"), "t.json: line 1 column 2: number out of range: 9999e308");
}

TEST(Json, FindsANameTwiceInALargeObject) {
  std::string text = "{";
  for (int i = 0; i < 1000; ++i) text += base::cat("\"n", i, "\":", i, ",");
  EXPECT_EQ(refusal(text + "\"z\":0}"), "");
  EXPECT_NE(refusal(text + "\"n500\":0}").find("name \"n500\" twice in one object"), std::string::npos);
}

TEST(Json, RefusesEveryTruncation) {
  const std::string text = R"({"a":[1,{"b":"c\u00e9"},null,true],"d":18446744073709551615})";
  ASSERT_EQ(refusal(text), "");
  for (std::size_t n = 0; n < text.size(); ++n) EXPECT_NE(refusal(text.substr(0, n)), "") << n;
}

TEST(Json, RefusesTrailingData) {
  EXPECT_EQ(refusal("{} {}").rfind("t.json: line 1 column ", 0), 0U) << refusal("{} {}");
  EXPECT_NE(refusal("{}x"), "");
  EXPECT_EQ(refusal("{} \n"), "");
}

TEST(Json, RefusesANameTwiceAndSaysWhichAndWhere) {
  EXPECT_EQ(refusal("{\"a\": 1,\n \"a\": 2}"), "t.json: line 2 column 2: name \"a\" twice in one object");
  // A long name is named as well, and one with escapes is found from its end.
  const std::string name(60, 'k');
  EXPECT_EQ(refusal(base::cat("{\"", name, "\":1,\"", name, "\":2}")),
            base::cat("t.json: line 1 column 67: name \"", name, "\" twice in one object"));
  EXPECT_EQ(refusal(R"({"q\"":1,"q\"":2})"), "t.json: line 1 column 10: name \"q\\\\\\\"\" twice in one object");
  // The same name spelled in another way is the same name.
  EXPECT_NE(refusal(R"({"a":1,"\u0061":2})"), "");
  EXPECT_EQ(refusal(R"({"a":{"a":1},"b":{"a":1}})"), "");
}

TEST(Json, PlacesCountBehindABigInteger) {
  EXPECT_EQ(refusal("{\"x\":18446744073709551615,\"a\":1,\"a\":2}"),
            "t.json: line 1 column 33: name \"a\" twice in one object");
}

TEST(Json, RefusesTooDeepATextBeforeItIsParsed) {
  const auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  EXPECT_EQ(refusal(nested(64)), "");
  EXPECT_EQ(refusal(nested(65)), "t.json: line 1 column 65: more than 64 levels deep");
  EXPECT_EQ(refusal(std::string(1U << 20, '[')), "t.json: line 1 column 65: more than 64 levels deep");
  // Brackets in strings do not count.
  EXPECT_EQ(refusal(base::cat('"', std::string(100, '['), '"')), "");
}

TEST(Json, RefusesATextAboveTheLimit) {
  const std::string fits = base::cat('"', std::string(oci::kMaxJsonSize - 2, 'x'), '"');
  EXPECT_EQ(refusal(fits), "");
  EXPECT_EQ(refusal(fits + " "), "t.json: want at most 16777216 bytes, have 16777217");
}

TEST(Json, RefusesNulInEveryForm) {
  EXPECT_EQ(refusal(R"(["a\u0000b"])"), "t.json: line 1 column 4: NUL (\\u0000) in a string");
  EXPECT_EQ(refusal(R"({"a\u0000":1})"), "t.json: line 1 column 4: NUL (\\u0000) in a string");
  EXPECT_EQ(refusal(std::string_view("[\"a\0b\"]", 7)), "t.json: line 1 column 4: NUL byte");
  EXPECT_EQ(refusal(std::string_view("{}\0", 3)), "t.json: line 1 column 3: NUL byte");
  EXPECT_EQ(refusal(std::string_view("[\"\\\0\"]", 6)), "t.json: line 1 column 4: NUL byte");
  // An escaped backslash before "u0000" is no NUL.
  with_root(R"(["\\u0000"])", [](const Cursor& root) { EXPECT_EQ(root.get_strings().value().at(0), "\\u0000"); });
}

TEST(Json, RefusesInvalidUtf8) {
  for (const auto* bad : {"\"\x80\"", "\"\xC0\xAF\"", "\"\xED\xA0\x80\"", "\"\xF4\x90\x80\x80\"", "\"\xC3\"", "\xFF"})
    EXPECT_NE(refusal(bad).find("invalid UTF-8"), std::string::npos) << refusal(bad);
  EXPECT_NE(refusal(R"("\ud800")"), "");
  EXPECT_EQ(refusal("\"h\xC3\xA9\xF0\x9F\x98\x80\""), "");
}

TEST(Json, MessagesCarryNoControlCharactersOfTheInput) {
  for (const auto* text : {"{\"a\" \x1b[31m}", "{\"a\x1b\x7f\xd1\":1}", "[\"a\nb\"]", "{\"a\": \x7f}"}) {
    ASSERT_NE(refusal(text), "");
    for (const char c : refusal(text)) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) << refusal(text);
  }
  with_root("{\"a\\u001b\\n\":1}", [](const Cursor& root) {
    const std::string message = root.object_members().value().at(0).value.mismatch("x").message();
    EXPECT_EQ(message, "t.json: /a\\x1b\\n: want x, have 1");
  });
}

TEST(Json, ReadsTheWholeRangeOfBothIntegerTypes) {
  with_root("[18446744073709551615, 9223372036854775808, 9223372036854775807, -9223372036854775808, 0]",
            [](const Cursor& root) {
              const auto all = root.get_array().value();
              EXPECT_EQ(all[0].get_u64().value(), 18446744073709551615ULL);
              EXPECT_EQ(all[1].get_u64().value(), 9223372036854775808ULL);
              EXPECT_EQ(all[2].get_u64().value(), 9223372036854775807ULL);
              EXPECT_EQ(all[2].get_i64().value(), INT64_MAX);
              EXPECT_EQ(all[3].get_i64().value(), INT64_MIN);
              EXPECT_EQ(all[4].get_u64().value(), 0U);
              EXPECT_EQ(all[0].get_i64().error().message(),
                        "t.json: /0: want -9223372036854775808..9223372036854775807, have 18446744073709551615");
              EXPECT_EQ(all[3].get_u64().error().message(),
                        "t.json: /3: want 0..18446744073709551615, have -9223372036854775808");
            });
}

TEST(Json, RefusesIntegersThatNoTypeHolds) {
  EXPECT_EQ(refusal("[18446744073709551616]"), "t.json: line 1 column 2: integer out of range: 18446744073709551616");
  EXPECT_EQ(refusal("[-9223372036854775809]"), "t.json: line 1 column 2: integer out of range: -9223372036854775809");
  EXPECT_NE(refusal(base::cat("[", std::string(5000, '9'), "]")), "");
}

TEST(Json, ABigIntegerIsAnIntegerAndNothingElse) {
  with_root(R"({"n":18446744073709551615,"s":"18446744073709551615"})", [](const Cursor& root) {
    const Cursor number = root.find("n").value();
    EXPECT_EQ(number.type(), oci::JsonType::kInteger);
    EXPECT_EQ(number.get_string().error().message(), "t.json: /n: want a string, have 18446744073709551615");
    EXPECT_EQ(root.find("s")->get_u64().error().message(),
              "t.json: /s: want an integer, have \"18446744073709551615\"");
  });
  with_root("[18446744073709551615]", [](const Cursor& root) {
    EXPECT_EQ(root.get_strings().error().message(), "t.json: /0: want a string, have 18446744073709551615");
  });
  // Digits inside a string stay what they are, and a big integer cannot become a name.
  with_root(R"(["[18446744073709551615]"])",
            [](const Cursor& root) { EXPECT_EQ(root.get_strings().value().at(0), "[18446744073709551615]"); });
  EXPECT_NE(refusal("{18446744073709551615:1}"), "");
  EXPECT_NE(refusal("[1 18446744073709551615]"), "");
  EXPECT_NE(refusal("[018446744073709551615]"), "");
  with_root("18446744073709551615", [](const Cursor& root) { EXPECT_EQ(root.get_u64().value(), UINT64_MAX); });
}

TEST(Json, FractionsAndExponentsAreNoIntegers) {
  with_root("[1.0, 1e3, 18446744073709551615.0]", [](const Cursor& root) {
    const auto all = root.get_array().value();
    EXPECT_EQ(all[0].get_u64().error().message(), "t.json: /0: want an integer, have 1.0");
    EXPECT_EQ(all[1].get_i64().error().message(), "t.json: /1: want an integer, have 1000.0");
    EXPECT_FALSE(all[2].get_u64().has_value());
  });
}

TEST(Json, RangesAreInclusive) {
  with_root("[5,-5]", [](const Cursor& root) {
    const auto all = root.get_array().value();
    EXPECT_TRUE(all[0].get_u64(5, 5).has_value());
    EXPECT_EQ(all[0].get_u64(6, 9).error().message(), "t.json: /0: want 6..9, have 5");
    EXPECT_TRUE(all[1].get_i64(-5, -5).has_value());
    EXPECT_EQ(all[1].get_i64(-4, 4).error().message(), "t.json: /1: want -4..4, have -5");
    EXPECT_EQ(all[1].get_u64(0, 9).error().message(), "t.json: /1: want 0..9, have -5");
  });
}

TEST(Json, CursorKnowsItsPointer) {
  with_root(R"({"a/b":{"m~n":[null,{"":true}]}})", [](const Cursor& root) {
    EXPECT_EQ(root.pointer(), "");
    const Cursor list = root.find("a/b")->find("m~n").value();
    EXPECT_EQ(list.pointer(), "/a~1b/m~0n");
    const Cursor leaf = list.get_array().value().at(1).find("").value();
    EXPECT_EQ(leaf.pointer(), "/a~1b/m~0n/1/");
    EXPECT_TRUE(leaf.get_bool().value());
    EXPECT_FALSE(list.find("x").has_value());
    EXPECT_TRUE(list.get_array().value().at(0).is_null());
  });
}

TEST(Json, MembersComeInFileOrder) {
  with_root(R"({"z":1,"a":2,"m":3,"b":4,"y":5,"c":6,"x":7,"d":8,"w":9})", [](const Cursor& root) {
    std::string names;
    const auto members = root.object_members().value();
    for (const auto& member : members) names += member.name;
    EXPECT_EQ(names, "zambycxdw");
  });
}

TEST(Json, ErrorsHaveTheKindThatWasAskedFor) {
  EXPECT_EQ(parse_json("[", "p", base::Kind::kPolicy).error().kind(), base::Kind::kPolicy);
  const auto json = parse_json("[]", "p", base::Kind::kPolicy);
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(json.value().root().get_bool().error().kind(), base::Kind::kPolicy);
  EXPECT_EQ(json.value().root().get_bool().error().message(), "p: want true or false, have an array");
}

TEST(Json, LongValuesAreCutInMessages) {
  with_root(base::cat("[\"", std::string(63, 'x'), "\xC3\xA9", "y\"]"), [](const Cursor& root) {
    EXPECT_EQ(root.get_array().value().at(0).have(), base::cat('"', std::string(63, 'x'), "…\""));
  });
}

TEST(Json, LocatesAPointerInTheText) {
  const std::string text = "{\n  \"a\": [10,\n    {\"b/c\": \"}]\\\"\", \"d\\u0065\": 7}],\n  \"é\": {}, \"z\": 1\n}";
  const auto at = [&](std::string_view pointer) {
    const auto place = oci::locate(text, pointer);
    return place ? base::cat(place->line, ":", place->column, " ", text[place->offset]) : std::string("none");
  };
  EXPECT_EQ(at(""), "1:1 {");
  EXPECT_EQ(at("/a"), "2:8 [");
  EXPECT_EQ(at("/a/0"), "2:9 1");
  EXPECT_EQ(at("/a/1"), "3:5 {");
  EXPECT_EQ(at("/a/1/b~1c"), "3:13 \"");
  EXPECT_EQ(at("/a/1/de"), "3:32 7");
  EXPECT_EQ(at("/é"), "4:8 {");
  EXPECT_EQ(at("/z"), "4:17 1");
  EXPECT_EQ(at("/a/2"), "none");
  EXPECT_EQ(at("/y"), "none");
  EXPECT_EQ(at("/z/0"), "none");
}

}  // namespace
