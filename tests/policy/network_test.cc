// The section network, and what several files make of it together; addresses as texts.
#include <gtest/gtest.h>

#include "files.h"
#include "policy/prefix.h"

namespace {

using policy_test::file;
using policy_test::kNow;
using policy_test::read;
using policy_test::Texts;

std::string blackhole(const std::string& list) { return base::cat(R"("network": {"blackhole": )", list, "}"); }
std::string error(const std::string& rules) { return policy_test::error_of(file("profile", "p", rules)); }
Texts together(const Texts& texts) { return policy_test::resolved(texts).network.blackhole->value; }

TEST(Prefix, IsReadAndWrittenInOneWay) {
  for (const auto& [text, written] : {std::pair{"169.254.169.254", "169.254.169.254"}, {"169.254.169.254/32", "169.254.169.254"},
                                      {"10.0.0.0/8", "10.0.0.0/8"}, {"FD00:0ec2:0::254", "fd00:ec2::254"}, {"fd00:ec2::254/128", "fd00:ec2::254"},
                                      {"fd00::/16", "fd00::/16"}, {"0.0.0.0/0", "0.0.0.0/0"}}) {
    const auto prefix = policy::parse_prefix(text);
    ASSERT_TRUE(prefix) << text;
    EXPECT_EQ(policy::prefix_text(*prefix), written);
  }
  for (const auto* text : {"", "/", "/8", "10", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0.0 ", "::/129", "fe80::1%eth0", "a.example"}) {
    EXPECT_FALSE(policy::parse_prefix(text)) << text;
  }
  EXPECT_FALSE(policy::parse_prefix(std::string_view("10.0.0.1\0x", 10)));
}

TEST(Network, IsRead) {
  const auto document = read(file("profile", "p", blackhole(R"(["169.254.169.254/32", "169.254.169.254", "FD00:EC2::254", "fe80::/10"])")));
  ASSERT_TRUE(document) << document.error().message();
  const auto& rule = *document->policy.network.blackhole;
  EXPECT_EQ(rule.value, (Texts{"169.254.169.254", "fd00:ec2::254", "fe80::/10"}));
  EXPECT_EQ(rule.origin.text(), "x.json:/network/blackhole");
}

TEST(Network, WhatIsWrong) {
  EXPECT_TRUE(error(blackhole(R"(["metadata.google.internal"])")).starts_with("/network/blackhole/0: want an address or prefix"));
  EXPECT_TRUE(error(blackhole(R"(["10.0.0.0/8", "10.0.0.1/8"])")).starts_with("/network/blackhole/1: bits behind the length of 8"));
  EXPECT_TRUE(error(blackhole(R"(["fd00::1/64"])")).starts_with("/network/blackhole/0: bits behind"));
  EXPECT_TRUE(error(blackhole(R"(["::/0"])")).starts_with("/network/blackhole/0: every address"));
  EXPECT_TRUE(error(blackhole(R"(["::ffff:169.254.169.254"])")).starts_with("/network/blackhole/0: an address of IPv4"));
  EXPECT_TRUE(error(blackhole(R"("10.0.0.0/8")")).starts_with("/network/blackhole: want"));
  EXPECT_TRUE(error(R"("network": {"deny": []})").starts_with("/network/deny: unknown member"));
  std::string many;
  for (int i = 0; i < 64; ++i) many += base::cat(i == 0 ? "" : ",", "\"10.0.0.", i, "\"");
  EXPECT_TRUE(read(file("profile", "p", blackhole("[" + many + "]"))));
  EXPECT_TRUE(error(blackhole("[" + many + R"(,"10.0.1.0"])")).starts_with("/network/blackhole: want 64 prefixes at most"));
}

TEST(Network, AFloorAddsAndAnExceptionLifts) {
  const auto own = file("profile", "p", blackhole(R"(["169.254.169.254", "10.0.0.0/8"])"));
  const auto lifted = file("exceptions", "e", R"("exceptions": [{"id": "EX-1", "when": {}, "reason": "r", "owner": "o", "expires": "2024-10-31",
                                             "allow": {"network": {"blackhole": ["169.254.169.254/32", "1.2.3.4"]}}}])");
  const auto floor = [](const char* list) { return file("floor", "f", blackhole(list)); };
  EXPECT_EQ(together({own, floor(R"(["fd00:ec2::254", "10.0.0.0/8"])")}), (Texts{"169.254.169.254", "10.0.0.0/8", "fd00:ec2::254"}));
  EXPECT_EQ(together({own, lifted}), Texts{"10.0.0.0/8"});
  EXPECT_EQ(together({own, lifted, floor(R"(["169.254.169.254"])")}), (Texts{"10.0.0.0/8", "169.254.169.254"})) << "not what a floor has";
}

TEST(Digests, AreReadAndMet) {
  const std::string one = base::cat("sha256:", std::string(64, '1')), other = base::cat("sha256:", std::string(64, 'a'));
  const auto digests = [](const std::string& list) { return base::cat(R"("process": {"digests": [)", list, "]}"); };
  const auto quoted = [](const std::string& text) { return base::cat("\"", text, "\""); };
  auto profile = read(file("profile", "p", digests(quoted(one) + "," + quoted(other))));
  ASSERT_TRUE(profile) << profile.error().message();
  EXPECT_EQ(profile->policy.process.digests->value, (Texts{one, other}));
  for (const auto& wrong : {std::string(64, '1'), one + "1", one.substr(1), base::cat("sha256:", std::string(64, 'A')), base::cat("sha512:", std::string(64, '1'))}) {
    EXPECT_TRUE(error(digests(quoted(wrong))).starts_with("/process/digests/0: want \"sha256:\" and 64 digits")) << wrong;
  }
  auto floor = read(file("floor", "f", digests(quoted(other))));
  ASSERT_TRUE(floor);
  std::vector<policy::Document> documents;
  documents.push_back(*std::move(profile));
  documents.push_back(*std::move(floor));
  auto chain = policy::make_chain(std::move(documents));
  ASSERT_TRUE(chain);
  EXPECT_EQ(policy::resolve(*chain, "p", "faas", {}, kNow)->policy.process.digests->value, Texts{other});
}

}  // namespace
