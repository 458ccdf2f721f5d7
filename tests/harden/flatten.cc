#include "flatten.h"

#include <algorithm>
#include <type_traits>

#include "base/text.h"

namespace harden_test {

namespace {

// Collects under a pointer; one `at` a level.
struct Sink {
  std::map<std::string, std::string>& out;
  std::string pointer;

  Sink at(const auto& name) const { return {out, base::cat(pointer, "/", name)}; }
  void put(const std::string& value) const { out[pointer] = value; }
  void put(bool value) const { out[pointer] = value ? "true" : "false"; }
  template <typename T>
  requires(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) void put(T value) const {
    out[pointer] = std::to_string(value);
  }
  template <typename T>
  void put(const std::optional<T>& value) const {
    if (value) put(*value);
  }
  template <typename T>
  void put(const std::vector<T>& values) const {
    for (std::size_t i = 0; i < values.size(); ++i) at(i).put(values[i]);
  }
  template <typename K, typename V>
  void put(const std::map<K, V>& values) const {
    for (const auto& [key, value] : values) at(key).put(value);
  }
  void put(const std::pair<std::string, std::string>& value) const { put(value.first + "=" + value.second); }

  void put(const oci::IdMapping& m) const { put(base::cat(m.container_id, " ", m.host_id, " ", m.size)); }
  void put(const oci::Rlimit& r) const { put(base::cat(r.type, " ", r.resource, " ", r.soft, " ", r.hard)); }
  void put(const oci::Namespace& n) const { put(base::cat(n.type, " ", n.name, " ", n.path)); }
  void put(const oci::Box& b) const { put(base::cat(b.height, " ", b.width)); }
  void put(const oci::TimeOffset& t) const { put(base::cat(t.secs, " ", t.nanosecs)); }
  void put(const oci::IoPriority& p) const { put(base::cat(p.io_class, " ", p.priority)); }
  void put(const oci::ExecCpuAffinity& a) const { put(a.initial + "/" + a.final); }
  void put(const oci::HugepageLimit& h) const { put(base::cat(h.page_size, " ", h.limit)); }
  void put(const oci::InterfacePriority& p) const { put(base::cat(p.name, " ", p.priority)); }
  void put(const oci::ThrottleDevice& d) const { put(base::cat(d.major, ":", d.minor, " ", d.rate)); }
  void put(const oci::Scheduler& s) const {
    put(base::cat(s.policy, " ", s.nice, " ", s.priority, " ", s.flags, " ", s.runtime, " ", s.deadline, " ",
                  s.period));
  }
  void put(const oci::SeccompArg& a) const {
    put(base::cat(a.index, " ", a.value, " ", a.value_two, " ", static_cast<int>(a.op)));
  }
  void put(const oci::Note& n) const { put(n.pointer + " " + n.text); }
  void put(const oci::WeightDevice& d) const {
    put(base::cat(d.major, ":", d.minor, " ", d.weight.value_or(0), " ", d.leaf_weight.value_or(0)));
  }
  void put(const oci::Device& d) const {
    put(base::cat(d.type, " ", d.path, " ", d.major, ":", d.minor, " ", d.file_mode.value_or(0), " ", d.uid.value_or(0),
                  " ", d.gid.value_or(0)));
  }
  void put(const oci::DeviceRule& d) const {
    put(base::cat(d.allow ? "allow " : "deny ", d.type, " ", d.major.value_or(-1), ":", d.minor.value_or(-1), " ",
                  d.access));
  }
  void put(const oci::Rdma& r) const {
    at("hcaHandles").put(r.hca_handles);
    at("hcaObjects").put(r.hca_objects);
  }
  void put(const oci::Hook& h) const {
    at("path").put(h.path);
    at("args").put(h.args);
    at("env").put(h.env);
    at("timeout").put(h.timeout);
  }
  void put(const oci::SeccompRule& r) const {
    at("names").put(r.names);
    at("action").put(static_cast<int>(r.action));
    at("errnoRet").put(r.errno_ret);
    at("args").put(r.args);
  }
  void put(const oci::Mount& m) const {
    at("destination").put(m.destination);
    at("type").put(m.type);
    at("source").put(m.source);
    at("options").put(m.options);
    at("uidMappings").put(m.uid_mappings);
    at("gidMappings").put(m.gid_mappings);
  }
};

void flatten_process(const oci::Process& p, const Sink& to) {
  to.at("terminal").put(p.terminal);
  to.at("consoleSize").put(p.console_size);
  to.at("user/uid").put(p.user.uid);
  to.at("user/gid").put(p.user.gid);
  to.at("user/umask").put(p.user.umask);
  to.at("user/additionalGids").put(p.user.additional_gids);
  to.at("args").put(p.args);
  to.at("env").put(p.env);
  to.at("cwd").put(p.cwd);
  if (p.capabilities) {
    const auto caps = to.at("capabilities");
    caps.at("bounding").put(p.capabilities->bounding);
    caps.at("effective").put(p.capabilities->effective);
    caps.at("inheritable").put(p.capabilities->inheritable);
    caps.at("permitted").put(p.capabilities->permitted);
    caps.at("ambient").put(p.capabilities->ambient);
  }
  to.at("rlimits").put(p.rlimits);
  to.at("noNewPrivileges").put(p.no_new_privileges);
  to.at("apparmorProfile").put(p.apparmor_profile);
  to.at("selinuxLabel").put(p.selinux_label);
  to.at("oomScoreAdj").put(p.oom_score_adj);
  to.at("scheduler").put(p.scheduler);
  to.at("ioPriority").put(p.io_priority);
  to.at("execCPUAffinity").put(p.exec_cpu_affinity);
}

void flatten_memory(const oci::Memory& m, const Sink& to) {
  to.at("limit").put(m.limit);
  to.at("reservation").put(m.reservation);
  to.at("swap").put(m.swap);
  to.at("kernel").put(m.kernel);
  to.at("kernelTCP").put(m.kernel_tcp);
  to.at("swappiness").put(m.swappiness);
  to.at("disableOOMKiller").put(m.disable_oom_killer);
  to.at("useHierarchy").put(m.use_hierarchy);
  to.at("checkBeforeUpdate").put(m.check_before_update);
}

void flatten_cpu(const oci::Cpu& c, const Sink& to) {
  to.at("shares").put(c.shares);
  to.at("burst").put(c.burst);
  to.at("period").put(c.period);
  to.at("realtimePeriod").put(c.realtime_period);
  to.at("quota").put(c.quota);
  to.at("realtimeRuntime").put(c.realtime_runtime);
  to.at("idle").put(c.idle);
  if (!c.cpus.empty()) to.at("cpus").put(c.cpus);  // empty is as absent
  if (!c.mems.empty()) to.at("mems").put(c.mems);
}

void flatten_block_io(const oci::BlockIo& b, const Sink& to) {
  to.at("weight").put(b.weight);
  to.at("leafWeight").put(b.leaf_weight);
  to.at("weightDevice").put(b.weight_device);
  to.at("throttleReadBpsDevice").put(b.throttle_read_bps);
  to.at("throttleWriteBpsDevice").put(b.throttle_write_bps);
  to.at("throttleReadIOPSDevice").put(b.throttle_read_iops);
  to.at("throttleWriteIOPSDevice").put(b.throttle_write_iops);
}

void flatten_resources(const oci::Resources& r, const Sink& to) {
  to.at("devices").put(r.devices);
  if (r.memory) flatten_memory(*r.memory, to.at("memory"));
  if (r.cpu) flatten_cpu(*r.cpu, to.at("cpu"));
  to.at("pids").put(r.pids_limit);
  if (r.block_io) flatten_block_io(*r.block_io, to.at("blockIO"));
  to.at("hugepageLimits").put(r.hugepage_limits);
  if (r.network) to.at("network/classID").put(r.network->class_id);
  if (r.network) to.at("network/priorities").put(r.network->priorities);
  to.at("rdma").put(r.rdma);
  for (const auto& [name, value] : r.unified) to.at("unified").at(name).put(value);
}

void flatten_seccomp(const oci::Seccomp& s, const Sink& to) {
  to.at("defaultAction").put(static_cast<int>(s.default_action));
  to.at("defaultErrnoRet").put(s.default_errno_ret);
  to.at("architectures").put(s.architectures);
  to.at("flags").put(s.flags);
  to.at("listenerPath").put(s.listener_path);
  to.at("listenerMetadata").put(s.listener_metadata);
  to.at("syscalls").put(s.syscalls);
}

void flatten_linux(const oci::Linux& l, const Sink& to) {
  to.at("uidMappings").put(l.uid_mappings);
  to.at("gidMappings").put(l.gid_mappings);
  to.at("sysctl").put(l.sysctl);
  if (l.resources) flatten_resources(*l.resources, to.at("resources"));
  to.at("cgroupsPath").put(l.cgroups_path);
  to.at("namespaces").put(l.namespaces);
  to.at("devices").put(l.devices);
  if (l.seccomp) flatten_seccomp(*l.seccomp, to.at("seccomp"));
  to.at("rootfsPropagation").put(l.rootfs_propagation);
  to.at("maskedPaths").put(l.masked_paths);
  to.at("readonlyPaths").put(l.readonly_paths);
  to.at("mountLabel").put(l.mount_label);
  if (l.intel_rdt) to.at("intelRdt/closID").put(l.intel_rdt->clos_id + l.intel_rdt->l3_cache_schema);
  if (l.intel_rdt) to.at("intelRdt/schemata").put(l.intel_rdt->schemata);
  to.at("personality").put(l.personality);
  to.at("timeOffsets/monotonic").put(l.monotonic_offset);
  to.at("timeOffsets/boottime").put(l.boottime_offset);
  to.at("netDevices").put(l.has_net_devices);
  to.at("memoryPolicy").put(l.has_memory_policy);
}

}  // namespace

std::map<std::string, std::string> flatten(const oci::Spec& spec) {
  std::map<std::string, std::string> out;
  const Sink to{out, ""};
  to.at("ociVersion").put(spec.oci_version);
  to.at("root/path").put(spec.root.path);
  to.at("root/readonly").put(spec.root.readonly);
  if (spec.process) flatten_process(*spec.process, to.at("process"));
  to.at("hostname").put(spec.hostname);
  to.at("domainname").put(spec.domainname);
  to.at("mounts").put(spec.mounts);
  const auto hooks = to.at("hooks");
  hooks.at("prestart").put(spec.hooks.prestart);
  hooks.at("createRuntime").put(spec.hooks.create_runtime);
  hooks.at("createContainer").put(spec.hooks.create_container);
  hooks.at("startContainer").put(spec.hooks.start_container);
  hooks.at("poststart").put(spec.hooks.poststart);
  hooks.at("poststop").put(spec.hooks.poststop);
  to.at("annotations").put(spec.annotations);
  flatten_linux(spec.linux, to.at("linux"));
  to.at("notes").put(spec.notes);
  return out;
}

namespace {

// The environment is a list in which nothing moves: what is gone, or has something else in its place, is named by its
// place before, and what came behind it is not different for having moved up.
void difference_env(const oci::Spec& before, const oci::Spec& after, std::set<std::string>& out) {
  const std::vector<std::string> none;
  const auto& a = before.process ? before.process->env : none;
  const auto& b = after.process ? after.process->env : none;
  std::size_t at = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (at < b.size() && b[at] == a[i]) {
      ++at;
      continue;
    }
    out.insert(base::cat("/process/env/", i));
    const auto rest = a.begin() + static_cast<std::ptrdiff_t>(i);
    if (at < b.size() && std::find(rest, a.end(), b[at]) == a.end()) ++at;
  }
  for (; at < b.size(); ++at) out.insert(base::cat("/process/env/", a.size() + at));
}

}  // namespace

std::set<std::string> difference(const oci::Spec& before, const oci::Spec& after) {
  const auto a = flatten(before);
  const auto b = flatten(after);
  const auto is_env = [](const std::string& pointer) { return pointer.starts_with("/process/env/"); };
  std::set<std::string> out;
  difference_env(before, after, out);
  for (const auto& [pointer, value] : a) {
    if (is_env(pointer)) continue;
    const auto other = b.find(pointer);
    if (other == b.end() || other->second != value) out.insert(pointer);
  }
  for (const auto& [pointer, value] : b)
    if (!a.contains(pointer) && !is_env(pointer)) out.insert(pointer);
  return out;
}

std::vector<std::string> texts(const harden::Decisions& decisions) {
  std::vector<std::string> out;
  for (const auto& d : decisions) {
    out.push_back(base::cat(d.control, '\n', d.where, '\n', base::join(d.also, " "), '\n', d.requested, '\n', d.effective, '\n', d.why, '\n',
                            d.source, '\n', int{d.degraded}, int{d.warning}, int{d.audited}));
  }
  return out;
}

}  // namespace harden_test
