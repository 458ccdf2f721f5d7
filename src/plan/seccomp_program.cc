#include "plan/seccomp_program.h"

#include <linux/seccomp.h>

#include <algorithm>

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

struct Input {
  FilterTable table;
  std::string name;
};

base::Result<std::vector<Input>> inputs(const oci::Seccomp* request, std::span<const policy::SeccompPolicy> policies,
                                        std::vector<std::string>& skipped) {
  std::vector<Input> out;
  // What a request says of other ABIs makes no difference where a policy kills them.
  const bool native = std::any_of(policies.begin(), policies.end(), [](const auto& p) { return !p.compat32; });
  if (request != nullptr) {
    out.push_back({TRY(request_table(*request, kNativeAbi, native ? Abis::kNative : Abis::kListed, &skipped)), "config.json"});
  }
  for (const auto& policy : policies) out.push_back({TRY(policy_table(policy, kNativeAbi)), "the policy"});
  return out;
}

FilterTable met(const std::vector<Input>& inputs) {
  FilterTable table = inputs.front().table;
  for (const auto& input : inputs)
    if (&input != &inputs.front()) table = meet(table, input.table);
  return table;
}

base::Result<std::vector<sock_filter>> compile(const std::vector<Input>& inputs) {
  if (inputs.size() == 1) return compile(inputs.front().table, {});
  std::vector<Bound> no_wider;
  for (const auto& input : inputs) no_wider.push_back({&input.table, input.name});
  return compile(met(inputs), no_wider);
}

}  // namespace

base::Result<FilterTable> effective_table(const oci::Seccomp* request, std::span<const policy::SeccompPolicy> policies) {
  std::vector<std::string> skipped;
  return met(TRY(inputs(request, policies, skipped)));
}

base::Result<SeccompProgram> build_seccomp(const oci::Seccomp* request, std::span<const policy::SeccompPolicy> policies) {
  SeccompProgram program;
  if (request == nullptr && policies.empty()) return program;
  const auto all = TRY(inputs(request, policies, program.skipped));
  program.code = TRY(compile(all));
  if (request != nullptr) program.flags = TRY(request_flags(*request));
  return program;
}

base::Result<std::optional<std::uint32_t>> seccomp_answer(const oci::Seccomp* request, std::span<const policy::SeccompPolicy> policies,
                                                          const std::string& name, const std::vector<std::uint64_t>& args,
                                                          Abi abi) {
  const auto number = syscall_number(abi, name);
  if (!number) return std::optional<std::uint32_t>();
  CallArgs call;
  std::copy_n(args.begin(), std::min<std::size_t>(args.size(), 6), call.at);
  std::uint32_t answer = SECCOMP_RET_ALLOW;
  std::vector<std::string> skipped;
  for (const auto& input : TRY(inputs(request, policies, skipped))) {
    const auto own = evaluate(input.table, audit_arch(abi), *number, call);
    if (stricter(own, answer)) answer = own;
  }
  return std::optional(answer);
}

}  // namespace plan
