#include "plan/seccomp_runs.h"

#include <linux/bpf_common.h>

#include <algorithm>
#include <bit>
#include <map>
#include <optional>

namespace plan {

namespace {

constexpr std::uint64_t kOnes = ~std::uint64_t{0};

// Those of the 64 runs from 64 * `unit` on that are in [begin, end).
std::uint64_t part(std::size_t unit, std::size_t begin, std::size_t end) {
  const std::size_t first = 64 * unit;
  if (end <= first || begin >= first + 64) return 0;
  std::uint64_t out = kOnes;
  if (begin > first) out &= kOnes << (begin - first);
  if (end < first + 64) out &= kOnes >> (first + 64 - end);
  return out;
}

// The least value from `from` on that has no bit outside of the mask.
std::optional<std::uint32_t> least_within(std::uint32_t mask, std::uint64_t from) {
  if (from > mask) return std::nullopt;
  const auto value = static_cast<std::uint32_t>(from);
  const std::uint32_t outside = value & ~mask;
  if (outside == 0) return value;
  // From the highest bit outside down all is 0 in the next value within; above, it is one step further.
  const std::uint32_t down = ~std::uint32_t{0} >> std::countl_zero(outside);
  return ((value | down | ~mask) + 1) & mask;
}

using Cuts = std::map<Operand, std::vector<std::uint64_t>>;

void cut(Cuts& cuts, const Operand& of, std::uint64_t from, std::uint64_t below) {
  auto& at = cuts[of];
  at.push_back(from);
  at.push_back(below);
}

// What the accumulator can hold where an instruction begins: almost always one thing.
struct Holds {
  std::vector<Operand> others;
  Operand one;
  bool reached = false;

  void add(const Operand& operand) {
    if (!reached) {
      one = operand;
      reached = true;
    } else if (one != operand && std::find(others.begin(), others.end(), operand) == others.end()) {
      others.push_back(operand);
    }
  }
};

void follow(std::span<const sock_filter> code, std::size_t pc, const Operand& a, std::vector<Holds>& holds,
            Cuts& cuts) {
  const sock_filter& at = code[pc];
  switch (BPF_CLASS(at.code)) {
    case BPF_LD: return holds[pc + 1].add({at.k / 4, ~std::uint32_t{0}});
    case BPF_ALU: return holds[pc + 1].add({a.word, a.mask & at.k});
    case BPF_RET: return;
    default: break;
  }
  if (at.code == (BPF_JMP | BPF_JA)) return holds[pc + 1 + at.k].add(a);
  const Comparison comparison = comparison_of(at, a);
  cut(cuts, comparison.of, comparison.from, comparison.below);
  holds[pc + 1 + at.jt].add(a);
  holds[pc + 1 + at.jf].add(a);
}

void add_code(std::span<const sock_filter> code, Cuts& cuts) {
  std::vector<Holds> holds(code.size());
  holds[0].add({});
  for (std::size_t pc = 0; pc < code.size(); ++pc) {  // all jumps go forward
    if (!holds[pc].reached) continue;
    follow(code, pc, holds[pc].one, holds, cuts);
    for (const Operand& other : holds[pc].others) follow(code, pc, other, holds, cuts);
  }
}

// An argument under a mask is less than, equal to or greater than a value by what its two words are to the
// value's two words.
void add_test(const ArgTest& test, Cuts& cuts) {
  const Operand low{low_word(test.index), static_cast<std::uint32_t>(test.mask)};
  const Operand high{high_word(test.index), static_cast<std::uint32_t>(test.mask >> 32)};
  cut(cuts, low, 0, 0);
  cut(cuts, high, 0, 0);
  for (const std::uint64_t value : test.values) {
    const std::uint64_t low_value = value & 0xffffffff;
    cut(cuts, low, low_value, low_value + 1);
    cut(cuts, high, value >> 32, (value >> 32) + 1);
  }
}

void add_table(const FilterTable& table, Cuts& cuts) {
  for (const auto& arch : table.archs) {
    cut(cuts, {kArchWord, ~std::uint32_t{0}}, arch.token, std::uint64_t{arch.token} + 1);
    auto& numbers = cuts[{kNumberWord, ~std::uint32_t{0}}];
    for (const auto& segment : arch.segments) {
      numbers.push_back(segment.first);
      for (const auto& rule : segment.decision.rules)
        for (const auto& test : rule.all_of) add_test(test, cuts);
    }
  }
}

View view_of(const Operand& of, std::vector<std::uint64_t> cuts) {
  std::sort(cuts.begin(), cuts.end());
  View view{of, {0}};
  for (const std::uint64_t at : cuts) {
    if (at <= view.starts.back()) continue;
    const auto start = least_within(of.mask, at);
    if (start && *start > view.starts.back()) view.starts.push_back(*start);
  }
  return view;
}

}  // namespace

Runs Runs::all_of(std::size_t count) {
  Runs out(count);
  out.add(0, count);
  return out;
}

void Runs::add(std::size_t begin, std::size_t end) {
  for (std::size_t i = begin / 64; 64 * i < end; ++i) bits_[i] |= part(i, begin, end);
}

bool Runs::empty() const {
  return std::all_of(bits_.begin(), bits_.end(), [](std::uint64_t bits) { return bits == 0; });
}

std::size_t Runs::first() const {
  std::size_t unit = 0;
  while (bits_[unit] == 0) ++unit;
  return 64 * unit + static_cast<std::size_t>(std::countr_zero(bits_[unit]));
}

bool Runs::any(std::size_t begin, std::size_t end) const {
  for (std::size_t i = begin / 64; 64 * i < end; ++i)
    if ((bits_[i] & part(i, begin, end)) != 0) return true;
  return false;
}

bool Runs::all(std::size_t begin, std::size_t end) const {
  for (std::size_t i = begin / 64; 64 * i < end; ++i)
    if ((~bits_[i] & part(i, begin, end)) != 0) return false;
  return true;
}

bool Runs::meets(const Runs& other) const {
  for (std::size_t i = 0; i < bits_.size(); ++i)
    if ((bits_[i] & other.bits_[i]) != 0) return true;
  return false;
}

bool Runs::within(const Runs& other) const {
  for (std::size_t i = 0; i < bits_.size(); ++i)
    if ((bits_[i] & ~other.bits_[i]) != 0) return false;
  return true;
}

Runs Runs::inside(std::size_t begin, std::size_t end) const {
  Runs out = *this;
  for (std::size_t i = 0; i < bits_.size(); ++i) out.bits_[i] &= part(i, begin, end);
  return out;
}

Runs Runs::outside(std::size_t begin, std::size_t end) const {
  Runs out = *this;
  for (std::size_t i = 0; i < bits_.size(); ++i) out.bits_[i] &= ~part(i, begin, end);
  return out;
}

Runs Runs::inside(const Runs& other) const {
  Runs out = *this;
  for (std::size_t i = 0; i < bits_.size(); ++i) out.bits_[i] &= other.bits_[i];
  return out;
}

Runs Runs::outside(const Runs& other) const {
  Runs out = *this;
  for (std::size_t i = 0; i < bits_.size(); ++i) out.bits_[i] &= ~other.bits_[i];
  return out;
}

std::size_t View::below(std::uint64_t value) const {
  return static_cast<std::size_t>(std::lower_bound(starts.begin(), starts.end(), value) - starts.begin());
}

Views::Views(std::span<const sock_filter> code, std::span<const FilterTable* const> tables) {
  Cuts cuts{{{kArchWord, ~std::uint32_t{0}}, {}}, {{kNumberWord, ~std::uint32_t{0}}, {}}};
  add_code(code, cuts);
  for (const FilterTable* table : tables) add_table(*table, cuts);
  for (auto& [of, at] : cuts) {
    of_word_[of.word].push_back(views_.size());
    views_.push_back(view_of(of, std::move(at)));
  }
}

std::size_t Views::find(const Operand& of) const {
  const auto same = [&](std::size_t view) { return views_[view].of == of; };
  const auto& among = of_word_[of.word];
  return *std::find_if(among.begin(), among.end(), same);
}

}  // namespace plan
