// What a process can do about what the threads and programs of a processor learn of each other. Reads only.
#pragma once

namespace kernel {

// Documentation/admin-guide/hw-vuln/core-scheduling.rst
enum class CoreScheduling {
  kAvailable,  // a process can have cores to itself
  kNoNeed,     // no core runs more than one thread at once
  kMissing,    // cores are shared, and this kernel cannot keep them apart
};
CoreScheduling probe_core_scheduling();

// Documentation/userspace-api/spec_ctrl.rst
enum class Speculation {
  kMitigated,     // the processor is not open to it, or the kernel takes it from all
  kControllable,  // a process can give it up
  kOpen,          // neither
};
Speculation probe_speculation(unsigned long control);  // PR_SPEC_*

}  // namespace kernel
