// Which namespaces are not the host's, and what is seen for it: processes and cgroups.

#include <linux/sched.h>

#include <algorithm>

#include "base/text.h"
#include "predict/sandbox.h"

namespace predict {
namespace {

using base::cat;

constexpr struct {
  const char* file;  // in /proc/self/ns
  std::uint64_t type;
} kKinds[] = {{"cgroup", CLONE_NEWCGROUP}, {"ipc", CLONE_NEWIPC},   {"mnt", CLONE_NEWNS},    {"net", CLONE_NEWNET},
              {"pid", CLONE_NEWPID},       {"time", CLONE_NEWTIME}, {"user", CLONE_NEWUSER}, {"uts", CLONE_NEWUTS}};

bool is_new(const Sandbox& box, std::uint64_t type) {
  return std::any_of(box.spec.linux.namespaces.begin(), box.spec.linux.namespaces.end(),
                     [type](const oci::Namespace& ns) { return ns.type == type && ns.path.empty(); });
}

// In a cgroup namespace of its own that is where it starts. Otherwise the path that the plan made: of every hierarchy
// that it has a directory in.
void expect_cgroup(const Sandbox& box, Expectations& out) {
  if (is_new(box, CLONE_NEWCGROUP)) {
    out.push_back({"cgroup", "path, as /proc/self/cgroup shows it", "cgroup.paths", "/", "cgroup namespace"});
    return;
  }
  for (const auto& [controller, directory] : box.plan.cgroup.directories) {
    for (const auto& [name, mount_point] : box.plan.cgroup.hierarchies) {
      if (name != controller || box.has_namespace(CLONE_NEWCGROUP)) continue;
      const std::string path = directory.substr(std::min(mount_point.size(), directory.size()));
      out.push_back({"cgroup", cat("path of ", controller.empty() ? "v2" : controller), cat("cgroup.", controller),
                     base::escape(path), "/linux/cgroupsPath"});
    }
  }
}

}  // namespace

void expect_namespaces(const Sandbox& box, Expectations& out) {
  if (!box.procfs) return;
  for (const auto& kind : kKinds) {
    const auto host = box.host.namespaces.find(kind.file);
    if (host == box.host.namespaces.end()) continue;  // not one of this kernel's
    Expectation row{"namespaces", cat(kind.file, " namespace"), cat("namespaces.", kind.file), "the host's",
                    "not asked for"};
    const auto joined = box.host.joined.find(kind.file);
    if (box.host.running && joined != box.host.joined.end() && joined->second != host->second) {
      row.predicted = joined->second;
      row.because = "the container's";
    } else if (joined != box.host.joined.end() && !(box.host.running && is_new(box, kind.type))) {
      row.predicted = joined->second == host->second ? "the host's" : joined->second;
      row.because = "/linux/namespaces: joined";
    } else if (box.has_namespace(kind.type)) {
      row.predicted = "its own";
      row.because = "/linux/namespaces: new";
    }
    out.push_back(std::move(row));
  }
  const bool new_pid = is_new(box, CLONE_NEWPID);
  const bool alone = new_pid && !box.host.running;
  if (alone) out.push_back({"namespaces", "its pid", "pid", "1", "/linux/namespaces: new"});
  out.push_back({"namespaces", "processes of others in /proc", "others",
                 alone && !box.hosts_procfs                                ? "none"
                 : box.hosts_procfs || (new_pid && !hides_processes(box))  ? "some"
                 : box.has_namespace(CLONE_NEWPID) || hides_processes(box) ? "none|some"  // who else is there, nobody says
                                                                           : "some",
                 alone && !box.hosts_procfs ? "pid namespace" : "not the only one in its pid namespace"});
  expect_cgroup(box, out);
}

}  // namespace predict
