// Namespaces of the container's own. One that is joined by path is a choice of the engine (the containers of a
// pod share them) and stays, unless the path leads to the host's; one that is missing would be the host's too.
#include <algorithm>

#include "base/text.h"
#include "harden/work.h"

namespace harden {

namespace {

std::vector<std::string> names(const std::vector<oci::Namespace>& namespaces) {
  std::vector<std::string> out;
  for (const auto& ns : namespaces) out.push_back(ns.name);
  return out;
}

}  // namespace

std::uint64_t harden_namespaces(Work& work) {
  const auto& rule = work.policy.namespaces.own;
  if (!rule) return 0;
  auto& namespaces = work.spec.linux.namespaces;
  const auto requested = list(names(namespaces));
  std::uint64_t types = 0;
  std::vector<std::string> added, cut;
  for (const auto& own : rule->value) {
    types |= own.type;
    const auto at = std::find_if(namespaces.begin(), namespaces.end(), [&](const oci::Namespace& ns) { return ns.type == own.type; });
    if (at == namespaces.end()) {
      namespaces.push_back(own);
      added.push_back(own.name);
    } else if (!at->path.empty() && (work.abilities.host_namespaces & own.type) != 0) {
      cut.push_back(base::cat(own.name, "=", at->path));
      at->path.clear();
    }
  }
  if (added.empty() && cut.empty()) return types;
  std::vector<std::string> effective;
  if (!added.empty()) effective.push_back("added new: " + list(added));
  if (!cut.empty()) effective.push_back("new instead of the host's: " + list(cut));
  decide(work, *rule,
         {.control = "namespaces.own",
          .where = "/linux/namespaces",
          .requested = requested,
          .effective = base::join(effective, "; "),
          .why = "without a namespace of its own the function sees and shares the host's"});
  return types;
}

// After the host's have been cut.
base::Result<void> check_joined(const Work& work) {
  const auto& rule = work.policy.namespaces.join_below;
  if (!rule) return base::ok();
  const auto& namespaces = work.spec.linux.namespaces;
  for (std::size_t i = 0; i < namespaces.size(); ++i) {
    const auto& path = namespaces[i].path;
    if (path.empty()) continue;
    const auto at = work.abilities.joined.find(path);
    const bool known = at != work.abilities.joined.end();
    if (known && std::any_of(rule->value.begin(), rule->value.end(), [&](const auto& place) { return base::path_within(at->second, place); })) continue;
    return base::Error::policy(base::cat("policy ", base::quote(work.policy.id()), " refuses: config.json: /linux/namespaces/", i, "/path: want a namespace in ",
                                         list(rule->value, "no place at all"), ", have ", base::quote(path),
                                         !known ? ", which leads nowhere" : at->second == path ? "" : base::cat(", which leads to ", base::quote(at->second)), " (",
                                         rule->origin.text(), ")"));
  }
  return base::ok();
}

}  // namespace harden
