#include "policy/inherit.h"

#include <algorithm>

namespace policy {

namespace {

template <typename T>
void take(Rule<T>& own, const Rule<T>& base) {
  if (!own) own = base;
}

// The entries of the base that the policy does not have, before its own.
template <typename T>
void add(Rule<std::vector<T>>& own, const Rule<std::vector<T>>& base, auto&& same) {
  if (!own || !base) return take(own, base);
  std::vector<T> all;
  for (const auto& entry : base->value) {
    const bool there = std::any_of(own->value.begin(), own->value.end(), [&](const T& mine) { return same(mine, entry); });
    if (!there) all.push_back(entry);
  }
  all.insert(all.end(), own->value.begin(), own->value.end());
  own->value = std::move(all);
}

constexpr auto kSameText = [](const std::string& a, const std::string& b) { return a == b; };

void inherit_process(Process& own, const Process& base) {
  take(own.capabilities, base.capabilities);
  take(own.unprivileged_ports, base.unprivileged_ports);
  take(own.no_new_privileges, base.no_new_privileges);
  take(own.root_user, base.root_user);
  take(own.own_ids, base.own_ids);
  add(own.rlimits, base.rlimits, [](const auto& a, const auto& b) { return a.resource == b.resource; });
  take(own.realtime, base.realtime);
  take(own.umask, base.umask);
  take(own.locked_secure_bits, base.locked_secure_bits);
  take(own.memory_deny_write_execute, base.memory_deny_write_execute);
  take(own.memfd_noexec, base.memfd_noexec);
  take(own.digests, base.digests);
  take(own.core_scheduling, base.core_scheduling);
  take(own.speculation, base.speculation);
  take(own.oom_score_adj, base.oom_score_adj);
}

void inherit_filesystem(Filesystem& own, const Filesystem& base) {
  take(own.readonly_root, base.readonly_root);
  take(own.recursive_readonly, base.recursive_readonly);
  take(own.nosuid, base.nosuid);
  take(own.nodev, base.nodev);
  take(own.noexec, base.noexec);
  take(own.private_propagation, base.private_propagation);
  add(own.tmpfs, base.tmpfs, [](const auto& a, const auto& b) { return a.path == b.path; });
  add(own.masked_paths, base.masked_paths, kSameText);
  add(own.readonly_paths, base.readonly_paths, kSameText);
  take(own.proc, base.proc);
  take(own.tmpfs_size, base.tmpfs_size);
  add(own.deny_binds, base.deny_binds, kSameText);
  take(own.allow_binds, base.allow_binds);
}

void inherit_environment(Environment& own, const Environment& base) {
  take(own.allow, base.allow);
  add(own.strip, base.strip, kSameText);
  add(own.warn, base.warn, kSameText);
  take(own.secrets, base.secrets);
  take(own.keep, base.keep);
}

void inherit_required(std::vector<Requirement>& own, const std::vector<Requirement>& base) {
  for (const auto& entry : base) {
    const bool there = std::any_of(own.begin(), own.end(), [&](const Requirement& r) { return r.control == entry.control; });
    if (!there) own.push_back(entry);
  }
}

void inherit_landlock(Landlock& own, const Landlock& base) {
  take(own.enable, base.enable);
  add(own.scopes, base.scopes, kSameText);
  take(own.bind, base.bind);
  take(own.connect, base.connect);
}

}  // namespace

void inherit(Policy& policy, const Policy& base) {
  inherit_required(policy.required, base.required);
  inherit_process(policy.process, base.process);
  take(policy.namespaces.own, base.namespaces.own);
  take(policy.namespaces.nested, base.namespaces.nested);
  take(policy.namespaces.join_below, base.namespaces.join_below);
  inherit_filesystem(policy.filesystem, base.filesystem);
  take(policy.devices.allow, base.devices.allow);
  take(policy.sysctl.allow, base.sysctl.allow);
  take(policy.resources.pids, base.resources.pids);
  take(policy.resources.memory, base.resources.memory);
  take(policy.resources.cpu, base.resources.cpu);
  take(policy.resources.cpu_shares, base.resources.cpu_shares);
  take(policy.resources.io_weight, base.resources.io_weight);
  add(policy.resources.io_max, base.resources.io_max, [](const auto& a, const auto& b) { return a.same_device(b); });
  take(policy.resources.swap, base.resources.swap);
  take(policy.resources.oom_killer, base.resources.oom_killer);
  take(policy.resources.oom_group, base.resources.oom_group);
  take(policy.resources.memory_high, base.resources.memory_high);
  take(policy.resources.unified, base.resources.unified);
  take(policy.resources.wall_clock, base.resources.wall_clock);
  take(policy.resources.cgroup_below, base.resources.cgroup_below);
  take(policy.lsm.unconfined, base.lsm.unconfined);
  take(policy.lsm.required, base.lsm.required);
  inherit_environment(policy.environment, base.environment);
  inherit_landlock(policy.landlock, base.landlock);
  take(policy.exec.allow, base.exec.allow);
  take(policy.exec.within_container, base.exec.within_container);
  add(policy.network.blackhole, base.network.blackhole, kSameText);
  take(policy.hooks.allow, base.hooks.allow);
}

}  // namespace policy
