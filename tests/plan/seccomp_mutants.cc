#include "plan/seccomp_mutants.h"

#include <linux/audit.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "plan/seccomp_samples.h"

namespace samples {

namespace {

class Mutants {
 public:
  explicit Mutants(const std::vector<sock_filter>& code) : code_(code) {}

  void of(std::size_t at) {
    at_ = at;
    const sock_filter good = code_[at];
    if (BPF_CLASS(good.code) == BPF_JMP && BPF_OP(good.code) != BPF_JA) of_branch(good);
    if (BPF_CLASS(good.code) == BPF_LD) {
      for (const std::uint32_t to : {good.k + 4, good.k - 4, good.k + 2, good.k + 1, good.k + 64})
        put("loads elsewhere", {good.code, 0, 0, to});
      return;
    }
    for (const std::uint32_t k : {good.k + 1, good.k - 1, good.k ^ 0x80000000, good.k ^ 2, good.k << 1, good.k >> 1})
      put("another constant", {good.code, good.jt, good.jf, k});
    if (BPF_CLASS(good.code) == BPF_RET)
      for (const std::uint32_t answer :
           {SECCOMP_RET_ALLOW, SECCOMP_RET_LOG, SECCOMP_RET_ERRNO, SECCOMP_RET_KILL_PROCESS})
        put("another answer", {good.code, 0, 0, answer});
    if (BPF_CLASS(good.code) == BPF_ALU) put("no mask", {good.code, 0, 0, 0xffffffff});
  }

  std::vector<Mutant> take() && { return std::move(out_); }

 private:
  void of_branch(const sock_filter& good) {
    const auto moved = [](std::uint8_t offset, int by) { return static_cast<std::uint8_t>(offset + by); };
    put("branches swapped", {good.code, good.jf, good.jt, good.k});
    for (const int by : {-1, 1}) {
      put("jt moved", {good.code, moved(good.jt, by), good.jf, good.k});
      put("jf moved", {good.code, good.jt, moved(good.jf, by), good.k});
    }
    for (const int op : {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET})
      put("another comparison", {static_cast<std::uint16_t>(BPF_JMP | op | BPF_K), good.jt, good.jf, good.k});
  }

  void put(const char* what, const sock_filter& instead) {
    const sock_filter& good = code_[at_];
    if (good.code == instead.code && good.jt == instead.jt && good.jf == instead.jf && good.k == instead.k) return;
    out_.push_back({base::cat("instruction ", at_, ": ", what), code_});
    out_.back().code[at_] = instead;
  }

  const std::vector<sock_filter>& code_;
  std::size_t at_ = 0;
  std::vector<Mutant> out_;
};

using Set = std::set<std::uint64_t>;

// What each argument is to be for a decision: all values near those that it is compared with.
std::array<Set, 6> near_of(const plan::Decision& decision) {
  std::array<Set, 6> out;
  for (auto& values : out) values = {0, 0x500000005};  // any other word must make no difference
  for (const auto& rule : decision.rules) {
    for (const auto& test : rule.all_of) {
      Set& values = out[test.index];
      for (const std::uint64_t value : test.values) {
        for (const std::uint64_t near :
             {value, value - 1, value + 1, value ^ 2, value << 1, value >> 1, value | ~test.mask}) {
          values.insert(near);
          values.insert(near ^ std::uint64_t{1} << 32);
          values.insert(near ^ std::uint64_t{1} << 31);
        }
        for (const std::uint64_t bit : {test.mask & (~test.mask + 1), ~test.mask & (test.mask + 1)})
          values.insert(value ^ bit);
      }
    }
  }
  return out;
}

// All combinations if they are few, else as many at random.
std::vector<plan::CallArgs> combinations(const std::array<Set, 6>& near, Dice& dice) {
  constexpr std::size_t kMost = 1500;
  std::vector<plan::CallArgs> out{{}};
  for (std::size_t i = 0; i < near.size(); ++i) {
    std::vector<plan::CallArgs> longer;
    if (out.size() * near[i].size() <= kMost) {
      for (const auto& args : out)
        for (const std::uint64_t value : near[i]) (longer.emplace_back(args)).at[i] = value;
    } else {
      const std::vector<std::uint64_t> values(near[i].begin(), near[i].end());
      while (longer.size() < kMost) (longer.emplace_back(dice.any(out))).at[i] = dice.any(values);
    }
    out = std::move(longer);
  }
  return out;
}

}  // namespace

std::vector<Mutant> mutants(const std::vector<sock_filter>& code) {
  Mutants out(code);
  for (std::size_t i = 0; i < code.size(); ++i) out.of(i);
  return std::move(out).take();
}

std::vector<Vector> boundary_vectors(const plan::FilterTable& table) {
  std::vector<Vector> out;
  Dice dice(1);
  const auto add = [&](std::uint32_t token, std::uint32_t number, const plan::CallArgs& args) {
    for (const std::uint64_t pointer : {std::uint64_t{0}, ~std::uint64_t{0}}) {
      Vector& added = out.emplace_back(Vector{call(token, number, args), evaluate(table, token, number, args)});
      added.call.instruction_pointer = pointer;
    }
  };
  std::set<std::uint32_t> tokens{0, 1, 0xffffffff};
  std::set<std::uint32_t> numbers{0, 0xffffffff};
  for (const auto& arch : table.archs) {
    for (const std::uint32_t near : {arch.token - 1, arch.token, arch.token + 1, arch.token ^ 2,
                                     arch.token ^ 0x80000000, arch.token << 1, arch.token >> 1})
      tokens.insert(near);
    for (const auto& segment : arch.segments)
      for (const std::uint32_t near : {segment.first - 2, segment.first - 1, segment.first, segment.first + 1})
        numbers.insert(near);
  }
  for (const std::uint32_t token : tokens)
    for (const std::uint32_t number : numbers)
      for (const std::uint64_t all : {std::uint64_t{0}, std::uint64_t{0x700000007}, ~std::uint64_t{0}})
        add(token, number, {{all, all, all, all, all, all}});
  for (const auto& arch : table.archs)
    for (const auto& segment : arch.segments)
      if (!segment.decision.rules.empty())
        for (const auto& args : combinations(near_of(segment.decision), dice)) add(arch.token, segment.first, args);
  return out;
}

}  // namespace samples
