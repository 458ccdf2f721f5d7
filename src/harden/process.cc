// no_new_privs, and scheduling that would starve the host.
#include <linux/sched.h>

#include "harden/work.h"
#include "oci/names.h"

namespace harden {

namespace {

constexpr std::uint32_t kIoClassRealtime = 1;  // IOPRIO_CLASS_RT; <linux/ioprio.h> is not C++ in every version

bool is_realtime(const oci::Scheduler& scheduler) {
  return scheduler.policy == SCHED_FIFO || scheduler.policy == SCHED_RR || scheduler.policy == SCHED_DEADLINE;
}

void harden_scheduling(Work& work) {
  const auto& rule = work.policy.process.realtime;
  if (!rule || rule->value) return;
  auto& process = *work.spec.process;
  constexpr std::string_view kWhy = "a real-time task that spins keeps everybody else off the processor or the disk";
  if (process.scheduler && is_realtime(*process.scheduler)) {
    decide(work, *rule,
           {.control = "process.realtime",
            .where = "/process/scheduler",
            .requested = std::string(oci::name_of(oci::scheduler_policies(), process.scheduler->policy)),
            .effective = "removed",
            .why = kWhy});
    process.scheduler.reset();
  }
  if (process.io_priority && process.io_priority->io_class == kIoClassRealtime) {
    decide(work, *rule,
           {.control = "process.realtime",
            .where = "/process/ioPriority",
            .requested = std::string(oci::name_of(oci::io_priority_classes(), process.io_priority->io_class)),
            .effective = "removed",
            .why = kWhy});
    process.io_priority.reset();
  }
}

std::string octal(std::uint32_t value) {
  std::string out;
  for (const int shift : {9, 6, 3, 0}) out += static_cast<char>('0' + ((value >> shift) & 7U));
  return out;
}

void harden_umask(Work& work) {
  const auto& rule = work.policy.process.umask;
  if (!rule) return;
  constexpr std::uint32_t kInherited = 022;  // what runtimes are started with
  auto& umask = work.spec.process->user.umask;
  const auto effective = umask.value_or(kInherited) | rule->value;
  if (umask == effective) return;
  decide(work, *rule,
         {.control = "process.umask",
          .where = "/process/user/umask",
          .requested = umask ? octal(*umask) : "absent",
          .effective = octal(effective),
          .why = "what the function writes is for itself, not for others that share a volume with it"});
  umask = effective;
}

void harden_oom_score(Work& work) {
  const auto& rule = work.policy.process.oom_score_adj;
  if (!rule) return;
  auto& score = work.spec.process->oom_score_adj;
  if (score && *score >= rule->value) return;
  decide(work, *rule,
         {.control = "process.oomScoreAdj",
          .where = "/process/oomScoreAdj",
          .requested = score ? std::to_string(*score) : "absent",
          .effective = std::to_string(rule->value),
          .why = "when memory runs out, the node's own services are not the ones to go"});
  score = static_cast<std::int32_t>(rule->value);
}

}  // namespace

void harden_process(Work& work) {
  if (!work.spec.process) return;
  const auto& rule = work.policy.process.no_new_privileges;
  if (is_on(rule) && !work.spec.process->no_new_privileges) {
    work.spec.process->no_new_privileges = true;
    decide(work, *rule,
           {.control = "process.noNewPrivileges",
            .where = "/process/noNewPrivileges",
            .requested = "false",
            .effective = "true",
            .why = "no program that the function starts may gain rights by a setuid bit or file capabilities"});
  }
  harden_scheduling(work);
  harden_umask(work);
  harden_oom_score(work);
}

}  // namespace harden
