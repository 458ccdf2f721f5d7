// What a process can lock for itself and all that it becomes, and config.json has no words for.
#include <linux/prctl.h>
#include <sched.h>

#include <algorithm>

#include "harden/work.h"
#include "policy/secure_bits.h"
#include "policy/subject.h"

namespace harden {

namespace {

void lock_secure_bits(Work& work) {
  const auto& rule = work.policy.process.locked_secure_bits;
  if (!rule || rule->value.empty()) return;
  work.locks.secure_bits = policy::secure_bits(rule->value);
  decide(work, *rule,
         {.control = "process.lockedSecureBits",
          .where = "/process/capabilities",
          .requested = "absent",
          .effective = list(rule->value),
          .why = "being user 0, and changing the user, give no capability, now or later"});
}

void deny_write_execute(Work& work) {
  const auto& rule = work.policy.process.memory_deny_write_execute;
  if (!rule || rule->value == policy::WriteExecute::kAllow) return;
  const auto& kind = work.abilities.entrypoint;
  const bool by_kind = rule->value == policy::WriteExecute::kByKind;
  if (by_kind && policy::may_make_code(kind)) return;
  const auto& unable = work.abilities.mdwe_unable;
  work.locks.deny_write_execute = unable.empty();
  decide(work, *rule,
         {.control = "process.memoryDenyWriteExecute",
          .where = "/process/args",
          .requested = "absent",
          .effective = base::cat(unable.empty() ? "denied" : "not denied", by_kind ? base::cat(", its program is ", kind) : ""),
          .why = "code that an attacker writes into memory cannot be run",
          .note = unable.empty() ? "" : "; not possible here: " + unable,
          .degraded = !unable.empty()});
}

bool has_new_namespace(const oci::Spec& spec, std::uint64_t type) {
  const auto& all = spec.linux.namespaces;
  return std::any_of(all.begin(), all.end(), [type](const oci::Namespace& ns) { return ns.type == type && ns.path.empty(); });
}

// Of a user namespace that is shared the limits are its owner's. Others than these make none of their own.
void keep_from_nesting(Work& work) {
  const auto& rule = work.policy.namespaces.nested;
  if (!rule || rule->value || !has_new_namespace(work.spec, CLONE_NEWUSER)) return;
  const bool able = has_new_namespace(work.spec, CLONE_NEWPID);
  work.locks.no_nested_namespaces = able;
  decide(work, *rule,
         {.control = "namespaces.nested",
          .where = "/linux/namespaces",
          .requested = "absent",
          .effective = able ? "none is made in its user namespace" : "left to the filter of system calls",
          .why = "who makes a namespace has every capability in it, and with them reaches bugs of the kernel that nobody else does",
          .note = able ? "" : "; not possible here: its pid namespace is not new",
          .degraded = !able});
}

// A setting of the pid namespace, which others may share if it is joined.
void keep_memory_files_from_execution(Work& work) {
  const auto& rule = work.policy.process.memfd_noexec;
  if (!is_on(rule)) return;
  const auto unable = has_new_namespace(work.spec, CLONE_NEWPID) ? work.abilities.memfd_noexec_unable : "its pid namespace is not new";
  work.locks.memfd_noexec = unable.empty();
  decide(work, *rule,
         {.control = "process.memfdNoexec",
          .where = "/linux/namespaces",
          .requested = "absent",
          .effective = unable.empty() ? "not executed" : "executed",
          .why = "a program that was loaded into memory leaves no file that could be looked at",
          .note = unable.empty() ? "" : "; not possible here: " + unable,
          .degraded = !unable.empty()});
}

// Where no core runs two threads at once there is nothing to keep apart, and the kernel has no cookies to give: that is
// what the rule is for, and no degradation.
void keep_cores_to_itself(Work& work) {
  const auto& rule = work.policy.process.core_scheduling;
  if (!is_on(rule)) return;
  const bool alone = work.abilities.one_thread_a_core;
  const auto unable = alone ? std::string() : work.abilities.core_scheduling_unable;
  work.locks.core_scheduling = !alone && unable.empty();
  decide(work, *rule,
         {.control = "process.coreScheduling",
          .where = "/process/scheduler",
          .requested = "absent",
          .effective = alone ? "no core of this host runs two threads at once" : unable.empty() ? "a cookie of its own" : "shares cores with others",
          .why = "what runs on the other thread of a core can learn what a function keeps in the caches and buffers they share",
          .note = unable.empty() ? "" : "; not possible here: " + unable,
          .degraded = !unable.empty()});
}

constexpr std::string_view kSpecAllow = "SECCOMP_FILTER_FLAG_SPEC_ALLOW";

// Without flags runc sets this one, and so does this runtime for a request that a policy leaves as it is.
void drop_spec_allow(Work& work, const policy::Setting<policy::Speculation>& rule, std::string_view why) {
  work.locks.no_spec_allow = true;
  if (!work.spec.linux.seccomp) return;
  auto& flags = work.spec.linux.seccomp->flags;
  const bool chosen = flags.has_value();
  if (chosen && std::find(flags->begin(), flags->end(), kSpecAllow) == flags->end()) return;
  if (!chosen) flags.emplace();
  std::erase(*flags, kSpecAllow);
  decide(work, rule,
         {.control = "process.speculation",
          .where = "/linux/seccomp/flags",
          .requested = chosen ? std::string(kSpecAllow) : "absent",
          .effective = base::cat("not ", kSpecAllow),
          .why = why});
}

std::string speculation_names(std::uint32_t controls) {
  std::vector<std::string> out;
  if ((controls & 1U << PR_SPEC_STORE_BYPASS) != 0) out.emplace_back("store bypass");
  if ((controls & 1U << PR_SPEC_INDIRECT_BRANCH) != 0) out.emplace_back("indirect branches");
  return list(out, "nothing that this kernel leaves to a process");
}

// What the processor is not open to, or the kernel takes from all, need not be given up.
void give_up_speculation(Work& work) {
  const auto& rule = work.policy.process.speculation;
  if (!rule) return;
  constexpr std::string_view kWhy = "what a processor does ahead of time lets programs learn what others keep in memory";
  drop_spec_allow(work, *rule, kWhy);
  if (rule->value != policy::Speculation::kDeny) return;
  const auto& unable = work.abilities.speculation_unable;
  work.locks.speculation = work.abilities.speculation;
  decide(work, *rule,
         {.control = "process.speculation",
          .where = "/process/args",
          .requested = "absent",
          .effective = "given up: " + speculation_names(work.locks.speculation),
          .why = kWhy,
          .note = unable.empty() ? "" : "; not possible here: " + unable,
          .degraded = !unable.empty()});
}

}  // namespace

void harden_locks(Work& work) {
  if (!work.spec.process) return;
  lock_secure_bits(work);
  keep_from_nesting(work);
  deny_write_execute(work);
  keep_memory_files_from_execution(work);
  keep_cores_to_itself(work);
  give_up_speculation(work);
}

}  // namespace harden
