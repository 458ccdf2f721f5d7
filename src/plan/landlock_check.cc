// The invariant of Landlock, worked out from the steps as they are attached, not from what made the rules.
#include <linux/mount.h>

#include <algorithm>
#include <optional>
#include <set>

#include "kernel/landlock.h"
#include "plan/builder.h"
#include "plan/landlock.h"

namespace plan {
namespace {

namespace ll = kernel::landlock;

struct Steps {
  std::vector<std::size_t> rulesets, rules, restricts, verifies;
  std::size_t last_change = 0;  // of what the rules follow from
  std::size_t first_loss = 0;   // of the right to enter
};

template <typename... T>
bool is_one_of(const Op& op) {
  return (std::holds_alternative<T>(op) || ...);
}

Steps steps_of(const LaunchPlan& plan) {
  Steps out;
  out.first_loss = plan.steps.size();
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const Op& op = plan.steps[i].op;
    if (is_one_of<LandlockRuleset>(op)) out.rulesets.push_back(i);
    if (is_one_of<LandlockPath, LandlockPort, LandlockOpen>(op)) out.rules.push_back(i);
    if (is_one_of<LandlockRestrict>(op)) out.restricts.push_back(i);
    if (is_one_of<VerifyLandlock>(op)) out.verifies.push_back(i);
    if (is_one_of<Attach, SetAttr, Node, Symlink, Readonly, Mask, MakeDir, Pivot, Sysctl, Label, OwnStdio, VerifyMount, VerifyMask>(op)) {
      out.last_change = i;
    }
    if (is_one_of<Bounding, Identity, SetCaps, Ready, Seccomp>(op)) out.first_loss = std::min(out.first_loss, i);
  }
  return out;
}

bool in_order(const LaunchPlan& plan, const Steps& at) {
  if (at.rulesets.size() != 1 || at.restricts.size() != 1 || at.verifies.size() != 1 || at.rules.empty()) return false;
  for (const auto& list : {at.rulesets, at.rules, at.restricts, at.verifies}) {
    for (const auto step : list) {
      if (plan.steps[step].ignore_errors) return false;
    }
  }
  return at.last_change < at.rulesets.front() && at.rulesets.front() < at.rules.front() && at.rules.back() < at.restricts.front() &&
         at.restricts.front() < at.verifies.front() && at.verifies.front() < at.first_loss;
}

using PortRights = std::set<std::pair<std::uint16_t, std::uint64_t>>;

PortRights wanted_ports(const harden::Landlock& wanted) {
  PortRights out;
  for (const auto port : wanted.bind.value_or(policy::Ports())) out.emplace(port, ll::kBindTcp);
  for (const auto port : wanted.connect.value_or(policy::Ports())) out.emplace(port, ll::kConnectTcp);
  return out;
}

bool restricts_what_is_wanted(const LaunchPlan& plan, const LandlockRuleset& ruleset, const harden::Landlock& wanted) {
  if (ruleset.files != landlock_rights(wanted.abi)) return false;
  if (((ruleset.ports & ll::kBindTcp) != 0) != wanted.bind.has_value()) return false;
  if (((ruleset.ports & ll::kConnectTcp) != 0) != wanted.connect.has_value()) return false;
  if (((ruleset.scopes & ll::kScopeSignal) != 0) != wanted.signals) return false;
  if (((ruleset.scopes & ll::kScopeAbstractSocket) != 0) != wanted.abstract_sockets) return false;
  PortRights given;
  for (const auto& step : plan.steps) {
    const auto* rule = std::get_if<LandlockPort>(&step.op);
    for (const auto right : {ll::kBindTcp, ll::kConnectTcp}) {
      if (rule != nullptr && (rule->access & right) != 0) given.emplace(rule->port, right);
    }
  }
  return given == wanted_ports(wanted);
}

// Every mount by what was attached, and the root.
std::vector<Place> attached(const LaunchPlan& plan, const harden::Hardened& hardened) {
  std::vector<Place> out;
  for (const auto& step : plan.steps) {
    if (const auto* pivot = std::get_if<Pivot>(&step.op)) {
      out.push_back({pivot->root, "/", !hardened.spec().root.readonly, (plan.root_attr & MOUNT_ATTR_NODEV) == 0, true, ""});
    }
    const auto* attach = std::get_if<Attach>(&step.op);
    if (attach == nullptr) continue;
    std::uint64_t attr = attach->attr;
    const auto slot = static_cast<std::size_t>(attach->mount.index);
    const auto* bind = slot < plan.fds.size() ? std::get_if<BindTree>(&plan.fds[slot].source) : nullptr;
    if (bind != nullptr) attr = bind->recursive ? bind->rec_set : attr & (~bind->rec_clear | bind->rec_set);
    out.push_back({attach->mount, attach->target, (attr & MOUNT_ATTR_RDONLY) == 0, (attr & MOUNT_ATTR_NODEV) == 0,
                   attach->no_symlinks, ""});
  }
  return out;
}

// No rule gives more than the flags of its own mount leave, and every mount has what its flags leave, by its own rule
// or by those of what it certainly lies in.
bool gives_what_is_left(const LaunchPlan& plan, const std::vector<Place>& places, std::uint64_t handled) {
  struct Given {
    const Place* place;
    std::uint64_t access;
  };
  std::vector<Given> given;
  for (const auto& step : plan.steps) {
    const auto* rule = std::get_if<LandlockPath>(&step.op);
    if (rule == nullptr) continue;
    const auto own = std::find_if(places.begin(), places.end(), [rule](const Place& place) {
      return place.mount.index == rule->mount.index && place.path == rule->path;
    });
    if (own == places.end() || (rule->access & ~(rights_left(*own) & handled)) != 0 || rule->access == 0) return false;
    given.push_back({&*own, rule->access});
  }
  return std::all_of(places.begin(), places.end(), [&](const Place& place) {
    std::uint64_t sum = 0;
    for (const auto& [other, access] : given) {
      const bool above = other->path == "/" || (place.literal && other->literal && path_within(place.path, other->path));
      if (above || other == &place) sum |= access;
    }
    return (rights_left(place) & handled & ~sum) == 0;
  });
}

}  // namespace

bool landlock_as_mounted(const LaunchPlan& plan, const harden::Hardened& hardened) {
  const Steps at = steps_of(plan);
  const auto& wanted = hardened.landlock();
  if (!wanted) return at.rulesets.empty() && at.rules.empty() && at.restricts.empty() && at.verifies.empty();
  if (!in_order(plan, at)) return false;
  const auto& ruleset = std::get<LandlockRuleset>(plan.steps[at.rulesets.front()].op);
  return restricts_what_is_wanted(plan, ruleset, *wanted) &&
         gives_what_is_left(plan, attached(plan, hardened), ruleset.files);
}

}  // namespace plan
