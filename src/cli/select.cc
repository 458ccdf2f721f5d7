#include "cli/select.h"

#include <sys/utsname.h>

#include <algorithm>
#include <ctime>

#include "cli/built.h"
#include "cli/decisions.h"
#include "cli/entrypoint.h"
#include "policy/subject.h"

namespace cli {

namespace {

bool kills_32_bit(const policy::Setting<policy::SeccompPolicy>& rule) { return !rule.value.compat32; }

bool looks_at_entrypoint(const policy::Policy& policy) {
  const auto& rule = policy.process.memory_deny_write_execute;
  if (rule && rule->value == policy::WriteExecute::kByKind) return true;
  const auto& limits = policy.seccomp_limits;
  return (policy.seccomp && kills_32_bit(*policy.seccomp)) || std::any_of(limits.begin(), limits.end(), kills_32_bit);
}

bool looks_at_entrypoint(const policy::Effective& policy) {
  return looks_at_entrypoint(policy.policy) || (!policy.audited.empty() && looks_at_entrypoint(policy.audited.front()));
}

}  // namespace

policy::Circumstances circumstances() {
  utsname name{};
  ::uname(&name);
  return {.now = std::time(nullptr), .built = kBuilt, .kernel_release = name.release};
}

base::Result<policy::Chain> node_policies(const GlobalArgs& global, std::optional<policy::DecisionLog>* log) {
  return policy::load_chain(global.policy_dir, global.policy_dir_given ? policy::Missing::kError : policy::Missing::kFine, log);
}

base::Result<Selected> select_policy(const GlobalArgs& global, const oci::Spec& spec, const std::string& id,
                                     const std::string& bundle, int root_fd, bool log_refusals) {
  std::optional<policy::DecisionLog> log;
  const auto told = [&]<typename T>(base::Result<T> result) {
    if (!result && log_refusals) log_refusal(log, id, result.error());
    return result;
  };
  const auto chain = TRY(told(node_policies(global, &log)));
  auto subject = TRY(told(policy::subject_of(spec, id, bundle)));
  if (chain.looks_at_entrypoint() && spec.process) subject.entrypoint = find_entrypoint(root_fd, *spec.process);
  auto policy = TRY(told(policy::resolve(chain, global.policy, policy::kStandardProfile, subject, circumstances())));
  Selected out{.policy = std::move(policy), .log = std::move(log), .entrypoint = std::move(subject.entrypoint)};
  if (out.entrypoint.empty() && looks_at_entrypoint(out.policy) && spec.process) {
    out.entrypoint = find_entrypoint(root_fd, *spec.process);
  }
  return out;
}

}  // namespace cli
