// What the fragments of the recipe share while a LaunchPlan grows. Private to the plan room.
#pragma once

#include <sched.h>

#include <string>
#include <utility>

#include "base/result.h"
#include "base/text.h"
#include "plan/plan.h"

namespace plan {

// File systems that init may make before it is in its cgroup (v1: with v2 it is born there), and that so cost the caller's
// cgroup memory: some kilobytes each, as they are empty.
constexpr std::size_t kMostEarlyMounts = 32;

struct Builder {
  const harden::Hardened& hardened;
  const oci::Spec& spec;
  const kernel::Facts& facts;
  const CreateOptions& options;
  LaunchPlan plan;
  Slot private_proc{};  // a procfs for sysctls and LSM labels, used by descriptor
  Slot mask_directory{};
  Slot root{};
  const LaunchPlan* created = nullptr;  // exec: by which the container was made that is there already

  Slot add_fd(FdSource source, std::string because) {
    plan.fds.push_back({std::move(source), std::move(because)});
    return Slot{static_cast<int>(plan.fds.size()) - 1};
  }
  void add(Op op, std::string because, bool ignore_errors = false) {
    plan.steps.push_back({std::move(op), std::move(because), ignore_errors});
  }

  const oci::Namespace* find_namespace(std::uint64_t type) const {
    for (const auto& ns : spec.linux.namespaces) {
      if (ns.type == type) return &ns;
    }
    return nullptr;
  }
  // A namespace of this type that the container does not share with the host: new, or joined by path.
  bool is_private(std::uint64_t type) const { return find_namespace(type) != nullptr; }
  bool is_new(std::uint64_t type) const {
    const auto* ns = find_namespace(type);
    return ns != nullptr && ns->path.empty();
  }
  bool in_userns() const { return is_private(CLONE_NEWUSER); }
  std::string namespace_pointer(std::uint64_t type) const {
    for (std::size_t i = 0; i < spec.linux.namespaces.size(); ++i) {
      if (spec.linux.namespaces[i].type == type) return base::cat("/linux/namespaces/", i);
    }
    return "/linux/namespaces";
  }
};

// What init must find of them in force.
inline VerifyLocks verification(const harden::ProcessLocks& locks) {
  return {.secure_bits = locks.secure_bits,
          .speculation = locks.speculation,
          .deny_write_execute = locks.deny_write_execute,
          .core_scheduling = locks.core_scheduling};
}

// The fragments, in the order in which plan_create() calls them.
base::Result<void> plan_namespaces(Builder& b);      // namespaces.cc: joins, clone flags, id maps
void plan_beginning(Builder& b);                     // namespaces.cc: what init can do while the parent is still busy
void plan_entry(Builder& b);                         // namespaces.cc: into the cgroup, and the namespaces that take a descriptor
// rootfs.cc: the tmpfs of this plan's own in whose root `path` is, looking at the first `mounts` of them; none if it is
// anywhere else, or if something is mounted over the way there. init then need not look for the place.
Slot fresh_parent(const Builder& b, const std::string& path, std::size_t mounts);
base::Result<void> plan_detached_mounts(Builder& b);  // rootfs.cc: everything that is built before the pivot
void plan_secrets(Builder& b);                       // secrets.cc: the tmpfs of secrets, filled and sealed
base::Result<void> plan_root(Builder& b);            // rootfs.cc: pivot, attach
void plan_pivot(Builder& b);                         // rootfs.cc, called by one of these two
base::Result<void> plan_devices(Builder& b);         // devices.cc
base::Result<void> plan_hooks_before_pivot(Builder& b);  // hooks.cc: and the pivot itself, if there are any
base::Result<void> plan_read_only(Builder& b);       // rootfs.cc: what becomes read-only once all is in place
base::Result<void> plan_paths(Builder& b);           // paths.cc: sysctls, labels, read-only and masked paths
void plan_setup_identity(Builder& b);                 // namespaces.cc: as who init works in a user namespace
base::Result<void> plan_limits(Builder& b);          // limits.cc: rlimits, scheduling, personality
void plan_landlock(Builder& b);                      // landlock.cc: what the mounts leave, as a second layer
base::Result<void> plan_identity(Builder& b);        // identity.cc: user, capabilities, program
void plan_verification(Builder& b);                  // verify.cc: what init reads back while still privileged
base::Result<void> plan_program(Builder& b);         // program.cc: argv, env, seccomp
base::Result<void> plan_start_hooks(Builder& b);     // hooks.cc, called by it once the filter is known
bool has_hooks_before_pivot(const Builder& b);       // hooks.cc
// program.cc: whether a descriptor is executed by way of /proc/self/fd, for the filter allows execve(2) alone.
base::Result<bool> only_by_path(const Builder& b, std::string_view what);

using base::clean_path;
using base::path_within;

}  // namespace plan
