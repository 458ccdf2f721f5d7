// What explain prints: plain in a pipe, aligned and coloured on a terminal, valid JSON, and never a secret.

#include "plan/print.h"

#include <gtest/gtest.h>

#include "oci/json.h"
#include "plan/text_table.h"
#include "samples.h"

namespace {

TEST(Print, JsonIsJsonWithAllDecisionsAndSteps) {
  const auto outcome = samples::hardened(samples::spec("docker"), "faas");
  const auto p = samples::plan_of(outcome);
  const std::string text = plan::print_json(p, outcome.decisions);
  const auto json = oci::parse_json(text, "explain");
  ASSERT_TRUE(json.has_value()) << json.error().message();
}

TEST(Print, ATableIsPaddedOnATerminalAlone) {
  const auto table = [](const plan::PrintStyle& style) {
    plan::TextTable out(style, {4});
    out.row({"a", "bb", "c"});
    out.row({"wider", "b", "last"});
    out.row({"", "only"});
    return std::move(out).print();
  };
  EXPECT_EQ(table({}), "  a  bb  c\n  wider  b  last\n    only\n");
  EXPECT_EQ(table({.align = true}), "  a     bb    c\n  wider  b     last\n        only\n") << "the second column is as wide as \"only\"";
  EXPECT_EQ(table({.colour = true}), "  \x1b[1ma\x1b[0m  bb  c\n  \x1b[1mwider\x1b[0m  b  last\n  \x1b[1m\x1b[0m  only\n");
}

TEST(Print, NoEnvironmentValueIsEverPrinted) {
  oci::Spec spec = samples::spec("docker");
  spec.process->env.push_back("DB_PASSWORD=hunter2-canary");
  const auto outcome = samples::hardened(spec, "faas");
  const auto p = samples::plan_of(outcome);
  EXPECT_EQ(plan::print_json(p, outcome.decisions).find("hunter2-canary"), std::string::npos);
  EXPECT_EQ(plan::print_text(p, outcome.decisions, {}).find("hunter2-canary"), std::string::npos);
}

TEST(Print, AWarningIsMarked) {
  oci::Spec spec = samples::minimal();
  spec.process->env.emplace_back("DB_PASSWORD=hunter2");
  const auto outcome = samples::hardened(spec, "faas");
  const auto p = samples::plan_of(outcome);
  EXPECT_NE(plan::print_text(p, outcome.decisions, {}).find("-> left as it is (warning)"), std::string::npos);
  EXPECT_NE(plan::print_text(p, outcome.decisions, {.colour = true, .align = true}).find("\x1b[33m(warning)\x1b[0m"),
            std::string::npos);
  EXPECT_NE(plan::print_json(p, outcome.decisions).find(R"("warning":true)"), std::string::npos);
}

TEST(Print, PlainTextHasNoEscapesAndNoControlCharacters) {
  oci::Spec spec = samples::minimal();
  spec.process->args = {"/bin/\x1b[31mred\n"};
  const auto outcome = samples::hardened(spec, "faas");
  const std::string text = plan::print_text(samples::plan_of(outcome), outcome.decisions, {});
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  const std::string coloured = plan::print_text(samples::plan_of(outcome), outcome.decisions, {.colour = true, .align = true});
  EXPECT_NE(coloured.find("\x1b[1m"), std::string::npos);
  EXPECT_EQ(coloured.find("\x1b[31mred"), std::string::npos);
}

TEST(Print, EveryStepHasAWordAndAReason) {
  for (const auto& bundle : samples::bundle_names()) {
    const auto p = samples::plan_of(samples::hardened(samples::spec(bundle), "faas"));
    for (const auto& step : p.steps) {
      EXPECT_FALSE(plan::describe(step, p).name.empty());
      EXPECT_FALSE(step.because.empty());
    }
  }
}

}  // namespace
