#include "plan/seccomp_cell.h"

#include <algorithm>
#include <bit>
#include <set>
#include <utility>

#include "base/text.h"

namespace plan {

namespace {

// Looks for a word that all of some views show in a run that is possible.
class Search {
 public:
  explicit Search(std::size_t& steps) : steps_(steps) {}

  void ask(const View& view, const Runs& runs) {
    asked_.push_back({view, runs});
    bits_ |= view.of.mask;
  }

  bool only_one() const { return asked_.size() == 1; }
  // The least such word. Absent if there is none or, when gave_up(), if that is not known.
  std::optional<std::uint32_t> word() { return from(0, bits_); }
  bool gave_up() const { return steps_ > kMostSteps; }

 private:
  struct Asked {
    const View& view;
    const Runs& runs;
  };
  using State = std::vector<std::uint64_t>;

  // What the bits decided so far, all higher than those in `open`, leave to be decided: for each view its decided
  // bits, or that they do not matter any more. Absent if a view excludes them already.
  std::optional<State> state(std::uint32_t word, std::uint32_t open) const {
    State out{open};
    for (const auto& [view, runs] : asked_) {
      const std::uint32_t decided = word & view.of.mask;
      const std::size_t least = view.run_of(decided);
      const std::size_t greatest = view.run_of(decided | (open & view.of.mask));
      if (!runs.any(least, greatest + 1)) return std::nullopt;
      out.push_back(runs.all(least, greatest + 1) ? kSettled : decided);
    }
    return out;
  }

  std::optional<std::uint32_t> from(std::uint32_t word, std::uint32_t open) {
    if (++steps_ > kMostSteps) return std::nullopt;
    auto reached = state(word, open);
    if (!reached) return std::nullopt;
    if (std::all_of(reached->begin() + 1, reached->end(), [](std::uint64_t view) { return view == kSettled; }))
      return word;
    if (failed_.contains(*reached)) return std::nullopt;  // without this, free high bits double the work each
    const std::uint32_t bit = std::bit_floor(open);
    auto found = from(word, open & ~bit);
    if (!found) found = from(word | bit, open & ~bit);
    if (!found) failed_.insert(std::move(*reached));
    return found;
  }

  static constexpr std::uint64_t kSettled = ~std::uint64_t{0};
  std::vector<Asked> asked_;
  std::set<State> failed_;
  std::uint32_t bits_ = 0;
  std::size_t& steps_;
};

base::Error too_many_steps() {
  return base::Error::unsupported(
      base::cat("too many comparisons of arguments: the proof takes more than ", kMostSteps, " steps"));
}

}  // namespace

Cell::Cell(const Views& views) : views_(views) {
  runs_.reserve(views.size());
  for (std::size_t i = 0; i < views.size(); ++i) runs_.push_back(Runs::all_of(views[i].starts.size()));
}

base::Result<std::optional<Cell::Saved>> Cell::narrow(std::size_t view, Runs runs) {
  std::optional<Saved> nothing;
  if (runs.empty()) return nothing;
  const Operand& of = views_[view].of;
  std::uint32_t& word = words_[of.word];
  Saved saved{view, std::move(runs_[view]), word};
  runs_[view] = std::move(runs);
  if (runs_[view].has(views_[view].run_of(word & of.mask))) return std::optional(std::move(saved));

  Search search(steps_);
  for (const std::size_t other : views_.of_word(of.word))
    if (!runs_[other].all(0, runs_[other].count())) search.ask(views_[other], runs_[other]);
  const auto found = search.only_one() ? std::optional(views_[view].starts[runs_[view].first()]) : search.word();
  if (!found) {
    restore(std::move(saved));
    if (!search.gave_up()) return nothing;
    return too_many_steps();
  }
  word = *found;
  return std::optional(std::move(saved));
}

base::Result<void> Cell::step() {
  if (++steps_ > kMostSteps) return too_many_steps();
  return base::ok();
}

void Cell::restore(Saved saved) {
  words_[views_[saved.view].of.word] = saved.word;
  runs_[saved.view] = std::move(saved.runs);
}

}  // namespace plan
