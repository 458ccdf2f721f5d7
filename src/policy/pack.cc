#include "policy/pack.h"

#include <cstring>
#include <functional>
#include <map>
#include <type_traits>

#include "base/text.h"
#include "policy/rules.h"

namespace policy {

namespace {

// Writes what it is given; Unpacker reads it. Numbers have eight bytes, in this machine's order; strings, lists and
// optionals are preceded by their size.
class Packer {
 public:
  void number(std::uint64_t value) { out_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void text(const std::string& value) {
    number(value.size());
    out_ += value;
  }
  template <typename T>
  void list(const T& values, auto&& each) {
    number(values.size());
    for (const auto& value : values) each(value);
  }
  std::string take() && { return std::move(out_); }

 private:
  std::string out_;
};

class Unpacker {
 public:
  explicit Unpacker(std::string_view in) : in_(in) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    if (in_.size() < sizeof value) return fail();
    std::memcpy(&value, in_.data(), sizeof value);
    in_.remove_prefix(sizeof value);
    return value;
  }
  std::string text() {
    const std::uint64_t size = count();
    std::string value(in_.substr(0, size));
    in_.remove_prefix(size);
    return value;
  }
  // Of elements, each of which has a byte at least.
  std::uint64_t count() {
    const std::uint64_t n = number();
    return n <= in_.size() ? n : fail();
  }
  bool done() const { return good_ && in_.empty(); }
  std::uint64_t fail() {
    good_ = false;
    in_ = {};
    return 0;
  }

 private:
  std::string_view in_;
  bool good_ = true;
};

// The members of each struct, once for both directions. Structured bindings, so that a new member does not compile until
// it stands here.
template <typename T, typename Struct>
concept Is = std::is_same_v<std::remove_const_t<T>, Struct>;

void fields(Is<Origin> auto& t, auto&& each) {
  auto& [file, pointer, more] = t;
  each(file, pointer, more);
}
template <typename S>
requires requires(S s) { s.value; s.origin; s.why; }
void fields(S& t, auto&& each) {
  auto& [value, origin, why] = t;
  each(value, origin, why);
}
void fields(Is<RlimitCeiling> auto& t, auto&& each) {
  auto& [type, resource, soft, hard] = t;
  each(type, resource, soft, hard);
}
void fields(Is<oci::Namespace> auto& t, auto&& each) {
  auto& [type, name, path] = t;
  each(type, name, path);
}
void fields(Is<ProcView> auto& t, auto&& each) {
  auto& [own_only, pids_only] = t;
  each(own_only, pids_only);
}
void fields(Is<Tmpfs> auto& t, auto&& each) {
  auto& [path, size, inodes, mode, exec] = t;
  each(path, size, inodes, mode, exec);
}
void fields(Is<DeviceCeiling> auto& t, auto&& each) {
  auto& [type, major, minor, access] = t;
  each(type, major, minor, access);
}
void fields(Is<Limit> auto& t, auto&& each) {
  auto& [standard, max] = t;
  each(standard, max);
}
void fields(Is<IoCeiling> auto& t, auto&& each) {
  auto& [major, minor, rbps, wbps, riops, wiops] = t;
  each(major, minor, rbps, wbps, riops, wiops);
}
void fields(Is<WallClock> auto& t, auto&& each) {
  auto& [seconds] = t;
  each(seconds);
}
void fields(Is<ArgCheck> auto& t, auto&& each) {
  auto& [index, mask, values, equals] = t;
  each(index, mask, values, equals);
}
void fields(Is<ConditionalSyscall> auto& t, auto&& each) {
  auto& [name, any_of, errno_otherwise] = t;
  each(name, any_of, errno_otherwise);
}
void fields(Is<SeccompPolicy> auto& t, auto&& each) {
  auto& [allow, conditional, errnos, default_errno, others_allowed, compat32] = t;
  each(allow, conditional, errnos, default_errno, others_allowed, compat32);
}
template <typename P>
requires requires(P p) { p.first; p.second; }
void fields(P& t, auto&& each) {
  auto& [first, second] = t;
  each(first, second);
}
void fields(Is<Process> auto& t, auto&& each) {
  auto& [capabilities, unprivileged_ports, no_new_privileges, root_user, rlimits, realtime, umask,
         locked_secure_bits, memory_deny_write_execute, memfd_noexec, digests, core_scheduling, speculation, own_ids, oom_score_adj] = t;
  each(capabilities, unprivileged_ports, no_new_privileges, root_user, rlimits, realtime, umask,
       locked_secure_bits, memory_deny_write_execute, memfd_noexec, digests, core_scheduling, speculation, own_ids, oom_score_adj);
}
void fields(Is<Namespaces> auto& t, auto&& each) {
  auto& [own, nested, join_below] = t;
  each(own, nested, join_below);
}
void fields(Is<Filesystem> auto& t, auto&& each) {
  auto& [readonly_root, recursive_readonly, nosuid, nodev, noexec, private_propagation, tmpfs, masked_paths, readonly_paths, proc,
         tmpfs_size, deny_binds, allow_binds] = t;
  each(readonly_root, recursive_readonly, nosuid, nodev, noexec, private_propagation, tmpfs, masked_paths, readonly_paths, proc,
       tmpfs_size, deny_binds, allow_binds);
}
void fields(Is<Devices> auto& t, auto&& each) {
  auto& [allow] = t;
  each(allow);
}
void fields(Is<Sysctl> auto& t, auto&& each) {
  auto& [allow] = t;
  each(allow);
}
void fields(Is<Resources> auto& t, auto&& each) {
  auto& [pids, memory, cpu, cpu_shares, io_weight, io_max, swap, oom_killer, oom_group, memory_high, unified, wall_clock, cgroup_below] = t;
  each(pids, memory, cpu, cpu_shares, io_weight, io_max, swap, oom_killer, oom_group, memory_high, unified, wall_clock, cgroup_below);
}
void fields(Is<Environment> auto& t, auto&& each) {
  auto& [allow, strip, warn, secrets, keep] = t;
  each(allow, strip, warn, secrets, keep);
}
void fields(Is<Lsm> auto& t, auto&& each) {
  auto& [unconfined, required] = t;
  each(unconfined, required);
}
void fields(Is<Landlock> auto& t, auto&& each) {
  auto& [enable, scopes, bind, connect] = t;
  each(enable, scopes, bind, connect);
}
void fields(Is<Network> auto& t, auto&& each) {
  auto& [blackhole] = t;
  each(blackhole);
}
void fields(Is<HookProgram> auto& t, auto&& each) {
  auto& [path, digest] = t;
  each(path, digest);
}
void fields(Is<Hooks> auto& t, auto&& each) {
  auto& [allow] = t;
  each(allow);
}
void fields(Is<Exec> auto& t, auto&& each) {
  auto& [allow, within_container] = t;
  each(allow, within_container);
}
void fields(Is<ControlMode> auto& t, auto&& each) {
  auto& [control, mode, reason, origin] = t;
  each(control, mode, reason, origin);
}
void fields(Is<Requirement> auto& t, auto&& each) {
  auto& [control, origin] = t;
  each(control, origin);
}
void fields(Is<Policy> auto& t, auto&& each) {
  auto& [name, version, description, mode, modes, required, selectable, process, namespaces, filesystem, devices, sysctl,
         seccomp, seccomp_limits, resources, environment, lsm,
         landlock, network, hooks, exec] = t;
  each(name, version, description, mode, modes, required, selectable, process, namespaces, filesystem, devices, sysctl,
       seccomp, seccomp_limits, resources, environment, lsm,
       landlock, network, hooks, exec);
}

template <typename T>
constexpr bool is_number = std::is_arithmetic_v<T> || std::is_enum_v<T>;
template <typename T>
constexpr bool is_vector = false;
template <typename T>
constexpr bool is_vector<std::vector<T>> = true;
template <typename T>
constexpr bool is_optional = false;
template <typename T>
constexpr bool is_optional<std::optional<T>> = true;
template <typename T>
constexpr bool is_optional<Rule<T>> = true;

template <typename T>
void put(Packer& out, const T& value) {
  if constexpr (is_number<T>) {
    out.number(static_cast<std::uint64_t>(value));
  } else if constexpr (std::is_same_v<T, std::string>) {
    out.text(value);
  } else if constexpr (std::is_same_v<T, SyscallSet>) {
    out.text(value.text());
  } else if constexpr (is_vector<T>) {
    out.list(value, [&](const auto& element) { put(out, element); });
  } else if constexpr (is_optional<T>) {
    out.number(value.has_value());
    if (value) put(out, *value);
  } else {
    fields(value, [&](const auto&... members) { (put(out, members), ...); });
  }
}

template <typename T>
void get(Unpacker& in, T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    value = in.number() != 0;
  } else if constexpr (is_number<T>) {
    value = static_cast<T>(in.number());
  } else if constexpr (std::is_same_v<T, std::string>) {
    value = in.text();
  } else if constexpr (std::is_same_v<T, SyscallSet>) {
    if (!value.set_text(in.text())) in.fail();
  } else if constexpr (is_vector<T>) {
    value.resize(in.count());
    for (auto& element : value) get(in, element);
  } else if constexpr (is_optional<T>) {
    if (in.number() != 0) get(in, value.emplace());
  } else {
    fields(value, [&](auto&... members) { (get(in, members), ...); });
  }
}

// What a value of this type is made of: two that have the same are written alike.
template <typename T>
std::string shape() {
  if constexpr (is_number<T>) {
    return "n";
  } else if constexpr (std::is_same_v<T, std::string>) {
    return "s";
  } else if constexpr (std::is_same_v<T, SyscallSet>) {
    return "S";
  } else if constexpr (is_vector<T>) {
    return "[" + shape<typename T::value_type>() + "]";
  } else if constexpr (is_optional<T>) {
    return "?" + shape<std::remove_cvref_t<decltype(*std::declval<T&>())>>();
  } else {
    T value{};
    std::string out = "(";
    fields(value, [&](const auto&... members) { ((out += shape<std::remove_cvref_t<decltype(members)>>()), ...); });
    return out + ")";
  }
}

// What a kept policy has beside its rules.
template <typename P>
void for_each_kept(P& policy, auto&& each) {
  each(std::string_view("name"), policy.name);
  each(std::string_view("version"), policy.version);
  each(std::string_view("description"), policy.description);
  each(std::string_view("mode"), policy.mode);
  each(std::string_view("modes"), policy.modes);
  each(std::string_view("selectable"), policy.selectable);
  each(std::string_view("required"), policy.required);
  each(std::string_view("seccomp limits"), policy.seccomp_limits);
  for_each_rule([&](const Control& control, auto& rule) { each(control.name, rule); }, policy);
}

base::Error not_readable(std::string_view what) {
  return base::Error::policy(base::cat("kept policy: ", base::quote(what), " is not known, or looks otherwise, in this version of bulkhead"));
}

}  // namespace

std::string keep(const Policy& policy) {
  Packer out;
  for_each_kept(policy, [&]<typename T>(std::string_view name, const T& value) {
    if constexpr (is_optional<T>) {
      if (!value) return;
    }
    Packer bytes;
    put(bytes, value);
    out.text(std::string(name));
    out.text(shape<T>());
    out.text(std::move(bytes).take());
  });
  return std::move(out).take();
}

base::Result<Policy> read_kept(std::string_view bytes) {
  struct Entry {
    std::string shape, bytes;
  };
  std::map<std::string, Entry, std::less<>> entries;
  Unpacker in(bytes);
  while (!in.done()) {
    auto name = in.text();
    Entry entry{in.text(), in.text()};
    if (name.empty() || !entries.emplace(std::move(name), std::move(entry)).second) return base::Error::policy("kept policy is damaged");
  }
  Policy policy;
  std::string wrong;
  for_each_kept(policy, [&]<typename T>(std::string_view name, T& value) {
    const auto found = entries.find(name);
    if (found == entries.end()) return;
    Unpacker one(found->second.bytes);
    const bool readable = found->second.shape == shape<T>();
    if (readable) get(one, value);
    if (!readable || !one.done()) wrong = name;
    entries.erase(found);
  });
  if (!wrong.empty()) return not_readable(wrong);
  if (!entries.empty()) return not_readable(entries.begin()->first);
  return policy;
}

std::string pack(const Policy& policy) {
  Packer out;
  put(out, policy);
  return std::move(out).take();
}

base::Result<Policy> unpack(std::string_view bytes) {
  Unpacker in(bytes);
  Policy policy;
  get(in, policy);
  if (!in.done()) return base::Error::policy("packed policy is damaged");
  return policy;
}

}  // namespace policy
