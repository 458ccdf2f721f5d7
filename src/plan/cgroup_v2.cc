// Settings of the v2 controllers: Documentation/admin-guide/cgroup-v2.rst.
#include "base/text.h"
#include "harden/cpu_shares.h"
#include "plan/cgroup_convert.h"
#include "plan/cgroup_work.h"

namespace plan {

namespace {

constexpr const char* kMemory = "/linux/resources/memory";
constexpr const char* kCpu = "/linux/resources/cpu";
constexpr const char* kBlockIo = "/linux/resources/blockIO";
constexpr std::uint64_t kDefaultPeriod = 100000;

void throttle(CgroupWork& work, const std::vector<oci::ThrottleDevice>& devices, const char* key, const char* member) {
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const oci::ThrottleDevice& device = devices[i];
    // 0 takes the limit away in v1, and is out of range in v2.
    const std::string rate = device.rate == 0 ? "max" : std::to_string(device.rate);
    work.write_v2("io.max", base::cat(device.major, ":", device.minor, " ", key, "=", rate),
                  base::cat(kBlockIo, "/", member, "/", i));
  }
}

}  // namespace

base::Result<void> plan_memory_v2(CgroupWork& work, const oci::Memory& memory) {
  const auto swap = TRY_IN(base::cat(kMemory, "/swap"), swap_max(memory.swap.value_or(0), memory.limit.value_or(0)));
  // Swap first: should the writes stop half-way, nothing has been limited in memory only to move to swap.
  if (swap) {
    work.write_v2("memory.swap.max", *swap, base::cat(kMemory, memory.swap.value_or(0) != 0 ? "/swap" : "/limit"));
    if (*swap == "max" || *swap == "0") work.optional();  // a kernel without swap has nothing to limit
  }
  if (const auto limit = limit_text(memory.limit.value_or(0))) {
    work.write_v2("memory.max", *limit, base::cat(kMemory, "/limit"));
  }
  if (const auto reservation = limit_text(memory.reservation.value_or(0))) {
    work.write_v2("memory.low", *reservation, base::cat(kMemory, "/reservation"));
  }
  if (memory.swappiness) work.note(base::cat(kMemory, "/swappiness"), "cgroup v2 has no such setting");
  if (memory.disable_oom_killer.value_or(false)) {
    work.note(base::cat(kMemory, "/disableOOMKiller"), "cgroup v2 has no such setting");
  }
  return base::ok();
}

void plan_cpu_v2(CgroupWork& work, const oci::Cpu& cpu) {
  if (const auto weight = harden::cpu_weight(cpu.shares.value_or(0))) {
    work.write_v2("cpu.weight", std::to_string(*weight), base::cat(kCpu, "/shares"));
  }
  // After the weight: that of an idle group cannot be set.
  if (cpu.idle) work.write_v2("cpu.idle", std::to_string(*cpu.idle), base::cat(kCpu, "/idle"));
  const std::int64_t quota = cpu.quota.value_or(0);
  const std::uint64_t period = cpu.period.value_or(0);
  if (quota != 0 || period != 0) {
    const std::string amount = quota > 0 ? std::to_string(quota) : "max";
    work.write_v2("cpu.max", base::cat(amount, " ", period != 0 ? period : kDefaultPeriod),
                  base::cat(kCpu, quota != 0 ? "/quota" : "/period"));
  }
  if (cpu.burst) work.write_v2("cpu.max.burst", std::to_string(*cpu.burst), base::cat(kCpu, "/burst"));
  if (cpu.realtime_period.value_or(0) != 0) {
    work.note(base::cat(kCpu, "/realtimePeriod"), "cgroup v2 has no such setting");
  }
  if (cpu.realtime_runtime.value_or(0) != 0) {
    work.note(base::cat(kCpu, "/realtimeRuntime"), "cgroup v2 has no such setting");
  }
}

void plan_block_io_v2(CgroupWork& work, const oci::BlockIo& io) {
  if (io.weight.value_or(0) != 0) {
    // The BFQ scheduler keeps the scale of v1.
    work.write_v2("io.bfq.weight", std::to_string(*io.weight), base::cat(kBlockIo, "/weight"));
    work.fallback("io.weight", std::to_string(io_weight(*io.weight)));
  }
  if (io.leaf_weight.value_or(0) != 0) {
    work.note(base::cat(kBlockIo, "/leafWeight"), "cgroup v2 has no such setting");
  }
  for (std::size_t i = 0; i < io.weight_device.size(); ++i) {
    const oci::WeightDevice& device = io.weight_device[i];
    const std::string because = base::cat(kBlockIo, "/weightDevice/", i);
    const std::string name = base::cat(device.major, ":", device.minor, " ");
    if (device.weight) {
      work.write_v2("io.bfq.weight", name + std::to_string(*device.weight), because + "/weight");
      work.fallback("io.weight", name + std::to_string(io_weight(*device.weight)));
    }
    if (device.leaf_weight) work.note(because + "/leafWeight", "cgroup v2 has no such setting");
  }
  throttle(work, io.throttle_read_bps, "rbps", "throttleReadBpsDevice");
  throttle(work, io.throttle_write_bps, "wbps", "throttleWriteBpsDevice");
  throttle(work, io.throttle_read_iops, "riops", "throttleReadIOPSDevice");
  throttle(work, io.throttle_write_iops, "wiops", "throttleWriteIOPSDevice");
}

}  // namespace plan
