// Texts and paths that several concerns share.
#include "base/text.h"

#include <algorithm>

#include "harden/work.h"

namespace harden {

void record(Work& work, Decision decision) {
  auto& all = work.decisions;
  const auto same =
      std::find_if(all.begin(), all.end(), [&](const Decision& d) { return d.control == decision.control; });
  if (same == all.end()) {
    all.push_back(std::move(decision));
    return;
  }
  same->also.push_back(std::move(decision.where));
  same->also.insert(same->also.end(), decision.also.begin(), decision.also.end());
  if (!decision.requested.empty()) same->requested += "; " + decision.requested;
  if (same->source.find(decision.source) == std::string::npos) same->source += " and " + decision.source;
  same->effective += "; " + decision.effective;
  same->degraded = same->degraded || decision.degraded;
  same->warning = same->warning || decision.warning;
}

std::string list(const std::vector<std::string>& items, std::string_view none) {
  return items.empty() ? std::string(none) : base::join(items, ", ");
}

bool is_below(std::string_view path, std::string_view directory) {
  if (directory == "/") return path.size() > 1;
  return path.size() > directory.size() && path.starts_with(directory) && path[directory.size()] == '/';
}

}  // namespace harden
