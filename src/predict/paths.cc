// Masked and read-only paths, settings of the kernel, and what is in /dev.

#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/mount.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "kernel/landlock.h"
#include "predict/sandbox.h"

namespace predict {
namespace {

using base::cat;

// What a path leads to may be out of reach, for a user who may not search a directory on the way.
std::string or_unreachable(const Sandbox& box, std::string words) {
  return box.cap(CAP_DAC_READ_SEARCH) || box.cap(CAP_DAC_OVERRIDE) ? words : words + "|EACCES";
}

void expect_masks(const Sandbox& box, Expectations& out) {
  for (std::size_t i = 0; i < box.spec.linux.masked_paths.size(); ++i) {
    const std::string path = base::clean_path(box.spec.linux.masked_paths[i]);
    out.push_back({"masked paths", cat("read ", base::escape(path)), cat("masked.", path),
                   or_unreachable(box, "empty|ENOENT"), cat("/linux/maskedPaths/", i)});
  }
  for (std::size_t i = 0; i < box.spec.linux.readonly_paths.size(); ++i) {
    const std::string path = base::clean_path(box.spec.linux.readonly_paths[i]);
    if (box.masked(path)) continue;
    out.push_back({"read-only paths", cat("flags of ", base::escape(path)), cat("readonly.", path),
                   or_unreachable(box, "ro|ENOENT"), cat("/linux/readonlyPaths/", i)});
  }
}

bool within(const std::string& path, const std::string& prefix) {
  return path == prefix || path.starts_with(prefix + "/");
}

bool read_only(const Sandbox& box, const std::string& path) {
  for (const auto& entry : box.spec.linux.readonly_paths) {
    if (within(path, base::clean_path(entry))) return true;
  }
  bool proc = false;
  for (const auto& mount : box.plan.mounts) {
    if (mount.target == "/proc") proc = (mount.attr & MOUNT_ATTR_RDONLY) != 0;
  }
  return proc;
}

// Files below /proc/sys look at the user's id alone (proc_sys_permission()), others at capabilities too. A kernel may
// be without any of them.
void expect_setting(const Sandbox& box, const std::string& path, Expectations& out) {
  const bool owner = box.global_root() || (!path.starts_with("/proc/sys/") && box.host_cap(CAP_DAC_OVERRIDE));
  Expectation row{"kernel settings", cat("open ", path, " for writing"), cat("open_for_writing.", path), {}, {}};
  if (!box.procfs) {
    row.predicted = "ENOENT";
    row.because = "no procfs";
  } else if (box.masked(path)) {
    const bool itself = std::any_of(box.spec.linux.masked_paths.begin(), box.spec.linux.masked_paths.end(),
                                    [&](const std::string& mask) { return base::clean_path(mask) == path; });
    const bool writes = box.landlock_leaves(path, kernel::landlock::kWriteFile);
    row.predicted = !itself ? "ENOENT" : writes ? "ok" : "EACCES";
    row.because = !itself ? "masked" : writes ? "masked: it is the null device" : "masked, and Landlock";
  } else if (read_only(box, path)) {
    row.predicted = owner ? "EROFS" : "EROFS|EACCES";
    row.because = "read-only";
  } else {
    row.predicted = owner ? "ok" : "EACCES|EPERM";
    row.because = owner ? "root, and not read-only" : "not root on the host";
  }
  if (row.predicted.find("ENOENT") == std::string::npos) row.predicted += "|ENOENT";
  out.push_back(std::move(row));
}

void expect_kernel_memory(const Sandbox& box, Expectations& out) {
  if (!box.procfs || box.masked("/proc/kcore")) return;  // told with the masked paths
  const bool owner = box.uid == 0 || box.host_cap(CAP_DAC_OVERRIDE) || box.host_cap(CAP_DAC_READ_SEARCH);
  const bool may = box.host_cap(CAP_SYS_RAWIO) && owner;
  out.push_back({"kernel settings", "read /proc/kcore", "read./proc/kcore.result",
                 !box.host.facts.has_kcore || box.proc_option("subset") ? "ENOENT"
                 : may                     ? "ok|EPERM"
                                           : "EPERM|EACCES",
                 may ? "has CAP_SYS_RAWIO" : "no CAP_SYS_RAWIO over the host"});
}

// The names in /dev, if all of it is the runtime's making.
std::optional<std::set<std::string>> device_names(const Sandbox& box) {
  std::optional<std::set<std::string>> names;
  for (const auto& mount : box.plan.mounts) {
    if (mount.target != "/dev") continue;
    if (mount.type != TMPFS_MAGIC || mount.copy_up) return std::nullopt;
    names.emplace();
  }
  if (!names) return names;
  const auto add = [&](const std::string& path) {
    if (!path.starts_with("/dev/")) return;
    names->insert(path.substr(5, path.find('/', 5) - 5));
  };
  for (const auto& step : box.plan.steps) {
    if (step.ignore_errors) continue;
    if (const auto* node = std::get_if<plan::Node>(&step.op)) add(node->path);
    if (const auto* link = std::get_if<plan::Symlink>(&step.op)) add(link->path);
    if (const auto* attach = std::get_if<plan::Attach>(&step.op)) add(attach->target);
    if (const auto* directory = std::get_if<plan::MakeDir>(&step.op)) add(directory->path);
  }
  return names;
}

constexpr std::array kForbidden = {"mem",  "kmsg",         "kvm",     "fuse", "sda",   "vda",     "loop0",
                                   "port", "loop-control", "net/tun", "rtc0", "hwrng", "console", "cpu/0/msr"};
constexpr std::array kDefault = {"null", "zero", "full", "random", "urandom"};

void expect_devices(const Sandbox& box, Expectations& out) {
  const auto names = device_names(box);
  if (!names || box.masked("/dev")) return;
  out.push_back({"devices", "names in /dev", "dev", base::escape(base::join({names->begin(), names->end()}, " ")),
                 "/linux/devices and default devices"});
  for (const std::string name : kForbidden) {
    if (names->contains(name.substr(0, name.find('/')))) continue;
    out.push_back({"devices", cat("open /dev/", name), cat("devices./dev/", name), "ENOENT", "not one of its devices"});
  }
  for (const char* name : kDefault) {
    const bool own =
        std::any_of(box.spec.linux.devices.begin(), box.spec.linux.devices.end(),
                    [&](const oci::Device& device) { return base::clean_path(device.path) == cat("/dev/", name); });
    if (own) continue;
    out.push_back({"works", cat("open /dev/", name), cat("devices./dev/", name, ".read"), "ok", "default device"});
  }
}

}  // namespace

void expect_paths(const Sandbox& box, Expectations& out) {
  expect_masks(box, out);
  expect_setting(box, "/proc/sys/kernel/core_pattern", out);
  expect_setting(box, "/proc/sys/kernel/modprobe", out);
  expect_setting(box, "/proc/sys/vm/drop_caches", out);
  expect_setting(box, "/proc/sysrq-trigger", out);
  expect_kernel_memory(box, out);
  expect_devices(box, out);
}

}  // namespace predict
