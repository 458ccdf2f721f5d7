// Namespaces: which the clone makes, which the parent joins before it, which init enters itself.
//
// The parent joins by path (all but user and mount), clones, and goes back: it is privileged over namespaces that the
// container's user namespace does not own. The network namespace is made by init, first of all: making it takes as long
// as all else that the clone does, and meanwhile the parent plans the rest and makes cgroups. The cgroup namespace is made
// by init once it is in its cgroup, because its root is the cgroup of whoever makes it. Time offsets must be written before anybody enters, so the parent makes
// that namespace for its children.

#include <linux/sched.h>
#include <sys/mount.h>

#include <algorithm>

#include "plan/builder.h"

namespace plan {
namespace {

base::Result<void> plan_user_namespace(Builder& b) {
  const oci::Linux& config = b.spec.linux;
  if (b.is_new(CLONE_NEWUSER)) {
    if (config.uid_mappings.empty() || config.gid_mappings.empty()) {
      return base::Error::config(base::cat("config.json: ", b.namespace_pointer(CLONE_NEWUSER),
                                           ": want /linux/uidMappings and /linux/gidMappings, have none"));
    }
    b.plan.uid_maps = config.uid_mappings;
    b.plan.gid_maps = config.gid_mappings;
  } else if (!b.in_userns() && (!config.uid_mappings.empty() || !config.gid_mappings.empty())) {
    return base::Error::config("config.json: /linux/uidMappings: want a user namespace in /linux/namespaces, have none");
  }
  return base::ok();
}

// The id that init works as while it sets the container up: its root, or the first id there is.
std::uint32_t setup_id(const std::vector<oci::IdMapping>& maps) {
  std::uint32_t lowest = maps.empty() ? 0 : maps.front().container_id;
  for (const auto& map : maps) lowest = std::min(lowest, map.container_id);
  return lowest;
}

base::Result<void> plan_time(Builder& b) {
  const oci::Linux& config = b.spec.linux;
  if ((config.monotonic_offset || config.boottime_offset) && !b.is_new(CLONE_NEWTIME)) {
    return base::Error::config("config.json: /linux/timeOffsets: want a new time namespace, have none");
  }
  b.plan.new_time_namespace = b.is_new(CLONE_NEWTIME);
  b.plan.monotonic = config.monotonic_offset;
  b.plan.boottime = config.boottime_offset;
  return base::ok();
}

// Where mounts made on the host after the start show up in the container, if at all.
std::uint64_t root_propagation(const oci::Linux& config) {
  const std::string& name = config.rootfs_propagation;
  return name == "private" || name == "rprivate" ? MS_PRIVATE : MS_SLAVE;
}

// Before anybody else knows of the namespace. What a socket takes at once is limited (net.core.wmem_default).
void plan_blackholes(Builder& b) {
  constexpr std::size_t kMost = 256;
  const auto& all = b.hardened.blackhole();
  for (std::size_t at = 0; at < all.size(); at += kMost) {
    const auto from = all.begin() + static_cast<std::ptrdiff_t>(at);
    const auto count = static_cast<std::ptrdiff_t>(std::min(kMost, all.size() - at));
    b.add(Blackhole{{from, from + count}}, base::cat("policy ", b.plan.policy_name));
  }
}

void plan_cgroups(Builder& b) {
  for (const auto& [controller, mount] : b.plan.cgroup.hierarchies) {
    if (controller.empty()) continue;  // v2: the clone puts the child there
    b.add(JoinCgroup{b.add_fd(TasksFile{controller}, "/linux/cgroupsPath"), controller}, "/linux/cgroupsPath");
  }
  b.add(Affinity{}, "runtime: the caller's CPU pinning is not inherited", true);
}

// Of the mounts of the container, the rest or, in a mount namespace that is joined, all that is there.
void plan_propagation(Builder& b) {
  b.add(Propagation{"/", root_propagation(b.spec.linux), true},
        b.spec.linux.rootfs_propagation.empty() ? "runtime: no mount of the container reaches the host"
                                                : "/linux/rootfsPropagation");
}

}  // namespace

void plan_setup_identity(Builder& b) {
  if (!b.in_userns()) return;
  b.add(SetupIdentity{setup_id(b.spec.linux.uid_mappings), setup_id(b.spec.linux.gid_mappings)}, b.namespace_pointer(CLONE_NEWUSER));
}

base::Result<void> plan_namespaces(Builder& b) {
  if (!b.is_private(CLONE_NEWNS)) {
    return base::Error::unsupported(
        "config.json: /linux/namespaces: a container without a mount namespace of its own is not supported");
  }
  TRY(plan_user_namespace(b));
  TRY(plan_time(b));
  for (std::size_t i = 0; i < b.spec.linux.namespaces.size(); ++i) {
    const oci::Namespace& ns = b.spec.linux.namespaces[i];
    const std::string because = base::cat("/linux/namespaces/", i);
    if (!ns.path.empty()) {
      b.plan.joins.push_back({ns.type, ns.name, ns.path, because, (b.hardened.own_namespaces() & ns.type) != 0});
    } else if (ns.type == CLONE_NEWCGROUP || ns.type == CLONE_NEWNET) {
      b.plan.unshare_flags |= ns.type;
    } else if (ns.type != CLONE_NEWTIME) {
      b.plan.clone_flags |= ns.type;
    }
  }
  return base::ok();
}

void plan_beginning(Builder& b) {
  b.plan.own_pid_namespace = b.is_private(CLONE_NEWPID);
  b.plan.oom_score_adj = b.spec.process->oom_score_adj;
  // The file is the host's root's: before the container's ids are taken, and in its pid namespace already.
  if (b.hardened.locks().memfd_noexec) b.add(MemfdNoexec{}, base::cat("policy ", b.plan.policy_name));
  if (b.is_new(CLONE_NEWNET)) {
    b.add(Unshare{CLONE_NEWNET}, b.namespace_pointer(CLONE_NEWNET));
    b.add(Loopback{}, b.namespace_pointer(CLONE_NEWNET));
    plan_blackholes(b);
  }
  if (!b.spec.hostname.empty()) b.add(Hostname{b.spec.hostname}, "/hostname");
  if (!b.spec.domainname.empty()) b.add(Domainname{b.spec.domainname}, "/domainname");
  b.add(Session{}, "runtime: no terminal of the caller can be reached");
  plan_setup_identity(b);
  if (!b.options.no_new_keyring) b.add(Keyring{}, "runtime: a session keyring of its own", true);
  if (b.is_new(CLONE_NEWNS)) plan_propagation(b);
}

void plan_entry(Builder& b) {
  b.add(TakeDescriptors{}, "runtime: cgroups and sources are the parent's to open");
  plan_cgroups(b);
  if (b.is_new(CLONE_NEWCGROUP)) b.add(Unshare{CLONE_NEWCGROUP}, b.namespace_pointer(CLONE_NEWCGROUP));
  if (!b.is_new(CLONE_NEWNS)) {
    const std::string because = b.namespace_pointer(CLONE_NEWNS);
    b.add(JoinMountNamespace{b.add_fd(NamespaceFile{CLONE_NEWNS, b.find_namespace(CLONE_NEWNS)->path, (b.hardened.own_namespaces() & CLONE_NEWNS) != 0}, because)}, because);
  }
  b.add(Entered{}, "runtime: no namespace of the host's is left in place of one that was to be made");
  if (!b.is_new(CLONE_NEWNS)) plan_propagation(b);
}

}  // namespace plan
