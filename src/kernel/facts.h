// What this kernel and host can do and who we are: gathered once before planning, so that planning
// stays free of system calls. Values only; made by probe_facts() (kernel/probe.h).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace kernel {

enum class CgroupMode { kNone, kV1, kHybrid, kUnified };

// Where cgroups are mounted, and where this process is in them.
struct CgroupLayout {
  CgroupMode mode = CgroupMode::kNone;
  // v1 (and hybrid): controller or "name=systemd" -> mount point, as in "memory" -> "/sys/fs/cgroup/memory".
  // Co-mounted controllers ("cpu,cpuacct") have one entry each with the same mount point.
  std::map<std::string, std::string> v1_mounts;
  // Mount point of the v2 hierarchy: "/sys/fs/cgroup" (unified), "/sys/fs/cgroup/unified" (hybrid), or empty.
  std::string v2_mount;
  // /proc/self/cgroup: controller -> path; "" -> the v2 path.
  std::map<std::string, std::string> own;
  std::vector<std::string> v2_controllers;  // cgroup.controllers of the v2 root
};

struct Facts {
  std::uint32_t kernel_major = 0, kernel_minor = 0;
  std::string kernel_release;
  std::uint32_t euid = 0;
  std::uint64_t effective_caps = 0;
  int cap_last_cap = 40;
  CgroupLayout cgroup;
  bool in_initial_user_namespace = true;
  bool has_kcore = false;
  bool apparmor = false;  // enabled
  bool selinux = false;   // enabled
  int landlock_abi = 0;  // landlock(7), "Landlock ABI"; 0: there is none
  bool userns_available = true;  // user.max_user_namespaces > 0
};

}  // namespace kernel
