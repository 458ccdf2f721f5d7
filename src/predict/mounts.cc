// The mounts as they are seen, and their flags as they are in force.

#include <linux/magic.h>
#include <linux/mount.h>
#include <sys/statvfs.h>

#include <algorithm>

#include "base/text.h"
#include "predict/sandbox.h"

namespace predict {
namespace {

using base::cat;

std::uint64_t shown(std::uint64_t attr) {
  std::uint64_t flags = 0;
  if ((attr & MOUNT_ATTR_RDONLY) != 0) flags |= ST_RDONLY;
  if ((attr & MOUNT_ATTR_NOSUID) != 0) flags |= ST_NOSUID;
  if ((attr & MOUNT_ATTR_NODEV) != 0) flags |= ST_NODEV;
  if ((attr & MOUNT_ATTR_NOEXEC) != 0) flags |= ST_NOEXEC;
  return flags;
}

std::string words_of(std::uint64_t flags) {
  std::string out = (flags & ST_RDONLY) != 0 ? "ro" : "rw";
  if ((flags & ST_NOSUID) != 0) out += ",nosuid";
  if ((flags & ST_NODEV) != 0) out += ",nodev";
  if ((flags & ST_NOEXEC) != 0) out += ",noexec";
  return out;
}

const Source* source_of(const Sandbox& box, const std::string& path) {
  const auto found = box.host.sources.find(path);
  return found == box.host.sources.end() ? nullptr : &found->second;
}

// What is mounted on it later, or masks it, is what is seen there.
bool covered(const Sandbox& box, std::size_t index) {
  const std::string& target = box.plan.mounts[index].target;
  for (std::size_t i = index + 1; i < box.plan.mounts.size(); ++i) {
    const std::string& later = box.plan.mounts[i].target;
    if (target == later || target.starts_with(later + "/")) return true;
  }
  return box.masked(target);
}

bool mode_is_open(const Sandbox& box, plan::Slot slot) {
  for (const auto& step : box.plan.steps) {
    const auto* mount = std::get_if<plan::NewMount>(&step.op);
    if (mount == nullptr || mount->mount.index != slot.index) continue;
    for (const auto& option : mount->options) {
      if (option.starts_with("mode=")) return option.ends_with("7");
    }
    return true;  // tmpfs(5): 1777
  }
  return false;
}

// A bind keeps the flags of what it is a copy of, but for those that it clears.
std::optional<std::uint64_t> bind_flags(const Sandbox& box, const plan::BindTree& bind) {
  const Source* source = source_of(box, bind.source);
  if (source == nullptr) return std::nullopt;
  std::uint64_t flags = source->flags & ~shown(bind.attr_clear);
  flags |= shown(bind.attr_set);
  flags &= ~shown(bind.rec_clear);
  return flags | shown(bind.rec_set);
}

SeenMount seen(const Sandbox& box, const plan::PlannedMount& mount) {
  SeenMount out{mount.target, shown(mount.attr), false, false, mount.because};
  const auto& source = box.plan.fds[static_cast<std::size_t>(mount.mount.index)].source;
  if (const auto* bind = std::get_if<plan::BindTree>(&source)) {
    out.flags = bind_flags(box, *bind);
    const Source* host = source_of(box, bind->source);
    out.writable_place = host != nullptr && host->directory && mount.target != "/dev";
  } else if (const auto* cgroup = std::get_if<plan::CgroupTree>(&source)) {
    out.flags.reset();
    for (const auto& [controller, mount_point] : box.plan.cgroup.hierarchies) {
      const Source* host = source_of(box, mount_point);
      if (controller == cgroup->controller && host != nullptr) out.flags = host->flags | shown(cgroup->attr);
    }
  } else if (mount.type == TMPFS_MAGIC) {
    out.writable_place = true;
    out.open_to_all = !mount.copy_mode && mode_is_open(box, mount.mount);
  }
  return out;
}

bool readonly_path(const Sandbox& box, const std::string& target) {
  return std::any_of(box.spec.linux.readonly_paths.begin(), box.spec.linux.readonly_paths.end(),
                     [&](const std::string& path) { return base::clean_path(path) == target; });
}

}  // namespace

std::vector<SeenMount> seen_mounts(const Sandbox& box) {
  std::vector<SeenMount> out;
  SeenMount root{"/", std::nullopt, true, false, "/root"};
  if (const Source* host = source_of(box, box.plan.rootfs)) {
    root.flags = host->flags | shown(box.plan.root_attr) | (box.spec.root.readonly ? std::uint64_t{ST_RDONLY} : 0);
    if (box.spec.root.readonly) root.because = "/root/readonly";
  }
  out.push_back(std::move(root));
  for (std::size_t i = 0; i < box.plan.mounts.size(); ++i) {
    if (covered(box, i)) continue;
    SeenMount mount = seen(box, box.plan.mounts[i]);
    if (mount.flags && readonly_path(box, mount.target)) *mount.flags |= ST_RDONLY;
    out.push_back(std::move(mount));
  }
  for (auto& mount : out) mount.writable_place = mount.writable_place && mount.flags.has_value();
  return out;
}

void expect_mounts(const Sandbox& box, Expectations& out) {
  for (const auto& mount : seen_mounts(box)) {
    if (mount.flags) {
      out.push_back({"mounts", cat("flags of ", base::escape(mount.target)), cat("mount.", mount.target),
                     words_of(*mount.flags), mount.because});
    }
    if (mount.writable_place) expect_place(box, mount, out);
  }
}

}  // namespace predict
