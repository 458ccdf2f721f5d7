// The rules of a policy file: the table of contents, and the smaller sections.

#include <algorithm>

#include "base/text.h"
#include "oci/json.h"
#include "oci/names.h"
#include "policy/sections.h"

namespace policy {

namespace {

base::Result<std::vector<oci::Namespace>> get_namespaces(const oci::Cursor& value) {
  std::vector<oci::Namespace> out;
  for (const auto& element : TRY(value.get_array())) {
    const auto name = TRY(element.get_string());
    const auto type = oci::namespace_type(name);
    if (!type) return unknown(element, "namespace", name, oci::names_of(oci::namespace_types()));
    if (name == "user") return element.fault("a user namespace needs id mappings; see /process/rootUser");
    out.push_back({.type = *type, .name = std::string(name), .path = ""});
  }
  return out;
}

base::Result<void> read_namespaces(const oci::Cursor& value, Namespaces& out) {
  const auto section = TRY(Section::open(value, {"own", "nested", "joinBelow"}));
  TRY(section.take("nested", out.nested, get_flag));
  TRY(section.take("joinBelow", out.join_below, get_clean_paths));
  return section.take("own", out.own, get_namespaces);
}

base::Result<Tmpfs> get_tmpfs(const oci::Cursor& value) {
  TRY(check_members(value, {"path", "size", "inodes", "mode", "exec"}));
  Tmpfs out;
  const auto path = TRY(required(value, "path"));
  out.path = TRY(get_path(path));
  const auto size = TRY(required(value, "size"));
  out.size = TRY(get_amount(size));
  if (out.size == 0) return size.mismatch("more than 0, which is no limit to the kernel");
  if (const auto inodes = value.find("inodes")) out.inodes = TRY(inodes->get_u64(1));
  if (const auto exec = value.find("exec")) out.exec = TRY(exec->get_bool());
  if (const auto mode = value.find("mode")) out.mode = TRY(get_mode_bits(*mode));
  return out;
}

base::Result<std::vector<Tmpfs>> get_tmpfs_list(const oci::Cursor& value) {
  std::vector<Tmpfs> out;
  for (const auto& element : TRY(value.get_array())) {
    auto item = TRY(get_tmpfs(element));
    out.push_back(std::move(item));
  }
  return out;
}

base::Result<ProcView> get_proc(const oci::Cursor& value) {
  TRY(check_members(value, {"ownOnly", "pidsOnly"}));
  ProcView out;
  if (const auto flag = value.find("ownOnly")) out.own_only = TRY(flag->get_bool());
  if (const auto flag = value.find("pidsOnly")) out.pids_only = TRY(flag->get_bool());
  return out;
}

base::Result<void> read_filesystem(const oci::Cursor& value, Filesystem& out) {
  const auto section = TRY(Section::open(value, {"readonlyRoot", "recursiveReadonly", "nosuid", "nodev", "noexec",
                                                 "privatePropagation", "tmpfs", "maskedPaths", "readonlyPaths", "proc", "tmpfsSize", "denyBinds", "allowBinds"}));
  TRY(section.take("readonlyRoot", out.readonly_root, get_flag));
  TRY(section.take("recursiveReadonly", out.recursive_readonly, get_flag));
  TRY(section.take("nosuid", out.nosuid, get_flag));
  TRY(section.take("nodev", out.nodev, get_flag));
  TRY(section.take("noexec", out.noexec, get_flag));
  TRY(section.take("proc", out.proc, get_proc));
  TRY(section.take("tmpfsSize", out.tmpfs_size, get_limit));
  TRY(section.take("denyBinds", out.deny_binds, get_paths));
  TRY(section.take("allowBinds", out.allow_binds, get_clean_paths));
  TRY(section.take("privatePropagation", out.private_propagation, get_flag));
  TRY(section.take("tmpfs", out.tmpfs, get_tmpfs_list));
  TRY(section.take("maskedPaths", out.masked_paths, get_paths));
  return section.take("readonlyPaths", out.readonly_paths, get_paths);
}

// "c 10:229 rwm"
base::Result<DeviceCeiling> get_device(const oci::Cursor& value) {
  constexpr std::string_view kWant = "a device as in \"c 10:229 rwm\"";
  const auto words = base::split(TRY(value.get_string()), ' ');
  if (words.size() != 3 || (words[0] != "c" && words[0] != "b")) return value.mismatch(kWant);
  const auto numbers = base::split(words[1], ':');
  if (numbers.size() != 2) return value.mismatch(kWant);
  constexpr std::uint64_t kMaxMajor = 0xfff, kMaxMinor = 0xfffff;  // 12 and 20 bits
  const auto major = base::parse_u64(numbers[0]);
  const auto minor = base::parse_u64(numbers[1]);
  if (!major || !minor || *major > kMaxMajor || *minor > kMaxMinor) return value.mismatch(kWant);
  std::string access;
  for (const char c : std::string_view("rwm"))
    if (std::count(words[2].begin(), words[2].end(), c) == 1) access += c;
  if (access.empty() || access.size() != words[2].size()) return value.mismatch(kWant);
  return DeviceCeiling{.type = words[0][0],
                       .major = static_cast<std::int64_t>(*major),
                       .minor = static_cast<std::int64_t>(*minor),
                       .access = access};
}

base::Result<void> read_devices(const oci::Cursor& value, Devices& out) {
  const auto section = TRY(Section::open(value, {"allow"}));
  return section.take("allow", out.allow, [](const oci::Cursor& list) -> base::Result<std::vector<DeviceCeiling>> {
    std::vector<DeviceCeiling> devices;
    for (const auto& element : TRY(list.get_array())) {
      auto item = TRY(get_device(element));
      devices.push_back(std::move(item));
    }
    return devices;
  });
}

base::Result<void> read_sysctl(const oci::Cursor& value, Sysctl& out) {
  const auto section = TRY(Section::open(value, {"allow"}));
  return section.take("allow", out.allow, [](const oci::Cursor& list) { return list.get_strings(); });
}

base::Result<void> read_lsm(const oci::Cursor& value, Lsm& out) {
  const auto section = TRY(Section::open(value, {"unconfined", "required"}));
  TRY(section.take("unconfined", out.unconfined, get_flag));
  return section.take("required", out.required, get_flag);
}

base::Result<void> read_exec(const oci::Cursor& value, Exec& out) {
  const auto section = TRY(Section::open(value, {"allow", "withinContainer"}));
  TRY(section.take("allow", out.allow, get_flag));
  return section.take("withinContainer", out.within_container, get_flag);
}

}  // namespace

std::span<const Name> rule_sections() {
  static constexpr Name names[] = {"process", "namespaces", "filesystem", "devices", "sysctl", "seccomp", "resources", "environment",
                              "lsm", "landlock", "network", "hooks", "exec"};
  return names;
}

base::Result<void> read_rules(const oci::Cursor& root, const GroupLookup& groups, Policy& out) {
  if (const auto section = root.find("process")) TRY(read_process(*section, out.process));
  if (const auto section = root.find("namespaces")) TRY(read_namespaces(*section, out.namespaces));
  if (const auto section = root.find("filesystem")) TRY(read_filesystem(*section, out.filesystem));
  if (const auto section = root.find("devices")) TRY(read_devices(*section, out.devices));
  if (const auto section = root.find("sysctl")) TRY(read_sysctl(*section, out.sysctl));
  if (const auto section = root.find("seccomp")) TRY(read_seccomp(*section, groups, out.seccomp));
  if (const auto section = root.find("resources")) TRY(read_resources(*section, out.resources));
  if (const auto section = root.find("environment")) TRY(read_environment(*section, out.environment));
  if (const auto section = root.find("lsm")) TRY(read_lsm(*section, out.lsm));
  if (const auto section = root.find("landlock")) TRY(read_landlock(*section, out.landlock));
  if (const auto section = root.find("network")) TRY(read_network(*section, out.network));
  if (const auto section = root.find("hooks")) TRY(read_hooks(*section, out.hooks));
  if (const auto section = root.find("exec")) TRY(read_exec(*section, out.exec));
  return base::ok();
}

}  // namespace policy
