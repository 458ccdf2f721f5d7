// A set of calls while seccomp_proof divides all of them: those whose every masked word is in a run that is still
// possible. Never empty, and always with one call of it at hand. Pure.
#pragma once

#include <optional>

#include "plan/seccomp_runs.h"

namespace plan {

// What a proof may cost: jumps and tests that it looks at, and attempts to find a word under several masks.
inline constexpr std::size_t kMostSteps = 4'000'000;

class Cell {
 public:
  explicit Cell(const Views& views);  // every call that there is; keeps a reference

  const Runs& runs(std::size_t view) const { return runs_[view]; }
  // The words of one call in the set.
  const std::uint32_t (&words() const)[kWords] { return words_; }

  // What narrow() changed.
  struct Saved {
    std::size_t view;
    Runs runs;
    std::uint32_t word;
  };
  // Keeps the calls that `view` shows in `runs`, a part of what is possible there. If there are none, nothing is
  // changed and nothing returned: runs of several masks on one word can exclude each other. Whether they do is
  // found out by trying the bits of the word; each attempt is a step.
  base::Result<std::optional<Saved>> narrow(std::size_t view, Runs runs);
  void restore(Saved saved);

  // Counts one step: an error (unsupported) when there were too many.
  base::Result<void> step();

 private:
  const Views& views_;
  std::vector<Runs> runs_;
  std::uint32_t words_[kWords] = {};
  std::size_t steps_ = 0;
};

}  // namespace plan
