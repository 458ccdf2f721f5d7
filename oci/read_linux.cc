// linux, except resources and seccomp: namespaces, ids, devices, paths, sysctls.
#include <algorithm>

#include "oci/fields.h"

namespace oci {

namespace {

using base::Result;

Result<void> read_namespace_type(Reader&, const Cursor& cursor, Namespace& out) {
  out.type = TRY(read_name(cursor, namespace_types()));
  out.name = namespace_name(out.type);
  return base::ok();
}

// Empty means a new one, as for Go.
Result<void> read_namespace_path(Reader&, const Cursor& cursor, Namespace& out) {
  if (TRY(cursor.get_string()).empty()) return base::ok();
  out.path = TRY(read_absolute_path(cursor));
  return base::ok();
}

constexpr auto kNamespace = fields<Namespace>(with<Namespace, read_namespace_type>("type", "a string"),
                                              with<Namespace, read_namespace_path>("path"));

Result<void> read_namespaces(Reader& reader, const Cursor& cursor, Linux& out) {
  for (const Cursor& element : TRY(cursor.get_array())) {
    Namespace ns;
    TRY(read_object(reader, element, kNamespace, ns));
    for (const Namespace& other : out.namespaces)
      if (other.type == ns.type)
        return element.find("type")->fault(base::cat("namespace ", base::quote(ns.name), " given twice"));
    out.namespaces.push_back(std::move(ns));
  }
  return base::ok();
}

// "u" is an unbuffered character device, for mknod(1) the same as "c".
Result<void> read_device_type(Reader&, const Cursor& cursor, Device& out) {
  const std::string_view type = TRY(cursor.get_string());
  if (type.size() != 1 || std::string_view("cubp").find(type[0]) == std::string_view::npos)
    return not_one_of(cursor, {"c", "u", "b", "p"});
  out.type = type[0] == 'u' ? 'c' : type[0];
  return base::ok();
}

Result<void> read_device_path(Reader&, const Cursor& cursor, Device& out) {
  out.path = TRY(read_absolute_path(cursor));
  return base::ok();
}

// Engines copy st_mode: the file type's bits come along and are dropped.
Result<void> read_file_mode(Reader&, const Cursor& cursor, Device& out) {
  out.file_mode =
      static_cast<std::uint32_t>(TRY(cursor.get_u64(0, std::numeric_limits<std::uint32_t>::max()))) & 07777U;
  return base::ok();
}

// A device number has 12 bits for major and 20 for minor (<linux/kdev_t.h>); mknod(2) would silently cut a larger one
// and make another device.
constexpr std::int64_t kMaxMajor = (1 << 12) - 1;
constexpr std::int64_t kMaxMinor = (1 << 20) - 1;

constexpr auto kDevice = fields<Device>(
    with<Device, read_device_type>("type", "a string"), with<Device, read_device_path>("path", "an absolute path"),
    ranged<&Device::major, std::int64_t{0}, kMaxMajor>("major"),
    ranged<&Device::minor, std::int64_t{0}, kMaxMinor>("minor"), with<Device, read_file_mode>("fileMode"),
    ranged<&Device::uid, 0U, kMaxId>("uid"), ranged<&Device::gid, 0U, kMaxId>("gid"));

Result<void> read_devices(Reader& reader, const Cursor& cursor, Linux& out) {
  for (const Cursor& element : TRY(cursor.get_array()))
    TRY(read_object(reader, element, kDevice, out.devices.emplace_back()));
  return base::ok();
}

// One path element after another, none of them empty, "." or "..", so that no key can leave /proc/sys
// (CVE-2022-0811). "/" and "." both separate, as for sysctl(8).
bool is_sysctl_key(std::string_view key) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.' || c == '/';
  };
  if (key.empty() || !std::ranges::all_of(key, allowed)) return false;
  bool empty_part = true;
  for (const char c : key) {
    const bool separator = c == '.' || c == '/';
    if (separator && empty_part) return false;
    empty_part = separator;
  }
  return !empty_part;
}

Result<void> read_sysctl(Reader&, const Cursor& cursor, Linux& out) {
  constexpr std::size_t kMaxValue = 4095;  // a page less the NUL, all that one write(2) can hand over
  for (const Member& member : TRY(cursor.object_members())) {
    if (!is_sysctl_key(member.name)) return member.value.fault("want a sysctl such as net.core.somaxconn as its name");
    const std::string_view value = TRY(member.value.get_string());
    if (value.size() > kMaxValue || has_control_char(value))
      return member.value.mismatch(base::cat("one line of at most ", kMaxValue, " bytes"));
    out.sysctl.emplace(member.name, value);
  }
  return base::ok();
}

// `..` is resolved as text and cannot go above the top, so the path stays below the mount it is looked up in.
std::string clean_path(std::string_view path) {
  std::vector<std::string> parts;
  for (auto& part : base::split(path, '/')) {
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(std::move(part));
    }
  }
  return base::cat(path.front() == '/' ? "/" : "", base::join(parts, "/"));
}

Result<void> read_cgroups_path(Reader& reader, const Cursor& cursor, Linux& out) {
  constexpr std::size_t kNameMax = 255;
  constexpr std::size_t kPathMax = 4095;
  const std::string_view path = TRY(cursor.get_string());
  if (path.empty()) return base::ok();
  if (has_control_char(path)) return cursor.mismatch("a path without control characters");
  if (path.size() > kPathMax) return cursor.mismatch(base::cat("a path of at most ", kPathMax, " bytes"));
  for (const auto& part : base::split(path, '/'))
    if (part.size() > kNameMax) return cursor.mismatch(base::cat("names of at most ", kNameMax, " bytes"));
  out.cgroups_path = clean_path(path);
  if (out.cgroups_path.empty() || out.cgroups_path == "/")
    return cursor.mismatch("the path of a cgroup below the top one");
  for (const auto& part : base::split(path, '/'))
    if (part == "..") {
      reader.warn(cursor, base::cat("\"..\" resolved: taken as ", base::quote(out.cgroups_path)));
      break;
    }
  return base::ok();
}

Result<void> read_propagation(Reader&, const Cursor& cursor, Linux& out) {
  static constexpr std::array<std::string_view, 8> kNames{"private", "rprivate", "shared",     "rshared",
                                                          "slave",   "rslave",   "unbindable", "runbindable"};
  const std::string_view name = TRY(cursor.get_string());
  if (!name.empty() && std::ranges::find(kNames, name) == kNames.end())
    return not_one_of(cursor, {kNames.begin(), kNames.end()});
  out.rootfs_propagation = name;
  return base::ok();
}

template <std::vector<std::string> Linux::*M>
Result<void> read_paths(Reader&, const Cursor& cursor, Linux& out) {
  return read_absolute_paths(cursor, out.*M);
}

template <std::vector<IdMapping> Linux::*M>
Result<void> read_mappings(Reader& reader, const Cursor& cursor, Linux& out) {
  return read_id_mappings(reader, cursor, out.*M);
}

Result<void> read_seccomp_section(Reader& reader, const Cursor& cursor, Linux& out) {
  return read_seccomp(reader, cursor, out.seccomp);
}

constexpr auto kTimeOffset =
    fields<TimeOffset>(field<&TimeOffset::secs>("secs"), ranged<&TimeOffset::nanosecs, 0U, 999999999U>("nanosecs"));

// time_namespaces(7) has these two clocks.
Result<void> read_time_offsets(Reader& reader, const Cursor& cursor, Linux& out) {
  for (const Member& member : TRY(cursor.object_members())) {
    if (member.value.is_null()) continue;
    if (member.name != "monotonic" && member.name != "boottime")
      return member.value.fault("unknown clock: want monotonic or boottime");
    auto& offset = member.name == "monotonic" ? out.monotonic_offset : out.boottime_offset;
    TRY(read_object(reader, member.value, kTimeOffset, offset.emplace()));
  }
  return base::ok();
}

constexpr auto kIntelRdt =
    fields<IntelRdt>(field<&IntelRdt::clos_id>("closID"), field<&IntelRdt::l3_cache_schema>("l3CacheSchema"),
                     field<&IntelRdt::mem_bw_schema>("memBwSchema"), field<&IntelRdt::schemata>("schemata"),
                     field<&IntelRdt::enable_monitoring>("enableMonitoring"), ignored<IntelRdt>("enableCMT"),
                     ignored<IntelRdt>("enableMBM"));

Result<void> read_intel_rdt(Reader& reader, const Cursor& cursor, Linux& out) {
  return read_object(reader, cursor, kIntelRdt, out.intel_rdt.emplace());
}

struct PersonalityDomain {
  std::uint64_t value = 0;
};

Result<void> read_domain(Reader&, const Cursor& cursor, PersonalityDomain& out) {
  out.value = TRY(read_name(cursor, personalities()));
  return base::ok();
}

// The runtime-spec names no flag, so that there is none to obey.
Result<void> read_personality_flags(Reader& reader, const Cursor& cursor, PersonalityDomain&) {
  if (!TRY(cursor.get_strings()).empty()) reader.warn(cursor, "personality flags are ignored");
  return base::ok();
}

constexpr auto kPersonality = fields<PersonalityDomain>(with<PersonalityDomain, read_domain>("domain", "a string"),
                                                        with<PersonalityDomain, read_personality_flags>("flags"));

Result<void> read_personality(Reader& reader, const Cursor& cursor, Linux& out) {
  PersonalityDomain domain;
  TRY(read_object(reader, cursor, kPersonality, domain));
  out.personality = domain.value;
  return base::ok();
}

// Whether anything is asked for. What it is matters to no one until it can be done.
template <bool Linux::*M>
Result<void> read_presence(Reader&, const Cursor& cursor, Linux& out) {
  out.*M = !TRY(cursor.object_members()).empty();
  return base::ok();
}

constexpr auto kLinux = fields<Linux>(
    with<Linux, read_mappings<&Linux::uid_mappings>>("uidMappings"),
    with<Linux, read_mappings<&Linux::gid_mappings>>("gidMappings"), with<Linux, read_sysctl>("sysctl"),
    field<&Linux::resources>("resources"), with<Linux, read_cgroups_path>("cgroupsPath"),
    with<Linux, read_namespaces>("namespaces"), with<Linux, read_devices>("devices"),
    with<Linux, read_seccomp_section>("seccomp"), with<Linux, read_propagation>("rootfsPropagation"),
    with<Linux, read_paths<&Linux::masked_paths>>("maskedPaths"),
    with<Linux, read_paths<&Linux::readonly_paths>>("readonlyPaths"), field<&Linux::mount_label>("mountLabel"),
    with<Linux, read_intel_rdt>("intelRdt"), with<Linux, read_personality>("personality"),
    with<Linux, read_time_offsets>("timeOffsets"), with<Linux, read_presence<&Linux::has_net_devices>>("netDevices"),
    with<Linux, read_presence<&Linux::has_memory_policy>>("memoryPolicy"));

}  // namespace

Result<void> read_value(Reader& reader, const Cursor& cursor, Linux& out) {
  return read_object(reader, cursor, kLinux, out);
}

}  // namespace oci
