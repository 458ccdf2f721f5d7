// From oci::Seccomp and policy::SeccompPolicy to the one classic BPF program that init loads.
// Pure: builds bytes. libseccomp gives the numbers of calls (plan/syscall_names), never the program.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "oci/spec.h"
#include "plan/syscall_names.h"
#include "policy/seccomp_policy.h"

namespace plan {

struct SeccompProgram {
  std::vector<sock_filter> code;     // empty: no filter
  std::uint32_t flags = 0;           // SECCOMP_FILTER_FLAG_* for seccomp(2)
  std::vector<std::string> skipped;  // syscall names that config.json lists and nobody here knows
};

// The meet of them all: for every (arch, nr, args) the stricter answer in the kernel's order
// (KILL_PROCESS < KILL_THREAD < TRAP < ERRNO < USER_NOTIF < TRACE < LOG < ALLOW); where both give ERRNO, the
// first's errno, the request's before the policies'. Any may be absent. The flags are the request's; a policy alone has none. Errors: policy (unknown
// name in the policy's list), config (JSON pointer into config.json), unsupported (notify without listener …, more than
// 4096 instructions). The program is proven to be that (seccomp_proof) before it is returned; where that fails, the
// error is unsupported too.
base::Result<SeccompProgram> build_seccomp(const oci::Seccomp* request, std::span<const policy::SeccompPolicy> policies);

// What that meet answers to one call, a SECCOMP_RET_* with its data. Absent for a call that the ABI does not have.
base::Result<std::optional<std::uint32_t>> seccomp_answer(const oci::Seccomp* request, std::span<const policy::SeccompPolicy> policies,
                                                          const std::string& name, const std::vector<std::uint64_t>& args,
                                                          Abi abi = kNativeAbi);

// A canonical, length-prefixed encoding of every field of all, of this program's version, of libseccomp's
// version and of the native architecture: the key under which a compiled program may be cached. Two different
// inputs never have the same encoding.
std::string seccomp_cache_key(const oci::Seccomp* request, std::span<const policy::SeccompPolicy> policies);

// The same of one policy or none.
inline std::span<const policy::SeccompPolicy> as_list(const policy::SeccompPolicy* policy) {
  return {policy, policy == nullptr ? 0U : 1U};
}
inline base::Result<SeccompProgram> build_seccomp(const oci::Seccomp* request, const policy::SeccompPolicy* policy) {
  return build_seccomp(request, as_list(policy));
}
inline std::string seccomp_cache_key(const oci::Seccomp* request, const policy::SeccompPolicy* policy) {
  return seccomp_cache_key(request, as_list(policy));
}

}  // namespace plan
