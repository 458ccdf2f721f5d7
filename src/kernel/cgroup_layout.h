// Where cgroups are mounted, and where this process is in them. On the hot path of create: the standard places are
// probed with statfs(2), and only a host that is laid out otherwise pays for reading its mount table. cgroups(7).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kernel/facts.h"

namespace kernel {

// A line of /proc/PID/cgroup.
struct ProcCgroup {
  std::vector<std::string> controllers;  // "cpu", "cpuacct", "name=systemd"; empty: the v2 hierarchy
  std::string path;
};

struct CgroupMount {
  bool v2 = false;
  std::vector<std::string> controllers;  // of a v1 hierarchy, as ProcCgroup has them
  std::string root;                      // the cgroup that is seen at `point`: "/" unless bound
  std::string point;
};

std::vector<ProcCgroup> parse_proc_cgroup(std::string_view text);
// The cgroup and cgroup2 mounts among the lines of /proc/PID/mountinfo, proc_pid_mountinfo(5).
std::vector<CgroupMount> parse_mountinfo_cgroups(std::string_view text);
// `own` gets paths relative to the mount points; "/" for a cgroup that is not below one. Of several mounts of a
// hierarchy the first counts.
CgroupLayout make_cgroup_layout(const std::vector<ProcCgroup>& own, const std::vector<CgroupMount>& mounts);

base::Result<CgroupLayout> probe_cgroup_layout();

}  // namespace kernel
