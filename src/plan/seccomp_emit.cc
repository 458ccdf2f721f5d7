#include "plan/seccomp_emit.h"

#include <linux/bpf_common.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <map>

namespace plan {

namespace {

static_assert(std::endian::native == std::endian::little, "the halves of an argument are loaded low word first");

constexpr std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
constexpr std::uint32_t high(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); }

constexpr std::size_t kFarthest = 255;  // the most that a conditional jump can skip: its offsets have 8 bits

// Builds the program from its end to its beginning, because a classic BPF jump only goes forward: the
// place that an instruction jumps to is always known when the instruction is made. A label is the index
// of an instruction counted from the end.
class Emitter {
 public:
  using Label = std::size_t;

  Label answer(std::uint32_t value) {
    const auto known = answers_.find(value);
    if (known != answers_.end() && distance(known->second) <= kFarthest) return known->second;
    return answers_[value] = put(BPF_RET | BPF_K, value);
  }

  // Compares the accumulator with `k`. An offset that does not fit leads to a stepping stone right behind.
  Label branch(std::uint16_t comparison, std::uint32_t k, Label yes, Label no) {
    while (distance(yes) > kFarthest || distance(no) > kFarthest) {
      Label& far = distance(no) > kFarthest ? no : yes;
      far = stepping_stone(far);
    }
    const auto jt = static_cast<std::uint8_t>(distance(yes));
    const auto jf = static_cast<std::uint8_t>(distance(no));
    const auto code = static_cast<std::uint16_t>(BPF_JMP | comparison | BPF_K);
    reversed_.push_back({code, jt, jf, k});
    return reversed_.size() - 1;
  }

  // Loads a word of seccomp_data and goes on at `next` with it.
  Label load(std::size_t offset, Label next) {
    if (distance(next) != 0) stepping_stone(next);
    return put(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
  }

  // Loads half of an argument under half of a mask.
  Label load_masked(std::size_t offset, std::uint32_t mask, Label next) {
    if (mask == ~std::uint32_t{0}) return load(offset, next);
    if (distance(next) != 0) stepping_stone(next);
    return load(offset, put(BPF_ALU | BPF_AND | BPF_K, mask));
  }

  std::vector<sock_filter> finish() && {
    std::reverse(reversed_.begin(), reversed_.end());
    return std::move(reversed_);
  }

 private:
  std::size_t distance(Label label) const { return reversed_.size() - label - 1; }

  Label put(int code, std::uint32_t k) {
    reversed_.push_back({static_cast<std::uint16_t>(code), 0, 0, k});
    return reversed_.size() - 1;
  }

  // A near instruction that does what the far one does: the same answer, or a jump, whose offset has 32 bits.
  Label stepping_stone(Label far) {
    const sock_filter target = reversed_[far];
    if (target.code == (BPF_RET | BPF_K)) return answers_[target.k] = put(BPF_RET | BPF_K, target.k);
    return put(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(distance(far)));
  }

  std::vector<sock_filter> reversed_;
  std::map<std::uint32_t, Label> answers_;  // the latest copy of each
};

using Label = Emitter::Label;

struct Halves {
  std::size_t low_at, high_at;  // offsets in seccomp_data
  std::uint32_t low_mask, high_mask;
};

Label emit_equal(Emitter& out, const Halves& arg, std::uint64_t value, Label yes, Label no) {
  if (arg.low_mask != 0) {
    yes = out.load_masked(arg.low_at, arg.low_mask, out.branch(BPF_JEQ, low(value), yes, no));
  }
  if (arg.high_mask != 0) {
    yes = out.load_masked(arg.high_at, arg.high_mask, out.branch(BPF_JEQ, high(value), yes, no));
  }
  return yes;
}

// Any of the values, by one load when the high half does not matter: the way of every policy rule.
Label emit_any(Emitter& out, const Halves& arg, const std::vector<std::uint64_t>& values, Label yes, Label no) {
  if (arg.high_mask == 0 && arg.low_mask != 0) {
    Label next = no;
    for (auto value = values.rbegin(); value != values.rend(); ++value)
      next = out.branch(BPF_JEQ, low(*value), yes, next);
    return values.empty() ? no : out.load_masked(arg.low_at, arg.low_mask, next);
  }
  for (auto value = values.rbegin(); value != values.rend(); ++value) no = emit_equal(out, arg, *value, yes, no);
  return no;
}

// 64 bits by halves: the high ones decide unless they are equal.
Label emit_above(Emitter& out, const Halves& arg, std::uint16_t comparison, std::uint64_t value, Label yes, Label no) {
  if (arg.high_mask == 0 && high(value) != 0) return no;
  const Label by_low = out.load_masked(arg.low_at, arg.low_mask, out.branch(comparison, low(value), yes, no));
  if (arg.high_mask == 0) return by_low;
  const Label not_greater = out.branch(BPF_JEQ, high(value), by_low, no);
  return out.load_masked(arg.high_at, arg.high_mask, out.branch(BPF_JGT, high(value), yes, not_greater));
}

Label emit_test(Emitter& out, const ArgTest& test, Label yes, Label no) {
  const std::size_t at = offsetof(seccomp_data, args) + 8 * std::size_t{test.index};
  const Halves arg{at, at + 4, low(test.mask), high(test.mask)};
  if (!test.holds) std::swap(yes, no);
  if (test.compare == Compare::kAnyOf) return emit_any(out, arg, test.values, yes, no);
  const std::uint16_t comparison = test.compare == Compare::kGreater ? BPF_JGT : BPF_JGE;
  return emit_above(out, arg, comparison, test.values.at(0), yes, no);
}

Label emit_decision(Emitter& out, const Decision& decision) {
  Label next = out.answer(decision.otherwise);
  for (auto rule = decision.rules.rbegin(); rule != decision.rules.rend(); ++rule) {
    Label match = out.answer(rule->answer);
    for (auto test = rule->all_of.rbegin(); test != rule->all_of.rend(); ++test)
      match = emit_test(out, *test, match, next);
    next = match;
  }
  return next;
}

// Wants the call's number in the accumulator. Segments [begin, end).
Label emit_tree(Emitter& out, const std::vector<Segment>& segments, std::size_t begin, std::size_t end) {
  if (end - begin == 1) return emit_decision(out, segments[begin].decision);
  const std::size_t middle = begin + (end - begin) / 2;
  const Label above = emit_tree(out, segments, middle, end);
  const Label below = emit_tree(out, segments, begin, middle);
  return out.branch(BPF_JGE, segments[middle].first, above, below);
}

}  // namespace

std::vector<sock_filter> emit(const FilterTable& table) {
  Emitter out;
  std::vector<Label> entries(table.archs.size());
  for (std::size_t i = table.archs.size(); i-- > 0;) {
    const auto& segments = table.archs[i].segments;
    entries[i] = out.load(offsetof(seccomp_data, nr), emit_tree(out, segments, 0, segments.size()));
  }
  Label next = out.answer(SECCOMP_RET_KILL_PROCESS);
  for (std::size_t i = table.archs.size(); i-- > 0;) next = out.branch(BPF_JEQ, table.archs[i].token, entries[i], next);
  out.load(offsetof(seccomp_data, arch), next);
  return std::move(out).finish();
}

}  // namespace plan
