#include "policy/later.h"

#include <algorithm>

#include "policy/combine.h"

namespace policy {

namespace {

Policy of_a_process(const Policy& layer, InForce which) {
  Policy all = in_force(layer, which);
  Policy out;
  out.name = all.name;
  out.version = all.version;
  out.process = std::move(all.process);
  out.process.memfd_noexec.reset();        // of a pid namespace
  out.process.unprivileged_ports.reset();  // of a network namespace
  out.process.core_scheduling.reset();     // the container's, or none
  out.seccomp = std::move(all.seccomp);
  out.seccomp_limits = std::move(all.seccomp_limits);
  out.environment.strip = std::move(all.environment.strip);
  out.environment.warn = std::move(all.environment.warn);
  out.lsm = std::move(all.lsm);
  out.exec = std::move(all.exec);
  return out;
}

}  // namespace

void tighten_later(Effective& policy, const Chain& today, const Circumstances& circumstances) {
  std::vector<const Document*> layers;
  for (const auto& document : today.documents) {
    if (is_in_force(document, circumstances)) layers.push_back(&document);
  }
  std::sort(layers.begin(), layers.end(), [](const Document* a, const Document* b) {
    return std::pair(a->kind, a->policy.id()) < std::pair(b->kind, b->policy.id());
  });
  const bool audit = std::any_of(layers.begin(), layers.end(), [](const Document* layer) { return audits(layer->policy); });
  if (audit && policy.audited.empty()) policy.audited.push_back(policy.policy);
  for (const auto* layer : layers) {
    tighten(policy.policy, of_a_process(layer->policy, InForce::kEnforced));
    if (!policy.audited.empty()) tighten(policy.audited.front(), of_a_process(layer->policy, InForce::kAudited));
  }
}

}  // namespace policy
