// config.json (runtime-spec 1.2, Linux) as plain values. Members have the JSON name in snake_case;
// an absent member is an empty optional, an absent list an empty vector unless the difference matters.
// Made only by oci/read.h; nothing here makes a system call.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oci {

// A set of capabilities: bit n is capability number n of <linux/capability.h>.
using CapSet = std::uint64_t;

struct Box {
  std::uint32_t height = 0;
  std::uint32_t width = 0;
  bool operator==(const Box&) const = default;
};

struct User {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::optional<std::uint32_t> umask;
  std::vector<std::uint32_t> additional_gids;
  bool operator==(const User&) const = default;
};

struct Capabilities {
  CapSet bounding = 0;
  CapSet effective = 0;
  CapSet inheritable = 0;
  CapSet permitted = 0;
  CapSet ambient = 0;
  bool operator==(const Capabilities&) const = default;
};

struct Rlimit {
  std::string type;  // "RLIMIT_NOFILE"
  int resource = 0;  // RLIMIT_NOFILE
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
  bool operator==(const Rlimit&) const = default;
};

// sched_setattr(2); numbers as the kernel wants them.
struct Scheduler {
  std::uint32_t policy = 0;  // SCHED_OTHER …
  std::int32_t nice = 0;
  std::int32_t priority = 0;
  std::uint64_t flags = 0;  // SCHED_FLAG_*
  std::uint64_t runtime = 0;
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
  bool operator==(const Scheduler&) const = default;
};

// ioprio_set(2).
struct IoPriority {
  std::uint32_t io_class = 0;  // IOPRIO_CLASS_*
  std::uint32_t priority = 0;
  bool operator==(const IoPriority&) const = default;
};

struct ExecCpuAffinity {
  std::string initial;  // cpu list, "0-3,5"
  std::string final;
  bool operator==(const ExecCpuAffinity&) const = default;
};

struct Process {
  bool terminal = false;
  std::optional<Box> console_size;
  User user;
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::string cwd;
  std::optional<Capabilities> capabilities;
  std::vector<Rlimit> rlimits;
  bool no_new_privileges = false;
  std::string apparmor_profile;
  std::string selinux_label;
  std::optional<std::int32_t> oom_score_adj;
  std::optional<Scheduler> scheduler;
  std::optional<IoPriority> io_priority;
  std::optional<ExecCpuAffinity> exec_cpu_affinity;
  bool operator==(const Process&) const = default;
};

struct Root {
  std::string path;
  bool readonly = false;
  bool operator==(const Root&) const = default;
};

struct IdMapping {
  std::uint32_t container_id = 0;
  std::uint32_t host_id = 0;
  std::uint32_t size = 0;
  bool operator==(const IdMapping&) const = default;
};

struct Mount {
  std::string destination;
  std::string type;
  std::string source;
  std::vector<std::string> options;
  std::vector<IdMapping> uid_mappings;
  std::vector<IdMapping> gid_mappings;
  bool operator==(const Mount&) const = default;
};

struct Hook {
  std::string path;
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::optional<std::int64_t> timeout;  // seconds, > 0
  bool operator==(const Hook&) const = default;
};

struct Hooks {
  std::vector<Hook> prestart, create_runtime, create_container, start_container, poststart, poststop;
  bool empty() const {
    return prestart.empty() && create_runtime.empty() && create_container.empty() && start_container.empty() &&
           poststart.empty() && poststop.empty();
  }
  bool operator==(const Hooks&) const = default;
};

// One of the six lists, and its name in config.json.
struct HookKind {
  std::string_view name;
  std::vector<Hook> Hooks::*list;
};
// In the order in which they run.
inline constexpr std::array<HookKind, 6> kHookKinds = {{{"prestart", &Hooks::prestart},
                                                        {"createRuntime", &Hooks::create_runtime},
                                                        {"createContainer", &Hooks::create_container},
                                                        {"startContainer", &Hooks::start_container},
                                                        {"poststart", &Hooks::poststart},
                                                        {"poststop", &Hooks::poststop}}};

// A hook with its place in config.json, what its file must hold ("sha256:…", one of them; empty: anything), and which file
// of the host's it must be, whatever links its path has; empty: any.
struct CheckedHook {
  std::string_view kind;  // of kHookKinds
  std::string pointer;    // "/hooks/prestart/0"
  Hook hook;
  std::vector<std::string> digests;
  std::string program{};
  bool operator==(const CheckedHook&) const = default;
};

struct Namespace {
  std::uint64_t type = 0;  // CLONE_NEWPID, CLONE_NEWNS …
  std::string name;        // "pid", "mount" …, as in config.json
  std::string path;        // join this one; empty: make a new one
  bool operator==(const Namespace&) const = default;
};

struct Device {
  char type = 'c';  // 'c' (also for "u"), 'b', 'p'
  std::string path;
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::optional<std::uint32_t> file_mode;  // permission bits only
  std::optional<std::uint32_t> uid;
  std::optional<std::uint32_t> gid;
  bool operator==(const Device&) const = default;
};

struct DeviceRule {  // linux.resources.devices
  bool allow = false;
  char type = 'a';  // 'a', 'c' or 'b'
  std::optional<std::int64_t> major;  // absent or -1: all
  std::optional<std::int64_t> minor;
  std::string access;  // of "rwm"
  bool operator==(const DeviceRule&) const = default;
};

struct Memory {
  std::optional<std::int64_t> limit, reservation, swap, kernel, kernel_tcp;
  std::optional<std::uint64_t> swappiness;
  std::optional<bool> disable_oom_killer, use_hierarchy, check_before_update;
  bool operator==(const Memory&) const = default;
};

struct Cpu {
  std::optional<std::uint64_t> shares, burst, period, realtime_period;
  std::optional<std::int64_t> quota, realtime_runtime, idle;
  std::string cpus, mems;
  bool operator==(const Cpu&) const = default;
};

struct WeightDevice {
  std::int64_t major = 0, minor = 0;
  std::optional<std::uint16_t> weight, leaf_weight;
  bool operator==(const WeightDevice&) const = default;
};

struct ThrottleDevice {
  std::int64_t major = 0, minor = 0;
  std::uint64_t rate = 0;
  bool operator==(const ThrottleDevice&) const = default;
};

struct BlockIo {
  std::optional<std::uint16_t> weight, leaf_weight;
  std::vector<WeightDevice> weight_device;
  std::vector<ThrottleDevice> throttle_read_bps, throttle_write_bps, throttle_read_iops, throttle_write_iops;
  bool operator==(const BlockIo&) const = default;
};

struct HugepageLimit {
  std::string page_size;  // "2MB"
  std::uint64_t limit = 0;
  bool operator==(const HugepageLimit&) const = default;
};

struct InterfacePriority {
  std::string name;
  std::uint32_t priority = 0;
  bool operator==(const InterfacePriority&) const = default;
};

struct Network {
  std::optional<std::uint32_t> class_id;
  std::vector<InterfacePriority> priorities;
  bool operator==(const Network&) const = default;
};

struct Rdma {
  std::optional<std::uint32_t> hca_handles, hca_objects;
  bool operator==(const Rdma&) const = default;
};

struct Resources {
  std::vector<DeviceRule> devices;
  std::optional<Memory> memory;
  std::optional<Cpu> cpu;
  std::optional<std::int64_t> pids_limit;
  std::optional<BlockIo> block_io;
  std::vector<HugepageLimit> hugepage_limits;
  std::optional<Network> network;
  std::map<std::string, Rdma> rdma;
  std::vector<std::pair<std::string, std::string>> unified;  // in file order
  bool operator==(const Resources&) const = default;
};

enum class SeccompAction { kKillThread, kKillProcess, kTrap, kErrno, kTrace, kAllow, kLog, kNotify };
enum class SeccompOperator { kNe, kLt, kLe, kEq, kGe, kGt, kMaskedEq };

struct SeccompArg {
  std::uint32_t index = 0;  // 0..5
  std::uint64_t value = 0;
  std::uint64_t value_two = 0;
  SeccompOperator op = SeccompOperator::kEq;
  bool operator==(const SeccompArg&) const = default;
};

struct SeccompRule {
  std::vector<std::string> names;
  SeccompAction action = SeccompAction::kErrno;
  std::optional<std::uint32_t> errno_ret;
  std::vector<SeccompArg> args;
  bool operator==(const SeccompRule&) const = default;
};

struct Seccomp {
  SeccompAction default_action = SeccompAction::kErrno;
  std::optional<std::uint32_t> default_errno_ret;
  std::vector<std::string> architectures;          // "SCMP_ARCH_X86_64" …; empty: native only
  std::optional<std::vector<std::string>> flags;   // "SECCOMP_FILTER_FLAG_LOG" …
  std::string listener_path;
  std::string listener_metadata;
  std::vector<SeccompRule> syscalls;
  bool operator==(const Seccomp&) const = default;
};

struct TimeOffset {
  std::int64_t secs = 0;
  std::uint32_t nanosecs = 0;
  bool operator==(const TimeOffset&) const = default;
};

struct IntelRdt {
  std::string clos_id, l3_cache_schema, mem_bw_schema;
  std::vector<std::string> schemata;
  bool enable_monitoring = false;
  bool operator==(const IntelRdt&) const = default;
};

struct Linux {
  std::vector<IdMapping> uid_mappings;
  std::vector<IdMapping> gid_mappings;
  std::map<std::string, std::string> sysctl;
  std::optional<Resources> resources;
  std::string cgroups_path;
  std::vector<Namespace> namespaces;
  std::vector<Device> devices;
  std::optional<Seccomp> seccomp;
  std::string rootfs_propagation;
  std::vector<std::string> masked_paths;
  std::vector<std::string> readonly_paths;
  std::string mount_label;
  std::optional<IntelRdt> intel_rdt;
  std::optional<std::uint64_t> personality;  // PER_LINUX, PER_LINUX32
  std::optional<TimeOffset> monotonic_offset, boottime_offset;
  bool has_net_devices = false;
  bool has_memory_policy = false;
  bool operator==(const Linux&) const = default;
};

// Something in config.json that was not an error and yet worth a word: an unknown member (with the
// known one nearest to it, if any), a capability that this runtime does not know, a clamped value.
struct Note {
  std::string pointer;  // JSON pointer
  std::string text;
  bool warn = false;  // a likely mistake, shown to the user; otherwise only by explain and --debug
  bool operator==(const Note&) const = default;
};

struct Spec {
  std::string oci_version;
  Root root;
  std::optional<Process> process;
  std::string hostname;
  std::string domainname;
  std::vector<Mount> mounts;
  Hooks hooks;
  std::map<std::string, std::string> annotations;
  Linux linux;
  std::vector<Note> notes;
  bool operator==(const Spec&) const = default;
};

}  // namespace oci
