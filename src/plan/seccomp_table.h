// What a filter answers, before it becomes instructions: for each ABI token the whole line of 2^32 call
// numbers cut into segments, each with one decision. Both inputs become this, their meet is taken on it,
// and seccomp_emit writes it down. Pure values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "plan/syscall_names.h"

namespace plan {

// The comparison of one argument. The others are these with `holds` false or, for LE and LT, of the opposite.
enum class Compare { kAnyOf, kGreater, kGreaterEqual };

struct ArgTest {
  std::uint32_t index = 0;  // 0..5
  Compare compare = Compare::kAnyOf;
  bool holds = true;                       // false: the comparison must fail
  std::uint64_t mask = ~std::uint64_t{0};  // laid over the argument before comparing
  std::vector<std::uint64_t> values;       // kAnyOf: any number of them, each within `mask`; else one
  bool operator==(const ArgTest&) const = default;
};

struct ArgRule {
  std::vector<ArgTest> all_of;  // never empty in a Decision
  std::uint32_t answer = 0;     // SECCOMP_RET_*, with its data
  bool operator==(const ArgRule&) const = default;
};

// The first rule whose tests all hold answers, or else `otherwise`.
struct Decision {
  std::vector<ArgRule> rules;
  std::uint32_t otherwise = 0;
  bool operator==(const Decision&) const = default;
};

// From `first` up to the next segment's first, or to 0xffffffff.
struct Segment {
  std::uint32_t first = 0;
  Decision decision;
  bool operator==(const Segment&) const = default;
};

struct ArchTable {
  std::uint32_t token = 0;        // AUDIT_ARCH_*
  std::vector<Segment> segments;  // ascending from 0, neighbours differ
};

// An arch token without a table is answered with KILL_PROCESS.
struct FilterTable {
  std::vector<ArchTable> archs;  // the native one first
};

// The order of answers in the kernel (seccomp_run_filters): true when it would prefer `a` to `b`.
bool stricter(std::uint32_t a, std::uint32_t b);

// `singles` laid over `background`, which covers the whole line.
std::vector<Segment> overlay(const std::vector<Segment>& background, const std::map<std::uint32_t, Decision>& singles);

// Appends unless it says the same as the last one.
void append_segment(std::vector<Segment>& segments, std::uint32_t first, Decision decision);

// Drops what cannot make a difference: rules after an unconditional one, last rules that answer as `otherwise`.
Decision simplified(std::vector<ArgRule> rules, std::uint32_t otherwise);

// What the table says: the definition that the emitter is tested against.
struct CallArgs {
  std::uint64_t at[6] = {};
};
bool test_holds(const ArgTest& test, const CallArgs& args);
std::uint32_t evaluate(const Decision& decision, const CallArgs& args);
std::uint32_t evaluate(const FilterTable& table, std::uint32_t token, std::uint32_t number, const CallArgs& args);

}  // namespace plan
