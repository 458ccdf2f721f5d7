// linux.resources of config.json.
#include "oci/write_members.h"

namespace oci {

namespace {

// Type "a" is about all of them whatever else is said; the rest is kept as it was read.
void write_device_rule(JsonWriter& out, const DeviceRule& rule) {
  out.member("allow", rule.allow);
  out.member("type", std::string_view(&rule.type, 1));
  write_optional(out, "major", rule.major);
  write_optional(out, "minor", rule.minor);
  out.member("access", rule.access);
}

void write_memory(JsonWriter& out, const Memory& memory) {
  write_optional(out, "limit", memory.limit);
  write_optional(out, "reservation", memory.reservation);
  write_optional(out, "swap", memory.swap);
  write_optional(out, "kernel", memory.kernel);
  write_optional(out, "kernelTCP", memory.kernel_tcp);
  write_optional(out, "swappiness", memory.swappiness);
  write_optional(out, "disableOOMKiller", memory.disable_oom_killer);
  write_optional(out, "useHierarchy", memory.use_hierarchy);
  write_optional(out, "checkBeforeUpdate", memory.check_before_update);
}

void write_cpu(JsonWriter& out, const Cpu& cpu) {
  write_optional(out, "shares", cpu.shares);
  write_optional(out, "quota", cpu.quota);
  write_optional(out, "burst", cpu.burst);
  write_optional(out, "period", cpu.period);
  write_optional(out, "realtimeRuntime", cpu.realtime_runtime);
  write_optional(out, "realtimePeriod", cpu.realtime_period);
  write_optional(out, "cpus", cpu.cpus);
  write_optional(out, "mems", cpu.mems);
  write_optional(out, "idle", cpu.idle);
}

void write_weight(JsonWriter& out, const WeightDevice& device) {
  out.member("major", device.major);
  out.member("minor", device.minor);
  write_optional(out, "weight", device.weight);
  write_optional(out, "leafWeight", device.leaf_weight);
}

void write_throttle(JsonWriter& out, const ThrottleDevice& device) {
  out.member("major", device.major);
  out.member("minor", device.minor);
  out.member("rate", device.rate);
}

void write_block_io(JsonWriter& out, const BlockIo& io) {
  write_optional(out, "weight", io.weight);
  write_optional(out, "leafWeight", io.leaf_weight);
  write_objects(out, "weightDevice", io.weight_device, write_weight);
  write_objects(out, "throttleReadBpsDevice", io.throttle_read_bps, write_throttle);
  write_objects(out, "throttleWriteBpsDevice", io.throttle_write_bps, write_throttle);
  write_objects(out, "throttleReadIOPSDevice", io.throttle_read_iops, write_throttle);
  write_objects(out, "throttleWriteIOPSDevice", io.throttle_write_iops, write_throttle);
}

void write_hugepages(JsonWriter& out, const HugepageLimit& pages) {
  out.member("pageSize", pages.page_size);
  out.member("limit", pages.limit);
}

void write_priority(JsonWriter& out, const InterfacePriority& priority) {
  out.member("name", priority.name);
  out.member("priority", priority.priority);
}

void write_network(JsonWriter& out, const Network& network) {
  write_optional(out, "classID", network.class_id);
  write_objects(out, "priorities", network.priorities, write_priority);
}

void write_rdma(JsonWriter& out, const Rdma& rdma) {
  write_optional(out, "hcaHandles", rdma.hca_handles);
  write_optional(out, "hcaObjects", rdma.hca_objects);
}

}  // namespace

void write_resources(JsonWriter& out, const Resources& resources) {
  write_objects(out, "devices", resources.devices, write_device_rule);
  write_object(out, "memory", resources.memory, write_memory);
  write_object(out, "cpu", resources.cpu, write_cpu);
  if (resources.pids_limit) {
    write_object(out, "pids", *resources.pids_limit, [](JsonWriter& o, std::int64_t limit) { o.member("limit", limit); });
  }
  write_object(out, "blockIO", resources.block_io, write_block_io);
  write_objects(out, "hugepageLimits", resources.hugepage_limits, write_hugepages);
  write_object(out, "network", resources.network, write_network);
  if (!resources.rdma.empty()) {
    write_object(out, "rdma", resources.rdma, [](JsonWriter& o, const std::map<std::string, Rdma>& all) {
      for (const auto& [name, rdma] : all) write_object(o, name, rdma, write_rdma);
    });
  }
  if (resources.unified.empty()) return;
  write_object(out, "unified", resources.unified, [](JsonWriter& o, const auto& all) {
    for (const auto& [name, value] : all) o.member(name, value);
  });
}

}  // namespace oci
