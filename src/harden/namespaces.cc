// Namespaces of the container's own. One that is joined by path is a choice of the engine (the containers of a
// pod share them) and stays; one that is missing would be the host's.
#include <algorithm>

#include "harden/work.h"

namespace harden {

namespace {

std::vector<std::string> names(const std::vector<oci::Namespace>& namespaces) {
  std::vector<std::string> out;
  for (const auto& ns : namespaces) out.push_back(ns.name);
  return out;
}

}  // namespace

void harden_namespaces(Work& work) {
  const auto& rule = work.policy.namespaces.own;
  if (!rule) return;
  auto& namespaces = work.spec.linux.namespaces;
  const auto requested = list(names(namespaces));
  std::vector<std::string> added;
  for (const auto& own : rule->value) {
    const bool there = std::any_of(namespaces.begin(), namespaces.end(),
                                   [&](const oci::Namespace& ns) { return ns.type == own.type; });
    if (there) continue;
    namespaces.push_back(own);
    added.push_back(own.name);
  }
  if (added.empty()) return;
  decide(work, *rule,
         {.control = "namespaces.own",
          .where = "/linux/namespaces",
          .requested = requested,
          .effective = "added new: " + list(added),
          .why = "without a namespace of its own the function sees and shares the host's"});
}

}  // namespace harden
