// The values that one comparison after the other can tell apart: a masked word of seccomp_data cut into runs of
// values, and sets of such runs. The vocabulary of seccomp_proof. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plan/seccomp_machine.h"
#include "plan/seccomp_table.h"

namespace plan {

// Some of `count` runs.
class Runs {
 public:
  explicit Runs(std::size_t count) : count_(count), bits_((count + 63) / 64) {}
  static Runs all_of(std::size_t count);

  void add(std::size_t run) { bits_[run / 64] |= std::uint64_t{1} << run % 64; }
  void add(std::size_t begin, std::size_t end);
  bool has(std::size_t run) const { return (bits_[run / 64] >> run % 64 & 1) != 0; }
  bool empty() const;
  std::size_t first() const;  // only if not empty
  // Whether any, or all, of the runs [begin, end) are in it.
  bool any(std::size_t begin, std::size_t end) const;
  bool all(std::size_t begin, std::size_t end) const;
  bool meets(const Runs& other) const;
  bool within(const Runs& other) const;
  // What it has in common with [begin, end) and with another, and what it has besides.
  Runs inside(std::size_t begin, std::size_t end) const;
  Runs outside(std::size_t begin, std::size_t end) const;
  Runs inside(const Runs& other) const;
  Runs outside(const Runs& other) const;
  std::size_t count() const { return count_; }
  bool operator==(const Runs&) const = default;

 private:
  std::size_t count_;
  std::vector<std::uint64_t> bits_;
};

// A word under a mask, and all values that this can have, cut wherever a comparison changes its answer.
struct View {
  Operand of;
  std::vector<std::uint32_t> starts;  // the least value of each run, the first one 0

  std::size_t run_of(std::uint32_t value) const { return below(std::uint64_t{value} + 1) - 1; }
  // How many runs begin below `value`. Where a cut is, these are the runs of the values below it.
  std::size_t below(std::uint64_t value) const;
};

// Every view that a program or a table looks through, with the cuts of all of them.
class Views {
 public:
  Views(std::span<const sock_filter> code, std::span<const FilterTable* const> tables);

  std::size_t size() const { return views_.size(); }
  const View& operator[](std::size_t view) const { return views_[view]; }
  const std::vector<std::size_t>& of_word(std::uint32_t word) const { return of_word_[word]; }
  std::size_t find(const Operand& of) const;  // only of those that it was made for

 private:
  std::vector<View> views_;
  std::vector<std::size_t> of_word_[kWords];
};

}  // namespace plan
