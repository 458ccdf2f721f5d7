#include "plan/cgroup.h"

#include <algorithm>
#include <tuple>

#include "base/text.h"
#include "plan/cgroup_path.h"
#include "plan/cgroup_work.h"
#include "plan/device_filter.h"

namespace plan {

namespace {

using Version = CgroupVersion;

constexpr const char* kMemory = "/linux/resources/memory";
constexpr const char* kCpu = "/linux/resources/cpu";

base::Error wrong(const std::string& pointer, const auto&... what) {
  return base::Error::config(base::cat(pointer, ": ", what...));
}

bool is_set(const auto& value) { return value && *value != 0; }

// A name that goes into a line of a cgroup file.
bool is_word(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

base::Result<void> plan_cpuset(CgroupWork& work, const oci::Cpu& cpu) {
  for (const auto& [file, value, member] :
       {std::tuple{"cpuset.cpus", &cpu.cpus, "/cpus"}, std::tuple{"cpuset.mems", &cpu.mems, "/mems"}}) {
    if (value->empty()) continue;
    const std::string pointer = base::cat(kCpu, member);
    if (TRY(work.require("cpuset", "cpuset", pointer)) == Version::kV1) {
      work.write_v1("cpuset", file, *value, pointer);
    } else {
      work.write_v2(file, *value, pointer);
    }
  }
  return base::ok();
}

// Before the v1 device writes take effect nothing runs in the cgroup, so their order among the others is free.
base::Result<void> plan_devices(CgroupWork& work, const oci::Linux& config, const std::string& tun_access) {
  const std::vector<DeviceAccess> rules = TRY(device_rules(config, tun_access));
  if (work.layout.mode == kernel::CgroupMode::kNone) {
    if (!config.resources || config.resources->devices.empty()) return base::ok();
    return base::Error::unsupported("/linux/resources/devices: no cgroup hierarchy is mounted");
  }
  if (work.layout.v1_mounts.count("devices") != 0) {
    for (auto& write : TRY(device_writes_v1(rules))) work.plan.writes.push_back(std::move(write));
    return base::ok();
  }
  if (work.layout.v2_mount.empty()) {
    return base::Error::unsupported("/linux/resources/devices: no \"devices\" cgroup controller on this host");
  }
  work.plan.device_program = device_program(rules);
  return base::ok();
}

base::Result<void> plan_memory(CgroupWork& work, const oci::Memory& memory) {
  for (const auto& [value, member] : {std::pair{&memory.limit, "/limit"}, std::pair{&memory.swap, "/swap"},
                                      std::pair{&memory.reservation, "/reservation"}}) {
    if (value->value_or(0) < -1) return wrong(base::cat(kMemory, member), "want -1 or more, have ", **value);
  }
  // Callers go on sending these; the kernel has dropped them (kernel memory: 5.11 and 6.1).
  if (is_set(memory.kernel)) work.note(base::cat(kMemory, "/kernel"), "obsolete, has no effect");
  if (is_set(memory.kernel_tcp)) work.note(base::cat(kMemory, "/kernelTCP"), "obsolete, has no effect");
  const bool limited = is_set(memory.limit) || is_set(memory.swap) || is_set(memory.reservation);
  if (!limited && !memory.swappiness && !memory.disable_oom_killer.value_or(false)) return base::ok();
  const auto version = work.locate("memory", "memory");
  if (version == Version::kV2) return plan_memory_v2(work, memory);
  if (version == Version::kV1) return plan_memory_v1(work, memory);
  return work.require("memory", "memory", kMemory).error();
}

base::Result<void> plan_cpu(CgroupWork& work, const oci::Cpu& cpu) {
  TRY(plan_cpuset(work, cpu));
  const bool asked = is_set(cpu.shares) || is_set(cpu.quota) || is_set(cpu.period) || is_set(cpu.realtime_period) ||
                     is_set(cpu.realtime_runtime) || cpu.burst || cpu.idle;
  if (!asked) return base::ok();
  if (TRY(work.require("cpu", "cpu", kCpu)) == Version::kV1) {
    plan_cpu_v1(work, cpu);
  } else {
    plan_cpu_v2(work, cpu);
  }
  return base::ok();
}

base::Result<void> plan_pids(CgroupWork& work, std::int64_t limit) {
  const std::string pointer = "/linux/resources/pids/limit";
  // 0 would mean that not even the container's first process may be there.
  const std::string value = limit < 0 ? "max" : std::to_string(std::max<std::int64_t>(limit, 1));
  if (TRY(work.require("pids", "pids", pointer)) == Version::kV1) {
    work.write_v1("pids", "pids.max", value, pointer);
  } else {
    work.write_v2("pids.max", value, pointer);
  }
  return base::ok();
}

base::Result<void> plan_block_io(CgroupWork& work, const oci::BlockIo& io) {
  const std::string pointer = "/linux/resources/blockIO";
  const auto check = [](const std::optional<std::uint16_t>& weight, const std::string& where) -> base::Result<void> {
    if (!is_set(weight) || (*weight >= 10 && *weight <= 1000)) return base::ok();
    return wrong(where, "want 10..1000, have ", *weight);
  };
  TRY(check(io.weight, pointer + "/weight"));
  TRY(check(io.leaf_weight, pointer + "/leafWeight"));
  for (std::size_t i = 0; i < io.weight_device.size(); ++i) {
    const std::string where = base::cat(pointer, "/weightDevice/", i);
    TRY(check(io.weight_device[i].weight, where + "/weight"));
    TRY(check(io.weight_device[i].leaf_weight, where + "/leafWeight"));
  }
  const bool asked = is_set(io.weight) || is_set(io.leaf_weight) || !io.weight_device.empty() ||
                     !io.throttle_read_bps.empty() || !io.throttle_write_bps.empty() ||
                     !io.throttle_read_iops.empty() || !io.throttle_write_iops.empty();
  if (!asked) return base::ok();
  if (TRY(work.require("blkio", "io", pointer)) == Version::kV1) {
    plan_block_io_v1(work, io);
  } else {
    plan_block_io_v2(work, io);
  }
  return base::ok();
}

// ^[1-9][0-9]*[KMG]B$
bool is_page_size(const std::string& size) {
  const std::size_t digits = size.find_first_not_of("0123456789");
  return digits != 0 && digits != std::string::npos && size[0] != '0' && size.size() == digits + 2 &&
         (size[digits] == 'K' || size[digits] == 'M' || size[digits] == 'G') && size[digits + 1] == 'B';
}

base::Result<void> plan_hugepages(CgroupWork& work, const std::vector<oci::HugepageLimit>& limits) {
  for (std::size_t i = 0; i < limits.size(); ++i) {
    const std::string pointer = base::cat("/linux/resources/hugepageLimits/", i);
    const std::string& size = limits[i].page_size;
    if (!is_page_size(size)) {
      return wrong(pointer + "/pageSize", "want a number and KB, MB or GB, have ", base::quote(size));
    }
    const std::string prefix = base::cat("hugetlb.", size, ".");
    const std::string value = std::to_string(limits[i].limit);
    // Reservations (Linux 5.7) as well: a program that maps more than it may have fails then, instead of being killed
    // by SIGBUS when it touches the page.
    if (TRY(work.require("hugetlb", "hugetlb", pointer)) == Version::kV1) {
      work.write_v1("hugetlb", prefix + "limit_in_bytes", value, pointer);
      work.write_v1("hugetlb", prefix + "rsvd.limit_in_bytes", value, pointer);
    } else {
      work.write_v2(prefix + "max", value, pointer);
      work.write_v2(prefix + "rsvd.max", value, pointer);
    }
    work.optional();
  }
  return base::ok();
}

base::Result<void> plan_network(CgroupWork& work, const oci::Network& network) {
  const std::string pointer = "/linux/resources/network";
  const bool v2 = work.layout.mode == kernel::CgroupMode::kUnified;
  if (is_set(network.class_id)) {
    if (v2) {
      work.note(pointer + "/classID", "cgroup v2 has no such setting");
    } else {
      TRY(work.require("net_cls", "", pointer + "/classID"));
      work.write_v1("net_cls", "net_cls.classid", std::to_string(*network.class_id), pointer + "/classID");
    }
  }
  for (std::size_t i = 0; i < network.priorities.size(); ++i) {
    const std::string where = base::cat(pointer, "/priorities/", i);
    const oci::InterfacePriority& priority = network.priorities[i];
    if (!is_word(priority.name)) return wrong(where + "/name", "not an interface: ", base::quote(priority.name));
    if (v2) {
      work.note(where, "cgroup v2 has no such setting");
      continue;
    }
    TRY(work.require("net_prio", "", where));
    work.write_v1("net_prio", "net_prio.ifpriomap", base::cat(priority.name, " ", priority.priority), where);
  }
  return base::ok();
}

base::Result<void> plan_rdma(CgroupWork& work, const std::map<std::string, oci::Rdma>& devices) {
  for (const auto& [name, limit] : devices) {
    if (!is_word(name)) return wrong("/linux/resources/rdma", "not a device: ", base::quote(name));
    const std::string pointer = "/linux/resources/rdma/" + name;
    std::string value = name;
    if (limit.hca_handles) value += base::cat(" hca_handle=", *limit.hca_handles);
    if (limit.hca_objects) value += base::cat(" hca_object=", *limit.hca_objects);
    if (value == name) continue;
    if (TRY(work.require("rdma", "rdma", pointer)) == Version::kV1) {
      work.write_v1("rdma", "rdma.max", value, pointer);
    } else {
      work.write_v2("rdma.max", value, pointer);
    }
  }
  return base::ok();
}

// CONTROLLER.PARAMETER, and never a file that moves, freezes or kills processes or changes what the cgroup is.
base::Result<void> check_unified_key(const CgroupWork& work, const std::string& key, const std::string& pointer) {
  const auto ok_char = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  };
  const std::size_t dot = key.find('.');
  const bool ok = dot != std::string::npos && dot != 0 && key.back() != '.' && key.find("..") == std::string::npos &&
                  std::all_of(key.begin(), key.end(), ok_char);
  if (!ok) {
    return wrong(pointer, "unified resource ", base::quote(key), " must be in the form CONTROLLER.PARAMETER");
  }
  const std::string controller = key.substr(0, dot);
  if (controller == "cgroup") {
    if (key == "cgroup.max.depth" || key == "cgroup.max.descendants" || key == "cgroup.pressure") return base::ok();
    return wrong(pointer, "unified resource ", base::quote(key), " is the runtime's own");
  }
  const auto& have = work.layout.v2_controllers;
  if (std::find(have.begin(), have.end(), controller) != have.end()) return base::ok();
  return base::Error::unsupported(base::cat(pointer, ": unified resource ", base::quote(key),
                                            " can't be set: controller ", base::quote(controller), " not available"));
}

base::Result<void> plan_unified(CgroupWork& work, const std::vector<std::pair<std::string, std::string>>& unified) {
  if (unified.empty()) return base::ok();
  if (work.layout.mode != kernel::CgroupMode::kUnified) {
    return base::Error::unsupported("/linux/resources/unified: cannot set unified resources on cgroup v1");
  }
  for (const auto& [key, value] : unified) {
    const std::string pointer = base::cat("/linux/resources/unified/", key);
    TRY(check_unified_key(work, key, pointer));
    // io.max and others take one line a write.
    for (const std::string& line : base::split(value, '\n')) {
      if (!line.empty()) work.write_v2(key, line, pointer);
    }
  }
  return base::ok();
}

}  // namespace

std::optional<CgroupVersion> CgroupWork::locate(std::string_view v1_name, std::string_view v2_name) const {
  if (layout.v1_mounts.count(std::string(v1_name)) != 0) return Version::kV1;
  const auto& have = layout.v2_controllers;
  if (std::find(have.begin(), have.end(), v2_name) != have.end()) return Version::kV2;
  return std::nullopt;
}

base::Result<CgroupVersion> CgroupWork::require(std::string_view v1_name, std::string_view v2_name,
                                                const std::string& pointer) const {
  if (const auto version = locate(v1_name, v2_name)) return *version;
  const bool unified = layout.mode == kernel::CgroupMode::kUnified;
  return base::Error::unsupported(
      base::cat(pointer, ": no ", base::quote(unified ? v2_name : v1_name), " cgroup controller on this host"));
}

void CgroupWork::write_v1(std::string controller, std::string file, std::string value, std::string because) {
  plan.writes.push_back({std::move(controller), std::move(file), std::move(value), std::move(because)});
}

void CgroupWork::write_v2(std::string file, std::string value, std::string because) {
  // Unified hosts enable all controllers; on a hybrid one that would change the hierarchy for others to no purpose.
  const std::string controller = file.substr(0, file.find('.'));
  const bool known = std::find(plan.v2_enable.begin(), plan.v2_enable.end(), controller) != plan.v2_enable.end();
  if (!known && layout.mode == kernel::CgroupMode::kHybrid) plan.v2_enable.push_back(controller);
  plan.writes.push_back({"", std::move(file), std::move(value), std::move(because)});
}

void CgroupWork::fallback(std::string file, std::string value) {
  plan.writes.back().fallback_file = std::move(file);
  plan.writes.back().fallback_value = std::move(value);
}

base::Result<CgroupPlan> plan_cgroup(const oci::Linux& config, const std::string& id,
                                     const kernel::CgroupLayout& layout, const std::string& tun_access) {
  CgroupWork work{layout, {}};
  TRY(plan_cgroup_place(work, config.cgroups_path, id));
  TRY(plan_devices(work, config, tun_access));
  if (!config.resources) return std::move(work.plan);
  const oci::Resources& resources = *config.resources;
  if (resources.memory) TRY(plan_memory(work, *resources.memory));
  if (resources.cpu) TRY(plan_cpu(work, *resources.cpu));
  if (resources.pids_limit) TRY(plan_pids(work, *resources.pids_limit));
  if (resources.block_io) TRY(plan_block_io(work, *resources.block_io));
  TRY(plan_hugepages(work, resources.hugepage_limits));
  if (resources.network) TRY(plan_network(work, *resources.network));
  TRY(plan_rdma(work, resources.rdma));
  TRY(plan_unified(work, resources.unified));  // last, as it wins
  return std::move(work.plan);
}

}  // namespace plan
