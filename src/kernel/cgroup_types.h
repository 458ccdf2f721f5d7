// What is to be done for one cgroup, as plain values: made by plan/cgroup, carried out by kernel/cgroup.
#pragma once

#include <linux/bpf.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "kernel/facts.h"

namespace kernel {

// Controller ("memory", "name=systemd"; "" is the v2 hierarchy) -> absolute directory of the container's cgroup.
using CgroupPaths = std::map<std::string, std::string>;

struct CgroupWrite {
  std::string controller;  // "memory"; "" is the v2 hierarchy
  std::string file;        // "memory.max"
  std::string value;
  std::string because;    // JSON pointer: "/linux/resources/memory/limit"
  bool optional = false;  // a missing file is no error (nothing is asked for that the kernel lacks)
  // Where another scheduler or kernel has the same setting under another name and scale: used when `file` is
  // missing. Empty: none.
  std::string fallback_file = {}, fallback_value = {};
};

struct CgroupNote {
  std::string pointer;  // "/linux/resources/memory/kernel"
  std::string text;
};

struct CgroupPlan {
  std::string path;  // below the mount points, for people: "/kubepods/pod1/web1"; empty: no cgroup
  CgroupMode mode = CgroupMode::kNone;
  // Hierarchies in which the directory is made: controller -> mount point; "" is v2. One entry a mount point.
  std::vector<std::pair<std::string, std::string>> hierarchies;
  // Every controller's directory, co-mounted ones included; each is below its mount point. They may differ by more
  // than the mount point: a relative cgroupsPath starts at this process's own cgroup, which may differ.
  CgroupPaths directories;
  std::vector<std::string> v2_enable;    // controllers to enable down to the directory's parent in the v2 hierarchy
  std::vector<CgroupWrite> writes;       // in order, after mkdir, before the first process joins
  std::vector<bpf_insn> device_program;  // v2 only; empty: devices unrestricted, or restricted by v1 writes
  std::vector<CgroupNote> notes;         // settings that have no effect here
};

}  // namespace kernel
