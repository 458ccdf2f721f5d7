// The documents that this runtime hands out: state, list, features, the `bulkhead spec` template, and a config.json.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "oci/spec.h"
#include "oci/state.h"

namespace oci {

inline constexpr const char* kOciVersionMin = "1.0.0";
inline constexpr const char* kOciVersionMax = "1.2.1";

// Two-space indent, no new line at the end, "pid" always there: as runc, whose readers decode it strictly.
std::string write_state(const State& state);
// What a hook is told: one line, "pid" only if there is a process, and no member that the runtime-spec does not name.
std::string write_hook_state(const State& state);
// The same without the number: what comes before it, and what after.
struct HookStateParts {
  std::string before, after;
};
HookStateParts write_hook_state_around_pid(State state);
// One line with a JSON array; `null` when empty, as runc.
std::string write_state_list(const std::vector<State>& states);

// The config.json that read_spec() reads this from: members in the order of the runtime-spec, two-space indent and a new
// line at the end, so that the same Spec is the same text. Left out are notes, and what the reader only knows to be there
// (netDevices, memoryPolicy).
std::string write_spec(const Spec& spec);

// A config.json to start from. `rootless`: one with a user namespace that maps root to this uid and gid.
std::string default_spec(bool rootless, std::uint32_t uid = 0, std::uint32_t gid = 0);

// What differs by build or by kernel; everything else in the document follows from the tables of this room.
struct Features {
  std::vector<std::string> hooks;       // kinds of hooks that are run
  std::vector<std::string> namespaces;  // empty: all of namespace_types()
  bool cgroup_v1 = true;
  bool cgroup_v2 = true;
  bool cgroup_systemd = false;
  bool cgroup_systemd_user = false;
  bool cgroup_rdma = false;
  bool seccomp = true;
  std::vector<std::string> seccomp_archs;            // empty: all of seccomp_architectures()
  std::vector<std::string> seccomp_supported_flags;  // of seccomp_flags()
  bool apparmor = false;
  bool selinux = false;
  bool intel_rdt = false;
  bool idmap = true;
  std::map<std::string, std::string> annotations;
};

// Four-space indent and a new line at the end, as runc.
std::string write_features(const Features& features);

// The two annotations that callers look for, ready for Features::annotations.
std::map<std::string, std::string> feature_annotations(const std::string& bulkhead_version,
                                                       const std::string& libseccomp_version);

}  // namespace oci
