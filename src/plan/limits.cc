// Scheduling, personality and resource limits of the process. RLIMIT_NOFILE comes after the gate: init still opens
// descriptors of its own before it.

#include <sys/resource.h>

#include "plan/builder.h"

namespace plan {

base::Result<void> plan_limits(Builder& b) {
  const oci::Process& process = *b.spec.process;
  if (process.scheduler) b.add(SetScheduler{*process.scheduler}, "/process/scheduler");
  if (process.io_priority) {
    b.add(SetIoPriority{process.io_priority->io_class << 13 | process.io_priority->priority}, "/process/ioPriority");
  }
  if (b.spec.linux.personality) b.add(SetPersonality{*b.spec.linux.personality}, "/linux/personality");
  b.plan.raised_limits = process.rlimits;
  for (std::size_t i = 0; i < process.rlimits.size(); ++i) {
    if (process.rlimits[i].resource != RLIMIT_NOFILE) {
      b.add(SetRlimit{process.rlimits[i]}, base::cat("/process/rlimits/", i));
    }
  }
  return base::ok();
}

}  // namespace plan
