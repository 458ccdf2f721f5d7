#include "plan/seccomp_emit.h"

#include <gtest/gtest.h>
#include <linux/audit.h>

#include <algorithm>

#include "plan/seccomp_samples.h"
#include "support/bpf_eval.h"

namespace plan {
namespace {

using samples::Dice;

Decision answer(std::uint32_t value) { return {{}, value}; }

FilterTable native(std::vector<Segment> segments) { return {{{AUDIT_ARCH_X86_64, std::move(segments)}}}; }

std::string differs_from(const std::vector<sock_filter>& program, const FilterTable& table, std::uint64_t seed) {
  Dice dice(seed);
  const auto want = [&](auto token, auto number, const auto& args) { return evaluate(table, token, number, args); };
  const auto busy = samples::numbers_and_often(samples::conditional(table));
  return samples::difference(program, dice, samples::interesting(table), busy, want);
}

// A table with every kind of test, `size` conditional calls long, so that jumps get far.
FilterTable random_table(Dice& dice, std::size_t size) {
  std::map<std::uint32_t, Decision> singles;
  const auto any_answer = [&] {
    return dice.one_in(2) ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(dice.below(4));
  };
  for (std::size_t i = 0; i < size; ++i) {
    std::vector<ArgRule> rules;
    for (auto r = dice.below(4); r-- > 0;) {
      ArgRule rule{{}, any_answer()};
      for (auto t = 1 + dice.below(3); t-- > 0;) {
        ArgTest test{static_cast<std::uint32_t>(dice.below(6)), static_cast<Compare>(dice.below(3)), dice.one_in(2)};
        if (dice.one_in(2)) test.mask = 0xffffffff;
        if (test.compare == Compare::kAnyOf && dice.one_in(3)) test.mask = dice.bits() & dice.bits();
        test.values.push_back(dice.one_in(2) ? dice.bits() : dice.below(4));
        if (test.compare == Compare::kAnyOf) {
          for (auto v = dice.below(3); v-- > 0;) test.values.push_back(dice.below(8) << (dice.one_in(2) ? 0 : 32));
          for (auto& value : test.values) value &= test.mask;
        }
        rule.all_of.push_back(std::move(test));
      }
      rules.push_back(std::move(rule));
    }
    singles[static_cast<std::uint32_t>(dice.below(600))] = simplified(std::move(rules), any_answer());
  }
  FilterTable table = native(overlay({{0, answer(SECCOMP_RET_ERRNO | 1)}}, singles));
  if (dice.one_in(2)) table.archs.push_back({AUDIT_ARCH_I386, overlay({{0, answer(SECCOMP_RET_TRAP)}}, singles)});
  return table;
}

TEST(SeccompEmit, OneAnswerForAll) {
  const FilterTable table = native({{0, answer(SECCOMP_RET_ALLOW)}});
  const auto program = emit(table);
  EXPECT_EQ(support::bpf_fault(program), "");
  EXPECT_EQ(differs_from(program, table, 1), "");
}

TEST(SeccompEmit, NoArchAtAllKills) {
  const auto program = emit({});
  EXPECT_EQ(support::bpf_fault(program), "");
  EXPECT_EQ(support::bpf_eval(program, samples::call(AUDIT_ARCH_X86_64, 0, {})), SECCOMP_RET_KILL_PROCESS);
}

TEST(SeccompEmit, SegmentsEndWhereTheNextBegins) {
  const FilterTable table = native({{0, answer(SECCOMP_RET_ALLOW)},
                                    {60, answer(SECCOMP_RET_ERRNO | 38)},
                                    {61, answer(SECCOMP_RET_ALLOW)},
                                    {0x40000000, answer(SECCOMP_RET_KILL_PROCESS)},
                                    {0xffffffff, answer(SECCOMP_RET_ERRNO | 38)}});
  EXPECT_EQ(differs_from(emit(table), table, 2), "");
}

TEST(SeccompEmit, SaysWhatTheTableSays) {
  Dice dice(3);
  for (int i = 0; i < 25; ++i) {
    const FilterTable table = random_table(dice, dice.below(20));
    const auto program = emit(table);
    ASSERT_EQ(support::bpf_fault(program), "") << i;
    ASSERT_EQ(differs_from(program, table, static_cast<std::uint64_t>(i)), "") << i;
  }
}

TEST(SeccompEmit, JumpsAsFarAsItTakes) {
  Dice dice(4);
  for (int i = 0; i < 3; ++i) {
    const FilterTable table = random_table(dice, 120);
    const auto program = emit(table);
    ASSERT_GT(program.size(), 1000U);
    ASSERT_EQ(support::bpf_fault(std::span(program).first(program.size())).find("past the end"), std::string::npos);
    ASSERT_EQ(differs_from(program, table, static_cast<std::uint64_t>(i)), "") << i;
    const bool stepping_stones =
        std::any_of(program.begin(), program.end(), [](const auto& at) { return at.code == (BPF_JMP | BPF_JA); });
    EXPECT_TRUE(stepping_stones);
  }
}

// The test itself must notice a wrong program: every single changed operand of a comparison or answer.
TEST(SeccompEmit, MutantsAreNoticed) {
  const ArgTest flags{0, Compare::kAnyOf, true, 0x7e020000, {0}};
  const ArgTest domain{0, Compare::kAnyOf, true, 0xffffffff, {1, 2, 10}};
  const ArgTest above{1, Compare::kGreater, false, ~std::uint64_t{0}, {0x100000002}};
  const FilterTable table = native({{0, answer(SECCOMP_RET_ALLOW)},
                                    {41, {{{{domain, above}, SECCOMP_RET_ALLOW}}, SECCOMP_RET_ERRNO | 97}},
                                    {42, answer(SECCOMP_RET_ALLOW)},
                                    {56, {{{{flags}, SECCOMP_RET_ALLOW}}, SECCOMP_RET_ERRNO | 1}},
                                    {57, answer(SECCOMP_RET_ERRNO | 38)}});
  auto program = emit(table);
  ASSERT_EQ(differs_from(program, table, 5), "");
  for (auto& at : program) {
    const sock_filter good = at;
    if (BPF_CLASS(at.code) != BPF_LD) {
      at.k ^= 1;
      EXPECT_NE(differs_from(program, table, 6), "") << "operand of instruction " << &at - program.data();
    }
    at = good;
    if (BPF_CLASS(at.code) == BPF_JMP) {
      std::swap(at.jt, at.jf);
      EXPECT_NE(differs_from(program, table, 7), "") << "branches of instruction " << &at - program.data();
    }
    at = good;
  }
}

}  // namespace
}  // namespace plan
