#include <algorithm>

#include "base/text.h"
#include "policy/compare.h"
#include "policy/lint_parts.h"

namespace policy {

void check_bindings(Remarks& out, const Document& read, const Chain& node, const Chain& others) {
  for (auto binding = read.bindings.begin(); binding != read.bindings.end(); ++binding) {
    const auto earlier = std::find_if(read.bindings.begin(), binding, [&](const Binding& b) { return covers(b.when, binding->when); });
    if (earlier != binding) {
      const auto* why = earlier->when.all_of.empty() ? " fits always" : " fits wherever it does";
      remark(out, binding->origin, base::cat("is never reached: ", earlier->origin.text(), why));
    }
    const bool file = binding->profile.find('/') != std::string::npos;
    if (!file && binding->profile.find('@') == std::string::npos) {
      remark(out, binding->origin, base::cat("profile ", base::quote(binding->profile), " has no version"));
    }
    const auto profile = find_profile(node, binding->profile);
    if (!profile && !find_profile(others, binding->profile)) remark(out, binding->origin, base::cat("no container that it fits will start: ", profile.error().message()));
  }
}

}  // namespace policy
