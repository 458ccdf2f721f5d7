// The proof that a filter answers what its table says, made each time that a filter is compiled: a filter that cannot
// be proven is never loaded and never cached. Pure.
//
// What is proven. For every value of seccomp_data, all 512 bits of it: the program answers what the table answers
// (evaluate()), to the bit; and no milder, in the kernel's order (stricter()), than the request's own table and the
// policy's. And that the kernel takes the program as it stands (check_code()).
//
// How. Classic BPF has no loops, and a filter can only compare: one word of seccomp_data, under a mask, with
// constants. The table too compares only masked arguments with constants, ABI tokens with tokens and numbers with the
// ends of segments. So for each pair of word and mask that occurs (a View) its values are cut at all of these
// constants into runs that nobody tells apart. From the set of all calls the proof walks every path of the program,
// and at each jump divides the set by the runs (a Cell); a part that is empty is left out, and whether it is empty is
// decided exactly, bit by bit where several masks lie over one word. At the end of each path the remaining set is
// divided further by the tables, until each of them gives one answer to all of it; then the answers are compared.
// No part of it is sampled: the parts together are all calls, and each is answered alike throughout.
//
// Each part has a call of it at hand, its least values. That call is also run through the program (run_code()) and the
// table (evaluate()), so that the walk itself is checked at each of its ends, and it is named when the answers differ.
//
// What is assumed: that the tables say what config.json and the policy mean (request_table(), policy_table(): tests
// compare them with libseccomp); that evaluate() and stricter() are the meaning wanted; that the kernel runs a filter
// as run_code() does (tests load programs); and this code.
//
// How much. At most kMostSteps (seccomp_cell.h); what needs more is an error (unsupported), never unproven. A profile
// of an engine takes some thousand steps; what takes millions is dozens of rules for one call that each compare several
// arguments.
#pragma once

#include <linux/filter.h>

#include <span>
#include <string_view>

#include "base/result.h"
#include "plan/seccomp_table.h"

namespace plan {

// A table whose answers the program must not go beyond.
struct Bound {
  const FilterTable* table;
  std::string_view whose;  // "the policy"
};

// How many cases were compared. An error names a call, what is wanted and what the program answers.
base::Result<std::size_t> prove(std::span<const sock_filter> code, const FilterTable& want,
                                std::span<const Bound> no_wider = {});

}  // namespace plan
