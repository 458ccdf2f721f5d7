// The config.json that `bulkhead spec` writes: a shell with three capabilities on a read-only root. The same shape
// as `runc spec` prints, so that scripts that edit it with jq keep working.
#include <array>

#include "oci/json_writer.h"
#include "oci/write.h"

namespace oci {

namespace {

using List = std::vector<std::string_view>;

struct MountRow {
  std::string_view destination, type, source;
  List options;
};

void write_process(JsonWriter& out) {
  const List caps{"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"};
  out.name("process");
  out.begin_object();
  out.member("terminal", true);
  out.name("user");
  out.begin_object();
  out.member("uid", 0);
  out.member("gid", 0);
  out.end_object();
  out.strings("args", List{"sh"});
  out.strings("env", List{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"});
  out.member("cwd", "/");
  out.name("capabilities");
  out.begin_object();
  for (const auto* set : {"bounding", "effective", "permitted", "ambient"}) out.strings(set, caps);
  out.end_object();
  out.name("rlimits");
  out.begin_array();
  out.begin_object();
  out.member("type", "RLIMIT_NOFILE");
  out.member("hard", 1024);
  out.member("soft", 1024);
  out.end_object();
  out.end_array();
  out.member("noNewPrivileges", true);
  out.end_object();
}

void write_mounts(JsonWriter& out, bool rootless) {
  std::vector<MountRow> mounts{
      {"/proc", "proc", "proc", {}},
      {"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}},
      {"/dev/pts", "devpts", "devpts", {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
      {"/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}},
      {"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}},
      {"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}},
      {"/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}},
  };
  if (rootless) {
    // Group 5 is not mapped, and a new sysfs needs a network namespace of one's own.
    mounts[2].options.pop_back();
    mounts[5] = {"/sys", "none", "/sys", {"rbind", "nosuid", "noexec", "nodev", "ro"}};
  }
  out.name("mounts");
  out.begin_array();
  for (const auto& mount : mounts) {
    out.begin_object();
    out.member("destination", mount.destination);
    out.member("type", mount.type);
    out.member("source", mount.source);
    if (!mount.options.empty()) out.strings("options", mount.options);
    out.end_object();
  }
  out.end_array();
}

void write_mapping(JsonWriter& out, std::string_view name, std::uint32_t host_id) {
  out.name(name);
  out.begin_array();
  out.begin_object();
  out.member("containerID", 0);
  out.member("hostID", host_id);
  out.member("size", 1);
  out.end_object();
  out.end_array();
}

void write_deny_all_devices(JsonWriter& out) {
  out.name("resources");
  out.begin_object();
  out.name("devices");
  out.begin_array();
  out.begin_object();
  out.member("allow", false);
  out.member("access", "rwm");
  out.end_object();
  out.end_array();
  out.end_object();
}

void write_linux(JsonWriter& out, bool rootless, std::uint32_t uid, std::uint32_t gid) {
  out.name("linux");
  out.begin_object();
  if (rootless) {
    write_mapping(out, "uidMappings", uid);
    write_mapping(out, "gidMappings", gid);
  } else {
    write_deny_all_devices(out);
  }
  List namespaces{"pid", "network", "ipc", "uts", "mount", "cgroup"};
  if (rootless) namespaces = {"pid", "ipc", "uts", "mount", "cgroup", "user"};
  out.name("namespaces");
  out.begin_array();
  for (const auto type : namespaces) {
    out.begin_object();
    out.member("type", type);
    out.end_object();
  }
  out.end_array();
  out.strings("maskedPaths",
              List{"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
                   "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi"});
  out.strings("readonlyPaths", List{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"});
  out.end_object();
}

}  // namespace

std::string default_spec(bool rootless, std::uint32_t uid, std::uint32_t gid) {
  JsonWriter out("\t");
  out.begin_object();
  out.member("ociVersion", kOciVersionMax);
  write_process(out);
  out.name("root");
  out.begin_object();
  out.member("path", "rootfs");
  out.member("readonly", true);
  out.end_object();
  out.member("hostname", "bulkhead");
  write_mounts(out, rootless);
  write_linux(out, rootless, uid, gid);
  out.end_object();
  return out.take();
}

}  // namespace oci
