// Every rule of a policy with the name of its control: what goes over all of them (modes, combining, comparing, the
// table in the manual) does so here, so that a rule is forgotten nowhere.
#pragma once

#include <string_view>
#include <vector>

#include "policy/policy.h"

namespace policy {

// Which of two values of a rule leaves less to the container, where the type does not tell.
enum class Strict {
  kByType,
  kTrue,     // true
  kFalse,    // false
  kLonger,   // the list with more entries: what is on it is taken away
  kShorter,  // the list with fewer entries: what is on it is left
  kBelow,    // the list of paths that covers less: what is on it, and below it, is left
  kNeither,  // no value leaves more than another
};

struct Control {
  std::string_view name;  // that of the member in a policy file, joined by dots
  Strict strict = Strict::kByType;
};

// The part of for_each_rule() about what a cgroup gives.
template <typename Each, typename... P>
void for_each_resource_rule(Each&& each, P&&... p) {
  using enum Strict;
  each(Control{"resources.pids"}, p.resources.pids...);
  each(Control{"resources.memory"}, p.resources.memory...);
  each(Control{"resources.cpu"}, p.resources.cpu...);
  each(Control{"resources.cpuShares"}, p.resources.cpu_shares...);
  each(Control{"resources.ioWeight"}, p.resources.io_weight...);
  each(Control{"resources.ioMax"}, p.resources.io_max...);
  each(Control{"resources.swap", kFalse}, p.resources.swap...);
  each(Control{"resources.oomKiller", kTrue}, p.resources.oom_killer...);
  each(Control{"resources.oomGroup", kTrue}, p.resources.oom_group...);
  each(Control{"resources.memoryHigh"}, p.resources.memory_high...);
  each(Control{"resources.unified", kShorter}, p.resources.unified...);
  each(Control{"resources.wallClock"}, p.resources.wall_clock...);
  each(Control{"resources.cgroupBelow", kBelow}, p.resources.cgroup_below...);
}

// Calls each(control, rule) with every rule of `p`; further policies of the same shape give each(control, rule, rule, …).
template <typename Each, typename... P>
void for_each_rule(Each&& each, P&&... p) {
  using enum Strict;
  each(Control{"process.capabilities"}, p.process.capabilities...);
  each(Control{"process.unprivilegedPorts", kNeither}, p.process.unprivileged_ports...);
  each(Control{"process.noNewPrivileges", kTrue}, p.process.no_new_privileges...);
  each(Control{"process.rootUser"}, p.process.root_user...);
  each(Control{"process.ownIds", kTrue}, p.process.own_ids...);
  each(Control{"process.rlimits"}, p.process.rlimits...);
  each(Control{"process.realtime", kFalse}, p.process.realtime...);
  each(Control{"process.umask"}, p.process.umask...);
  each(Control{"process.oomScoreAdj"}, p.process.oom_score_adj...);
  each(Control{"process.lockedSecureBits", kLonger}, p.process.locked_secure_bits...);
  each(Control{"process.memoryDenyWriteExecute"}, p.process.memory_deny_write_execute...);
  each(Control{"process.memfdNoexec", kTrue}, p.process.memfd_noexec...);
  each(Control{"process.digests", kShorter}, p.process.digests...);
  each(Control{"process.coreScheduling", kTrue}, p.process.core_scheduling...);
  each(Control{"process.speculation"}, p.process.speculation...);
  each(Control{"namespaces.own"}, p.namespaces.own...);
  each(Control{"namespaces.nested", kFalse}, p.namespaces.nested...);
  each(Control{"namespaces.joinBelow", kBelow}, p.namespaces.join_below...);
  each(Control{"filesystem.readonlyRoot", kTrue}, p.filesystem.readonly_root...);
  each(Control{"filesystem.recursiveReadonly", kTrue}, p.filesystem.recursive_readonly...);
  each(Control{"filesystem.nosuid", kTrue}, p.filesystem.nosuid...);
  each(Control{"filesystem.nodev", kTrue}, p.filesystem.nodev...);
  each(Control{"filesystem.noexec", kTrue}, p.filesystem.noexec...);
  each(Control{"filesystem.privatePropagation", kTrue}, p.filesystem.private_propagation...);
  each(Control{"filesystem.tmpfs"}, p.filesystem.tmpfs...);
  each(Control{"filesystem.maskedPaths", kLonger}, p.filesystem.masked_paths...);
  each(Control{"filesystem.readonlyPaths", kLonger}, p.filesystem.readonly_paths...);
  each(Control{"filesystem.proc"}, p.filesystem.proc...);
  each(Control{"filesystem.tmpfsSize"}, p.filesystem.tmpfs_size...);
  each(Control{"filesystem.denyBinds", kLonger}, p.filesystem.deny_binds...);
  each(Control{"filesystem.allowBinds", kBelow}, p.filesystem.allow_binds...);
  each(Control{"devices.allow"}, p.devices.allow...);
  each(Control{"sysctl.allow", kShorter}, p.sysctl.allow...);
  each(Control{"seccomp"}, p.seccomp...);
  for_each_resource_rule(each, p...);
  each(Control{"environment.allow", kShorter}, p.environment.allow...);
  each(Control{"environment.strip", kLonger}, p.environment.strip...);
  each(Control{"environment.warn", kNeither}, p.environment.warn...);
  each(Control{"environment.secrets"}, p.environment.secrets...);
  each(Control{"environment.keep", kShorter}, p.environment.keep...);
  each(Control{"lsm.unconfined", kFalse}, p.lsm.unconfined...);
  each(Control{"lsm.required", kTrue}, p.lsm.required...);
  each(Control{"landlock.enable", kTrue}, p.landlock.enable...);
  each(Control{"landlock.scopes", kLonger}, p.landlock.scopes...);
  each(Control{"landlock.bind", kShorter}, p.landlock.bind...);
  each(Control{"landlock.connect", kShorter}, p.landlock.connect...);
  each(Control{"network.blackhole", kLonger}, p.network.blackhole...);
  each(Control{"hooks.allow"}, p.hooks.allow...);
  each(Control{"exec.allow", kFalse}, p.exec.allow...);
  each(Control{"exec.withinContainer", kTrue}, p.exec.within_container...);
}

// The names, in that order.
std::vector<std::string_view> control_names();

}  // namespace policy
