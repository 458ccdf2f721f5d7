#include "oci/check.h"

#include <sched.h>

#include <algorithm>

#include "oci/fields.h"

namespace oci {

namespace {

using base::Result;

const Namespace* find_namespace(const Spec& spec, std::uint64_t type) {
  const auto found = std::ranges::find(spec.linux.namespaces, type, &Namespace::type);
  return found == spec.linux.namespaces.end() ? nullptr : &*found;
}

// Set in the host's namespace it would rename the host.
Result<void> check_host_names(std::string_view source, const Spec& spec) {
  constexpr std::size_t kMaxName = 64;  // __NEW_UTS_LEN
  for (const auto& [pointer, name] : {std::pair{"/hostname", &spec.hostname}, {"/domainname", &spec.domainname}}) {
    if (name->empty()) continue;
    if (name->size() > kMaxName || has_control_char(*name))
      return config_fault(source, pointer, base::cat("want one line of at most ", kMaxName, " bytes"));
    if (find_namespace(spec, CLONE_NEWUTS) == nullptr)
      return config_fault(source, pointer, "want a uts namespace in /linux/namespaces, have none");
  }
  return base::ok();
}

// Masks in the host's mount namespace would hide the host's own files.
Result<void> check_paths(std::string_view source, const Spec& spec) {
  if (find_namespace(spec, CLONE_NEWNS) != nullptr) return base::ok();
  constexpr std::string_view kWant = "want a mount namespace in /linux/namespaces, have none";
  if (!spec.linux.masked_paths.empty()) return config_fault(source, "/linux/maskedPaths", kWant);
  if (!spec.linux.readonly_paths.empty()) return config_fault(source, "/linux/readonlyPaths", kWant);
  return base::ok();
}

// A path together with mappings is how containerd and CRI-O join one; that the two agree only the system can tell.
Result<void> check_ids(std::string_view source, const Spec& spec) {
  const Linux& linux_section = spec.linux;
  const Namespace* user = find_namespace(spec, CLONE_NEWUSER);
  if (user == nullptr) {
    constexpr std::string_view kWant = "want a user namespace in /linux/namespaces, have none";
    if (!linux_section.uid_mappings.empty()) return config_fault(source, "/linux/uidMappings", kWant);
    if (!linux_section.gid_mappings.empty()) return config_fault(source, "/linux/gidMappings", kWant);
    return base::ok();
  }
  if (!user->path.empty()) return base::ok();
  constexpr std::string_view kWant = "want at least one mapping for the new user namespace, have none";
  if (linux_section.uid_mappings.empty()) return config_fault(source, "/linux/uidMappings", kWant);
  if (linux_section.gid_mappings.empty()) return config_fault(source, "/linux/gidMappings", kWant);
  return base::ok();
}

Result<void> check_mounts(std::string_view source, const Spec& spec) {
  for (std::size_t i = 0; i < spec.mounts.size(); ++i) {
    const Mount& mount = spec.mounts[i];
    if (mount.uid_mappings.empty() == mount.gid_mappings.empty()) continue;
    const char* missing = mount.uid_mappings.empty() ? "uidMappings" : "gidMappings";
    return config_fault(source, base::cat("/mounts/", i, "/", missing),
                        "want uidMappings and gidMappings together, have only the other");
  }
  return base::ok();
}

// time_namespaces(7): offsets can be set only before the first process enters, so only on a new one.
Result<void> check_time(std::string_view source, const Spec& spec) {
  if (!spec.linux.monotonic_offset && !spec.linux.boottime_offset) return base::ok();
  const Namespace* time = find_namespace(spec, CLONE_NEWTIME);
  if (time != nullptr && time->path.empty()) return base::ok();
  return config_fault(source, "/linux/timeOffsets",
                      base::cat("want a new time namespace in /linux/namespaces, have ",
                                time == nullptr ? "none" : "one that is joined by path"));
}

Result<void> check_seccomp(std::string_view source, const Seccomp& seccomp) {
  // Nobody could answer for the process that is still on its way to the agent.
  if (seccomp.default_action == SeccompAction::kNotify)
    return config_fault(source, "/linux/seccomp/defaultAction", "SCMP_ACT_NOTIFY cannot be the default action");
  for (std::size_t i = 0; i < seccomp.syscalls.size(); ++i) {
    const SeccompRule& rule = seccomp.syscalls[i];
    if (rule.action != SeccompAction::kNotify) continue;
    const std::string pointer = base::cat("/linux/seccomp/syscalls/", i);
    if (seccomp.listener_path.empty())
      return config_fault(source, pointer + "/action",
                          "SCMP_ACT_NOTIFY: want /linux/seccomp/listenerPath, have nothing");
    if (const auto at = std::ranges::find(rule.names, "write"); at != rule.names.end())
      return config_fault(source, base::cat(pointer, "/names/", at - rule.names.begin()),
                          "SCMP_ACT_NOTIFY cannot be used for write");
  }
  if (!seccomp.listener_path.empty() && seccomp.listener_path.front() != '/')
    return config_fault(source, "/linux/seccomp/listenerPath",
                        base::cat("want an absolute path, have ", base::quote(seccomp.listener_path)));
  return base::ok();
}

}  // namespace

Result<void> check_spec(std::string_view source, const Spec& spec) {
  TRY(check_host_names(source, spec));
  TRY(check_paths(source, spec));
  TRY(check_ids(source, spec));
  TRY(check_mounts(source, spec));
  TRY(check_time(source, spec));
  if (spec.linux.seccomp) TRY(check_seccomp(source, *spec.linux.seccomp));
  return base::ok();
}

}  // namespace oci
