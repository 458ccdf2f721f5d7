#include "plan/seccomp_proof.h"

#include <linux/bpf_common.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "plan/seccomp_cell.h"
#include "plan/seccomp_witness.h"

namespace plan {

namespace {

// What the program is held against.
struct Claim {
  const FilterTable* table;
  std::string_view whose;  // empty: the program's own table, and the answers must be the same
};

// Where a test of an argument holds, over the runs of the argument's halves: within one band, for every run of the
// high half the same runs of the low one. The bands together are all runs of the high half.
struct Shape {
  struct Band {
    Runs high;
    Runs low;  // where the test holds
  };
  std::size_t high_view;
  std::size_t low_view;
  std::vector<Band> bands;
};

// Where the test may change its mind about a half of the argument, as runs of it; ends with their number.
std::vector<std::size_t> borders(const ArgTest& test, const View& half, unsigned shift) {
  std::vector<std::size_t> out{0, half.starts.size()};
  for (const std::uint64_t value : test.values) {
    const std::uint64_t part = value >> shift & 0xffffffff;
    out.push_back(half.below(part));
    out.push_back(half.below(part + 1));
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

Shape make_shape(const ArgTest& test, const Views& views) {
  const Operand high{high_word(test.index), static_cast<std::uint32_t>(test.mask >> 32)};
  const Operand low{low_word(test.index), static_cast<std::uint32_t>(test.mask)};
  Shape out{views.find(high), views.find(low), {}};
  const auto& highs = views[out.high_view].starts;
  const auto& lows = views[out.low_view].starts;
  const auto high_borders = borders(test, views[out.high_view], 32);
  const auto low_borders = borders(test, views[out.low_view], 0);
  for (std::size_t h = 0; h + 1 < high_borders.size(); ++h) {
    Runs holds(lows.size());
    CallArgs args;
    for (std::size_t l = 0; l + 1 < low_borders.size(); ++l) {
      args.at[test.index] = std::uint64_t{highs[high_borders[h]]} << 32 | lows[low_borders[l]];
      if (test_holds(test, args)) holds.add(low_borders[l], low_borders[l + 1]);
    }
    const auto same = [&](const Shape::Band& band) { return band.low == holds; };
    auto band = std::find_if(out.bands.begin(), out.bands.end(), same);
    if (band == out.bands.end()) band = out.bands.insert(band, {Runs(highs.size()), std::move(holds)});
    band->high.add(high_borders[h], high_borders[h + 1]);
  }
  return out;
}

class Proof {
 public:
  Proof(std::span<const sock_filter> code, const Views& views, std::span<const Claim> claims)
      : code_(code),
        claims_(claims),
        views_(views),
        cell_(views),
        arch_view_(views.find({kArchWord, ~std::uint32_t{0}})),
        number_view_(views.find({kNumberWord, ~std::uint32_t{0}})) {}

  base::Result<std::size_t> run() {
    TRY(walk(0, {}));
    return cases_;
  }

 private:
  // The program from `pc` on, for the calls of the cell; `a` is in the accumulator.
  base::Result<void> walk(std::size_t pc, Operand a) {
    for (;; ++pc) {
      const sock_filter& at = code_[pc];
      switch (at.code) {
        case BPF_LD | BPF_W | BPF_ABS: a = {at.k / 4, ~std::uint32_t{0}}; continue;
        case BPF_ALU | BPF_AND | BPF_K: a.mask &= at.k; continue;
        case BPF_JMP | BPF_JA: pc += at.k; continue;
        case BPF_RET | BPF_K: return answered(at.k);
        default: break;
      }
      TRY(cell_.step());
      const Comparison comparison = comparison_of(at, a);
      const std::size_t view = views_.find(comparison.of);
      const std::size_t begin = views_[view].below(comparison.from);
      const std::size_t end = views_[view].below(comparison.below);
      const Part part = part_of(view, begin, end);
      if (part == Part::kSome)
        return divide(
            view, begin, end, [&] { return walk(pc + 1 + at.jt, a); }, [&] { return walk(pc + 1 + at.jf, a); });
      pc += part == Part::kAll ? at.jt : at.jf;
    }
  }

  // How many of the runs that are possible are in [begin, end).
  enum class Part { kNone, kSome, kAll };
  Part part_of(std::size_t view, std::size_t begin, std::size_t end) const {
    const Runs& runs = cell_.runs(view);
    if (!runs.any(begin, end)) return Part::kNone;
    return runs.any(0, begin) || runs.any(end, runs.count()) ? Part::kSome : Part::kAll;
  }

  // Goes on with the calls that `view` shows in `runs`, if there are any.
  template <typename Next>
  base::Result<void> within(std::size_t view, Runs runs, const Next& next) {
    auto saved = TRY(cell_.narrow(view, std::move(runs)));
    if (!saved) return base::ok();
    auto result = next();
    cell_.restore(std::move(*saved));
    return result;
  }

  // Goes on with the calls of the cell that `view` shows in the runs [begin, end), and with the others.
  template <typename In, typename Out>
  base::Result<void> divide(std::size_t view, std::size_t begin, std::size_t end, const In& in, const Out& out) {
    const Part part = part_of(view, begin, end);
    if (part == Part::kAll) return in();
    if (part == Part::kSome) {
      TRY(within(view, cell_.runs(view).inside(begin, end), in));
      return within(view, cell_.runs(view).outside(begin, end), out);
    }
    return out();
  }

  base::Result<void> answered(std::uint32_t have) {
    for (const Claim& claim : claims_) TRY(by_arch(claim, have, 0));
    return base::ok();
  }

  // The tables, for the calls of the cell, until one answer is left: by ABI, number, rules and tests.
  base::Result<void> by_arch(const Claim& claim, std::uint32_t have, std::size_t arch) {
    const auto& archs = claim.table->archs;
    if (arch == archs.size()) return compare(claim, have, SECCOMP_RET_KILL_PROCESS);
    const std::size_t run = views_[arch_view_].run_of(archs[arch].token);  // it holds nothing but the token
    return divide(
        arch_view_, run, run + 1, [&] { return by_number(claim, have, archs[arch].segments); },
        [&] { return by_arch(claim, have, arch + 1); });
  }

  base::Result<void> by_number(const Claim& claim, std::uint32_t have, const std::vector<Segment>& segments) {
    const View& view = views_[number_view_];
    const Runs& runs = cell_.runs(number_view_);
    const auto past = [](std::uint32_t value, const Segment& s) { return value < s.first; };
    const auto next = std::upper_bound(segments.begin(), segments.end(), view.starts[runs.first()], past);
    const Decision& decision = std::prev(next)->decision;
    const std::size_t end = next == segments.end() ? runs.count() : view.below(next->first);
    return divide(
        number_view_, 0, end, [&] { return by_rule(claim, have, decision, 0, 0); },
        [&] { return by_number(claim, have, segments); });
  }

  // As evaluate(): the first rule whose tests all hold.
  base::Result<void> by_rule(const Claim& claim, std::uint32_t have, const Decision& decision, std::size_t rule,
                             std::size_t test) {
    for (;;) {
      if (rule == decision.rules.size()) return compare(claim, have, decision.otherwise);
      const ArgRule& at = decision.rules[rule];
      if (test == at.all_of.size()) return compare(claim, have, at.answer);
      TRY(cell_.step());
      const Shape& shape = shape_of(at.all_of[test]);
      bool holds = false;
      bool fails = false;
      for (const auto& band : shape.bands) {
        if (!band.high.meets(cell_.runs(shape.high_view))) continue;
        holds = holds || cell_.runs(shape.low_view).meets(band.low);
        fails = fails || !cell_.runs(shape.low_view).within(band.low);
      }
      if (holds && fails) return by_test(claim, have, decision, rule, test, shape);
      test = holds ? test + 1 : 0;
      rule = holds ? rule : rule + 1;
    }
  }

  base::Result<void> by_test(const Claim& claim, std::uint32_t have, const Decision& decision, std::size_t rule,
                             std::size_t test, const Shape& shape) {
    for (const auto& band : shape.bands) {
      const auto by_low = [&]() -> base::Result<void> {
        TRY(within(shape.low_view, cell_.runs(shape.low_view).inside(band.low),
                   [&] { return by_rule(claim, have, decision, rule, test + 1); }));
        return within(shape.low_view, cell_.runs(shape.low_view).outside(band.low),
                      [&] { return by_rule(claim, have, decision, rule + 1, 0); });
      };
      TRY(within(shape.high_view, cell_.runs(shape.high_view).inside(band.high), by_low));
    }
    return base::ok();
  }

  const Shape& shape_of(const ArgTest& test) {
    const auto known = shapes_.find(&test);
    if (known != shapes_.end()) return known->second;
    return shapes_.emplace(&test, make_shape(test, views_)).first->second;
  }

  base::Result<void> compare(const Claim& claim, std::uint32_t have, std::uint32_t want) {
    ++cases_;
    const auto& words = cell_.words();
    const std::uint32_t ran = run_code(code_, words);
    const std::uint32_t said = evaluate(*claim.table, words[kArchWord], words[kNumberWord], args_of(words));
    const bool bound = !claim.whose.empty();
    if (ran == have && said == want && (bound ? !stricter(want, have) : have == want)) return base::ok();
    const std::string whose = bound ? base::cat("no more than ", claim.whose, "'s ") : std::string();
    return base::Error::unsupported(base::cat("the compiled filter is wrong: ", call_text(words), ": want ", whose,
                                              answer_text(said), ", have ", answer_text(ran)))
        .hint("this is a defect of bulkhead; nothing was started");
  }

  std::span<const sock_filter> code_;
  std::span<const Claim> claims_;
  const Views& views_;
  Cell cell_;
  std::size_t arch_view_;
  std::size_t number_view_;
  std::unordered_map<const ArgTest*, Shape> shapes_;
  std::size_t cases_ = 0;
};

}  // namespace

base::Result<std::size_t> prove(std::span<const sock_filter> code, const FilterTable& want,
                                std::span<const Bound> no_wider) {
  TRY_IN("the compiled filter is wrong", check_code(code));
  std::vector<Claim> claims{{&want, {}}};
  for (const Bound& bound : no_wider) claims.push_back({bound.table, bound.whose});
  std::vector<const FilterTable*> tables;
  for (const Claim& claim : claims) tables.push_back(claim.table);
  const Views views(code, tables);
  return Proof(code, views, claims).run();
}

}  // namespace plan
