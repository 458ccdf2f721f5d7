#include "samples.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "oci/read.h"
#include "policy/find.h"

namespace harden_test {

namespace {

constexpr const char* kDocker = R"({
  "ociVersion": "1.2.0",
  "process": {
    "user": {"uid": 0, "gid": 0, "additionalGids": [0, 10]},
    "args": ["/server"], "env": ["PATH=/bin", "PORT=80"], "cwd": "/",
    "capabilities": {
      "bounding": ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW",
        "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
        "CAP_KILL", "CAP_AUDIT_WRITE"],
      "effective": ["CAP_CHOWN", "CAP_NET_BIND_SERVICE"],
      "permitted": ["CAP_CHOWN", "CAP_NET_BIND_SERVICE"]
    },
    "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 1048576, "hard": 1048576}],
    "oomScoreAdj": 0
  },
  "root": {"path": "rootfs"},
  "hostname": "web",
  "mounts": [
    {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
    {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
    {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
    {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro", "nosuid", "noexec", "nodev"]},
    {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"]},
    {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=67108864"]},
    {"destination": "/etc/hosts", "type": "bind", "source": "/var/lib/docker/containers/x/hosts", "options": ["rbind", "rprivate"]},
    {"destination": "/data", "type": "bind", "source": "/srv/data", "options": ["rbind", "ro", "rprivate"]}
  ],
  "linux": {
    "cgroupsPath": "/docker/abc",
    "namespaces": [{"type": "mount"}, {"type": "network"}, {"type": "uts"}, {"type": "pid"}, {"type": "ipc"}],
    "sysctl": {"net.core.somaxconn": "1024", "net.ipv4.tcp_syncookies": "1"},
    "devices": [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 438, "uid": 0, "gid": 0}],
    "resources": {"devices": [{"allow": false, "access": "rwm"},
                              {"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rw"}]},
    "maskedPaths": ["/proc/kcore", "/proc/keys"],
    "readonlyPaths": ["/proc/bus", "/proc/sys"],
    "seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"],
                "syscalls": [{"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"}]}
  }
})";

constexpr const char* kKubernetes = R"({
  "ociVersion": "1.2.0",
  "process": {
    "user": {"uid": 1000, "gid": 1000, "additionalGids": [1000]},
    "args": ["python3", "app.py"], "env": ["PORT=8080", "K_SERVICE=hello"], "cwd": "/app",
    "capabilities": {},
    "noNewPrivileges": true, "oomScoreAdj": 998
  },
  "root": {"path": "/run/containerd/io.containerd.runtime.v2.task/k8s.io/c1/rootfs", "readonly": true},
  "mounts": [
    {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
    {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
    {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
    {"destination": "/tmp/cache", "type": "bind", "source": "/var/lib/kubelet/pods/p/volumes/cache", "options": ["rbind", "rprivate", "rw"]},
    {"destination": "/etc/hosts", "type": "bind", "source": "/var/lib/kubelet/pods/p/etc-hosts", "options": ["rbind", "rprivate", "rw"]},
    {"destination": "/dev/shm", "type": "bind", "source": "/run/containerd/sandboxes/p/shm", "options": ["rbind", "rprivate", "rw"]}
  ],
  "annotations": {"io.kubernetes.cri.container-name": "user-container"},
  "linux": {
    "cgroupsPath": "/kubepods/burstable/podp/c1",
    "namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "cgroup"},
                   {"type": "ipc", "path": "/proc/77/ns/ipc"}, {"type": "uts", "path": "/proc/77/ns/uts"},
                   {"type": "network", "path": "/proc/77/ns/net"}],
    "resources": {"devices": [{"allow": false, "access": "rwm"}],
                  "memory": {"limit": 134217728, "swap": 134217728}, "cpu": {"shares": 102}, "pids": {"limit": 64}},
    "maskedPaths": ["/proc/acpi", "/proc/kcore"],
    "readonlyPaths": ["/proc/bus"]
  }
})";

constexpr const char* kFaasd = R"({
  "ociVersion": "1.2.0",
  "process": {
    "user": {"uid": 12000, "gid": 12000}, "args": ["fwatchdog"], "env": ["fprocess=figlet"], "cwd": "/home/app",
    "capabilities": {"bounding": ["CAP_NET_RAW"], "effective": ["CAP_NET_RAW"], "permitted": ["CAP_NET_RAW"]},
    "noNewPrivileges": true,
    "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 1024, "hard": 1024}]
  },
  "root": {"path": "rootfs"},
  "mounts": [
    {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
    {"destination": "/run", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
    {"destination": "/etc/resolv.conf", "type": "bind", "source": "/var/lib/faasd/resolv.conf", "options": ["rbind", "ro"]}
  ],
  "linux": {
    "cgroupsPath": "/openfaas-fn/figlet",
    "namespaces": [{"type": "pid"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}, {"type": "network"}],
    "resources": {"devices": [{"allow": false, "access": "rwm"}]}
  }
})";

oci::Spec read(const char* text) {
  auto spec = oci::read_spec(text);
  if (!spec) {
    std::fprintf(stderr, "a sample is wrong: %s\n", spec.error().message().c_str());
    std::abort();
  }
  return std::move(*spec);
}

policy::Policy load(const char* name) {
  auto policy = policy::load_policy(name);
  if (!policy) {
    std::fprintf(stderr, "%s\n", policy.error().message().c_str());
    std::abort();
  }
  return std::move(*policy);
}

}  // namespace

oci::Spec docker() { return read(kDocker); }
oci::Spec kubernetes() { return read(kKubernetes); }
oci::Spec faasd() { return read(kFaasd); }

const policy::Policy& faas() {
  static const policy::Policy kPolicy = load("faas");
  return kPolicy;
}

const policy::Policy& passthrough() {
  static const policy::Policy kPolicy = load("passthrough");
  return kPolicy;
}

policy::Policy none() {
  policy::Policy out;
  out.name = "x";
  out.version = "1";
  return out;
}

policy::Policy environmental() {
  auto policy = faas();
  const auto rule = [&](const char* name, auto value) {
    using Value = decltype(value);
    return policy::Setting<Value>{.value = std::move(value),
                                  .origin = {.file = "faas.json", .pointer = std::string("/environment/") + name},
                                  .why = ""};
  };
  using List = std::vector<std::string>;
  policy.environment.allow =
      rule("allow", List{"PATH", "HOME", "DB_*", "LD_*", "LC_*", "TOKEN", "X", "*_TOKEN", "*_SECRET"});
  policy.environment.strip = rule("strip", List{"LD_PRELOAD", "PASSWORD_FILE"});
  policy.environment.warn = rule("warn", List{"LD_LIBRARY_PATH"});
  policy.environment.secrets = rule("secrets", policy::Secrets::kRedirect);
  policy.environment.keep = rule("keep", List{"OTEL_*"});
  return policy;
}

harden::Abilities can_remap() {
  return {.remap = true, .remap_unable = "", .remap_base = 1000000000, .noswap = true, .noswap_unable = "",
          .speculation = 3, .landlock_abi = harden::kNewestLandlock};
}
harden::Abilities cannot_remap() {
  return {.remap = false, .remap_unable = "no idmapped mounts", .remap_base = 0, .noswap_unable = "too old a kernel"};
}

harden::Outcome hardened(const oci::Spec& spec, const policy::Policy& policy, const harden::Abilities& abilities) {
  auto outcome = harden::harden(spec, policy, abilities);
  if (!outcome) {
    std::fprintf(stderr, "refused: %s\n", outcome.error().message().c_str());
    std::abort();
  }
  return std::move(*outcome);
}

const harden::Decision* decision(const harden::Outcome& outcome, std::string_view control) {
  for (const auto& d : outcome.decisions)
    if (d.control == control) return &d;
  return nullptr;
}

}  // namespace harden_test
