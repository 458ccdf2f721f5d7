// Conditions compared: which of two is the wider one.
#include <algorithm>

#include "base/text.h"
#include "policy/compare.h"

namespace policy {

namespace {

const Condition* condition_on(const When& when, std::string Subject::*fact) {
  const auto at = std::find_if(when.all_of.begin(), when.all_of.end(), [&](const Condition& c) { return c.fact == fact; });
  return at == when.all_of.end() ? nullptr : &*at;
}

bool covers_any(const std::vector<std::string>& outer, std::string_view inner) {
  return std::any_of(outer.begin(), outer.end(), [&](const std::string& pattern) { return covers(pattern, inner); });
}

bool is_pattern(std::string_view text) { return text.find_first_of("*?") != std::string_view::npos; }

// No text fits both; of two patterns nothing is said.
bool excludes(const std::string& a, const std::string& b) {
  if (is_pattern(a) && is_pattern(b)) return false;
  return is_pattern(a) ? !base::fits(a, b) : !base::fits(b, a);
}

}  // namespace

// Row by row, as for the distance of two words: reached[j] says that what there is of `outer` covers inner's first j.
bool covers(std::string_view outer, std::string_view inner) {
  std::vector<bool> reached(inner.size() + 1, false);
  reached[0] = true;
  for (const char c : outer) {
    std::vector<bool> next(inner.size() + 1, false);
    for (std::size_t j = 0; j <= inner.size(); ++j) {
      if (c == '*') {
        next[j] = reached[j] || (j > 0 && next[j - 1]);
      } else if (j > 0) {
        const char other = inner[j - 1];
        next[j] = reached[j - 1] && other != '*' && (c == '?' || c == other);
      }
    }
    reached = std::move(next);
  }
  return reached[inner.size()];
}

bool covers(const When& outer, const When& inner) {
  return std::all_of(outer.all_of.begin(), outer.all_of.end(), [&](const Condition& wanted) {
    if (covers_any(wanted.patterns, "*")) return true;
    const auto* own = condition_on(inner, wanted.fact);
    return own != nullptr && std::all_of(own->patterns.begin(), own->patterns.end(),
                                         [&](const std::string& pattern) { return covers_any(wanted.patterns, pattern); });
  });
}

bool excludes(const When& a, const When& b) {
  return std::any_of(a.all_of.begin(), a.all_of.end(), [&](const Condition& own) {
    const auto* other = condition_on(b, own.fact);
    return other != nullptr && std::all_of(own.patterns.begin(), own.patterns.end(), [&](const std::string& mine) {
             return std::all_of(other->patterns.begin(), other->patterns.end(), [&](const std::string& theirs) { return excludes(mine, theirs); });
           });
  });
}

std::string when_text(const When& when) {
  std::string out;
  for (const auto& condition : when.all_of) {
    out += base::cat(out.empty() ? "" : ", ", condition.name, " ", base::join(condition.patterns, " or "));
  }
  return out.empty() ? "any container" : out;
}

}  // namespace policy
