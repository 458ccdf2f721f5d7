// The policy's system call filter. The request's own stays in the specification: plan meets the two.
#include "base/text.h"
#include "harden/work.h"
#include "oci/names.h"

namespace harden {

std::optional<policy::SeccompPolicy> harden_seccomp(Work& work) {
  const auto& rule = work.policy.seccomp;
  if (!rule || !work.spec.process) return std::nullopt;
  const auto& asked = work.spec.linux.seccomp;
  decide(work, *rule,
         {.control = "seccomp",
          .where = "/linux/seccomp",
          .requested = asked ? base::cat(asked->syscalls.size(), " rules, otherwise ",
                                         oci::seccomp_action_name(asked->default_action))
                             : "absent",
          .effective = base::cat(rule->value.allow.size(), " system calls, ", rule->value.conditional.size(),
                                 " more by argument", asked ? ", and of those what config.json allows" : ""),
          .why = "a kernel bug behind a system call that cannot be made cannot be used"});
  return rule->value;
}

}  // namespace harden
