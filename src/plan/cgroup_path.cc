// Where the container's cgroup is to be.
#include "plan/cgroup_path.h"

#include <algorithm>

#include "base/text.h"
#include "plan/cgroup_work.h"

namespace plan {

namespace {

constexpr const char* kPointer = "/linux/cgroupsPath";
constexpr std::size_t kLongestPath = 4000;  // PATH_MAX, less the mount point and a file's name
constexpr std::size_t kLongestName = 255;   // NAME_MAX

base::Error bad(std::string_view what) { return base::Error::config(base::cat(kPointer, ": ", what)); }

bool is_control(char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos || slash == 0 ? "/" : path.substr(0, slash);
}

std::string own_cgroup(const kernel::CgroupLayout& layout, const std::string& controller) {
  const auto own = layout.own.find(controller);
  return own == layout.own.end() ? "/" : own->second;
}

// A directory's path below the mount point, with the leading "/".
std::string place(const kernel::CgroupLayout& layout, const std::string& controller, bool absolute,
                  const std::string& name) {
  if (absolute) return "/" + name;
  const std::string own = own_cgroup(layout, controller);
  // v2: controllers cannot be handed down from a cgroup that has processes of its own, and this one has us.
  const std::string above = controller.empty() ? parent_of(own) : own;
  return above == "/" ? "/" + name : above + "/" + name;
}

}  // namespace

base::Result<std::string> clean_cgroup_path(const std::string& path) {
  if (path.size() > kLongestPath) return bad(base::cat("want at most ", kLongestPath, " bytes, have ", path.size()));
  if (std::any_of(path.begin(), path.end(), is_control))
    return bad(base::cat("control character in ", base::quote(path)));
  std::vector<std::string> names;
  for (std::string& name : base::split(path, '/')) {
    if (name.empty() || name == ".") continue;
    if (name.size() > kLongestName) return bad(base::cat("name of more than ", kLongestName, " bytes"));
    if (name == "..") {
      if (!names.empty()) names.pop_back();
    } else {
      names.push_back(std::move(name));
    }
  }
  if (names.empty()) return bad(base::cat("want a cgroup below the root, have ", base::quote(path)));
  return base::join(names, "/");
}

base::Result<void> plan_cgroup_place(CgroupWork& work, const std::string& cgroups_path, const std::string& id) {
  const bool absolute = !cgroups_path.empty() && cgroups_path[0] == '/';
  if (!absolute && std::count(cgroups_path.begin(), cgroups_path.end(), ':') == 2) {
    return base::Error::unsupported(
               base::cat(kPointer, ": the systemd cgroup driver is not supported yet: ", base::quote(cgroups_path)))
        .hint("have the engine use the cgroupfs driver");
  }
  const std::string name = TRY(clean_cgroup_path(cgroups_path.empty() ? id : cgroups_path));
  CgroupPlan& plan = work.plan;
  const kernel::CgroupLayout& layout = work.layout;
  plan.mode = layout.mode;
  if (layout.mode == kernel::CgroupMode::kNone) {
    if (cgroups_path.empty()) return base::ok();
    return base::Error::unsupported(base::cat(kPointer, ": no cgroup hierarchy is mounted"));
  }
  if (!layout.v2_mount.empty()) {
    plan.path = place(layout, "", absolute, name);
    plan.hierarchies.emplace_back("", layout.v2_mount);
    plan.directories[""] = layout.v2_mount + plan.path;
  }
  for (const auto& [controller, mount] : layout.v1_mounts) {
    const std::string path = place(layout, controller, absolute, name);
    if (plan.path.empty()) plan.path = path;
    plan.directories[controller] = mount + path;
    const bool known = std::any_of(plan.hierarchies.begin(), plan.hierarchies.end(),
                                   [&point = mount](const auto& hierarchy) { return hierarchy.second == point; });
    if (!known) plan.hierarchies.emplace_back(controller, mount);
  }
  if (layout.mode == kernel::CgroupMode::kUnified) plan.v2_enable = layout.v2_controllers;
  return base::ok();
}

}  // namespace plan
