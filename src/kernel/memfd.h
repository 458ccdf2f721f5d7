// Sealed memory files: what init is exec'd from and what it reads its plan from. memfd_create(2), F_ADD_SEALS.
#pragma once

#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace kernel {

// The name of the memory file that init is executed from: /proc/PID/exe leads to "/memfd:bulkhead-init (deleted)".
inline constexpr const char* kInitMemfd = "bulkhead-init";

// A memory file holding `content`, sealed against writing, growing, shrinking, further seals and, where the kernel has
// it (6.3), change of its execute permission. Error unsupported: vm.memfd_noexec=2 forbids executable ones.
base::Result<base::UniqueFd> sealed_memfd(const char* name, std::string_view content, bool executable);

}  // namespace kernel
