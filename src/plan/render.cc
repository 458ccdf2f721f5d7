#include "plan/render.h"

#include "base/text.h"
#include "oci/mount_options.h"
#include "plan/seccomp_section.h"

namespace plan {

namespace {

using base::cat;

// What the id-mapped root is for bulkhead alone, a bind mount can be told to be.
void render_idmaps(oci::Spec& spec, std::vector<std::string>& lost) {
  const auto& user = spec.process->user;
  const char* control = user.uid == 0 || user.gid == 0 ? "process.rootUser" : "process.ownIds";
  lost.push_back(cat(control, ": the root file system is not id-mapped; its files must belong to the host's ids of /linux/uidMappings"));
  for (auto& mount : spec.mounts) {
    const auto options = oci::parse_mount_options(mount.options);
    if (!options.bind || !mount.uid_mappings.empty() || !mount.gid_mappings.empty()) continue;
    mount.uid_mappings = spec.linux.uid_mappings;
    mount.gid_mappings = spec.linux.gid_mappings;
    if (options.idmap == oci::Idmap::kNone) mount.options.emplace_back("idmap");
  }
}

bool has_binds(const oci::Spec& spec) {
  for (const auto& mount : spec.mounts)
    if (oci::parse_mount_options(mount.options).bind) return true;
  return false;
}

void tell_lost(const harden::Hardened& hardened, std::vector<std::string>& lost) {
  if (hardened.root_nosuid()) lost.emplace_back("filesystem.nosuid: on the root file system");
  if (hardened.root_nodev()) lost.emplace_back("filesystem.nodev: on the root file system");
  if (has_binds(hardened.spec())) {
    if (!hardened.denied_binds().paths.empty())
      lost.emplace_back("filesystem.denyBinds: of a source that only leads to a denied place, by a link");
    if (hardened.denied_binds().only)
      lost.emplace_back("filesystem.allowBinds: of a source that leads elsewhere, by a link");
  }
  if (hardened.tun_access() != "rwm") lost.emplace_back("devices.allow: of /dev/net/tun, which runtimes allow unasked");
  const auto& locks = hardened.locks();
  if (locks.secure_bits != 0) lost.emplace_back("process.lockedSecureBits");
  if (locks.deny_write_execute) lost.emplace_back("process.memoryDenyWriteExecute");
  if (!hardened.program().empty()) lost.emplace_back("process.digests");
  if (locks.core_scheduling) lost.emplace_back("process.coreScheduling");
  if (locks.speculation != 0) lost.emplace_back("process.speculation: what a process gives up by itself");
  if (locks.no_nested_namespaces) lost.emplace_back("namespaces.nested");
  if (locks.memfd_noexec) lost.emplace_back("process.memfdNoexec");
  for (const auto& prefix : hardened.blackhole()) lost.push_back(cat("network.blackhole: ", policy::prefix_text(prefix)));
  if (hardened.landlock()) lost.emplace_back("landlock");
  if (hardened.wall_clock() != 0) lost.push_back(cat("resources.wallClock: ", base::duration(hardened.wall_clock())));
  if (hardened.secret_files()) {
    for (const auto& file : hardened.secret_files()->files)
      lost.push_back(cat("environment.secrets: the file ", base::escape(hardened.secret_files()->directory), "/", base::escape(file.name)));
  }
}

void tell_unknown(const oci::Spec& spec, std::vector<std::string>& lost) {
  for (const auto& note : spec.notes)
    if (note.text.starts_with("unknown member")) lost.push_back(cat("config.json: ", base::escape(note.pointer), ": unknown member, left out"));
}

}  // namespace

base::Result<Rendered> render(const harden::Hardened& hardened) {
  Rendered out{hardened.spec(), {}};
  tell_unknown(out.spec, out.lost);
  tell_lost(hardened, out.lost);
  out.spec.notes.clear();
  if (hardened.idmap_mounts()) render_idmaps(out.spec, out.lost);
  const auto& policies = hardened.seccomp_policies();
  if (policies.empty()) return out;
  const auto* request = hardened.spec().linux.seccomp ? &*hardened.spec().linux.seccomp : nullptr;
  auto seccomp = TRY(render_seccomp(request, policies));
  for (const auto& what : seccomp.lost) out.lost.push_back("seccomp: " + what);
  out.spec.linux.seccomp = std::move(seccomp.section);
  return out;
}

}  // namespace plan
