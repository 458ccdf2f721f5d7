// What of the host may be bound into a container. By the words of config.json here; what a path really leads to is looked
// at when it is opened (launch/sources).
#include "base/text.h"
#include "harden/work.h"
#include "oci/mount_options.h"

namespace harden {

base::Result<void> harden_binds(Work& work) {
  const auto& rule = work.policy.filesystem.deny_binds;
  if (!rule) return base::ok();
  work.denied_binds = {.paths = {}, .rule = rule->origin.text(), .policy = work.policy.id()};
  for (const auto& path : rule->value) work.denied_binds.paths.push_back(clean_path(path));
  for (std::size_t i = 0; i < work.spec.mounts.size(); ++i) {
    const auto& mount = work.spec.mounts[i];
    if (!oci::parse_mount_options(mount.options).bind || !mount.source.starts_with('/')) continue;
    const auto source = clean_path(mount.source);
    for (const auto& denied : work.denied_binds.paths) {
      if (!base::paths_touch(source, denied)) continue;
      return base::Error::policy(base::cat("policy ", base::quote(work.policy.id()), " refuses: /mounts/", i, ": bind of ",
                                           base::quote(mount.source), " (", rule->origin.text(), ")"))
          .hint(base::cat(base::quote(denied), " of the host is not for containers"));
    }
  }
  return base::ok();
}

}  // namespace harden
