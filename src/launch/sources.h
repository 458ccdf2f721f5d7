// Opens what a plan's slots ask for, each host path exactly once, before the clone; afterwards only descriptors count.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "kernel/cgroup.h"
#include "plan/plan.h"

namespace launch {

class Sources {
 public:
  // All but what needs the joined namespaces (open_in_namespaces) and what init makes itself. `gate_dir_fd` is the
  // directory in which the gate socket is made.
  static base::Result<Sources> open(const plan::LaunchPlan& plan, kernel::CgroupHandle& cgroup, int gate_dir_fd);
  // File systems that must be made inside the namespaces that the container joins; called while this process is there.
  base::Result<void> open_in_namespaces(const plan::LaunchPlan& plan);
  // Idmaps the mounts that want it, with the container's user namespace.
  base::Result<void> apply_idmaps(const plan::LaunchPlan& plan, int userns_fd, std::vector<std::string>& warnings);

  // The fd of a slot; -1 for what init makes.
  int fd(std::size_t slot) const { return fds_[slot].get(); }
  std::size_t size() const { return fds_.size(); }

 private:
  std::vector<base::UniqueFd> fds_;
};

// Name of the socket on which `start` connects, in the container's directory.
inline constexpr const char* kGateSocket = "start.sock";

}  // namespace launch
