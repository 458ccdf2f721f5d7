// The policy's system call filters. The request's own stays in the specification: plan meets them all.
#include <algorithm>

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
    return base::cat(filter.errnos.size(), " system calls denied, ", filter.conditional.size(), " more by argument",
                     filter.compat32 ? "" : ", all of 32-bit programs");
  }
  return base::cat(filter.allow.size(), " system calls, ", filter.conditional.size(), " more by argument",
                   filter.compat32 ? ", also of 32-bit programs" : "", met ? ", and of those what config.json allows" : "");
}

// Its first system call would kill it, and nobody would know why.
base::Result<void> check_program(const Work& work, const policy::Setting<policy::SeccompPolicy>& rule) {
  if (rule.value.compat32 || work.abilities.entrypoint != "elf32") return base::ok();
  return base::Error::policy(base::cat("policy ", base::quote(work.policy.id()), " refuses: ", base::quote(work.spec.process->args.front()),
                                       " is a 32-bit program, and seccomp.compat32 is false (", rule.origin.text(), ")"))
      .hint("with \"compat32\": true in the section \"seccomp\" of its profile, its system calls are filtered by the same list");
}

// The request's own filter may still leave them out.
std::string note(const Work& work, const policy::SeccompPolicy& filter) {
  const auto& asked = work.spec.linux.seccomp;
  if (!filter.compat32 || filter.others_allowed || !asked) return "";
  const auto& listed = asked->architectures;
  if (std::find(listed.begin(), listed.end(), "SCMP_ARCH_X86") != listed.end()) return "";
  return "; config.json's own filter has no SCMP_ARCH_X86 and kills 32-bit programs";
}

base::Result<void> add(Work& work, const policy::Setting<policy::SeccompPolicy>& rule, std::vector<policy::SeccompPolicy>& out) {
  TRY(check_program(work, rule));
  decide(work, rule,
         {.control = "seccomp",
          .where = "/linux/seccomp",
          .requested = out.empty() ? requested(work) : "",
          .effective = effective(rule.value, work.spec.linux.seccomp.has_value()),
          .why = "a kernel bug behind a system call that cannot be made cannot be used",
          .note = note(work, rule.value)});
  out.push_back(rule.value);
  return base::ok();
}

}  // namespace

base::Result<std::vector<policy::SeccompPolicy>> harden_seccomp(Work& work) {
  std::vector<policy::SeccompPolicy> out;
  if (!work.spec.process) return out;
  if (work.policy.seccomp) TRY(add(work, *work.policy.seccomp, out));
  for (const auto& limit : work.policy.seccomp_limits) TRY(add(work, limit, out));
  return out;
}

}  // namespace harden
