// Who the function is on the host: a request for root's ids is mapped away by a user namespace, or loses what
// root means, or is refused.
#include <sched.h>

#include <algorithm>

#include "base/text.h"
#include "harden/work.h"

namespace harden {

namespace {

constexpr std::uint32_t kRange = 65536;  // ids of one container
constexpr std::string_view kWhy =
    "root inside must not be root outside: an escape, or a file shared with the host, would have its rights";

const oci::Namespace* user_namespace(const oci::Spec& spec) {
  for (const auto& ns : spec.linux.namespaces)
    if (ns.type == CLONE_NEWUSER) return &ns;
  return nullptr;
}

// The host's root. An id that the mapping leaves out does not exist inside, and setting it fails.
bool is_root_id(std::uint32_t id, const oci::Namespace* user_ns, const std::vector<oci::IdMapping>& mappings) {
  if (user_ns == nullptr) return id == 0;
  return std::any_of(mappings.begin(), mappings.end(),
                     [id](const oci::IdMapping& m) { return m.host_id == 0 && m.size != 0 && m.container_id == id; });
}

// Why this request cannot be moved into a range of its own; empty: it can.
std::string remap_obstacle(const oci::Spec& spec, const Abilities& abilities) {
  if (user_namespace(spec) != nullptr) return "its own user namespace maps it to the host's root";
  if (!abilities.remap) return abilities.remap_unable;
  const auto& user = spec.process->user;
  std::uint32_t highest = std::max(user.uid, user.gid);
  for (const auto gid : user.additional_gids) highest = std::max(highest, gid);
  if (highest >= kRange) return base::cat("id ", highest, " is outside the ", kRange, " ids of a container");
  for (const auto& mount : spec.mounts) {
    if (!mount.uid_mappings.empty() || !mount.gid_mappings.empty()) {
      return base::cat("mount ", base::quote(mount.destination), " has id mappings of its own");
    }
  }
  return {};
}

// By which rule: process.rootUser, of the host's root alone, or process.ownIds, of all.
struct By {
  std::string_view control, requested, why;
};

template <typename T>
void remap(Work& work, const policy::Setting<T>& rule, const By& by) {
  auto& config = work.spec.linux;
  const auto base_id = work.abilities.remap_base;
  const oci::IdMapping mapping{.container_id = 0, .host_id = base_id, .size = kRange};
  config.namespaces.push_back({.type = CLONE_NEWUSER, .name = "user", .path = ""});
  config.uid_mappings = {mapping};
  config.gid_mappings = {mapping};
  work.idmap_mounts = true;
  decide(
      work, rule,
      {.control = std::string(by.control),
       .where = "/linux/uidMappings",
       .requested = std::string(by.requested),
       .effective = base::cat("user namespace: 0-", kRange - 1, " are the host's ", base_id, "-", base_id + kRange - 1),
       .why = by.why,
       .also = {"/linux/gidMappings", "/linux/namespaces"}});
}

}  // namespace

bool is_host_root(const oci::Spec& spec) {
  if (!spec.process) return false;
  const auto* user_ns = user_namespace(spec);
  if (user_ns != nullptr && !user_ns->path.empty()) return false;  // somebody else's, who mapped it
  const auto& user = spec.process->user;
  return is_root_id(user.uid, user_ns, spec.linux.uid_mappings) || is_root_id(user.gid, user_ns, spec.linux.gid_mappings);
}

namespace {

template <typename T>
void remap_or_tell(Work& work, const policy::Setting<T>& rule, const By& by) {
  const auto obstacle = remap_obstacle(work.spec, work.abilities);
  if (obstacle.empty()) return remap(work, rule, by);
  const auto& user = work.spec.process->user;
  // Groups are kept: a file may give a group less than it gives others, so that dropping one can widen.
  decide(work, rule,
         {.control = std::string(by.control),
          .where = "/process/user",
          .requested = std::string(by.requested),
          .effective = base::cat(user.uid, ":", user.gid, ", not mapped away"),
          .why = by.why,
          .note = "; not possible here: " + obstacle,
          .degraded = true});
}

base::Result<void> harden_root_user(Work& work) {
  const auto& rule = work.policy.process.root_user;
  if (!rule) return base::ok();
  const auto* user_ns = user_namespace(work.spec);
  const auto& user = work.spec.process->user;
  const auto& config = work.spec.linux;
  const bool root_uid = is_root_id(user.uid, user_ns, config.uid_mappings);
  const bool root_gid = is_root_id(user.gid, user_ns, config.gid_mappings);
  if (!root_uid && !root_gid) return base::ok();

  const auto requested = base::cat(user.uid, ":", user.gid, " is the host's root");
  switch (rule->value) {
    case policy::RootUser::kRefuse:
      return base::Error::policy(base::cat("policy ", base::quote(work.policy.id()), " refuses: process.user ",
                                           requested, " (", rule->origin.text(), ")"))
          .hint(
              base::cat("set ", root_uid ? "/process/user/uid" : "/process/user/gid", " in config.json to another id"));
    case policy::RootUser::kDrop: return base::ok();
    case policy::RootUser::kRemap: break;
  }
  remap_or_tell(work, *rule, {.control = "process.rootUser", .requested = requested, .why = kWhy});
  return base::ok();
}

}  // namespace

base::Result<void> harden_identity(Work& work) {
  if (!work.spec.process) return base::ok();
  const auto* user_ns = user_namespace(work.spec);
  // The ids of a user namespace that is joined were set by whoever made it.
  if (user_ns != nullptr && !user_ns->path.empty()) return base::ok();
  TRY(harden_root_user(work));
  const auto& own_ids = work.policy.process.own_ids;
  if (!is_on(own_ids) || user_namespace(work.spec) != nullptr) return base::ok();
  const auto& user = work.spec.process->user;
  remap_or_tell(work, *own_ids,
                {.control = "process.ownIds",
                 .requested = base::cat(user.uid, ":", user.gid, " is the host's own"),
                 .why = "an id that other containers and the host use too lets an escape reach their processes and files"});
  work.remapped_for_own_ids = work.idmap_mounts;
  return base::ok();
}

}  // namespace harden
