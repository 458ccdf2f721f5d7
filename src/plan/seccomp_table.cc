#include "plan/seccomp_table.h"

#include <linux/seccomp.h>

#include <algorithm>

namespace plan {

bool stricter(std::uint32_t a, std::uint32_t b) {
  // ACTION_ONLY() of kernel/seccomp.c: the action as a signed number, so that KILL_PROCESS comes first.
  const auto rank = [](std::uint32_t answer) { return static_cast<std::int32_t>(answer & SECCOMP_RET_ACTION_FULL); };
  return rank(a) < rank(b);
}

void append_segment(std::vector<Segment>& segments, std::uint32_t first, Decision decision) {
  if (!segments.empty() && segments.back().decision == decision) return;
  segments.push_back({first, std::move(decision)});
}

std::vector<Segment> overlay(const std::vector<Segment>& background, const std::map<std::uint32_t, Decision>& singles) {
  std::vector<Segment> out;
  out.reserve(background.size() + 2 * singles.size());
  auto single = singles.begin();
  for (std::size_t i = 0; i < background.size(); ++i) {
    const bool is_last = i + 1 == background.size();
    const std::uint64_t end = is_last ? std::uint64_t{1} << 32 : background[i + 1].first;
    std::uint64_t at = background[i].first;
    for (; single != singles.end() && single->first < end; ++single) {
      if (single->first > at) append_segment(out, static_cast<std::uint32_t>(at), background[i].decision);
      append_segment(out, single->first, single->second);
      at = std::uint64_t{single->first} + 1;
    }
    if (at < end) append_segment(out, static_cast<std::uint32_t>(at), background[i].decision);
  }
  return out;
}

Decision simplified(std::vector<ArgRule> rules, std::uint32_t otherwise) {
  const auto always = [](const ArgRule& rule) { return rule.all_of.empty(); };
  const auto last = std::find_if(rules.begin(), rules.end(), always);
  if (last != rules.end()) {
    otherwise = last->answer;
    rules.erase(last, rules.end());
  }
  while (!rules.empty() && rules.back().answer == otherwise) rules.pop_back();
  return {std::move(rules), otherwise};
}

bool test_holds(const ArgTest& test, const CallArgs& args) {
  const std::uint64_t have = args.at[test.index] & test.mask;
  const auto passes = [&](std::uint64_t want) {
    switch (test.compare) {
      case Compare::kAnyOf: return have == want;
      case Compare::kGreater: return have > want;
      case Compare::kGreaterEqual: return have >= want;
    }
    return false;
  };
  return std::any_of(test.values.begin(), test.values.end(), passes) == test.holds;
}

std::uint32_t evaluate(const Decision& decision, const CallArgs& args) {
  for (const auto& rule : decision.rules) {
    const auto holds = [&](const ArgTest& test) { return test_holds(test, args); };
    if (std::all_of(rule.all_of.begin(), rule.all_of.end(), holds)) return rule.answer;
  }
  return decision.otherwise;
}

std::uint32_t evaluate(const FilterTable& table, std::uint32_t token, std::uint32_t number, const CallArgs& args) {
  for (const auto& arch : table.archs) {
    if (arch.token != token) continue;
    const auto past = [](std::uint32_t value, const Segment& segment) { return value < segment.first; };
    const auto after = std::upper_bound(arch.segments.begin(), arch.segments.end(), number, past);
    return evaluate(std::prev(after)->decision, args);
  }
  return SECCOMP_RET_KILL_PROCESS;
}

}  // namespace plan
