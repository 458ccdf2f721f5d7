#include "predict/sandbox.h"

#include <linux/magic.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "plan/landlock.h"

namespace predict {
namespace {

template <typename T>
const T* find(const plan::LaunchPlan& plan) {
  for (const auto& step : plan.steps) {
    if (const auto* op = std::get_if<T>(&step.op)) return op;
  }
  return nullptr;
}

// capabilities(7), "Transformation of capabilities during execve", of a file without capabilities of its own. With
// no_new_privs nothing is gained (cap_bprm_creds_from_file() of security/commoncap.c).
oci::Capabilities after_exec(const oci::Capabilities& before, bool root, bool no_new_privs) {
  oci::Capabilities after = before;
  after.permitted = root ? before.inheritable | before.bounding : 0;
  if (no_new_privs) after.permitted &= before.permitted;
  after.permitted |= before.ambient;
  after.effective = root ? after.permitted : before.ambient;
  return after;
}

bool has_procfs(const plan::LaunchPlan& plan) {
  bool found = false;
  for (const auto& mount : plan.mounts) {
    if (mount.target == "/proc") found = mount.type == PROC_SUPER_MAGIC || mount.bind;
  }
  return found;
}

bool within(const std::string& path, const std::string& prefix) {
  return path == prefix || path.starts_with(prefix + "/");
}

}  // namespace

bool Sandbox::has_namespace(std::uint64_t type) const {
  for (const auto& ns : spec.linux.namespaces) {
    if (ns.type == type) return true;
  }
  return false;
}

Share Sandbox::share(std::uint64_t type, const char* file) const {
  if (!has_namespace(type)) return Share::kHosts;
  const bool joins = std::any_of(spec.linux.namespaces.begin(), spec.linux.namespaces.end(),
                                 [type](const oci::Namespace& ns) { return ns.type == type && !ns.path.empty(); });
  if (!joins) return Share::kOwn;
  const auto joined = host.joined.find(file);
  const auto hosts = host.namespaces.find(file);
  const bool known = joined != host.joined.end() && hosts != host.namespaces.end();
  return known && joined->second == hosts->second ? Share::kHosts : Share::kOthers;
}

std::string Sandbox::sysctl(const std::string& path) const {
  if (path.starts_with("user/max_") && hardened.locks().no_nested_namespaces) return "0";
  if (path == "vm/memfd_noexec" && hardened.locks().memfd_noexec) return "2";
  const auto found = host.sysctls.find(path);
  return found == host.sysctls.end() ? "" : found->second;
}

bool Sandbox::masked(const std::string& path) const {
  for (const auto& mask : spec.linux.masked_paths) {
    if (within(path, base::clean_path(mask))) return true;
  }
  return false;
}

bool Sandbox::maps(std::uint32_t id) const {
  if (!user_namespace || !known_maps()) return true;
  for (const auto& map : plan.uid_maps) {
    if (id >= map.container_id && id - map.container_id < map.size) return true;
  }
  return false;
}

bool Sandbox::landlock_leaves(const std::string& path, std::uint64_t right) const {
  return !landlocked || (plan::landlock_given(plan, path) & right) == right;
}

std::optional<std::string> Sandbox::refusal(const Call& call) const {
  const std::uint32_t answer = plan::seccomp_answer(plan.seccomp, call.abi, call.number, call.args);
  if (plan::passes(answer)) return std::nullopt;
  switch (answer & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_ERRNO: return errno_word(static_cast<int>(answer & SECCOMP_RET_DATA));
    case SECCOMP_RET_TRACE: return "ENOSYS";  // nobody traces
    default: return "SIGSYS";
  }
}

void Sandbox::apply_filter(Expectation& row, std::initializer_list<Call> calls) const {
  for (const auto& call : calls) {
    const auto word = refusal(call);
    if (!word) continue;
    row.predicted = *word;
    row.because = kFilter;
    return;
  }
}

Sandbox sandbox_of(const harden::Hardened& hardened, const plan::LaunchPlan& plan, const Host& host) {
  Sandbox box{hardened, hardened.spec(), plan, host};
  if (const auto* identity = find<plan::Identity>(plan)) {
    box.uid = identity->uid;
    box.gid = identity->gid;
  }
  box.no_new_privs = host.no_new_privs || find<plan::NoNewPrivs>(plan) != nullptr;
  // A new user namespace begins without any.
  const bool new_user = (plan.clone_flags & CLONE_NEWUSER) != 0;
  box.secure_bits = new_user ? 0 : static_cast<std::uint32_t>(host.securebits);
  if (const auto* caps = find<plan::SetCaps>(plan)) {
    box.secure_bits |= caps->secure_bits;
    box.caps = after_exec(caps->caps, box.uid == 0 && (box.secure_bits & SECBIT_NOROOT) == 0, box.no_new_privs);
  }
  box.user_namespace = box.has_namespace(CLONE_NEWUSER) || !host.facts.in_initial_user_namespace;
  for (const auto& ns : box.spec.linux.namespaces) {
    box.joined_user = box.joined_user || (ns.type == CLONE_NEWUSER && !ns.path.empty());
  }
  // The runtime's own, of which the container has a share.
  if (!box.has_namespace(CLONE_NEWUSER)) box.joined_user = box.user_namespace;
  for (const auto& mount : plan.mounts) {
    if (mount.target == "/proc") box.hosts_procfs = mount.bind;
  }
  box.procfs = has_procfs(plan);
  box.landlocked = find<plan::LandlockRuleset>(plan) != nullptr;
  return box;
}

std::string errno_word(int error) {
  if (error == 0) return "ok";
  const char* name = ::strerrorname_np(error);
  return name != nullptr ? name : base::cat("E", error);
}

}  // namespace predict
