// What init reads back while it still may look everywhere: the mounts, the masks, the root. What concerns the process
// itself is read back after the last change to it (identity.cc).

#include <linux/magic.h>
#include <linux/mount.h>
#include <sys/statvfs.h>

#include <algorithm>

#include "plan/builder.h"

namespace plan {
namespace {

// MOUNT_ATTR_* as statfs(2) shows it.
std::uint64_t statfs_flags(std::uint64_t attr) {
  std::uint64_t flags = 0;
  if ((attr & MOUNT_ATTR_RDONLY) != 0) flags |= ST_RDONLY;
  if ((attr & MOUNT_ATTR_NOSUID) != 0) flags |= ST_NOSUID;
  if ((attr & MOUNT_ATTR_NODEV) != 0) flags |= ST_NODEV;
  if ((attr & MOUNT_ATTR_NOEXEC) != 0) flags |= ST_NOEXEC;
  return flags;
}

using Paths = std::vector<std::string>;

Paths clean(const Paths& paths) {
  Paths out;
  out.reserve(paths.size());
  for (const auto& path : paths) out.push_back(clean_path(path));
  return out;
}

bool any_covers(const Paths& covers, const std::string& path) {
  return std::any_of(covers.begin(), covers.end(), [&](const auto& cover) { return path_within(path, cover); });
}

// A later mount on the same path, or a mask over it, is what is seen there.
bool covered(const Builder& b, const Paths& masks, std::size_t index) {
  const std::string& target = b.plan.mounts[index].target;
  for (std::size_t i = index + 1; i < b.plan.mounts.size(); ++i) {
    if (path_within(target, b.plan.mounts[i].target)) return true;
  }
  return any_covers(masks, target);
}

}  // namespace

void plan_verification(Builder& b) {
  const Paths masks = clean(b.spec.linux.masked_paths);
  const Paths readonly = clean(b.spec.linux.readonly_paths);
  const std::uint64_t root = b.plan.root_attr | (b.spec.root.readonly ? MOUNT_ATTR_RDONLY : 0U);
  b.add(VerifyMount{"/", statfs_flags(root), 0}, b.spec.root.readonly ? "/root/readonly" : "/root/path");
  for (std::size_t i = 0; i < b.plan.mounts.size(); ++i) {
    const PlannedMount& m = b.plan.mounts[i];
    if (!covered(b, masks, i)) b.add(VerifyMount{m.target, statfs_flags(m.attr), m.type}, m.because);
  }
  for (std::size_t i = 0; i < readonly.size(); ++i) {
    if (any_covers(masks, readonly[i])) continue;
    b.add(VerifyMount{readonly[i], ST_RDONLY, 0, true}, base::cat("/linux/readonlyPaths/", i));
  }
  for (std::size_t i = 0; i < masks.size(); ++i) b.add(VerifyMask{masks[i], b.mask_directory}, base::cat("/linux/maskedPaths/", i));
}

}  // namespace plan
