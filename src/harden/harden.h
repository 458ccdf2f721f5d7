// harden(): what the request asks for, tightened by the policy. Pure: no system call, same input same
// output. Hardened can be made nowhere else, and plan() takes nothing else, so that a spec that was
// not hardened cannot reach a system call.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "harden/decision.h"
#include "oci/spec.h"
#include "policy/effective.h"
#include "policy/policy.h"
#include "policy/prefix.h"
#include "policy/seccomp_policy.h"

namespace harden {

// A file that takes part in starting the container's program: that file, and the interpreters of a script.
struct HashedFile {
  std::string path;    // in the container; empty: what /process/args names, wherever it was found
  std::string name;    // for people
  std::string digest;  // "sha256:…"
  // statx(2) of what was hashed: what is executed must be the same, and not changed since.
  std::uint64_t device = 0, inode = 0, changed = 0;  // major << 32 | minor; nanoseconds
};

// What the host can do that decides between a control and its documented substitute. Gathered before
// harden() is called, so that harden() stays pure.
struct Abilities {
  bool remap = false;            // a user namespace and an idmapped mount of this root file system work
  std::string remap_unable;      // else: why not ("idmapped mounts: invalid argument")
  std::uint32_t remap_base = 0;  // first host id of this container's range (65536 ids)
  int cap_last_cap = 40;
  std::uint64_t host_namespaces = 0;  // CLONE_NEW*: what the request joins by path is the runtime's own
  // Of each path by which the request joins a namespace: where that is, all links followed. What leads nowhere is not
  // there; asked only if a rule looks at it.
  std::map<std::string, std::string> joined;
  bool noswap = false;        // a tmpfs can be kept out of swap
  std::string noswap_unable;  // else: why not
  // What is there on this host of what the patterns among masked paths fit; asked only if a rule has one.
  std::vector<std::string> matching_paths;
  std::string memory_v2_unable;  // why there is no memory.high and no memory.oom.group; empty: there is
  bool apparmor = false, selinux = false;  // is on; asked only if a rule looks at it
  std::string mdwe_unable;  // why a process cannot give up executing what was writable; empty: it can
  std::string memfd_noexec_unable;  // why a pid namespace cannot keep files in memory from being executed; empty: it can
  // Whether cores run more than one thread at once; asked only if a rule looks at it, and so is the next.
  bool one_thread_a_core = false;
  std::string core_scheduling_unable;  // why a process cannot have cores to itself; empty: it can
  // 1 << PR_SPEC_*: what a process can give up; asked only if a rule looks at it, and so is the next.
  std::uint32_t speculation = 0;
  std::string speculation_unable;  // what is open, and cannot be given up: why
  std::string entrypoint;   // the kind of program that the container runs (policy/subject.h), if a rule looks at it
  std::vector<HashedFile> program;  // what is executed first, if a rule looks at it
  std::string program_unknown;      // else: why that cannot be told
  // By their paths: the startContainer hooks, if a rule looks at a digest.
  std::map<std::string, HashedFile> start_hooks;
  // "/proc/42/exe" -> "/usr/sbin/dockerd": of hooks, if a rule looks at them; whether it is that file is seen when it is run.
  std::map<std::string, std::string> hook_programs;
  bool ipv6 = true;           // this kernel has it; asked only if a rule looks at it
  int landlock_abi = 0;       // landlock(7), "Landlock ABI"; 0: there is none
  // Asked only if a rule looks at them: where a new cgroup's weight is set ("io.weight", as io_weight.h has them; empty: that
  // cannot be told), and why none can be, or no limit; empty: it can.
  std::string io_weight_file, io_weight_unable, io_max_unable;
  // The disks of this host ("8:0"), and those that a rule names and are there; why one cannot be limited, or empty.
  std::map<std::string, std::string> disks;
};

// The newest version of Landlock whose rights are known here.
inline constexpr int kNewestLandlock = 7;

// What a second layer confines besides files, which follows from the mounts, and what the kernel can do of it.
struct Landlock {
  int abi = 0;  // 2 to kNewestLandlock
  bool signals = false, abstract_sockets = false;  // end at the container
  std::optional<policy::Ports> bind, connect;      // TCP; absent: any
};

// A secret that was taken out of the environment; its value is in no decision and in no text.
struct SecretFile {
  std::string name;   // of the variable, and of the file
  std::string value;
  std::string where;  // JSON pointer of the variable
};

// A tmpfs of the container's own with the files that hold them, readable by its user alone.
struct SecretFiles {
  std::string directory;  // absolute, in the container
  bool noswap = false;
  std::vector<SecretFile> files;
};

// What of the host may not be bound, for whoever opens the sources: a path may be a link to what its words do not tell.
struct DeniedBinds {
  std::vector<std::string> paths;                // clean
  std::optional<std::vector<std::string>> only;  // clean: all but these, and what is below them
  std::string rule, only_rule, policy;           // for the error
};

// Seconds between SIGTERM and SIGKILL for a container that has run as long as it may.
constexpr unsigned kWallClockGrace = 10;

// What holds for the process and for all that it executes, and config.json cannot express.
struct ProcessLocks {
  std::uint32_t secure_bits = 0;    // SECBIT_*, set and locked
  bool deny_write_execute = false;  // PR_SET_MDWE
  bool memfd_noexec = false;        // vm.memfd_noexec of its pid namespace
  bool core_scheduling = false;     // a cookie of its own (PR_SCHED_CORE)
  bool no_nested_namespaces = false;  // the limits of its own user namespace are 0 (namespaces(7), "/proc/sys/user")
  bool no_spec_allow = false;       // the filter is loaded without SECCOMP_FILTER_FLAG_SPEC_ALLOW
  std::uint32_t speculation = 0;    // 1 << PR_SPEC_*, given up for good
};

struct Outcome;

class Hardened {
 public:
  const oci::Spec& spec() const { return spec_; }
  const std::string& policy_name() const { return policy_name_; }
  // The policy's own filters; the effective one is the meet of them all and of spec().linux.seccomp.
  const std::vector<policy::SeccompPolicy>& seccomp_policies() const { return seccomp_policies_; }
  // The root file system and bind mounts are to be idmapped with spec().linux.uid_mappings/gid_mappings.
  bool idmap_mounts() const { return idmap_mounts_; }
  // Flags of the root mount, which config.json cannot express.
  bool root_nosuid() const { return root_nosuid_; }
  bool root_nodev() const { return root_nodev_; }
  // What is left, of "rwm", of the access to /dev/net/tun that every runtime gives unasked.
  const std::string& tun_access() const { return tun_access_; }
  // No mount event leaves the container.
  bool private_propagation() const { return private_propagation_; }
  const ProcessLocks& locks() const { return locks_; }
  const DeniedBinds& denied_binds() const { return denied_binds_; }
  // CLONE_NEW*: a path of one of these must not lead to the runtime's own, for whoever opens it.
  std::uint64_t own_namespaces() const { return own_namespaces_; }
  // Seconds after its start at which the container is ended; 0: never.
  std::uint64_t wall_clock() const { return wall_clock_; }
  // What the policy moves out of spec().process.env.
  const std::optional<SecretFiles>& secret_files() const { return secret_files_; }
  const std::optional<Landlock>& landlock() const { return landlock_; }
  // What must be executed first, and nothing else in its place; empty: no rule says so.
  const std::vector<HashedFile>& program() const { return program_; }
  // Where no packet leaves for, in a network namespace of its own.
  const std::vector<policy::Prefix>& blackhole() const { return blackhole_; }
  // All that are to be run, in that order.
  const std::vector<oci::CheckedHook>& hooks() const { return hooks_; }
  // Of a hook in the container whose digest was looked at: that file. Otherwise nullptr.
  const HashedFile* hook_file(const std::string& pointer) const {
    const auto at = hook_files_.find(pointer);
    return at == hook_files_.end() ? nullptr : &at->second;
  }

 private:
  Hardened() = default;
  friend base::Result<Outcome> harden(oci::Spec spec, const policy::Policy& policy, const Abilities& abilities);
  friend base::Result<Outcome> harden_exec(const Hardened& container, const std::optional<SecretFiles>& secret_files, oci::Process process,
                                           const policy::Policy& policy, const Abilities& abilities);

  oci::Spec spec_;
  std::string policy_name_;
  std::vector<policy::SeccompPolicy> seccomp_policies_;
  bool idmap_mounts_ = false;
  bool root_nosuid_ = false;
  bool root_nodev_ = false;
  bool private_propagation_ = false;
  std::string tun_access_ = "rwm";
  ProcessLocks locks_;
  DeniedBinds denied_binds_;
  std::uint64_t own_namespaces_ = 0;
  std::uint64_t wall_clock_ = 0;
  std::optional<SecretFiles> secret_files_;
  std::optional<Landlock> landlock_;
  std::vector<HashedFile> program_;
  std::vector<policy::Prefix> blackhole_;
  std::vector<oci::CheckedHook> hooks_;
  std::map<std::string, HashedFile> hook_files_;
};

struct Outcome {
  Hardened hardened;
  Decisions decisions;
};

base::Result<Outcome> harden(oci::Spec spec, const policy::Policy& policy, const Abilities& abilities);

// The same by what is in force for a container. Rules that are only audited change nothing; what they would change, or
// refuse, is told by decisions of their own.
base::Result<Outcome> harden(oci::Spec spec, const policy::Effective& policy, const Abilities& abilities);

// One more program in a container that is there already: `process` as it is asked for, `container` what the container was
// made of, `policy` what was in force then and what has come to it since, `abilities` as they were then but for what is
// known of the program. What `process` leaves out is the container's. The namespaces, mounts and filters are the
// container's, whatever is asked for.
// `secret_files`: those that it has.
base::Result<Outcome> harden_exec(const Hardened& container, const std::optional<SecretFiles>& secret_files, oci::Process process,
                                  const policy::Policy& policy, const Abilities& abilities);

// As harden() with rules that are only audited.
base::Result<Outcome> harden_exec(const Hardened& container, const std::optional<SecretFiles>& secret_files, oci::Process process,
                                  const policy::Effective& policy, const Abilities& abilities);

}  // namespace harden
