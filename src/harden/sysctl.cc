// Kernel settings of the container's namespaces: only names known to be safe.
#include <algorithm>

#include "base/text.h"
#include "harden/work.h"

namespace harden {

void harden_sysctl(Work& work) {
  const auto& rule = work.policy.sysctl.allow;
  if (!rule) return;
  std::vector<std::string> dropped, kept;
  std::erase_if(work.spec.linux.sysctl, [&](const auto& entry) {
    const bool keep = std::find(rule->value.begin(), rule->value.end(), entry.first) != rule->value.end();
    (keep ? kept : dropped).push_back(base::cat(entry.first, "=", entry.second));
    return !keep;
  });
  if (dropped.empty()) return;
  decide(work, *rule,
         {.control = "sysctl.allow",
          .where = "/linux/sysctl",
          .requested = "also: " + list(dropped),
          .effective = list(kept),
          .why = "other kernel settings are not known to stay within the container's namespaces"});
}

}  // namespace harden
