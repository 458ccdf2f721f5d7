// linux of config.json, except resources.
#include "oci/names.h"
#include "oci/write_members.h"

namespace oci {

namespace {

void write_namespace(JsonWriter& out, const Namespace& ns) {
  out.member("type", ns.name);
  write_optional(out, "path", ns.path);
}

void write_device(JsonWriter& out, const Device& device) {
  out.member("type", std::string_view(&device.type, 1));
  out.member("path", device.path);
  out.member("major", device.major);
  out.member("minor", device.minor);
  write_optional(out, "fileMode", device.file_mode);
  write_optional(out, "uid", device.uid);
  write_optional(out, "gid", device.gid);
}

void write_intel_rdt(JsonWriter& out, const IntelRdt& rdt) {
  write_optional(out, "closID", rdt.clos_id);
  write_optional(out, "l3CacheSchema", rdt.l3_cache_schema);
  write_optional(out, "memBwSchema", rdt.mem_bw_schema);
  write_optional(out, "schemata", rdt.schemata);
  if (rdt.enable_monitoring) out.member("enableMonitoring", true);
}

void write_offset(JsonWriter& out, const TimeOffset& offset) {
  out.member("secs", offset.secs);
  out.member("nanosecs", offset.nanosecs);
}

void write_arg(JsonWriter& out, const SeccompArg& arg) {
  out.member("index", arg.index);
  out.member("value", arg.value);
  if (arg.value_two != 0) out.member("valueTwo", arg.value_two);
  out.member("op", seccomp_operator_name(arg.op));
}

void write_rule(JsonWriter& out, const SeccompRule& rule) {
  out.strings("names", rule.names);
  out.member("action", seccomp_action_name(rule.action));
  write_optional(out, "errnoRet", rule.errno_ret);
  write_objects(out, "args", rule.args, write_arg);
}

}  // namespace

// An empty list of flags is none; an absent one leaves them to the runtime.
void write_seccomp(JsonWriter& out, const Seccomp& seccomp) {
  out.member("defaultAction", seccomp_action_name(seccomp.default_action));
  write_optional(out, "defaultErrnoRet", seccomp.default_errno_ret);
  write_optional(out, "architectures", seccomp.architectures);
  if (seccomp.flags) out.strings("flags", *seccomp.flags);
  write_optional(out, "listenerPath", seccomp.listener_path);
  write_optional(out, "listenerMetadata", seccomp.listener_metadata);
  write_objects(out, "syscalls", seccomp.syscalls, write_rule);
}

void write_linux(JsonWriter& out, const Linux& config) {
  write_id_mappings(out, "uidMappings", config.uid_mappings);
  write_id_mappings(out, "gidMappings", config.gid_mappings);
  write_optional(out, "sysctl", config.sysctl);
  write_object(out, "resources", config.resources, write_resources);
  write_optional(out, "cgroupsPath", config.cgroups_path);
  write_objects(out, "namespaces", config.namespaces, write_namespace);
  write_objects(out, "devices", config.devices, write_device);
  write_object(out, "seccomp", config.seccomp, write_seccomp);
  write_optional(out, "rootfsPropagation", config.rootfs_propagation);
  write_optional(out, "maskedPaths", config.masked_paths);
  write_optional(out, "readonlyPaths", config.readonly_paths);
  write_optional(out, "mountLabel", config.mount_label);
  write_object(out, "intelRdt", config.intel_rdt, write_intel_rdt);
  if (config.personality) {
    write_object(out, "personality", *config.personality, [](JsonWriter& o, std::uint64_t domain) {
      o.member("domain", name_of(personalities(), domain));
    });
  }
  if (!config.monotonic_offset && !config.boottime_offset) return;
  write_object(out, "timeOffsets", config, [](JsonWriter& o, const Linux& of) {
    write_object(o, "monotonic", of.monotonic_offset, write_offset);
    write_object(o, "boottime", of.boottime_offset, write_offset);
  });
}

}  // namespace oci
