// The policy's system call filters. The request's own stays in the specification: plan meets them all.
#include "base/text.h"
#include "harden/work.h"
#include "oci/names.h"

namespace harden {

namespace {

std::string requested(const Work& work) {
  const auto& asked = work.spec.linux.seccomp;
  if (!asked) return "absent";
  return base::cat(asked->syscalls.size(), " rules, otherwise ", oci::seccomp_action_name(asked->default_action));
}

std::string effective(const policy::SeccompPolicy& filter, bool met) {
  if (filter.others_allowed) {
    return base::cat(filter.errnos.size(), " system calls denied, ", filter.conditional.size(), " more by argument");
  }
  return base::cat(filter.allow.size(), " system calls, ", filter.conditional.size(), " more by argument",
                   met ? ", and of those what config.json allows" : "");
}

void add(Work& work, const policy::Setting<policy::SeccompPolicy>& rule, std::vector<policy::SeccompPolicy>& out) {
  decide(work, rule,
         {.control = "seccomp",
          .where = "/linux/seccomp",
          .requested = out.empty() ? requested(work) : "",
          .effective = effective(rule.value, work.spec.linux.seccomp.has_value()),
          .why = "a kernel bug behind a system call that cannot be made cannot be used"});
  out.push_back(rule.value);
}

}  // namespace

std::vector<policy::SeccompPolicy> harden_seccomp(Work& work) {
  std::vector<policy::SeccompPolicy> out;
  if (!work.spec.process) return out;
  if (work.policy.seccomp) add(work, *work.policy.seccomp, out);
  for (const auto& limit : work.policy.seccomp_limits) add(work, limit, out);
  return out;
}

}  // namespace harden
