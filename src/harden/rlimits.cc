// Resource limits of the process (getrlimit(2)): each hard limit at most the policy's; a soft limit stays as
// asked up to the hard one, for a process may raise it that far anyway.
#include <algorithm>

#include "base/text.h"
#include "harden/work.h"

namespace harden {

namespace {

std::string text(std::uint64_t value) { return value == ~std::uint64_t{0} ? "unlimited" : std::to_string(value); }

std::string text(const oci::Rlimit& limit) {
  return base::cat(limit.type, " ", text(limit.soft), ":", text(limit.hard));
}

}  // namespace

void harden_rlimits(Work& work) {
  const auto& rule = work.policy.process.rlimits;
  if (!rule || !work.spec.process) return;
  auto& rlimits = work.spec.process->rlimits;
  std::vector<std::string> before, after;
  for (const auto& ceiling : rule->value) {
    const auto asked = std::find_if(rlimits.begin(), rlimits.end(),
                                    [&](const oci::Rlimit& limit) { return limit.resource == ceiling.resource; });
    if (asked == rlimits.end()) {
      rlimits.push_back(
          {.type = ceiling.type, .resource = ceiling.resource, .soft = ceiling.soft, .hard = ceiling.hard});
      after.push_back(text(rlimits.back()));
      continue;
    }
    const auto hard = std::min(asked->hard, ceiling.hard);
    const auto soft = std::min(asked->soft, hard);
    if (hard == asked->hard && soft == asked->soft) continue;
    before.push_back(text(*asked));
    asked->hard = hard;
    asked->soft = soft;
    after.push_back(text(*asked));
  }
  if (after.empty()) return;
  decide(work, *rule,
         {.control = "process.rlimits",
          .where = "/process/rlimits",
          .requested = list(before, "absent"),
          .effective = list(after),
          .why = "limits that config.json leaves out are inherited from whoever started the runtime"});
}

}  // namespace harden
