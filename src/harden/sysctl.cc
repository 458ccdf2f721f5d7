// Kernel settings of the container's namespaces: only names known to be safe.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "harden/work.h"

namespace harden {

namespace {

constexpr const char* kPingSysctls[] = {"net.ipv4.ping_group_range", "net/ipv4/ping_group_range"};

// icmp(7): two group ids, which the kernel takes only if both exist in the user namespace of who writes them. Engines ask
// for all that there are.
std::optional<std::string> within_ids(std::string_view value, std::uint32_t ids) {
  const auto gap = value.find_first_of(" \t");
  if (gap == std::string_view::npos) return std::nullopt;
  const auto first = base::parse_u64(value.substr(0, gap));
  const auto last = base::parse_u64(value.substr(std::min(value.find_first_not_of(" \t", gap), value.size())));
  if (!first || !last || *last < ids) return std::nullopt;
  return *first < ids ? base::cat(*first, " ", ids - 1) : "1 0";  // nobody
}

// A user namespace that the container did not ask for has fewer ids than what it asked for counts with.
void fit_to_remapped_ids(Work& work) {
  if (!work.idmap_mounts) return;
  const auto ids = work.spec.linux.gid_mappings.front().size;
  for (const char* name : kPingSysctls) {
    const auto found = work.spec.linux.sysctl.find(name);
    if (found == work.spec.linux.sysctl.end()) continue;
    auto fitting = within_ids(found->second, ids);
    if (!fitting) continue;
    const bool own_ids = work.remapped_for_own_ids;
    Change change{.control = own_ids ? "process.ownIds" : "process.rootUser",
                  .where = base::cat("/linux/sysctl/", name[3] == '/' ? "net~1ipv4~1ping_group_range" : name),
                  .requested = base::cat("ping_group_range ", found->second),
                  .effective = base::cat("ping_group_range ", *fitting),
                  .why = "the container's user namespace has no other groups"};
    own_ids ? decide(work, *work.policy.process.own_ids, std::move(change)) : decide(work, *work.policy.process.root_user, std::move(change));
    found->second = *std::move(fitting);
  }
}

void drop_others(Work& work, const policy::Setting<std::vector<std::string>>& rule) {
  std::vector<std::string> dropped, kept;
  std::erase_if(work.spec.linux.sysctl, [&](const auto& entry) {
    const bool keep = std::find(rule.value.begin(), rule.value.end(), entry.first) != rule.value.end();
    (keep ? kept : dropped).push_back(base::cat(entry.first, "=", entry.second));
    return !keep;
  });
  if (dropped.empty()) return;
  decide(work, rule,
         {.control = "sysctl.allow",
          .where = "/linux/sysctl",
          .requested = "also: " + list(dropped),
          .effective = list(kept),
          .why = "other kernel settings are not known to stay within the container's namespaces"});
}

}  // namespace

void harden_sysctl(Work& work) {
  if (const auto& rule = work.policy.sysctl.allow) drop_others(work, *rule);
  fit_to_remapped_ids(work);
}

}  // namespace harden
