#include "cli/cite.h"

#include "base/text.h"

namespace cli {

base::Error cite_rule(base::Error error, const harden::Decisions& decisions) {
  constexpr std::string_view kFile = "config.json: ";
  const std::string message = error.message();
  if (error.kind() != base::Kind::kUnsupported || !error.hint_text().empty() || !message.starts_with(kFile)) return error;
  const std::string pointer = message.substr(kFile.size(), message.find(':', kFile.size()) - kFile.size());
  const harden::Decision* found = nullptr;
  for (const auto& decision : decisions) {
    const bool fits = !decision.where.empty() && !decision.audited && base::path_within(pointer, decision.where);
    if (fits && (found == nullptr || decision.where.size() > found->where.size())) found = &decision;
  }
  if (found == nullptr) return error;
  return std::move(error).hint(base::cat("set by ", found->control, " of the policy (", found->source, ")"));
}

}  // namespace cli
