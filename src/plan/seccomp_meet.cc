#include "plan/seccomp_meet.h"

namespace plan {

namespace {

std::uint32_t meet(std::uint32_t request, std::uint32_t policy) { return stricter(policy, request) ? policy : request; }

// Two lists of which the first match counts: their product in lexicographic order. The first pair that
// matches consists of the first match of each.
Decision meet(const Decision& request, const Decision& policy) {
  std::vector<ArgRule> rules;
  const auto row = [&](const std::vector<ArgTest>& tests, std::uint32_t answer) {
    for (const auto& rule : policy.rules) {
      ArgRule both{tests, meet(answer, rule.answer)};
      both.all_of.insert(both.all_of.end(), rule.all_of.begin(), rule.all_of.end());
      rules.push_back(std::move(both));
    }
    rules.push_back({tests, meet(answer, policy.otherwise)});
  };
  for (const auto& rule : request.rules) row(rule.all_of, rule.answer);
  row({}, request.otherwise);
  return simplified(std::move(rules), 0);  // the last rule has no tests, so this 0 is never the answer
}

std::vector<Segment> meet(const std::vector<Segment>& request, const std::vector<Segment>& policy) {
  std::vector<Segment> out;
  out.reserve(request.size() + policy.size());
  std::size_t r = 0;
  std::size_t p = 0;
  std::uint32_t first = 0;
  for (;;) {
    append_segment(out, first, meet(request[r].decision, policy[p].decision));
    const bool request_ends = r + 1 == request.size();
    const bool policy_ends = p + 1 == policy.size();
    if (request_ends && policy_ends) return out;
    const std::uint32_t next_r = request_ends ? ~std::uint32_t{0} : request[r + 1].first;
    const std::uint32_t next_p = policy_ends ? ~std::uint32_t{0} : policy[p + 1].first;
    first = next_r < next_p ? next_r : next_p;
    if (!request_ends && next_r == first) ++r;
    if (!policy_ends && next_p == first) ++p;
  }
}

}  // namespace

FilterTable meet(const FilterTable& request, const FilterTable& policy) {
  FilterTable out;
  // An ABI that either lacks is killed by it, and nothing is stricter: only the common ones remain.
  for (const auto& mine : request.archs)
    for (const auto& theirs : policy.archs)
      if (mine.token == theirs.token) out.archs.push_back({mine.token, meet(mine.segments, theirs.segments)});
  return out;
}

}  // namespace plan
