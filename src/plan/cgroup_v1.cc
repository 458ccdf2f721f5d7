// Settings of the v1 controllers: Documentation/admin-guide/cgroup-v1/.
#include "base/text.h"
#include "plan/cgroup_work.h"

namespace plan {

namespace {

constexpr const char* kMemory = "/linux/resources/memory";
constexpr const char* kCpu = "/linux/resources/cpu";
constexpr const char* kBlockIo = "/linux/resources/blockIO";

void throttle(CgroupWork& work, const std::vector<oci::ThrottleDevice>& devices, const char* file, const char* member) {
  for (std::size_t i = 0; i < devices.size(); ++i) {
    work.write_v1("blkio", file, base::cat(devices[i].major, ":", devices[i].minor, " ", devices[i].rate),
                  base::cat(kBlockIo, "/", member, "/", i));
  }
}

}  // namespace

base::Result<void> plan_memory_v1(CgroupWork& work, const oci::Memory& memory) {
  const std::int64_t limit = memory.limit.value_or(0);
  const std::int64_t swap = memory.swap.value_or(0);
  if (swap > 0 && limit == 0) {
    return base::Error::config(base::cat(kMemory, "/swap: unable to set swap limit without memory limit"));
  }
  if (swap > 0 && swap < limit) {
    return base::Error::config(base::cat(kMemory, "/swap: memory+swap limit should be >= memory limit"));
  }
  // The kernel wants memory <= memory+swap at any time. Both are unlimited at first.
  if (limit != 0) work.write_v1("memory", "memory.limit_in_bytes", std::to_string(limit), base::cat(kMemory, "/limit"));
  if (swap != 0) {
    work.write_v1("memory", "memory.memsw.limit_in_bytes", std::to_string(swap), base::cat(kMemory, "/swap"));
    if (swap == -1) work.optional();  // a kernel that does not account swap does not limit it
  }
  if (memory.reservation.value_or(0) != 0) {
    work.write_v1("memory", "memory.soft_limit_in_bytes", std::to_string(*memory.reservation),
                  base::cat(kMemory, "/reservation"));
  }
  if (memory.disable_oom_killer.value_or(false)) {
    work.write_v1("memory", "memory.oom_control", "1", base::cat(kMemory, "/disableOOMKiller"));
  }
  // 2^64-1 is how Go callers spell -1, "not set".
  if (memory.swappiness && *memory.swappiness != ~std::uint64_t{0}) {
    if (*memory.swappiness > 100) {
      return base::Error::config(base::cat(kMemory, "/swappiness: want 0..100, have ", *memory.swappiness));
    }
    work.write_v1("memory", "memory.swappiness", std::to_string(*memory.swappiness), base::cat(kMemory, "/swappiness"));
  }
  return base::ok();
}

void plan_cpu_v1(CgroupWork& work, const oci::Cpu& cpu) {
  const auto write = [&](const char* file, const auto& value, const char* member) {
    if (value && *value != 0) work.write_v1("cpu", file, std::to_string(*value), base::cat(kCpu, "/", member));
  };
  write("cpu.shares", cpu.shares, "shares");
  // The period before the quota: a quota alone is measured against the period in force. The burst may not exceed the
  // quota.
  write("cpu.cfs_period_us", cpu.period, "period");
  write("cpu.cfs_quota_us", cpu.quota, "quota");
  write("cpu.cfs_burst_us", cpu.burst, "burst");
  // An idle group's shares cannot be set.
  write("cpu.idle", cpu.idle, "idle");
  write("cpu.rt_period_us", cpu.realtime_period, "realtimePeriod");
  write("cpu.rt_runtime_us", cpu.realtime_runtime, "realtimeRuntime");
}

void plan_block_io_v1(CgroupWork& work, const oci::BlockIo& io) {
  if (io.weight.value_or(0) != 0) {
    const std::string weight = std::to_string(*io.weight);
    work.write_v1("blkio", "blkio.weight", weight, base::cat(kBlockIo, "/weight"));
    work.fallback("blkio.bfq.weight", weight);
  }
  if (io.leaf_weight.value_or(0) != 0) {
    work.write_v1("blkio", "blkio.leaf_weight", std::to_string(*io.leaf_weight), base::cat(kBlockIo, "/leafWeight"));
  }
  for (std::size_t i = 0; i < io.weight_device.size(); ++i) {
    const oci::WeightDevice& device = io.weight_device[i];
    const std::string because = base::cat(kBlockIo, "/weightDevice/", i);
    const std::string name = base::cat(device.major, ":", device.minor, " ");
    if (device.weight) {
      const std::string weight = name + std::to_string(*device.weight);
      work.write_v1("blkio", "blkio.weight_device", weight, because + "/weight");
      work.fallback("blkio.bfq.weight_device", weight);
    }
    if (device.leaf_weight) {
      work.write_v1("blkio", "blkio.leaf_weight_device", name + std::to_string(*device.leaf_weight),
                    because + "/leafWeight");
    }
  }
  throttle(work, io.throttle_read_bps, "blkio.throttle.read_bps_device", "throttleReadBpsDevice");
  throttle(work, io.throttle_write_bps, "blkio.throttle.write_bps_device", "throttleWriteBpsDevice");
  throttle(work, io.throttle_read_iops, "blkio.throttle.read_iops_device", "throttleReadIOPSDevice");
  throttle(work, io.throttle_write_iops, "blkio.throttle.write_iops_device", "throttleWriteIOPSDevice");
}

}  // namespace plan
