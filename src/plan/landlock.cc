#include "plan/landlock.h"

#include <linux/mount.h>

#include <algorithm>

#include "kernel/landlock.h"
#include "plan/builder.h"

namespace plan {
namespace {

namespace ll = kernel::landlock;

constexpr std::uint64_t kRead = ll::kReadFile | ll::kReadDir | ll::kExecute;
constexpr std::uint64_t kWrite = ll::kWriteFile | ll::kTruncate | ll::kRemoveDir | ll::kRemoveFile | ll::kMakeDir | ll::kMakeReg |
                                 ll::kMakeSock | ll::kMakeFifo | ll::kMakeSym | ll::kRefer;
// "ro" is not about devices: a node on a read-only mount can be written to.
constexpr std::uint64_t kUseDevices = ll::kWriteFile | ll::kIoctlDev;
constexpr std::uint64_t kMakeDevices = ll::kMakeChar | ll::kMakeBlock;

// Of the mount and all that came with it: a recursive bind has flags for the topmost and flags for all.
Place place_of(const LaunchPlan& plan, const PlannedMount& mount) {
  std::uint64_t attr = mount.attr;
  const auto& source = plan.fds[static_cast<std::size_t>(mount.mount.index)].source;
  if (const auto* bind = std::get_if<BindTree>(&source); bind != nullptr && bind->recursive) {
    attr = bind->rec_set;  // laid over the topmost's own, too
  } else if (bind != nullptr) {
    attr &= ~bind->rec_clear | bind->rec_set;
  }
  return {mount.mount, mount.target, (attr & MOUNT_ATTR_RDONLY) == 0, (attr & MOUNT_ATTR_NODEV) == 0, mount.no_symlinks, mount.because};
}

Slot root_slot(const LaunchPlan& plan) {
  for (const auto& step : plan.steps) {
    if (const auto* pivot = std::get_if<Pivot>(&step.op)) return pivot->root;
  }
  return {};
}

std::uint64_t handled_ports(const harden::Landlock& wanted) {
  return (wanted.bind ? ll::kBindTcp : 0) | (wanted.connect ? ll::kConnectTcp : 0);
}

std::uint64_t scopes(const harden::Landlock& wanted) {
  return (wanted.signals ? ll::kScopeSignal : 0) | (wanted.abstract_sockets ? ll::kScopeAbstractSocket : 0);
}

std::vector<LandlockPort> port_rules(const harden::Landlock& wanted) {
  std::vector<LandlockPort> out;
  const auto add = [&out](const std::optional<policy::Ports>& ports, std::uint64_t access) {
    for (const auto port : ports.value_or(policy::Ports())) {
      const auto same = std::find_if(out.begin(), out.end(), [port](const LandlockPort& rule) { return rule.port == port; });
      if (same == out.end()) {
        out.push_back({port, access});
      } else {
        same->access |= access;
      }
    }
  };
  add(wanted.bind, ll::kBindTcp);
  add(wanted.connect, ll::kConnectTcp);
  return out;
}

// What the container was given, by the places of its mounts: nothing that it was attached with is left.
void add_created_paths(Builder& b) {
  for (const auto& step : b.created->steps) {
    const auto* rule = std::get_if<LandlockPath>(&step.op);
    if (rule != nullptr) b.add(LandlockPath{Slot{}, rule->path, rule->access, rule->literal}, step.because);
  }
}

}  // namespace

std::uint64_t landlock_rights(int abi) {
  std::uint64_t rights = (ll::kRefer << 1) - 1;
  if (abi >= 3) rights |= ll::kTruncate;
  if (abi >= 5) rights |= ll::kIoctlDev;
  return rights;
}

std::uint64_t rights_left(const Place& place) {
  std::uint64_t rights = kRead;
  if (place.writable) rights |= kWrite;
  if (place.devices) rights |= kUseDevices;
  if (place.writable && place.devices) rights |= kMakeDevices;
  return rights;
}

std::vector<PathRule> landlock_paths(const std::vector<Place>& places, std::uint64_t handled) {
  std::vector<PathRule> out;
  std::vector<const Place*> ruled;  // the place of each rule
  for (const auto& place : places) {
    std::uint64_t given = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      const Place& other = *ruled[i];
      const bool above = other.path == "/" || (place.literal && other.literal && path_within(place.path, other.path));
      if (above) given |= out[i].rule.access;
    }
    const std::uint64_t missing = rights_left(place) & handled & ~given;
    if (missing == 0) continue;
    out.push_back({{place.mount, place.path, missing, place.literal}, place.because});
    ruled.push_back(&place);
  }
  return out;
}

std::vector<Place> places_of(const LaunchPlan& plan, bool readonly_root) {
  std::vector<Place> out;
  out.push_back({root_slot(plan), "/", !readonly_root, (plan.root_attr & MOUNT_ATTR_NODEV) == 0, true, "/root"});
  for (const auto& mount : plan.mounts) out.push_back(place_of(plan, mount));
  // A device of the host, bound where none could be made.
  for (const auto& step : plan.steps) {
    const auto* attach = std::get_if<Attach>(&step.op);
    if (attach == nullptr || !attach->what.starts_with("device ")) continue;
    out.push_back({attach->mount, attach->target, true, true, attach->no_symlinks, step.because});
  }
  return out;
}

void plan_landlock(Builder& b) {
  const auto& wanted = b.hardened.landlock();
  if (!wanted) return;
  const std::string because = base::cat("policy ", b.plan.policy_name, ": landlock");
  const std::uint64_t handled = landlock_rights(wanted->abi);
  b.add(LandlockRuleset{handled, handled_ports(*wanted), scopes(*wanted)}, because);
  if (b.created != nullptr) {
    add_created_paths(b);
  } else {
    for (auto& [rule, place] : landlock_paths(places_of(b.plan, b.spec.root.readonly), handled)) {
      b.add(std::move(rule), std::move(place));
    }
  }
  for (const auto& rule : port_rules(*wanted)) b.add(rule, because);
  b.add(LandlockOpen{3 + b.options.preserve_fds, ll::kOfFiles & ~ll::kExecute & handled},
        "runtime: what the container is given open, it may open again");
  b.add(LandlockRestrict{wanted->abi >= 7 ? ll::kLogNewExecOn : 0U}, because);
  b.add(VerifyLandlock{}, because);
}

std::uint64_t landlock_given(const LaunchPlan& plan, std::string_view path) {
  bool restricted = false;
  std::uint64_t given = 0;
  for (const auto& step : plan.steps) {
    restricted = restricted || std::holds_alternative<LandlockRuleset>(step.op);
    const auto* rule = std::get_if<LandlockPath>(&step.op);
    if (rule != nullptr && path_within(path, rule->path)) given |= rule->access;
  }
  return restricted ? given : ~std::uint64_t{0};
}

}  // namespace plan
