// The files of secrets that the policy took out of the environment, in a tmpfs of their own: made, filled and made
// read-only while it is attached nowhere, so that nothing can ever write to it or see it half done.

#include <linux/magic.h>
#include <linux/mount.h>

#include <algorithm>

#include "plan/builder.h"

namespace plan {
namespace {

constexpr std::uint64_t kInert = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

// As large as its files, and no larger.
std::vector<std::string> tmpfs_options(const harden::SecretFiles& secrets) {
  constexpr std::size_t kPage = 4096;
  std::size_t bytes = 0;
  for (const auto& file : secrets.files) bytes += (file.value.size() + kPage - 1) / kPage * kPage;
  return {"source=secrets", "mode=555", base::cat("size=", bytes), base::cat("nr_inodes=", secrets.files.size() + 1)};
}

// The host's id of what init works as in its new user namespace (see SetupIdentity).
std::uint32_t setup_host_id(const std::vector<oci::IdMapping>& maps) {
  const auto lowest = std::min_element(maps.begin(), maps.end(),
                                       [](const auto& a, const auto& b) { return a.container_id < b.container_id; });
  return lowest == maps.end() ? 0 : lowest->host_id;
}

// "noswap" is only for the host's root: where init is not that, the parent makes the file system, for init to fill.
Slot plan_tmpfs(Builder& b, const harden::SecretFiles& secrets, const std::string& because) {
  auto options = tmpfs_options(secrets);
  if (secrets.noswap) options.emplace_back("noswap");
  if (secrets.noswap && b.in_userns()) {
    options.push_back(base::cat("uid=", setup_host_id(b.plan.uid_maps)));
    options.push_back(base::cat("gid=", setup_host_id(b.plan.gid_maps)));
    return b.add_fd(ParentMount{"tmpfs", std::move(options), kInert}, because);
  }
  const Slot slot = b.add_fd(LocalMount{}, because);
  b.add(NewMount{slot, "tmpfs", std::move(options), kInert}, because);
  return slot;
}

}  // namespace

void plan_secrets(Builder& b) {
  const auto& secrets = b.hardened.secret_files();
  if (!secrets) return;
  const std::string because = base::cat("policy ", b.plan.policy_name, ": environment.secrets");
  const oci::User& user = b.spec.process->user;
  PlannedMount mount;
  mount.mount = plan_tmpfs(b, *secrets, because);
  for (const auto& file : secrets->files) {
    b.add(WriteFile{mount.mount, file.name, file.value, 0400, user.uid, user.gid}, file.where);
  }
  b.add(SetAttr{mount.mount, "", MOUNT_ATTR_RDONLY, 0, false}, because);
  mount.target = secrets->directory;
  mount.what = secrets->noswap ? "tmpfs of secrets, noswap," : "tmpfs of secrets";
  mount.because = because;
  mount.attr = kInert | MOUNT_ATTR_RDONLY;
  mount.type = TMPFS_MAGIC;
  mount.no_symlinks = true;  // a link in the image must not put it over something else
  b.plan.mounts.push_back(std::move(mount));
}

}  // namespace plan
