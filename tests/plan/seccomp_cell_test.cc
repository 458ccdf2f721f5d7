#include "plan/seccomp_cell.h"

#include <gtest/gtest.h>
#include <linux/audit.h>

#include <algorithm>

#include "plan/seccomp_samples.h"

namespace plan {
namespace {

using samples::Dice;

constexpr sock_filter kNothing[]{{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};

FilterTable looking_at(const std::vector<ArgTest>& tests) {
  return {{{AUDIT_ARCH_X86_64, {{0, {{{tests, SECCOMP_RET_ALLOW}}, SECCOMP_RET_ERRNO}}}}}};
}

std::vector<std::uint32_t> starts(std::uint64_t mask, std::vector<std::uint64_t> values) {
  const FilterTable table = looking_at({{0, Compare::kAnyOf, true, mask, std::move(values)}});
  const FilterTable* tables[] = {&table};
  const Views views(kNothing, tables);
  return views[views.find({low_word(0), static_cast<std::uint32_t>(mask)})].starts;
}

TEST(SeccompViews, RunsBeginAtTheLeastValueThatAMaskLetsThrough) {
  using Starts = std::vector<std::uint32_t>;
  EXPECT_EQ(starts(0xffffffff, {}), Starts{0});
  EXPECT_EQ(starts(0xffffffff, {0}), (Starts{0, 1}));
  EXPECT_EQ(starts(0xffffffff, {5, 6, 0xffffffff}), (Starts{0, 5, 6, 7, 0xffffffff}));
  EXPECT_EQ(starts(0xf0, {0x10, 0x40}), (Starts{0, 0x10, 0x20, 0x40, 0x50}));
  EXPECT_EQ(starts(0xf0, {0xf0}), (Starts{0, 0xf0}));
  EXPECT_EQ(starts(0x80000001, {1, 0x80000000}), (Starts{0, 1, 0x80000000, 0x80000001}));
  EXPECT_EQ(starts(0, {0}), Starts{0});
}

TEST(SeccompViews, AreThoseOfProgramsToo) {
  const std::vector<sock_filter> code{{BPF_LD | BPF_W | BPF_ABS, 0, 0, 16},
                                      {BPF_ALU | BPF_AND | BPF_K, 0, 0, 0xff},
                                      {BPF_JMP | BPF_JGT | BPF_K, 1, 0, 7},
                                      {BPF_JMP | BPF_JSET | BPF_K, 0, 0, 0x106},
                                      {BPF_RET | BPF_K, 0, 0, 0}};
  const Views views(code, {});
  EXPECT_EQ(views.size(), 4U);
  EXPECT_EQ(views[views.find({4, 0xff})].starts, (std::vector<std::uint32_t>{0, 8}));
  EXPECT_EQ(views[views.find({4, 0x06})].starts, (std::vector<std::uint32_t>{0, 2}));
}

TEST(SeccompRuns, AreSetsOfNumbers) {
  Dice dice(1);
  for (int i = 0; i < 2000; ++i) {
    const std::size_t count = 1 + dice.below(200);
    std::vector<bool> a(count);
    std::vector<bool> b(count);
    Runs runs_a(count);
    Runs runs_b(count);
    for (std::size_t run = 0; run < count; ++run) {
      if (dice.one_in(2)) a[run] = true, runs_a.add(run);
      if (dice.one_in(2)) b[run] = true, runs_b.add(run);
    }
    const std::size_t begin = dice.below(count + 1);
    const std::size_t end = begin + dice.below(count - begin + 1);
    bool any = false;
    bool all = true;
    for (std::size_t run = 0; run < count; ++run) {
      const bool in = run >= begin && run < end;
      if (in) any |= a[run], all &= a[run];
      ASSERT_EQ(runs_a.has(run), a[run]);
      ASSERT_EQ(runs_a.inside(begin, end).has(run), a[run] && in);
      ASSERT_EQ(runs_a.outside(begin, end).has(run), a[run] && !in);
      ASSERT_EQ(runs_a.inside(runs_b).has(run), a[run] && b[run]);
      ASSERT_EQ(runs_a.outside(runs_b).has(run), a[run] && !b[run]);
    }
    ASSERT_EQ(runs_a.any(begin, end), any);
    ASSERT_EQ(runs_a.all(begin, end), all);
    ASSERT_EQ(runs_a.meets(runs_b), !runs_a.inside(runs_b).empty());
    ASSERT_EQ(runs_a.within(runs_b), runs_a.outside(runs_b).empty());
    ASSERT_TRUE(Runs::all_of(count).all(0, count));
    const auto first = static_cast<std::size_t>(std::find(a.begin(), a.end(), true) - a.begin());
    ASSERT_EQ(runs_a.empty() ? count : runs_a.first(), first);
  }
}

// Words of 12 bits, of which every one can be tried.
class Few {
 public:
  explicit Few(Dice& dice) : dice_(dice) {
    for (std::uint64_t n = 1 + dice.below(5); n-- > 0;) {
      const std::uint64_t mask = dice.one_in(4) ? kAll : dice.bits() & kAll;
      tests_.push_back({0, Compare::kAnyOf, true, mask, {}});
      for (std::uint64_t v = 1 + dice.below(4); v-- > 0;) tests_.back().values.push_back(dice.bits() & mask);
    }
  }

  void check() {
    const FilterTable table = looking_at(tests_);
    const FilterTable* tables[] = {&table};
    const Views views(kNothing, tables);
    Cell cell(views);
    std::vector<std::uint32_t> left;
    for (std::uint32_t word = 0; word <= kAll; ++word) left.push_back(word);
    for (int step = 0; step < 12; ++step) {
      const auto view = views.find({low_word(0), static_cast<std::uint32_t>(dice_.any(tests_).mask)});
      Runs some(views[view].starts.size());
      for (std::size_t run = 0; run < some.count(); ++run)
        if (dice_.one_in(2)) some.add(run);
      std::vector<std::uint32_t> next;
      for (const auto word : left)
        if (some.has(views[view].run_of(word & views[view].of.mask))) next.push_back(word);
      auto saved = cell.narrow(view, cell.runs(view).inside(some));
      ASSERT_TRUE(saved) << saved.error().message();
      ASSERT_EQ(saved->has_value(), !next.empty());
      if (saved->has_value() && dice_.one_in(4)) {
        cell.restore(std::move(**saved));
      } else if (saved->has_value()) {
        left = std::move(next);
      }
      ASSERT_TRUE(std::binary_search(left.begin(), left.end(), cell.words()[low_word(0)] & kAll));
    }
  }

 private:
  static constexpr std::uint32_t kAll = 0xfff;
  Dice& dice_;
  std::vector<ArgTest> tests_;
};

TEST(SeccompCell, IsEmptyOnlyIfNoWordIsLeft) {
  Dice dice(2);
  for (int i = 0; i < 1000; ++i) ASSERT_NO_FATAL_FAILURE(Few(dice).check()) << i;
}

}  // namespace
}  // namespace plan
