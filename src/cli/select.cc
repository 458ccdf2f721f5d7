#include "cli/select.h"

#include <sys/utsname.h>

#include <ctime>

#include "cli/built.h"
#include "cli/decisions.h"
#include "cli/entrypoint.h"
#include "policy/subject.h"

namespace cli {

namespace {

bool looks_at_entrypoint(const policy::Policy& policy) {
  const auto& rule = policy.process.memory_deny_write_execute;
  return rule && rule->value == policy::WriteExecute::kByKind;
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

base::Result<Selected> select_policy(const GlobalArgs& global, const oci::Spec& spec, const std::string& id,
                                     const std::string& bundle, int root_fd, bool log_refusals) {
  const auto chain = TRY(policy::load_chain(global.policy_dir));
  auto subject = TRY(policy::subject_of(spec, id, bundle));
  if (chain.looks_at_entrypoint() && spec.process) subject.entrypoint = find_entrypoint(root_fd, *spec.process);
  std::optional<policy::DecisionLog> log;
  if (const auto* wanted = policy::find_log(chain)) log = *wanted;
  auto policy = policy::resolve(chain, global.policy, kDefaultPolicy, subject, circumstances());
  if (!policy && log_refusals) log_refusal(log, id, policy.error());
  Selected out{.policy = TRY(std::move(policy)), .log = std::move(log), .entrypoint = std::move(subject.entrypoint)};
  if (out.entrypoint.empty() && looks_at_entrypoint(out.policy) && spec.process) {
    out.entrypoint = find_entrypoint(root_fd, *spec.process);
  }
  return out;
}

}  // namespace cli
