// What of the host may be bound into a container. By the words of config.json here; what a path really leads to is looked
// at when it is opened (launch/sources).
#include <algorithm>

#include "base/text.h"
#include "harden/work.h"
#include "oci/mount_options.h"

namespace harden {

namespace {

std::vector<std::string> cleaned(const std::vector<std::string>& paths) {
  std::vector<std::string> out;
  for (const auto& path : paths) out.push_back(clean_path(path));
  return out;
}

base::Error refusal(const Work& work, std::size_t index, const std::string& rule) {
  return base::Error::policy(base::cat("policy ", base::quote(work.policy.id()), " refuses: /mounts/", index, ": bind of ",
                                       base::quote(work.spec.mounts[index].source), " (", rule, ")"));
}

base::Result<void> check_source(const Work& work, std::size_t index) {
  const auto source = clean_path(work.spec.mounts[index].source);
  const auto& denied = work.denied_binds;
  for (const auto& path : denied.paths) {
    if (base::paths_touch(source, path)) {
      return refusal(work, index, denied.rule).hint(base::cat(base::quote(path), " of the host is not for containers"));
    }
  }
  if (denied.only && std::none_of(denied.only->begin(), denied.only->end(), [&](const auto& path) { return base::path_within(source, path); })) {
    return refusal(work, index, denied.only_rule).hint(base::cat("only what is in ", list(*denied.only, "no directory"), " may be bound"));
  }
  return base::ok();
}

}  // namespace

base::Result<void> harden_binds(Work& work) {
  const auto& deny = work.policy.filesystem.deny_binds;
  const auto& allow = work.policy.filesystem.allow_binds;
  if (!deny && !allow) return base::ok();
  work.denied_binds.policy = work.policy.id();
  if (deny) {
    work.denied_binds.paths = cleaned(deny->value);
    work.denied_binds.rule = deny->origin.text();
  }
  if (allow) {
    work.denied_binds.only = allow->value;
    work.denied_binds.only_rule = allow->origin.text();
  }
  for (std::size_t i = 0; i < work.spec.mounts.size(); ++i) {
    const auto& mount = work.spec.mounts[i];
    if (oci::parse_mount_options(mount.options).bind && mount.source.starts_with('/')) TRY(check_source(work, i));
  }
  return base::ok();
}

}  // namespace harden
