#include "cli/prepare.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/text.h"
#include "cli/cite.h"
#include "cli/decisions.h"
#include "cli/descriptors.h"
#include "cli/effective.h"
#include "cli/entrypoint.h"
#include "cli/hook_files.h"
#include "cli/joined.h"
#include "kernel/cpu.h"
#include "kernel/file.h"
#include "kernel/id_ranges.h"
#include "kernel/inroot.h"
#include "kernel/io_control.h"
#include "kernel/probe.h"
#include "kernel/seccomp_cache.h"
#include "oci/read.h"
#include "policy/io_ceiling.h"

namespace cli {
namespace {

using base::cat;
using base::Error;
using base::UniqueFd;

constexpr std::size_t kMaxConfig = 16U << 20;
constexpr std::size_t kMaxPasswd = 1U << 20;
constexpr const char* kSeccompCache = "/run/bulkhead-seccomp";

base::Result<std::string> absolute_bundle(const std::string& bundle) {
  char* resolved = ::realpath(bundle.empty() ? "." : bundle.c_str(), nullptr);
  if (resolved == nullptr) return Error::system(errno, "bundle", bundle.empty() ? "." : bundle);
  std::string out = resolved;
  std::free(resolved);
  return out;
}

// 65536 ids for each container, from 0x70000000 up to 0x7fff0000: above what distributions hand out (subuid(5)) and
// below the sign bit.
constexpr std::uint32_t kFirstId = 0x70000000U, kIdsEach = 0x10000U, kIdRangeCount = 0xfffU;

// Which range is tried first follows from the id, so that a restart mostly finds its files again.
std::uint32_t preferred_range(std::string_view id) {
  std::uint32_t hash = 2166136261U;  // FNV-1a
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash % kIdRangeCount;
}

bool asks_for_remapping(const oci::Spec& spec, const policy::Policy& policy) {
  const auto& rule = policy.process.root_user;
  const auto& own_ids = policy.process.own_ids;
  if (own_ids && own_ids->value) return spec.process.has_value();
  return rule && rule->value == policy::RootUser::kRemap && spec.process && (spec.process->user.uid == 0 || spec.process->user.gid == 0);
}

base::Result<kernel::IdRange> claim_ids(const std::string& root, const std::string& id) {
  const UniqueFd directory = TRY(kernel::open_private_directory(kernel::kIdRangeDirectory, "directory of id ranges"));
  return kernel::claim_id_range(directory.get(), kIdRangeCount, preferred_range(id), base::clean_path(cat(root, "/", id)));
}

// tmpfs(5): "noswap" is there since Linux 6.4, for the host's root.
std::string noswap_obstacle(const kernel::Facts& facts) {
  if (!facts.in_initial_user_namespace) return "the runtime itself runs in a user namespace";
  const bool known = facts.kernel_major > 6 || (facts.kernel_major == 6 && facts.kernel_minor >= 4);
  return known ? "" : base::cat("Linux ", facts.kernel_release, " has no tmpfs without swap");
}

// memory.high and memory.oom.group (cgroup-v2.rst).
std::string memory_v2_obstacle(const kernel::CgroupLayout& layout) {
  if (layout.mode != kernel::CgroupMode::kUnified) return "only cgroup v2 has it";
  const auto& have = layout.v2_controllers;
  return std::find(have.begin(), have.end(), "memory") != have.end() ? "" : "no cgroup controller for memory on this host";
}

// PR_SET_MDWE(2const): since Linux 6.3.
std::string mdwe_obstacle(const kernel::Facts& facts) {
  const bool known = facts.kernel_major > 6 || (facts.kernel_major == 6 && facts.kernel_minor >= 3);
  return known ? "" : base::cat("Linux ", facts.kernel_release, " cannot deny it (since 6.3)");
}

// Since Linux 6.3, and since 6.6 without breaking who says nothing of execution.
std::string memfd_noexec_obstacle(const kernel::Facts& facts) {
  const bool known = facts.kernel_major > 6 || (facts.kernel_major == 6 && facts.kernel_minor >= 6);
  if (!known) return base::cat("Linux ", facts.kernel_release, " cannot (since 6.6)");
  if (!facts.in_initial_user_namespace) return "the runtime itself runs in a user namespace";
  const bool writable = ::geteuid() != 0 || ::access("/proc/sys/vm/memfd_noexec", W_OK) == 0;
  return writable ? "" : "/proc/sys/vm/memfd_noexec is not writable";
}

// A rule of labels that are asked for has nothing to say where none is.
bool looks_at_labels(const oci::Spec& spec, const policy::Effective& policy) {
  const bool asked = spec.process && (!spec.process->apparmor_profile.empty() || !spec.process->selinux_label.empty());
  return asked || any_of(policy, [](const auto& p) { return p.lsm.required && p.lsm.required->value; });
}

void find_digests(harden::Abilities& abilities, const oci::Process& process, int root_fd) {
  auto files = hash_program(root_fd, process);
  if (files) {
    abilities.program = *std::move(files);
  } else {
    abilities.program_unknown = files.error().message();
  }
}

void find_core_scheduling(harden::Abilities& abilities, const kernel::Facts& facts) {
  const auto cores = kernel::probe_core_scheduling();
  abilities.one_thread_a_core = cores == kernel::CoreScheduling::kNoNeed;
  if (cores == kernel::CoreScheduling::kMissing)
    abilities.core_scheduling_unable = cat("Linux ", facts.kernel_release, " was built without core scheduling, or is older than 5.14");
}

void find_speculation(harden::Abilities& abilities) {
  std::vector<std::string> open;
  for (const auto& [control, name] : {std::pair{PR_SPEC_STORE_BYPASS, "store bypass"}, {PR_SPEC_INDIRECT_BRANCH, "indirect branches"}}) {
    const auto state = kernel::probe_speculation(static_cast<unsigned long>(control));
    if (state == kernel::Speculation::kControllable) abilities.speculation |= 1U << control;
    if (state == kernel::Speculation::kOpen) open.emplace_back(name);
  }
  if (!open.empty()) abilities.speculation_unable = cat(base::join(open, ", "), ": this kernel leaves it to no process (spec_store_bypass_disable, spectre_v2_user, mitigations)");
}

// Of masked paths that are patterns: those in /sys, which is the same in every container.
void find_matching_paths(harden::Abilities& abilities, const policy::Policy& policy) {
  const auto& rule = policy.filesystem.masked_paths;
  if (!rule) return;
  for (const auto& path : rule->value) {
    if (!path.starts_with("/sys/") || path.find('*') == std::string::npos) continue;
    for (auto& found : kernel::find_paths(path)) abilities.matching_paths.push_back(std::move(found));
  }
}

// Where a policy says something of disks.
void find_io(harden::Abilities& abilities, const kernel::Facts& facts, const policy::Effective& policy) {
  const bool weight = any_of(policy, [](const auto& p) { return p.resources.io_weight.has_value(); });
  const bool rates = any_of(policy, [](const auto& p) { return p.resources.io_max.has_value(); });
  if (!weight && !rates) return;
  auto files = kernel::probe_io_files(facts.cgroup);
  abilities.io_weight_file = std::move(files.weight);
  abilities.io_weight_unable = std::move(files.weight_unable);
  abilities.io_max_unable = std::move(files.max_unable);
  if (!rates) return;
  std::vector<std::string> named;
  for (const auto* rule : {&policy.policy, policy.audited.empty() ? nullptr : &policy.audited.front()}) {
    if (rule == nullptr || !rule->resources.io_max) continue;
    for (const auto& entry : rule->resources.io_max->value) {
      if (!entry.is_any()) named.push_back(policy::device_text(entry));
    }
  }
  abilities.disks = kernel::probe_disks(named);
}

harden::Abilities find_abilities(const kernel::Facts& facts, const oci::Spec& spec, const policy::Effective& policy, int root_fd,
                                 const PrepareRequest& request) {
  harden::Abilities abilities;
  abilities.cap_last_cap = facts.cap_last_cap;
  abilities.remap_base = kFirstId + preferred_range(request.id) * kIdsEach;
  abilities.noswap_unable = noswap_obstacle(facts);
  abilities.noswap = abilities.noswap_unable.empty();
  abilities.memory_v2_unable = memory_v2_obstacle(facts.cgroup);
  abilities.host_namespaces = host_namespaces(spec);
  if (any_of(policy, [](const auto& p) { return p.namespaces.join_below.has_value(); })) abilities.joined = joined_places(spec);
  abilities.apparmor = facts.apparmor;
  abilities.selinux = facts.selinux;
  abilities.mdwe_unable = mdwe_obstacle(facts);
  abilities.memfd_noexec_unable = memfd_noexec_obstacle(facts);
  if (any_of(policy, [](const auto& p) { return p.process.core_scheduling.has_value(); })) find_core_scheduling(abilities, facts);
  if (any_of(policy, [](const auto& p) { return p.process.speculation && p.process.speculation->value == policy::Speculation::kDeny; })) find_speculation(abilities);
  if (spec.process && any_of(policy, [](const auto& p) { return p.process.digests.has_value(); })) find_digests(abilities, *spec.process, root_fd);
  find_hook_files(abilities, spec, policy, root_fd);
  abilities.ipv6 = !any_of(policy, [](const auto& p) { return p.network.blackhole.has_value(); }) || kernel::has_ipv6();
  abilities.landlock_abi = facts.landlock_abi;
  find_io(abilities, facts, policy);
  find_matching_paths(abilities, policy.policy);
  if (!policy.audited.empty()) find_matching_paths(abilities, policy.audited.front());
  if (!request.remap_unable.empty()) {
    abilities.remap_unable = request.remap_unable;
  } else if (!facts.userns_available) {
    abilities.remap_unable = "user namespaces are turned off on this host";
  } else if (!facts.in_initial_user_namespace) {
    abilities.remap_unable = "the runtime itself runs in a user namespace";
  } else if (root_fd < 0 || !kernel::may_be_idmapped(root_fd, facts)) {
    abilities.remap_unable = "the root's file system cannot be idmapped by this kernel";
  } else {
    abilities.remap = true;
  }
  return abilities;
}

// sd_listen_fds(3): descriptors meant for this process are passed on.
std::uint32_t listen_fds() {
  const char* pid = std::getenv("LISTEN_PID");
  const char* count = std::getenv("LISTEN_FDS");
  if (pid == nullptr || count == nullptr || base::parse_u64(pid) != static_cast<std::uint64_t>(::getpid())) return 0;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(base::parse_u64(count).value_or(0), 1024));
}

base::Result<std::uint32_t> check_preserved(std::uint32_t wanted) {
  const std::uint32_t total = wanted + listen_fds();
  if (total > inherited_descriptors()) {
    return Error::usage(cat("--preserve-fds: want descriptors 3 to ", 2 + total, ", the caller has only ",
                            inherited_descriptors(), " open"));
  }
  return total;
}

std::string root_path(const oci::Spec& spec, const std::string& bundle) {
  return spec.root.path.starts_with('/') ? spec.root.path : bundle + "/" + spec.root.path;
}

void report_notes(const oci::Spec& spec, const base::Log& log) {
  for (const auto& note : spec.notes) {
    const std::string text = cat("config.json: ", note.pointer, ": ", note.text);
    if (note.warn) {
      log.warning(text);
    } else {
      log.debug(text);
    }
  }
}

void report_selection(const policy::Effective& policy, const base::Log& log) {
  if (log.debug_enabled()) {
    log.debug(cat("policy ", base::quote(policy.profile), " by ", policy.selected_by,
                  policy.layers.empty() ? "" : ", with " + base::join(policy.layers, ", ")));
  }
  for (const auto& note : policy.notes) log.warning(note);
}

}  // namespace

base::Result<std::string> read_config(const std::string& bundle) {
  const std::string path = bundle + "/config.json";
  // O_NONBLOCK: a fifo in its place must not hang the caller.
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd && errno == ENOENT) {
    return Error::config(cat("JSON specification file config.json not found in ", base::quote(bundle)));
  }
  if (!fd) return Error::system(errno, "open", path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return Error::system(errno, "fstat", path);
  if (!S_ISREG(info.st_mode)) return Error::config(cat(base::quote(path), " is not a regular file"));
  auto text = kernel::read_all(fd.get(), kMaxConfig);
  if (!text && text.error().sys() == EFBIG) return Error::config(cat(base::quote(path), " is larger than 16 MiB"));
  return text;
}

// The sixth field of the line of `uid` in the container's own /etc/passwd (passwd(5)), looked up in its root.
std::string find_home(int root_fd, std::uint32_t uid) {
  kernel::InRoot how;
  how.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
  const UniqueFd file(static_cast<int>(kernel::open_in_root(root_fd, "/etc/passwd", how)));
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return "";
  const auto text = kernel::read_all(file.get(), kMaxPasswd);
  if (!text) return "";
  for (const auto& line : base::split(*text, '\n')) {
    const auto fields = base::split(line, ':');
    if (fields.size() >= 6 && base::parse_u64(fields[2]) == uid) return fields[5];
  }
  return "";
}

bool has_home(const oci::Process& process) {
  for (const auto& entry : process.env) {
    if (entry.starts_with("HOME=") && entry.size() > 5) return true;
  }
  return false;
}

void look_at_program(harden::Abilities& abilities, const oci::Process& process, const policy::Effective& policy, int root_fd) {
  abilities.entrypoint = find_entrypoint(root_fd, process);
  abilities.program.clear();
  abilities.program_unknown.clear();
  if (any_of(policy, [](const auto& p) { return p.process.digests.has_value(); })) find_digests(abilities, process, root_fd);
}

base::Result<plan::SeccompProgram> find_program(const harden::Hardened& hardened, const base::Log& log) {
  const auto& spec = hardened.spec();
  const auto* request = spec.linux.seccomp ? &*spec.linux.seccomp : nullptr;
  const auto& policies = hardened.seccomp_policies();
  if (request == nullptr && policies.empty()) return plan::SeccompProgram{};
  if (::geteuid() != 0) return plan::build_seccomp(request, policies);
  const std::string key = plan::seccomp_cache_key(request, policies);
  const auto cache = kernel::open_private_directory(kSeccompCache, "seccomp cache");
  if (cache) {
    if (auto blob = kernel::load_seccomp(cache->get(), key)) return plan::SeccompProgram{std::move(blob->code), blob->flags, {}};
  } else {
    log.debug(cat("no seccomp cache: ", cache.error().message()));
  }
  auto built = plan::build_seccomp(request, policies);
  if (!built && built.error().kind() != base::Kind::kPolicy) return std::move(built).error().in("config.json");
  plan::SeccompProgram program = TRY(std::move(built));
  if (cache) kernel::store_seccomp(cache->get(), key, {program.code, program.flags});
  for (const auto& name : program.skipped) log.debug(cat("config.json: /linux/seccomp: unknown syscall ", base::quote(name), " skipped"));
  return program;
}

base::Result<Prepared> prepare(const GlobalArgs& global, const PrepareRequest& request, const base::Log& log) {
  plan::CreateOptions options;
  options.id = request.id;
  options.gate = request.gate;
  options.no_pivot = request.no_pivot;
  options.no_new_keyring = request.no_new_keyring;
  options.preserve_fds = TRY(check_preserved(request.preserve_fds));
  options.bundle = TRY(absolute_bundle(request.bundle));
  if (request.substitute != nullptr) options.program = request.substitute->program;
  if (const std::uint32_t n = listen_fds(); n != 0) options.extra_env = {cat("LISTEN_FDS=", n), "LISTEN_PID=1"};

  std::string text = TRY(read_config(options.bundle));
  oci::Json document = TRY(oci::parse_spec(text));
  oci::Spec spec = TRY(oci::read_spec(document));
  if (request.remap_unable.empty()) report_notes(spec, log);
  // Next to the cgroup of the container itself, which may be running.
  if (request.substitute != nullptr && !spec.linux.cgroups_path.empty()) spec.linux.cgroups_path += "-" + request.id;
  const UniqueFd root(::open(root_path(spec, options.bundle).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  Selected selected = TRY(select_policy(global, spec, request.id, options.bundle, root.get(), request.refusals == Refusals::kLog));
  if (request.remap_unable.empty()) report_selection(selected.policy, log);
  const kernel::Facts facts = TRY(kernel::probe_facts(looks_at_labels(spec, selected.policy)));
  auto abilities = find_abilities(facts, spec, selected.policy, root.get(), request);
  abilities.entrypoint = selected.entrypoint;
  std::optional<kernel::IdRange> ids;
  if (request.claims_ids && abilities.remap && asks_for_remapping(spec, selected.policy.policy)) {
    if (auto range = claim_ids(global.root, request.id)) {
      abilities.remap_base = kFirstId + range->index * kIdsEach;
      ids = *std::move(range);
    } else {
      abilities.remap = false;
      abilities.remap_unable = range.error().message();
    }
  }
  auto hardened = harden::harden(std::move(spec), selected.policy, abilities);
  if (!hardened && request.refusals == Refusals::kLog) log_refusal(selected.log, request.id, hardened.error());
  harden::Outcome outcome = TRY(std::move(hardened));
  auto cloned = plan::plan_clone(outcome.hardened, facts, options);
  if (!cloned) return cite_rule(std::move(cloned).error(), outcome.decisions);
  plan::ClonePlan clone = *std::move(cloned);
  if (request.begin) TRY(request.begin(clone));
  const auto& process = outcome.hardened.spec().process;
  if (process && root && !has_home(*process)) options.home = find_home(root.get(), process->user.uid);
  options.seccomp = TRY(find_program(outcome.hardened, log));
  auto planned = plan::plan_create(std::move(clone), outcome.hardened, facts, options);
  if (!planned) return cite_rule(std::move(planned).error(), outcome.decisions);
  plan::LaunchPlan plan = *std::move(planned);
  for (const auto& note : plan.cgroup.notes) log.debug(cat("config.json: ", note.pointer, ": ", note.text));
  const bool remapped = outcome.hardened.idmap_mounts();
  Prepared prepared{std::move(selected), std::move(outcome), std::move(plan), remapped, std::move(ids), std::move(abilities), std::move(text), std::move(document)};
  if (request.substitute != nullptr) request.substitute->finish(prepared, facts);
  return prepared;
}

}  // namespace cli
