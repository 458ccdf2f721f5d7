#include "plan/seccomp_program.h"

#include "base/text.h"
#include "plan/seccomp_emit.h"
#include "plan/seccomp_meet.h"
#include "plan/seccomp_sources.h"

namespace plan {

namespace {

base::Result<FilterTable> table_of(const oci::Seccomp* request, const policy::SeccompPolicy* policy,
                                   std::vector<std::string>& skipped) {
  if (policy == nullptr) return request_table(*request, kNativeAbi, Abis::kListed, &skipped);
  if (request == nullptr) return policy_table(*policy, kNativeAbi);
  const FilterTable theirs = TRY(request_table(*request, kNativeAbi, Abis::kNative, &skipped));
  return meet(theirs, TRY(policy_table(*policy, kNativeAbi)));
}

}  // namespace

base::Result<SeccompProgram> build_seccomp(const oci::Seccomp* request, const policy::SeccompPolicy* policy) {
  SeccompProgram program;
  if (request == nullptr && policy == nullptr) return program;
  program.code = emit(TRY(table_of(request, policy, program.skipped)));
  if (program.code.size() > BPF_MAXINSNS)
    return base::Error::unsupported(base::cat("/linux/seccomp: the filter needs ", program.code.size(),
                                              " instructions, the kernel takes ", BPF_MAXINSNS));
  if (request != nullptr) program.flags = TRY(request_flags(*request));
  return program;
}

}  // namespace plan
