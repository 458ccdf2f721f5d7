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
}

}  // namespace harden
