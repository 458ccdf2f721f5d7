// Opens what a plan's slots ask for, each host path exactly once, and hands the descriptors to init.
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
  explicit Sources(std::size_t slots) : fds_(slots) {}

  // File systems that must be made inside the namespaces that the container joins; called while this process is there.
  base::Result<void> open_in_namespaces(const plan::LaunchPlan& plan);
  // All the others, but what init makes itself. `gate_dir_fd` is the directory in which the gate socket is made,
  // `init_proc_fd` that of init in /proc.
  base::Result<void> open(const plan::LaunchPlan& plan, kernel::CgroupHandle& cgroup, int gate_dir_fd, int init_proc_fd);
  // init's own directory in /proc.
  base::Result<void> open_process(const plan::LaunchPlan& plan, int proc_fd);
  // Idmaps the mounts that want it, with the container's user namespace.
  base::Result<void> apply_idmaps(const plan::LaunchPlan& plan, int userns_fd, std::vector<std::string>& warnings);

  // All of it to init, which waits for it.
  base::Result<void> hand_over(int report) const;

 private:
  base::Result<void> send_part(int report, std::size_t& slot) const;

  std::vector<base::UniqueFd> fds_;
};

// The descriptor of the image to init, which waits for it.
base::Result<void> send_plan(int report, int image);

// Name of the socket on which `start` connects, in the container's directory.
inline constexpr const char* kGateSocket = "start.sock";

}  // namespace launch
