// Device nodes and the links that programs expect in /dev. In a user namespace nodes cannot be made: there the host's
// own node, checked by number, is bound onto an empty file.

#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <array>

#include "plan/builder.h"

namespace plan {
namespace {

struct DefaultDevice {
  const char* path;
  std::uint32_t major, minor;
};

// runtime-spec, "Default Devices" (console and ptmx are not nodes).
constexpr std::array<DefaultDevice, 6> kDefaults = {{{"/dev/null", 1, 3},
                                                     {"/dev/zero", 1, 5},
                                                     {"/dev/full", 1, 7},
                                                     {"/dev/random", 1, 8},
                                                     {"/dev/urandom", 1, 9},
                                                     {"/dev/tty", 5, 0}}};

constexpr std::array<std::pair<const char*, const char*>, 4> kLinks = {{{"/dev/fd", "/proc/self/fd"},
                                                                        {"/dev/stdin", "/proc/self/fd/0"},
                                                                        {"/dev/stdout", "/proc/self/fd/1"},
                                                                        {"/dev/stderr", "/proc/self/fd/2"}}};

std::uint64_t pack(std::int64_t major, std::int64_t minor) {
  return static_cast<std::uint64_t>(major) << 32 | static_cast<std::uint32_t>(minor);
}

void bind_host_node(Builder& b, const std::string& path, const std::string& source, char type, std::uint64_t dev,
                    const std::string& because) {
  BindTree bind;
  bind.source = source;
  bind.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
  bind.must_be_device = dev;
  bind.device_type = type;
  bind.propagation = MS_PRIVATE;
  const Slot slot = b.add_fd(bind, because);
  Attach attach{slot, path, base::cat("device ", source)};
  attach.no_symlinks = true;
  attach.attr = bind.attr_set;
  attach.below = fresh_parent(b, path, b.plan.mounts.size());
  attach.file = true;
  b.add(attach, because);
}

void plan_node(Builder& b, const std::string& path, char type, std::uint64_t dev, std::uint32_t mode, std::uint32_t uid,
               std::uint32_t gid, const std::string& because) {
  if (b.in_userns() && type != 'p') {
    bind_host_node(b, path, path, type, dev, because);
    return;
  }
  const std::uint32_t kind = type == 'b' ? S_IFBLK : type == 'p' ? S_IFIFO : S_IFCHR;
  b.add(Node{path, kind | mode, dev, uid, gid, fresh_parent(b, path, b.plan.mounts.size())}, because);
}

// The host's whole /dev, bound by the engine, is not ours to change.
bool dev_is_bound(const Builder& b) {
  for (const auto& mount : b.plan.mounts) {
    if (mount.target == "/dev") return mount.bind;
  }
  return false;
}

const oci::Device* find_device(const Builder& b, std::string_view path, std::size_t& index) {
  for (index = 0; index < b.spec.linux.devices.size(); ++index) {
    if (clean_path(b.spec.linux.devices[index].path) == path) return &b.spec.linux.devices[index];
  }
  return nullptr;
}

}  // namespace

base::Result<void> plan_devices(Builder& b) {
  if (dev_is_bound(b)) return base::ok();
  for (const auto& device : kDefaults) {
    std::size_t index = 0;
    if (find_device(b, device.path, index) != nullptr) continue;  // the configuration has its own idea of it
    plan_node(b, device.path, 'c', pack(device.major, device.minor), 0666, 0, 0, "runtime: default device");
  }
  for (std::size_t i = 0; i < b.spec.linux.devices.size(); ++i) {
    const oci::Device& device = b.spec.linux.devices[i];
    const std::string path = clean_path(device.path);
    if (path == "/dev/ptmx") continue;  // always the container's own, a link to pts/ptmx
    plan_node(b, path, device.type, pack(device.major, device.minor), device.file_mode.value_or(0666),
              device.uid.value_or(0), device.gid.value_or(0), base::cat("/linux/devices/", i));
  }
  const Slot below = fresh_parent(b, "/dev/ptmx", b.plan.mounts.size());
  b.add(Symlink{"/dev/ptmx", "pts/ptmx", below}, "runtime: the container's own pseudo terminals");
  for (const auto& [path, target] : kLinks) b.add(Symlink{path, target, below}, "runtime: default link");
  if (b.facts.has_kcore) b.add(Symlink{"/dev/core", "/proc/kcore", below}, "runtime: default link");
  return base::ok();
}

}  // namespace plan
