// The two inputs as tables. `native` is the machine's ABI, a value so that tests can ask for another's.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "oci/spec.h"
#include "plan/seccomp_table.h"
#include "policy/seccomp_policy.h"

namespace plan {

// Whether a request's other ABIs are wanted: not when a policy without compat32 kills them.
enum class Abis { kListed, kNative };

// config.json's linux.seccomp, as runc reads it. Names that nobody here knows go to `skipped`, if given.
base::Result<FilterTable> request_table(const oci::Seccomp& request, Abi native, Abis abis = Abis::kListed,
                                        std::vector<std::string>* skipped = nullptr);
// Its flags for seccomp(2).
base::Result<std::uint32_t> request_flags(const oci::Seccomp& request);

// A policy's allow-list: the native ABI and, where it says compat32, i386 with the same list, in which what hides others'
// arguments behind a pointer (socketcall, ipc) is ENOSYS. Its deny-list: every ABI that the machine runs, so that none of
// them is a way around it (a hidden call is denied whatever its arguments are), or without compat32 the native one.
base::Result<FilterTable> policy_table(const policy::SeccompPolicy& policy, Abi native);

// The meet of them all, for this machine; at least one of them must be there.
base::Result<FilterTable> effective_table(const oci::Seccomp* request, std::span<const policy::SeccompPolicy> policies);

}  // namespace plan
