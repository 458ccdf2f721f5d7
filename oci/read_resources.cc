// linux.resources: what the cgroup allows. Values as they stand; their meaning per cgroup version is plan's.
#include <algorithm>

#include "oci/fields.h"

namespace oci {

namespace {

using base::Result;

constexpr std::int64_t kMaxI64 = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMaxDeviceNumber = std::numeric_limits<std::uint32_t>::max();

Result<void> read_rule_type(Reader&, const Cursor& cursor, DeviceRule& out) {
  const std::string_view type = TRY(cursor.get_string());
  if (type.empty()) return base::ok();  // all, as for Go
  if (type.size() != 1 || std::string_view("acb").find(type[0]) == std::string_view::npos)
    return not_one_of(cursor, {"a", "c", "b"});
  out.type = type[0];
  return base::ok();
}

Result<void> read_rule_access(Reader&, const Cursor& cursor, DeviceRule& out) {
  out.access = TRY(cursor.get_string());
  if (out.access.empty() || out.access.find_first_not_of("rwm") != std::string::npos)
    return cursor.mismatch("some of rwm");
  return base::ok();
}

constexpr auto kDeviceRule =
    fields<DeviceRule>(field<&DeviceRule::allow>("allow", "true or false"), with<DeviceRule, read_rule_type>("type"),
                       ranged<&DeviceRule::major, std::int64_t{-1}, kMaxDeviceNumber>("major"),
                       ranged<&DeviceRule::minor, std::int64_t{-1}, kMaxDeviceNumber>("minor"),
                       with<DeviceRule, read_rule_access>("access", "some of rwm"));

// -1 is "no limit".
constexpr auto kMemory = fields<Memory>(
    ranged<&Memory::limit, std::int64_t{-1}, kMaxI64>("limit"),
    ranged<&Memory::reservation, std::int64_t{-1}, kMaxI64>("reservation"),
    ranged<&Memory::swap, std::int64_t{-1}, kMaxI64>("swap"),
    ranged<&Memory::kernel, std::int64_t{-1}, kMaxI64>("kernel"),
    ranged<&Memory::kernel_tcp, std::int64_t{-1}, kMaxI64>("kernelTCP"), field<&Memory::swappiness>("swappiness"),
    field<&Memory::disable_oom_killer>("disableOOMKiller"), field<&Memory::use_hierarchy>("useHierarchy"),
    field<&Memory::check_before_update>("checkBeforeUpdate"));

// cpuset(7) lists have forms that only the kernel knows; nothing but a line break could do harm.
template <std::string Cpu::*M>
Result<void> read_cpuset(Reader&, const Cursor& cursor, Cpu& out) {
  out.*M = TRY(cursor.get_string());
  if (has_control_char(out.*M)) return cursor.mismatch("a list such as 0-3,5");
  return base::ok();
}

constexpr auto kCpu = fields<Cpu>(
    field<&Cpu::shares>("shares"), field<&Cpu::burst>("burst"), field<&Cpu::period>("period"),
    field<&Cpu::realtime_period>("realtimePeriod"), field<&Cpu::quota>("quota"),
    field<&Cpu::realtime_runtime>("realtimeRuntime"), ranged<&Cpu::idle, std::int64_t{0}, std::int64_t{1}>("idle"),
    with<Cpu, read_cpuset<&Cpu::cpus>>("cpus"), with<Cpu, read_cpuset<&Cpu::mems>>("mems"));

// 0 is "not set": engines that fill in every member send it.
Result<std::uint16_t> weight(const Cursor& cursor) {
  const std::uint64_t value = TRY(cursor.get_u64());
  if (value != 0 && (value < 10 || value > 1000)) return cursor.mismatch("0 or 10..1000");
  return static_cast<std::uint16_t>(value);
}

template <typename T, std::optional<std::uint16_t> T::*M>
Result<void> read_weight(Reader&, const Cursor& cursor, T& out) {
  out.*M = TRY(weight(cursor));
  return base::ok();
}

constexpr auto kWeightDevice =
    fields<WeightDevice>(ranged<&WeightDevice::major, std::int64_t{0}, kMaxDeviceNumber>("major", "an integer"),
                         ranged<&WeightDevice::minor, std::int64_t{0}, kMaxDeviceNumber>("minor", "an integer"),
                         with<WeightDevice, read_weight<WeightDevice, &WeightDevice::weight>>("weight"),
                         with<WeightDevice, read_weight<WeightDevice, &WeightDevice::leaf_weight>>("leafWeight"));

constexpr auto kThrottle =
    fields<ThrottleDevice>(ranged<&ThrottleDevice::major, std::int64_t{0}, kMaxDeviceNumber>("major", "an integer"),
                           ranged<&ThrottleDevice::minor, std::int64_t{0}, kMaxDeviceNumber>("minor", "an integer"),
                           field<&ThrottleDevice::rate>("rate"));

template <typename T, auto M, const auto& Table>
Result<void> read_list(Reader& reader, const Cursor& cursor, T& out) {
  for (const Cursor& element : TRY(cursor.get_array()))
    TRY(read_object(reader, element, Table, (out.*M).emplace_back()));
  return base::ok();
}

constexpr auto kBlockIo = fields<BlockIo>(
    with<BlockIo, read_weight<BlockIo, &BlockIo::weight>>("weight"),
    with<BlockIo, read_weight<BlockIo, &BlockIo::leaf_weight>>("leafWeight"),
    with<BlockIo, read_list<BlockIo, &BlockIo::weight_device, kWeightDevice>>("weightDevice"),
    with<BlockIo, read_list<BlockIo, &BlockIo::throttle_read_bps, kThrottle>>("throttleReadBpsDevice"),
    with<BlockIo, read_list<BlockIo, &BlockIo::throttle_write_bps, kThrottle>>("throttleWriteBpsDevice"),
    with<BlockIo, read_list<BlockIo, &BlockIo::throttle_read_iops, kThrottle>>("throttleReadIOPSDevice"),
    with<BlockIo, read_list<BlockIo, &BlockIo::throttle_write_iops, kThrottle>>("throttleWriteIOPSDevice"));

// The size is part of a file name: hugetlb.2MB.max. ^[1-9][0-9]*[KMG]B$
bool is_page_size(std::string_view size) {
  if (size.size() < 3 || size.back() != 'B') return false;
  const char unit = size[size.size() - 2];
  const std::string_view digits = size.substr(0, size.size() - 2);
  return (unit == 'K' || unit == 'M' || unit == 'G') && digits.front() != '0' &&
         digits.find_first_not_of("0123456789") == std::string_view::npos;
}

Result<void> read_page_size(Reader&, const Cursor& cursor, HugepageLimit& out) {
  out.page_size = TRY(cursor.get_string());
  if (!is_page_size(out.page_size)) return cursor.mismatch("a page size such as 2MB");
  return base::ok();
}

constexpr auto kHugepage = fields<HugepageLimit>(with<HugepageLimit, read_page_size>("pageSize", "a string"),
                                                 field<&HugepageLimit::limit>("limit", "an integer"));

// One "name priority" line of net_prio.ifpriomap: the name must not be able to make it two.
Result<void> read_interface(Reader&, const Cursor& cursor, InterfacePriority& out) {
  out.name = TRY(cursor.get_string());
  if (out.name.empty() || has_control_char(out.name) || out.name.find_first_of(" /") != std::string::npos)
    return cursor.mismatch("the name of a network interface");
  return base::ok();
}

constexpr auto kPriority = fields<InterfacePriority>(with<InterfacePriority, read_interface>("name", "a string"),
                                                     field<&InterfacePriority::priority>("priority", "an integer"));

constexpr auto kNetwork =
    fields<Network>(field<&Network::class_id>("classID"),
                    with<Network, read_list<Network, &Network::priorities, kPriority>>("priorities"));

constexpr auto kRdma = fields<Rdma>(field<&Rdma::hca_handles>("hcaHandles"), field<&Rdma::hca_objects>("hcaObjects"));

Result<void> read_rdma(Reader& reader, const Cursor& cursor, Resources& out) {
  for (const Member& member : TRY(cursor.object_members())) {
    if (member.name.empty() || has_control_char(member.name) || member.name.find(' ') != std::string_view::npos)
      return member.value.fault("want the name of an RDMA device as its name");
    TRY(read_object(reader, member.value, kRdma, out.rdma[std::string(member.name)]));
  }
  return base::ok();
}

struct Pids {
  std::optional<std::int64_t> limit;
};
constexpr auto kPids = fields<Pids>(field<&Pids::limit>("limit"));

Result<void> read_pids(Reader& reader, const Cursor& cursor, Resources& out) {
  Pids pids;
  TRY(read_object(reader, cursor, kPids, pids));
  out.pids_limit = pids.limit;
  return base::ok();
}

// A file of a controller: two or more parts of letters, digits and "_" joined by dots, so that it can be in no
// other directory ("../x", GHSA-5g49-rx9x-qfc6), and none of the cgroup core's own ("cgroup.procs").
bool is_unified_key(std::string_view key) {
  if (key.starts_with("cgroup.") || key.find('.') == std::string_view::npos) return false;
  for (const auto& part : base::split(key, '.')) {
    const bool valid = std::ranges::all_of(part, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
    if (part.empty() || !valid) return false;
  }
  return true;
}

Result<void> read_unified(Reader&, const Cursor& cursor, Resources& out) {
  for (const Member& member : TRY(cursor.object_members())) {
    if (!is_unified_key(member.name))
      return member.value.fault("want the file of a cgroup v2 controller such as memory.high as its name");
    out.unified.emplace_back(member.name, TRY(member.value.get_string()));
  }
  return base::ok();
}

template <auto M, const auto& Table>
Result<void> read_part(Reader& reader, const Cursor& cursor, Resources& out) {
  return read_object(reader, cursor, Table, (out.*M).emplace());
}

constexpr auto kResources =
    fields<Resources>(with<Resources, read_list<Resources, &Resources::devices, kDeviceRule>>("devices"),
                      with<Resources, read_part<&Resources::memory, kMemory>>("memory"),
                      with<Resources, read_part<&Resources::cpu, kCpu>>("cpu"), with<Resources, read_pids>("pids"),
                      with<Resources, read_part<&Resources::block_io, kBlockIo>>("blockIO"),
                      with<Resources, read_list<Resources, &Resources::hugepage_limits, kHugepage>>("hugepageLimits"),
                      with<Resources, read_part<&Resources::network, kNetwork>>("network"),
                      with<Resources, read_rdma>("rdma"), with<Resources, read_unified>("unified"));

}  // namespace

Result<void> read_value(Reader& reader, const Cursor& cursor, Resources& out) {
  return read_object(reader, cursor, kResources, out);
}

}  // namespace oci
