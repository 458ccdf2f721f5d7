#include "oci/names.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/resource.h>

#include <array>

#include "base/text.h"

namespace oci {

namespace {

using namespace std::string_view_literals;

constexpr std::array kCapabilities{
    "CAP_CHOWN"sv,
    "CAP_DAC_OVERRIDE"sv,
    "CAP_DAC_READ_SEARCH"sv,
    "CAP_FOWNER"sv,
    "CAP_FSETID"sv,
    "CAP_KILL"sv,
    "CAP_SETGID"sv,
    "CAP_SETUID"sv,
    "CAP_SETPCAP"sv,
    "CAP_LINUX_IMMUTABLE"sv,
    "CAP_NET_BIND_SERVICE"sv,
    "CAP_NET_BROADCAST"sv,
    "CAP_NET_ADMIN"sv,
    "CAP_NET_RAW"sv,
    "CAP_IPC_LOCK"sv,
    "CAP_IPC_OWNER"sv,
    "CAP_SYS_MODULE"sv,
    "CAP_SYS_RAWIO"sv,
    "CAP_SYS_CHROOT"sv,
    "CAP_SYS_PTRACE"sv,
    "CAP_SYS_PACCT"sv,
    "CAP_SYS_ADMIN"sv,
    "CAP_SYS_BOOT"sv,
    "CAP_SYS_NICE"sv,
    "CAP_SYS_RESOURCE"sv,
    "CAP_SYS_TIME"sv,
    "CAP_SYS_TTY_CONFIG"sv,
    "CAP_MKNOD"sv,
    "CAP_LEASE"sv,
    "CAP_AUDIT_WRITE"sv,
    "CAP_AUDIT_CONTROL"sv,
    "CAP_SETFCAP"sv,
    "CAP_MAC_OVERRIDE"sv,
    "CAP_MAC_ADMIN"sv,
    "CAP_SYSLOG"sv,
    "CAP_WAKE_ALARM"sv,
    "CAP_BLOCK_SUSPEND"sv,
    "CAP_AUDIT_READ"sv,
    "CAP_PERFMON"sv,
    "CAP_BPF"sv,
    "CAP_CHECKPOINT_RESTORE"sv,
};
static_assert(kCapabilities.size() == CAP_LAST_CAP + 1);
static_assert(kAllCaps == (CapSet{1} << kCapabilities.size()) - 1);

constexpr std::array<Named<std::uint64_t>, 8> kNamespaces{{
    {"cgroup", CLONE_NEWCGROUP},
    {"ipc", CLONE_NEWIPC},
    {"mount", CLONE_NEWNS},
    {"network", CLONE_NEWNET},
    {"pid", CLONE_NEWPID},
    {"time", CLONE_NEWTIME},
    {"user", CLONE_NEWUSER},
    {"uts", CLONE_NEWUTS},
}};

constexpr std::array<Named<int>, 16> kRlimits{{
    {"RLIMIT_AS", RLIMIT_AS},
    {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},
    {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_NPROC", RLIMIT_NPROC},
    {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    {"RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
}};

// Numbers of <linux/sched.h> and <linux/sched/types.h>; glibc has only some of them.
constexpr std::array<Named<std::uint32_t>, 7> kSchedulerPolicies{{
    {"SCHED_OTHER", 0},
    {"SCHED_FIFO", 1},
    {"SCHED_RR", 2},
    {"SCHED_BATCH", 3},
    {"SCHED_ISO", 4},
    {"SCHED_IDLE", 5},
    {"SCHED_DEADLINE", 6},
}};

constexpr std::array<Named<std::uint64_t>, 7> kSchedulerFlags{{
    {"SCHED_FLAG_RESET_ON_FORK", 0x01},
    {"SCHED_FLAG_RECLAIM", 0x02},
    {"SCHED_FLAG_DL_OVERRUN", 0x04},
    {"SCHED_FLAG_KEEP_POLICY", 0x08},
    {"SCHED_FLAG_KEEP_PARAMS", 0x10},
    {"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20},
    {"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40},
}};

// ioprio_set(2), <linux/ioprio.h>
constexpr std::array<Named<std::uint32_t>, 3> kIoPriorityClasses{{
    {"IOPRIO_CLASS_RT", 1},
    {"IOPRIO_CLASS_BE", 2},
    {"IOPRIO_CLASS_IDLE", 3},
}};

constexpr std::array<Named<std::uint64_t>, 2> kPersonalities{{
    {"LINUX", PER_LINUX},
    {"LINUX32", PER_LINUX32},
}};

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool equal_any_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (upper(a[i]) != upper(b[i])) return false;
  return true;
}

}  // namespace

std::span<const std::string_view> capability_names() { return kCapabilities; }

std::optional<int> capability_number(std::string_view name) {
  constexpr std::string_view kPrefix = "CAP_";
  if (equal_any_case(name.substr(0, kPrefix.size()), kPrefix)) name.remove_prefix(kPrefix.size());
  for (std::size_t i = 0; i < kCapabilities.size(); ++i)
    if (equal_any_case(kCapabilities[i].substr(kPrefix.size()), name)) return static_cast<int>(i);
  return std::nullopt;
}

std::string_view capability_name(int number) {
  if (number < 0 || static_cast<std::size_t>(number) >= kCapabilities.size()) return {};
  return kCapabilities[static_cast<std::size_t>(number)];
}

std::vector<std::string> capability_list(CapSet set) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < kCapabilities.size(); ++i)
    if ((set >> i & 1) != 0) out.emplace_back(kCapabilities[i]);
  return out;
}

std::span<const Named<std::uint64_t>> namespace_types() { return kNamespaces; }
std::optional<std::uint64_t> namespace_type(std::string_view name) { return value_of(namespace_types(), name); }
std::string_view namespace_name(std::uint64_t type) { return name_of(namespace_types(), type); }

std::span<const Named<int>> rlimit_types() { return kRlimits; }
std::optional<int> rlimit_type(std::string_view name) { return value_of(rlimit_types(), name); }
std::string_view rlimit_name(int resource) { return name_of(rlimit_types(), resource); }

std::span<const Named<std::uint32_t>> scheduler_policies() { return kSchedulerPolicies; }
std::span<const Named<std::uint64_t>> scheduler_flags() { return kSchedulerFlags; }
std::span<const Named<std::uint32_t>> io_priority_classes() { return kIoPriorityClasses; }
std::span<const Named<std::uint64_t>> personalities() { return kPersonalities; }

}  // namespace oci
