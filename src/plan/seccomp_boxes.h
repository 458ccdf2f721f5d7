// A decision by arguments as boxes, of which each is one rule of linux.seccomp: in every argument some bits are given and
// the others free. Where rules of config.json overlap it is open which of them answers, and an argument can be looked at
// only once a rule; boxes of different answers never overlap. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "plan/seccomp_table.h"

namespace plan {

// The values whose bits under `mask` are `value`; a mask of 0: all values.
struct Cube {
  std::uint64_t mask = 0;
  std::uint64_t value = 0;
  bool operator==(const Cube&) const = default;
};

using Box = std::array<Cube, 6>;

// Without padding: gcc 12 with -ftrivial-auto-var-init clears that of a temporary in a wrong place when an array comes
// before it, here the upper half of the first mask.
struct Piece {
  Box box;
  std::uint32_t answer = 0;
  std::uint32_t unused = 0;
};

// The same with fewer words: no test twice in a rule, and no rule that only says what a wider one behind it says.
Decision shortened(const Decision& decision);

// All calls that are not answered with `otherwise`; absent when that takes more than `most` pieces.
std::optional<std::vector<Piece>> pieces_of(const Decision& decision, std::uint32_t otherwise, std::size_t most);

}  // namespace plan
