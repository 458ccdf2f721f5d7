// The comparison: what is as predicted agrees, and everything else differs, whatever it is.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "tests/predict/samples.h"

namespace {

using predict::compare;
using predict_samples::as_predicted;
using predict_samples::expectations;

TEST(Compare, WhatIsAsPredictedAgrees) {
  for (const char* policy : {"faas", "passthrough"}) {
    for (const auto& bundle : samples::bundle_names()) {
      const auto rows = expectations(samples::spec(bundle), policy);
      EXPECT_GT(rows.size(), 120U);
      const auto report = compare(rows, as_predicted(rows));
      EXPECT_EQ(report.differences, 0U) << policy << " " << bundle;
      EXPECT_EQ(report.findings.size(), rows.size());
    }
  }
}

TEST(Compare, EachWrongObservationIsADifference) {
  for (const char* policy : {"faas", "passthrough"}) {
    const auto rows = expectations(samples::spec("docker"), policy);
    for (const auto& row : rows) {
      auto seen = as_predicted(rows);
      seen[row.key] = "something else";
      EXPECT_EQ(compare(rows, seen).differences, 1U) << row.key;
      seen.erase(row.key);
      EXPECT_EQ(compare(rows, seen).differences, 1U) << row.key << ": not observed";
    }
  }
}

TEST(Compare, EachKeyIsPredictedOnce) {
  for (const char* policy : {"faas", "passthrough"}) {
    std::set<std::string> keys;
    for (const auto& row : expectations(samples::spec("podman"), policy))
      EXPECT_TRUE(keys.insert(row.key).second) << row.key;
  }
}

TEST(Compare, OneOfSeveralWordsAgreesAndNoPartOfOne) {
  const predict::Expectations rows = {{"c", "a", "k", "EPERM|ENOSYS", "b"}};
  EXPECT_EQ(compare(rows, {{"k", "EPERM"}}).differences, 0U);
  EXPECT_EQ(compare(rows, {{"k", "ENOSYS"}}).differences, 0U);
  for (const char* wrong : {"", "EPER", "ENOSYS|", "ok", "EPERM ENOSYS"})
    EXPECT_EQ(compare(rows, {{"k", wrong}}).differences, 1U) << wrong;
  EXPECT_EQ(compare(rows, {}).findings[0].observed, "not observed");
  const predict::Expectations none = {{"c", "a", "k", "", "b"}};
  EXPECT_EQ(compare(none, {{"k", ""}}).differences, 0U);
  EXPECT_EQ(compare(none, {{"k", "10"}}).differences, 1U);
}

TEST(Print, Text) {
  auto report = compare({{"c1", "do this", "k", "EPERM", "why"}, {"c2", "do that", "l", "", "why not"}},
                        {{"k", "ok"}, {"l", ""}});
  report.policy = "p";
  report.bundle = "/b\x1b";
  EXPECT_EQ(predict::print_text(report, {}),
            "bundle /b\\x1b  policy p\n\n"
            "  control  attempt  predicted  observed  verdict  because\n"
            "  c1  do this  EPERM  ok  DIFFERS  why\n"
            "  c2  do that  (none)  (none)  agrees  why not\n"
            "\n2 controls, 1 differs from the prediction\n");
  const std::string coloured = predict::print_text(report, {.colour = true, .align = true});
  EXPECT_NE(coloured.find("\x1b[31mDIFFERS\x1b[0m"), std::string::npos) << coloured;
}

TEST(Print, Json) {
  auto report = compare({{"c", "a", "k", "EPERM", "why"}}, {{"k", "o\"k"}});
  report.policy = "p";
  EXPECT_EQ(
      predict::print_json(report),
      "{\"policy\":\"p\",\"bundle\":\"\",\"controls\":[{\"control\":\"c\",\"attempt\":\"a\",\"predicted\":\"EPERM\","
      "\"observed\":\"o\\\"k\",\"agrees\":false,\"because\":\"why\"}],\"differences\":1}\n");
}

predict::Observations read(const std::string& lines, const predict::Host& host = predict_samples::host()) {
  auto seen = predict::read_observations("probe\t1\n" + lines, host);
  EXPECT_TRUE(seen.has_value());
  return seen ? *std::move(seen) : predict::Observations{};
}

TEST(ReadObservations, MakesListsAndWords) {
  const auto seen = read(
      "uid\t\nuid.0\t1\nuid.1\t2\nuid.2\t3\nuid.3\t4\ngroups\t\nrlimits.RLIMIT_CORE\t\nrlimits.RLIMIT_CORE.0\t0\n"
      "rlimits.RLIMIT_CORE.1\t18446744073709551615\nfds\t\nfds.0.fd\t0\nfds.1.fd\t2\nenv\t\nenv.0\tB=x\nenv.1\tA=y\n"
      "cwd\t(unreachable)/x\nsid\t1\npid\t1\numask\t18\noom_score_adj\t-5\\x0a\nodd\\x09key\tv\n");
  EXPECT_EQ(seen.at("uid"), "1 2 3");
  EXPECT_EQ(seen.at("uid.3"), "4");
  EXPECT_EQ(seen.at("groups"), "");
  EXPECT_EQ(seen.at("rlimits.RLIMIT_CORE"), "0 unlimited");
  EXPECT_EQ(seen.at("fds"), "0 2");
  EXPECT_EQ(seen.at("environment"), "A B");
  EXPECT_EQ(seen.at("directory"), "outside of the root");
  EXPECT_EQ(seen.at("session"), "its own");
  EXPECT_EQ(seen.at("umask"), "0022");
  EXPECT_EQ(seen.at("oom_score_adj"), "-5");
  EXPECT_EQ(seen.at("odd\tkey"), "v");
}

TEST(ReadObservations, TellsNamespacesAndCgroups) {
  auto host = predict_samples::host();
  host.joined["net"] = "net:[7]";
  const auto seen = read(
      "namespaces.pid\tpid:[4026531800]\nnamespaces.uts\tuts:[5]\nnamespaces.net\tnet:[6]\nnamespaces.user\tENOENT\n"
      "cgroup\t3:cpu,cpuacct:/a\\x0a0::/b\\x0a\n",
      host);
  EXPECT_EQ(seen.at("namespaces.pid"), "the host's");
  EXPECT_EQ(seen.at("namespaces.uts"), "its own");
  EXPECT_EQ(seen.at("namespaces.net"), "net:[6]");
  EXPECT_EQ(seen.at("namespaces.user"), "ENOENT");
  EXPECT_EQ(seen.at("cgroup.cpuacct"), "/a");
  EXPECT_EQ(seen.at("cgroup."), "/b");
  EXPECT_EQ(seen.at("cgroup.paths"), "/a /b");
}

TEST(ReadObservations, RefusesWhatNoProbeSays) {
  for (const char* text : {"", "hello\n", "probe\t2\n", "probe", "\n\n\t\n", "xprobe\t1\n"}) {
    const auto seen = predict::read_observations(text, predict_samples::host());
    ASSERT_FALSE(seen.has_value()) << text;
    EXPECT_EQ(seen.error().kind(), base::Kind::kState);
  }
}

}  // namespace
