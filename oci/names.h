// The closed sets of config.json and of the command line: name <-> number, both ways, as tables.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "oci/spec.h"

namespace oci {

template <typename T>
struct Named {
  std::string_view name;
  T value;
};

// The 41 capabilities of <linux/capability.h>, by number. Index n is capability n.
std::span<const std::string_view> capability_names();
inline constexpr CapSet kAllCaps = (CapSet{1} << 41) - 1;
// "CAP_KILL", "KILL", "cap_kill" → 5.
std::optional<int> capability_number(std::string_view name);
std::string_view capability_name(int number);          // "CAP_KILL"; empty if unknown
std::vector<std::string> capability_list(CapSet set);  // by number

// "pid" → CLONE_NEWPID …, in config.json's words ("network", "mount").
std::span<const Named<std::uint64_t>> namespace_types();
std::optional<std::uint64_t> namespace_type(std::string_view name);
std::string_view namespace_name(std::uint64_t type);  // empty if unknown

// "RLIMIT_NOFILE" → RLIMIT_NOFILE.
std::span<const Named<int>> rlimit_types();
std::optional<int> rlimit_type(std::string_view name);
std::string_view rlimit_name(int resource);

// "9", "KILL", "sigkill", "RTMIN+3" → number. Error: `unknown signal "X"` (runc's words; callers match them).
base::Result<int> parse_signal(std::string_view text);
std::string signal_name(int number);  // "SIGKILL", "SIGRTMIN+3"; the number if it has no name

// seccomp(2)
std::span<const Named<SeccompAction>> seccomp_actions();  // KILL is KILL_THREAD
std::span<const Named<SeccompOperator>> seccomp_operators();
std::span<const std::string_view> seccomp_architectures();  // every SCMP_ARCH_* of the runtime-spec
std::span<const Named<std::uint64_t>> seccomp_flags();      // SECCOMP_FILTER_FLAG_*
std::optional<SeccompAction> seccomp_action(std::string_view name);
std::optional<SeccompOperator> seccomp_operator(std::string_view name);
std::optional<std::uint64_t> seccomp_flag(std::string_view name);
std::string_view seccomp_action_name(SeccompAction action);
std::string_view seccomp_operator_name(SeccompOperator op);

// sched_setattr(2), ioprio_set(2), personality(2)
std::span<const Named<std::uint32_t>> scheduler_policies();
std::span<const Named<std::uint64_t>> scheduler_flags();
std::span<const Named<std::uint32_t>> io_priority_classes();
std::span<const Named<std::uint64_t>> personalities();

// The names of a table, in its order.
template <typename T>
std::vector<std::string_view> names_of(std::span<const Named<T>> table) {
  std::vector<std::string_view> out;
  out.reserve(table.size());
  for (const auto& entry : table) out.push_back(entry.name);
  return out;
}

template <typename T>
std::optional<T> value_of(std::span<const Named<T>> table, std::string_view name) {
  for (const auto& entry : table)
    if (entry.name == name) return entry.value;
  return std::nullopt;
}

template <typename T>
std::string_view name_of(std::span<const Named<T>> table, T value) {
  for (const auto& entry : table)
    if (entry.value == value) return entry.name;
  return {};
}

}  // namespace oci
