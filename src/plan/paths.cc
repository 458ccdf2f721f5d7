// Sysctls, LSM labels, read-only paths and, last of the mounts so that nothing can uncover them, masked paths.

#include <linux/mount.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "plan/builder.h"

namespace plan {
namespace {

struct SysctlOwner {
  std::string_view prefix;
  std::uint64_t ns;
  std::string_view name;
};

// Which namespace a sysctl belongs to; everything else would be set for the whole host.
constexpr std::array<SysctlOwner, 15> kOwners = {{
    {"kernel/msgmax", CLONE_NEWIPC, "ipc"},
    {"kernel/msgmnb", CLONE_NEWIPC, "ipc"},
    {"kernel/msgmni", CLONE_NEWIPC, "ipc"},
    {"kernel/msg_next_id", CLONE_NEWIPC, "ipc"},
    {"kernel/sem", CLONE_NEWIPC, "ipc"},
    {"kernel/sem_next_id", CLONE_NEWIPC, "ipc"},
    {"kernel/shmall", CLONE_NEWIPC, "ipc"},
    {"kernel/shmmax", CLONE_NEWIPC, "ipc"},
    {"kernel/shmmni", CLONE_NEWIPC, "ipc"},
    {"kernel/shm_next_id", CLONE_NEWIPC, "ipc"},
    {"kernel/shm_rmid_forced", CLONE_NEWIPC, "ipc"},
    {"fs/mqueue/", CLONE_NEWIPC, "ipc"},
    {"net/", CLONE_NEWNET, "network"},
    {"kernel/domainname", CLONE_NEWUTS, "uts"},
    {"user/", CLONE_NEWUSER, "user"},
}};

// sysctl.d(5): if the first separator is a slash, dots are part of a name; else the two change places.
std::string sysctl_path(std::string_view key) {
  const auto first = key.find_first_of("./");
  std::string path(key);
  if (first != std::string_view::npos && key[first] == '/') return path;
  for (char& c : path) c = c == '.' ? '/' : c == '/' ? '.' : c;
  return path;
}

base::Result<void> plan_sysctls(Builder& b) {
  for (const auto& [key, value] : b.spec.linux.sysctl) {
    const std::string pointer = "/linux/sysctl/" + key;
    const std::string path = sysctl_path(key);
    const auto owner = std::find_if(kOwners.begin(), kOwners.end(), [&](const SysctlOwner& o) {
      return o.prefix.ends_with('/') ? path.starts_with(o.prefix) : path == o.prefix;
    });
    if (owner == kOwners.end()) {
      return base::Error::config(base::cat("config.json: ", pointer, ": sysctl ", base::quote(key),
                                           " is not in a separate kernel namespace"));
    }
    if (!b.is_private(owner->ns)) {
      return base::Error::config(base::cat("config.json: ", pointer, ": sysctl ", base::quote(key), " is not allowed without a ",
                                           owner->name, " namespace of the container"));
    }
    b.add(Sysctl{b.private_proc, path, value}, pointer);
  }
  return base::ok();
}

// After all that is mounted: newer kernels count a mount that is attached nowhere yet (fsmount(2), open_tree(2)) as a mount
// namespace, and Linux 6.18 makes none then. Each of these files is that of the user namespace of who opens it (namespaces(7)).
void plan_nesting(Builder& b) {
  if (!b.hardened.locks().no_nested_namespaces) return;
  for (const char* name : {"user", "mnt", "pid", "net", "ipc", "uts", "cgroup", "time"}) {
    b.add(Sysctl{b.private_proc, base::cat("user/max_", name, "_namespaces"), "0"}, base::cat("policy ", b.plan.policy_name));
  }
}

base::Result<void> plan_labels(Builder& b) {
  const oci::Process& process = *b.spec.process;
  if (!process.apparmor_profile.empty()) {
    if (!b.facts.apparmor) {
      return base::Error::unsupported("config.json: /process/apparmorProfile: apparmor is not enabled on this host");
    }
    b.add(Label{b.private_proc, "attr/apparmor/exec", "exec " + process.apparmor_profile}, "/process/apparmorProfile");
  }
  if (!process.selinux_label.empty()) {
    if (!b.facts.selinux) {
      return base::Error::unsupported("config.json: /process/selinuxLabel: selinux is not enabled on this host");
    }
    b.add(Label{b.private_proc, "attr/exec", process.selinux_label}, "/process/selinuxLabel");
  }
  return base::ok();
}

Slot host_null(Builder& b) {
  BindTree bind;
  bind.source = "/dev/null";
  bind.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;  // not nodev: reading it would fail instead of finding nothing
  bind.propagation = MS_PRIVATE;
  bind.must_be_device = 1ULL << 32 | 3;
  bind.device_type = 'c';
  return b.add_fd(bind, "/linux/maskedPaths");
}

}  // namespace

base::Result<void> plan_paths(Builder& b) {
  TRY(plan_sysctls(b));
  for (std::size_t i = 0; i < b.spec.linux.readonly_paths.size(); ++i) {
    b.add(Readonly{clean_path(b.spec.linux.readonly_paths[i])}, base::cat("/linux/readonlyPaths/", i));
  }
  if (!b.spec.linux.masked_paths.empty()) {
    const Slot null = host_null(b);
    std::unordered_set<std::string> done;
    for (std::size_t i = 0; i < b.spec.linux.masked_paths.size(); ++i) {
      const std::string path = clean_path(b.spec.linux.masked_paths[i]);
      if (!done.insert(path).second) continue;
      b.add(Mask{path, null, b.mask_directory}, base::cat("/linux/maskedPaths/", i));
    }
  }
  plan_nesting(b);
  return plan_labels(b);
}

}  // namespace plan
