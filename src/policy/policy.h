// A hardening policy as one value: what read.h makes of a policy file and harden() applies to a request.
// A rule that the file does not mention is absent, and its control is then left as config.json asks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "oci/spec.h"
#include "policy/rule.h"
#include "policy/seccomp_policy.h"

namespace policy {

// What to do with a request for the host's root (uid or gid 0).
enum class RootUser {
  kRemap,  // map it to a high id by a user namespace; where this host cannot, as kDrop, and say so
  kDrop,   // keep the id; it has no more than process.capabilities leaves it
  kRefuse,
};

// Whether memory that was writable may become executable.
enum class WriteExecute {
  kAllow,
  kByKind,  // as the kind of program that the container runs needs it (subject.h)
  kDeny,
};

// What becomes of speculation that lets programs learn of each other, where the processor is open to it.
enum class Speculation {
  kDefault,  // no filter of system calls brings back what the kernel takes away
  kDeny,     // the process gives it up for good, too
};

// The most that a limit may be; a soft limit the request does not set is `soft`.
struct RlimitCeiling {
  std::string type;  // "RLIMIT_NOFILE"
  int resource = 0;  // RLIMIT_NOFILE
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
};

struct Process {
  Rule<oci::CapSet> capabilities;  // the most that any of the five sets may hold
  // A dropped NET_BIND_SERVICE is made up for by net.ipv4.ip_unprivileged_port_start=0 in a network namespace
  // of its own.
  Rule<bool> unprivileged_ports;
  Rule<bool> no_new_privileges;
  Rule<RootUser> root_user;
  Rule<std::vector<RlimitCeiling>> rlimits;
  Rule<bool> realtime;  // false: no real-time or deadline scheduling, no real-time I/O class
  Rule<std::uint32_t> umask;         // bits that are taken from the mode of every file that is made
  Rule<std::vector<std::string>> locked_secure_bits;  // names of secure_bits.h
  Rule<WriteExecute> memory_deny_write_execute;
  Rule<bool> memfd_noexec;  // true: no file in memory (memfd_create(2)) is executed
  Rule<std::vector<std::string>> digests;  // "sha256:…": what is executed first is one of these files
  Rule<bool> core_scheduling;  // true: no core runs a thread of it and one of anything else at once
  Rule<Speculation> speculation;
  Rule<bool> own_ids;  // true: a range of the host's ids of its own, also for who is not root
  Rule<std::int64_t> oom_score_adj;  // the least: who is more likely to be killed than others stays so
};

struct Namespaces {
  Rule<std::vector<oci::Namespace>> own;  // made new where the request would share the host's; without paths
  Rule<bool> nested;  // false: none is made in the user namespace that is the container's own
  Rule<std::vector<std::string>> join_below;  // what is joined by path is one of these places of the host, or below one
};

struct Tmpfs {
  std::string path;
  std::uint64_t size = 0;
  std::optional<std::uint64_t> inodes;
  std::uint32_t mode = 01777;
  bool exec = true;
};

// What a mount of procfs shows (proc(5)).
struct ProcView {
  bool own_only = false;   // hidepid=ptraceable: of processes, those that one may trace
  bool pids_only = false;  // subset=pid: nothing beside processes
};

struct Limit {
  std::optional<std::uint64_t> standard;  // "default": where the request sets none
  std::optional<std::uint64_t> max;
};

struct Filesystem {
  Rule<bool> readonly_root;
  Rule<bool> recursive_readonly;  // a read-only bind is read-only below too
  Rule<bool> nosuid;
  Rule<bool> nodev;
  Rule<bool> noexec;  // every mount that can be written
  Rule<bool> private_propagation;  // no mount event leaves the container
  Rule<std::vector<Tmpfs>> tmpfs;  // mounted where the request has no mount of its own
  Rule<std::vector<std::string>> masked_paths;
  Rule<std::vector<std::string>> readonly_paths;
  Rule<ProcView> proc;
  Rule<Limit> tmpfs_size;  // bytes, of each tmpfs but the runtime's own at /dev
  Rule<std::vector<std::string>> deny_binds;  // of the host: they, what is below them, and what they are below
  Rule<std::vector<std::string>> allow_binds;  // of the host: only they, and what is below them
};

// One device that a request may have besides the default ones; never more of `access` than it asks for.
struct DeviceCeiling {
  char type = 'c';
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::string access;  // of "rwm"
};

struct Devices {
  Rule<std::vector<DeviceCeiling>> allow;
};

struct Sysctl {
  Rule<std::vector<std::string>> allow;  // names
};

// How fast one disk may be read and written; absent: as fast as every other one, and those as fast as they can.
struct IoCeiling {
  std::int64_t major = -1, minor = -1;  // -1: every other one
  std::optional<std::uint64_t> rbps = {}, wbps = {}, riops = {}, wiops = {};  // bytes and operations a second; 2^64 - 1: no limit
  bool is_any() const { return major < 0; }
  bool same_device(const IoCeiling& other) const { return major == other.major && minor == other.minor; }
};

// How long a container may run, from its start on.
struct WallClock {
  std::uint64_t seconds = 0;
};

struct Resources {
  Rule<Limit> pids;
  Rule<Limit> memory;
  Rule<Limit> cpu;    // thousandths of a processor
  Rule<Limit> cpu_shares;  // of cpu.shares: what every cgroup has is 1024
  Rule<Limit> io_weight;  // of io.weight: what every cgroup has is 100
  Rule<std::vector<IoCeiling>> io_max;
  Rule<bool> swap;    // false: none
  Rule<bool> oom_killer;   // true: on, whatever is asked for
  Rule<bool> oom_group;    // true: it kills all of the container at once
  Rule<Limit> memory_high;  // bytes above which it is slowed down
  Rule<std::vector<std::string>> unified;  // the names that linux.resources.unified may have
  Rule<WallClock> wall_clock;
  Rule<std::vector<std::string>> cgroup_below;  // cgroups: linux.cgroupsPath is one of them, or below one
};

// Of the labels that config.json asks the host's security module for, where one is on.
struct Lsm {
  Rule<bool> unconfined;  // false: none that leaves the container alone
  Rule<bool> required;    // true: not without one; where the host has no module, that is told
};

// What becomes of a variable that holds a secret.
enum class Secrets {
  kRefuse,    // the container is not made
  kRedirect,  // its value goes to a file, and NAME_FILE says where
  kWarn,
};

// Of the environment. Names are patterns: "*" stands for any text, "?" for one character.
struct Environment {
  Rule<std::vector<std::string>> allow;  // every other variable is removed
  Rule<std::vector<std::string>> strip;  // removed
  Rule<std::vector<std::string>> warn;   // left, with a warning
  Rule<Secrets> secrets;
  Rule<std::vector<std::string>> keep;  // never taken for a secret
};

// TCP ports; 0 is one that the kernel picks.
using Ports = std::vector<std::uint16_t>;

// Of a network namespace that the container does not share.
struct Network {
  Rule<std::vector<std::string>> blackhole;  // prefixes as prefix_text() writes them: no packet leaves for them
};

// A program that config.json may name as a hook: by its path there, letter by letter, and, unless that is empty, by what
// is in the file ("sha256:…").
struct HookProgram {
  std::string path;
  std::string digest;
  bool operator==(const HookProgram&) const = default;
};

// Of config.json's hooks, which run on the host with the runtime's rights.
struct Hooks {
  Rule<std::vector<HookProgram>> allow;  // no other program
};

// A second layer over what mounts, namespaces and filters do (landlock(7)); what it does to files follows from the mounts.
struct Landlock {
  Rule<bool> enable;
  Rule<std::vector<std::string>> scopes;  // of "signal" and "abstract-unix-socket": they end at the container
  Rule<Ports> bind, connect;              // the only ports; absent: any
};

// Of programs that are started in the container later, by `exec`.
struct Exec {
  Rule<bool> allow;             // false: none is
  Rule<bool> within_container;  // true: none has more than the container's own program
};

// What becomes of a rule.
enum class Mode {
  kEnforce,
  kAudit,  // worked out and told, not applied
  kOff,
};

// The mode of one control, where it is not the policy's own.
struct ControlMode {
  std::string control;  // "filesystem.readonlyRoot", as rules.h has them
  Mode mode = Mode::kEnforce;
  std::string reason;  // why it is off
  Origin origin;
};

// A control that a container must have as its rule says, or not be made.
struct Requirement {
  std::string control;
  Origin origin;
};

struct Policy {
  std::string name;
  std::string version;
  std::string description;
  Mode mode = Mode::kEnforce;
  std::vector<ControlMode> modes;
  std::vector<Requirement> required;
  bool selectable = false;  // a container's own annotation may ask for it
  std::string id() const { return name + "@" + version; }

  Process process;
  Namespaces namespaces;
  Filesystem filesystem;
  Devices devices;
  Sysctl sysctl;
  Rule<SeccompPolicy> seccomp;
  std::vector<Setting<SeccompPolicy>> seccomp_limits;  // further filters, each of which must allow a call too
  Resources resources;
  Environment environment;
  Lsm lsm;
  Landlock landlock;
  Network network;
  Hooks hooks;
  Exec exec;
};

}  // namespace policy
