// What a mount of procfs shows of others and of the kernel: proc(5), "Mount options".

#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/sched.h>

#include <algorithm>

#include "base/text.h"
#include "predict/sandbox.h"

namespace predict {
namespace {

using base::cat;

const plan::PlannedMount* procfs_of(const Sandbox& box) {
  const plan::PlannedMount* found = nullptr;
  for (const auto& mount : box.plan.mounts) {
    if (mount.target == "/proc") found = mount.type == PROC_SUPER_MAGIC && !mount.bind ? &mount : nullptr;
  }
  return found;
}

std::vector<std::uint32_t> groups_of(const Sandbox& box) {
  for (const auto& step : box.plan.steps) {
    const auto* identity = std::get_if<plan::Identity>(&step.op);
    if (identity == nullptr) continue;
    auto groups = identity->groups;
    groups.push_back(identity->gid);
    return groups;
  }
  return {};
}

// A group that hidepid=noaccess and =invisible leave alone: the host's 0, unless an option names another.
bool is_exempt(const Sandbox& box) {
  const auto option = box.proc_option("gid");
  if (!option && box.user_namespace) return false;
  const auto group = option ? base::parse_u64(*option) : 0;
  const auto groups = groups_of(box);
  return std::any_of(groups.begin(), groups.end(), [&](std::uint32_t id) { return id == group; });
}

// ptrace(2), "Ptrace access mode checking": of a process with the host's root's rights.
bool may_trace(const Sandbox& box) { return box.host_cap(CAP_SYS_PTRACE) && !box.landlocked; }

std::string hidepid(const Sandbox& box) { return box.proc_option("hidepid").value_or("off"); }

std::string process_key(const Sandbox& box) { return cat("/proc/", box.host.pid); }

bool sees_outside(const Sandbox& box) {
  return procfs_of(box) != nullptr && box.share(CLONE_NEWPID, "pid") != Share::kOthers && may_name_outside(box);
}

void expect_process_outside(const Sandbox& box, Expectations& out) {
  if (!sees_outside(box)) return;
  Expectation row{"procfs", "see the runtime's process in /proc", cat("masked.", process_key(box)), "ENOENT", "pid namespace"};
  if (box.share(CLONE_NEWPID, "pid") == Share::kHosts) {
    const auto value = hidepid(box);
    const bool named = value == "4" || value == "ptraceable";
    const bool no_access = value == "1" || value == "noaccess";
    const bool hides = hides_processes(box);
    row.because = hides ? "hidepid" : "the host's processes, and hidden from nobody";
    row.predicted = !hides || may_trace(box) || (!named && is_exempt(box)) ? "shown" : no_access ? "EPERM" : "ENOENT";
    // To whom has no fewer rights than the runtime, its own user's processes are no secret.
    if (row.predicted != "shown" && box.global_root() && !box.landlocked) row.predicted += "|shown";
  }
  out.push_back(std::move(row));
}

void expect_kernels_part(const Sandbox& box, Expectations& out) {
  if (procfs_of(box) == nullptr || box.masked("/proc/meminfo")) return;
  const bool absent = box.proc_option("subset").has_value();
  out.push_back({"procfs", "read /proc/meminfo", "read./proc/meminfo.result", absent ? "ENOENT" : "ok",
                 absent ? "subset=pid" : "not only processes"});
}

}  // namespace

std::optional<std::string> Sandbox::proc_option(const std::string& name) const {
  const auto* mounted = procfs_of(*this);
  std::optional<std::string> value;
  for (const auto& step : plan.steps) {
    const auto* mount = std::get_if<plan::NewMount>(&step.op);
    if (mounted == nullptr || mount == nullptr || mount->mount.index != mounted->mount.index) continue;
    for (const auto& option : mount->options) {
      if (option.starts_with(name + "=")) value = option.substr(name.size() + 1);
    }
  }
  return value;
}

bool hides_processes(const Sandbox& box) { return hidepid(box) != "off" && hidepid(box) != "0"; }

// The first numbers of a new pid namespace are those of the probe's own processes; which ones a container has that runs,
// nobody knows.
bool may_name_outside(const Sandbox& box) {
  constexpr std::uint32_t kMostOwn = 2000;
  return (box.host.pid > kMostOwn && !box.host.running) || (box.host.pid != 0 && box.share(CLONE_NEWPID, "pid") == Share::kHosts);
}

void expect_procfs(const Sandbox& box, Expectations& out) {
  expect_process_outside(box, out);
  expect_kernels_part(box, out);
}

std::vector<std::pair<std::string, std::string>> procfs_arguments(const Sandbox& box) {
  if (!sees_outside(box)) return {};
  return {{"--masked", process_key(box)}};
}

}  // namespace predict
