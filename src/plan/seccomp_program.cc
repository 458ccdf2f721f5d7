#include "plan/seccomp_program.h"

#include <array>

#include "base/text.h"
#include "plan/seccomp_emit.h"
#include "plan/seccomp_meet.h"
#include "plan/seccomp_proof.h"
#include "plan/seccomp_sources.h"

namespace plan {

namespace {

// The program of a table, proven to be that.
base::Result<std::vector<sock_filter>> compile(const FilterTable& table, std::span<const Bound> no_wider) {
  std::vector<sock_filter> code = emit(table);
  if (code.size() > BPF_MAXINSNS)
    return base::Error::unsupported(base::cat("/linux/seccomp: the filter needs ", code.size(),
                                              " instructions, the kernel takes ", BPF_MAXINSNS));
  TRY_IN("/linux/seccomp", prove(code, table, no_wider));
  return code;
}

base::Result<std::vector<sock_filter>> compile(const oci::Seccomp* request, const policy::SeccompPolicy* policy,
                                               std::vector<std::string>& skipped) {
  if (policy == nullptr) return compile(TRY(request_table(*request, kNativeAbi, Abis::kListed, &skipped)), {});
  if (request == nullptr) return compile(TRY(policy_table(*policy, kNativeAbi)), {});
  const FilterTable theirs = TRY(request_table(*request, kNativeAbi, Abis::kNative, &skipped));
  const FilterTable ours = TRY(policy_table(*policy, kNativeAbi));
  const std::array no_wider{Bound{&theirs, "config.json"}, Bound{&ours, "the policy"}};
  return compile(meet(theirs, ours), no_wider);
}

}  // namespace

base::Result<SeccompProgram> build_seccomp(const oci::Seccomp* request, const policy::SeccompPolicy* policy) {
  SeccompProgram program;
  if (request == nullptr && policy == nullptr) return program;
  program.code = TRY(compile(request, policy, program.skipped));
  if (request != nullptr) program.flags = TRY(request_flags(*request));
  return program;
}

}  // namespace plan
