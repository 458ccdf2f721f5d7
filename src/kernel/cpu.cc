#include "kernel/cpu.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <sys/prctl.h>

#include <cerrno>
#include <cstdint>

#include "kernel/file.h"

namespace kernel {

CoreScheduling probe_core_scheduling() {
  std::uint64_t cookie = 0;
  if (::prctl(PR_SCHED_CORE, PR_SCHED_CORE_GET, 0, PR_SCHED_CORE_SCOPE_THREAD, &cookie) == 0) return CoreScheduling::kAvailable;
  if (errno == ENODEV) return CoreScheduling::kNoNeed;
  // EINVAL: built without, or older than 5.14. Without this file (built without CONFIG_SMP) nothing is known.
  const auto active = read_file_at(AT_FDCWD, "/sys/devices/system/cpu/smt/active", 64);
  return active.has_value() && active->starts_with("0") ? CoreScheduling::kNoNeed : CoreScheduling::kMissing;
}

Speculation probe_speculation(unsigned long control) {
  const int answer = ::prctl(PR_GET_SPECULATION_CTRL, control, 0, 0, 0);
  if (answer < 0) return Speculation::kOpen;  // ENODEV, EINVAL: this kernel does not know
  const auto state = static_cast<unsigned long>(answer);
  if ((state & PR_SPEC_PRCTL) != 0) return Speculation::kControllable;
  const bool off = state == PR_SPEC_NOT_AFFECTED || (state & (PR_SPEC_DISABLE | PR_SPEC_FORCE_DISABLE)) != 0;
  return off ? Speculation::kMitigated : Speculation::kOpen;
}

}  // namespace kernel
