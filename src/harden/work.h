// What the concerns of harden() work on. Only files of this room include it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "harden/harden.h"

namespace harden {

struct Work {
  oci::Spec& spec;
  const policy::Policy& policy;
  const Abilities& abilities;
  Decisions& decisions;
  // What config.json cannot express.
  bool idmap_mounts = false;
  bool remapped_for_own_ids = false;  // by that rule, and not for being root
  bool root_nosuid = false;
  bool root_nodev = false;
  std::string tun_access = "rwm";
  ProcessLocks locks;
  DeniedBinds denied_binds;
};

struct Change {
  std::string control;
  std::string where;
  std::string requested;
  std::string effective;
  std::string_view why;  // where the policy's author gives no reason of their own
  std::vector<std::string> also;
  std::string note;  // put after the reason, whoever gave it
  bool degraded = false;
  bool warning = false;
  bool expected = false;
};

void record(Work& work, Decision decision);

// What rules that are only audited would do: what they decide and `decisions` has not, or that `what` would be refused.
void add_audited(Decisions& decisions, base::Result<Outcome> audited, std::string_view what, const policy::Policy& policy);

// One decision a control: a second change for the same control is joined to the first.
template <typename T>
void decide(Work& work, const policy::Setting<T>& rule, Change change) {
  record(work, {.control = std::move(change.control),
                .where = std::move(change.where),
                .also = std::move(change.also),
                .requested = std::move(change.requested),
                .effective = std::move(change.effective),
                .why = (rule.why.empty() ? std::string(change.why) : rule.why) + change.note,
                .source = rule.origin.text(),
                .degraded = change.degraded,
                .warning = change.warning,
                .expected = change.expected});
}

template <typename T>
bool is_on(const policy::Rule<T>& rule) {
  return rule.has_value() && rule->value;
}

// "a, b, c", or `none` if there are none.
std::string list(const std::vector<std::string>& items, std::string_view none = "none");

using base::clean_path;
// `path` lies below `directory` (both clean).
bool is_below(std::string_view path, std::string_view directory);

// One a concern, in the order of harden.cc.
base::Result<void> harden_identity(Work& work);
// Its user or group is the host's root.
bool is_host_root(const oci::Spec& spec);
base::Result<void> harden_lsm(Work& work);
std::uint64_t harden_namespaces(Work& work);  // CLONE_NEW*, as Hardened::own_namespaces()
void harden_capabilities(Work& work);
std::vector<policy::Prefix> harden_network(Work& work);
void harden_process(Work& work);
void harden_locks(Work& work);
void harden_rlimits(Work& work);
base::Result<void> harden_binds(Work& work);
void harden_root(Work& work);
bool harden_propagation(Work& work);  // as Hardened::private_propagation()
void harden_tmpfs(Work& work);
void harden_tmpfs_size(Work& work);  // of those that a policy adds, too
void harden_mount_options(Work& work);
base::Result<std::vector<HashedFile>> harden_program(Work& work);
void harden_paths(Work& work);
void harden_devices(Work& work);
void harden_sysctl(Work& work);
base::Result<void> check_joined(const Work& work);
base::Result<void> check_cgroup_place(const Work& work);
void harden_unified_names(Work& work);
base::Result<void> harden_resources(Work& work);
base::Result<void> harden_more_resources(Work& work);
base::Result<void> harden_cpu_shares(Work& work);
base::Result<void> harden_io_weight(Work& work);
base::Result<void> harden_io_max(Work& work);
std::uint64_t harden_wall_clock(Work& work);  // seconds; 0: no limit
base::Result<std::vector<policy::SeccompPolicy>> harden_seccomp(Work& work);
std::optional<Landlock> harden_landlock(Work& work);
base::Result<std::optional<SecretFiles>> harden_environment(Work& work);
base::Result<std::vector<oci::CheckedHook>> harden_hooks(Work& work);
base::Result<std::map<std::string, HashedFile>> check_start_hooks(const Work& work, const std::vector<oci::CheckedHook>& hooks);

}  // namespace harden
