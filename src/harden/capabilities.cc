// Capabilities: each of the five sets is cut down to what the policy allows.
#include <linux/capability.h>
#include <sched.h>

#include <algorithm>
#include <bit>

#include "base/text.h"
#include "harden/work.h"
#include "oci/names.h"

namespace harden {

namespace {

constexpr const char* kPortSysctl = "net.ipv4.ip_unprivileged_port_start";

oci::CapSet all_of(const oci::Capabilities& caps) {
  return caps.bounding | caps.effective | caps.inheritable | caps.permitted | caps.ambient;
}

std::string text(oci::CapSet set) {
  if (set == 0) return "none";
  const auto count = std::popcount(set);
  return base::cat(count, count == 1 ? " capability: " : " capabilities: ", list(oci::capability_list(set)));
}

// Ports below 1024 need a capability only in a network namespace that says so; in one of its own the function
// can do without (ip(7), since Linux 4.11).
void compensate_ports(Work& work, oci::CapSet dropped) {
  const auto& rule = work.policy.process.unprivileged_ports;
  if (!is_on(rule) || (dropped & (oci::CapSet{1} << CAP_NET_BIND_SERVICE)) == 0) return;
  const auto& namespaces = work.spec.linux.namespaces;
  const bool own_network = std::any_of(namespaces.begin(), namespaces.end(), [](const oci::Namespace& ns) {
    return ns.type == CLONE_NEWNET && ns.path.empty();
  });
  // Nor where the policy, or a floor, does not let the setting be made.
  const auto& allowed = work.policy.sysctl.allow;
  if (allowed && std::find(allowed->value.begin(), allowed->value.end(), kPortSysctl) == allowed->value.end()) return;
  if (!own_network || !work.spec.linux.sysctl.emplace(kPortSysctl, "0").second) return;
  decide(work, *rule,
         {.control = "process.unprivilegedPorts",
          .where = base::cat("/linux/sysctl/", kPortSysctl),
          .requested = "absent",
          .effective = "0",
          .why = "CAP_NET_BIND_SERVICE is dropped, and this lets ports below 1024 be bound without it"});
}

}  // namespace

void harden_capabilities(Work& work) {
  const auto& rule = work.policy.process.capabilities;
  if (!rule || !work.spec.process) return;
  auto& process = *work.spec.process;
  const bool absent = !process.capabilities.has_value();
  if (absent) process.capabilities.emplace();
  auto& caps = *process.capabilities;
  const auto before = all_of(caps);
  for (oci::CapSet* set : {&caps.bounding, &caps.effective, &caps.inheritable, &caps.permitted, &caps.ambient}) {
    *set &= rule->value;
  }
  const auto after = all_of(caps);
  if (!absent && before == after) return;
  decide(work, *rule,
         {.control = "process.capabilities",
          .where = "/process/capabilities",
          .requested = absent ? "absent" : text(before),
          .effective = text(after),
          .why = "each capability is a part of root's power that a function does without"});
  compensate_ports(work, before & ~after);
}

}  // namespace harden
