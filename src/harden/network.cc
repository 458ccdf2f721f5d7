// Addresses that a container must not reach, whatever routes an engine adds to its network namespace later.
#include <linux/capability.h>
#include <sched.h>

#include <algorithm>

#include "harden/work.h"

namespace harden {

namespace {

// Routes are those of a whole namespace: one that is joined belongs to others too.
std::string obstacle(const oci::Spec& spec) {
  const auto& all = spec.linux.namespaces;
  const auto own = std::find_if(all.begin(), all.end(), [](const oci::Namespace& ns) { return ns.type == CLONE_NEWNET; });
  if (own == all.end()) return "its network namespace is the host's";
  return own->path.empty() ? "" : base::cat("its network namespace is one that it joins, ", own->path);
}

bool keeps_net_admin(const oci::Process& process) {
  const auto& caps = process.capabilities;
  return caps && ((caps->bounding | caps->permitted | caps->ambient) >> CAP_NET_ADMIN & 1) != 0;
}

}  // namespace

std::vector<policy::Prefix> harden_network(Work& work) {
  const auto& rule = work.policy.network.blackhole;
  if (!rule || rule->value.empty() || !work.spec.process) return {};
  const auto unable = obstacle(work.spec);
  std::vector<policy::Prefix> out;
  std::vector<std::string> shut, without;
  for (const auto& text : rule->value) {
    const auto prefix = policy::parse_prefix(text);
    if (!prefix || !unable.empty()) continue;
    if (prefix->six && !work.abilities.ipv6) {
      without.push_back(text);
      continue;
    }
    out.push_back(*prefix);
    shut.push_back(text);
  }
  const bool admin = unable.empty() && keeps_net_admin(*work.spec.process);
  std::string note = unable.empty() ? "" : "; not possible here: " + unable;
  if (!without.empty()) note += base::cat("; this kernel has no IPv6, and so no way to ", list(without));
  if (admin) note += "; CAP_NET_ADMIN is left to it, which can take the routes away";
  decide(work, *rule,
         {.control = "network.blackhole",
          .where = "/linux/namespaces",
          .requested = "absent",
          .effective = list(shut),
          .why = "what answers there gives the node's credentials to whoever asks",
          .note = std::move(note),
          .degraded = !unable.empty(),
          .warning = admin});
  return out;
}

}  // namespace harden
