// A container's cgroup: made, filled in, killed, frozen and removed, on cgroup v2, v1 and hybrid hosts, straight
// through cgroupfs. Works by planned or recorded directories only; what they should be is decided in plan/cgroup.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "kernel/cgroup_types.h"

namespace kernel {

// A cgroup that create_cgroup() made. Unless keep() is called, the destructor removes every directory that was
// made for it; whoever put processes into it has killed them before.
class CgroupHandle {
 public:
  CgroupHandle() = default;
  CgroupHandle(CgroupHandle&& other) noexcept;
  CgroupHandle& operator=(CgroupHandle&& other) noexcept;
  CgroupHandle(const CgroupHandle&) = delete;
  CgroupHandle& operator=(const CgroupHandle&) = delete;
  ~CgroupHandle();

  // What to record, for the functions below.
  const CgroupPaths& paths() const { return paths_; }
  // The v2 directory, for clone3(CLONE_INTO_CGROUP); -1: there is none.
  int v2_fd() const { return v2_.get(); }
  // `tasks` of the v1 hierarchy that has this controller, for writing, the caller's from now on; empty: there is none, or it
  // was taken. The single-threaded child writes "0" to it itself: a pid written to cgroup.procs by the parent takes the
  // kernel's global cgroup_threadgroup_rwsem, whose write side waits for an RCU grace period, 10 ms and more on an idle
  // machine.
  base::UniqueFd take_tasks(std::string_view controller);
  // `tasks` of every v1 hierarchy, in the plan's order.
  const std::vector<std::pair<std::string, base::UniqueFd>>& tasks() const { return tasks_; }

  void keep() {
    made_leaves_.clear();
    made_parents_.clear();
  }

 private:
  friend class CgroupMaker;
  void undo();

  CgroupPaths paths_;
  base::UniqueFd v2_;
  std::vector<std::pair<std::string, base::UniqueFd>> tasks_;
  CgroupPaths made_leaves_;
  std::vector<std::string> made_parents_;  // in the order of making
};

// Makes the directories, writes the limits, attaches the device program. On error nothing is left behind.
// Errors: state, when the cgroup is there already and is frozen or has processes; system, naming file, value and the
// JSON pointer that asked for it.
base::Result<CgroupHandle> create_cgroup(const CgroupPlan& plan);

// The functions below take recorded paths. A directory that is gone counts as empty, thawed and removed.

// The processes of the cgroup and of those below it, ascending.
base::Result<std::vector<pid_t>> cgroup_pids(const CgroupPaths& paths);
// `signal` to each of them, also to those being forked meanwhile. SIGKILL leaves a frozen cgroup thawed, as the v1
// freezer would keep its processes from dying; any other signal, and any error, leaves it as frozen as it was.
base::Result<void> cgroup_kill_all(const CgroupPaths& paths, int signal = SIGKILL);
base::Result<bool> cgroup_is_frozen(const CgroupPaths& paths);
base::Result<void> cgroup_freeze(const CgroupPaths& paths);
base::Result<void> cgroup_thaw(const CgroupPaths& paths);
// Removes it with all that the workload made below it. Its processes have been killed: their last traces are waited
// for, up to `timeout_ms`.
base::Result<void> cgroup_destroy(const CgroupPaths& paths, int timeout_ms = 10000);

// Removes those of the directories that have neither processes nor children; the others may be somebody else's.
void cgroup_remove_empty(const CgroupPaths& paths);

}  // namespace kernel
