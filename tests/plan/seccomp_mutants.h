// Programs that differ from a good one in one instruction, and the calls that tell whether that matters.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <string>
#include <vector>

#include "plan/seccomp_table.h"

namespace samples {

struct Mutant {
  std::string what;  // "instruction 7: jt + 1"
  std::vector<sock_filter> code;
};

// Branches swapped and moved, constants, masks and answers changed, comparisons exchanged, loads of other words.
std::vector<Mutant> mutants(const std::vector<sock_filter>& code);

struct Vector {
  seccomp_data call;
  std::uint32_t want;  // by the table
};

// For every token and every end of a segment, itself and its neighbours, and under each a call for every combination
// of the values at which a test of its arguments changes, with clean and dirty high words.
std::vector<Vector> boundary_vectors(const plan::FilterTable& table);

}  // namespace samples
