// What the fragments of the recipe share while a LaunchPlan grows. Private to the plan room.
#pragma once

#include <sched.h>

#include <string>
#include <utility>

#include "base/result.h"
#include "base/text.h"
#include "plan/plan.h"

namespace plan {

struct Builder {
  const harden::Hardened& hardened;
  const oci::Spec& spec;
  const kernel::Facts& facts;
  const CreateOptions& options;
  LaunchPlan plan;
  Slot private_proc{};  // a procfs for sysctls and LSM labels, used by descriptor
  Slot mask_directory{};
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
base::Result<void> plan_namespaces(Builder& b);      // namespaces.cc: joins, clone flags, id maps, names
base::Result<void> plan_detached_mounts(Builder& b);  // rootfs.cc: everything that is built before the pivot
void plan_secrets(Builder& b);                       // secrets.cc: the tmpfs of secrets, filled and sealed
base::Result<void> plan_root(Builder& b);            // rootfs.cc: pivot, attach
base::Result<void> plan_devices(Builder& b);         // devices.cc
base::Result<void> plan_read_only(Builder& b);       // rootfs.cc: what becomes read-only once all is in place
base::Result<void> plan_paths(Builder& b);           // paths.cc: sysctls, labels, read-only and masked paths
void plan_setup_identity(Builder& b);                 // namespaces.cc: as who init works in a user namespace
base::Result<void> plan_limits(Builder& b);          // limits.cc: rlimits, scheduling, personality
void plan_landlock(Builder& b);                      // landlock.cc: what the mounts leave, as a second layer
base::Result<void> plan_identity(Builder& b);        // identity.cc: user, capabilities, program
void plan_verification(Builder& b);                  // verify.cc: what init reads back while still privileged
base::Result<void> plan_program(Builder& b);         // program.cc: argv, env, seccomp

using base::clean_path;
using base::path_within;

}  // namespace plan
