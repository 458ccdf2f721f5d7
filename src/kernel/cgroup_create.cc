// Making a cgroup: directories, limits, device program. Runs in the parent, before the clone (v2) or while init begins (v1).
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "base/text.h"
#include "kernel/cgroup.h"
#include "kernel/cgroup_bpf.h"
#include "kernel/cgroup_dir.h"

namespace kernel {

namespace {

constexpr const char* kPathPointer = "/linux/cgroupsPath";

}  // namespace

CgroupHandle::CgroupHandle(CgroupHandle&& other) noexcept { *this = std::move(other); }

CgroupHandle& CgroupHandle::operator=(CgroupHandle&& other) noexcept {
  if (this == &other) return *this;
  undo();
  paths_ = std::move(other.paths_);
  v2_ = std::move(other.v2_);
  tasks_ = std::move(other.tasks_);
  made_leaves_ = std::exchange(other.made_leaves_, {});
  made_parents_ = std::exchange(other.made_parents_, {});
  return *this;
}

CgroupHandle::~CgroupHandle() { undo(); }

void CgroupHandle::undo() {
  if (!made_leaves_.empty()) {
    // A failure leaves an empty cgroup behind; the error that led here is the one to be told.
    [[maybe_unused]] const auto ignored = cgroup_destroy(made_leaves_);
  }
  // Not a tree: by now another container may have its cgroup there, and then the directory stays.
  for (auto it = made_parents_.rbegin(); it != made_parents_.rend(); ++it) ::rmdir(it->c_str());
  keep();
}

base::UniqueFd CgroupHandle::take_tasks(std::string_view controller) {
  for (auto& [name, fd] : tasks_) {
    if (name == controller) return std::move(fd);
  }
  return {};
}

class CgroupMaker {
 public:
  explicit CgroupMaker(const CgroupPlan& plan) : plan_(plan) {}

  base::Result<CgroupHandle> run() {
    handle_.paths_ = plan_.directories;
    for (const auto& [controller, mount] : plan_.hierarchies) TRY_IN(kPathPointer, make(controller, mount));
    for (const auto& write : plan_.writes) TRY_IN(write.because, apply(write));
    for (auto& leaf : leaves_) TRY_IN(kPathPointer, finish(leaf));
    return std::move(handle_);
  }

 private:
  struct Leaf {
    std::string controller, directory;
    base::UniqueFd dir;  // O_PATH
    std::string below;   // from `dir` to the leaf, "web1/", where only its parent was opened
  };

  base::Result<void> make(const std::string& controller, const std::string& mount);
  base::Result<void> make_directory(int parent, const std::string& name, const std::string& path, const std::string* leaf_of);
  base::Result<void> check_unused(const std::string& controller, const std::string& directory);
  base::Result<void> check_type(int dir, const std::string& directory);
  void enable_controllers(int dir, const std::string& path);
  base::Result<void> inherit_cpuset(int parent, int child, const std::string& path);
  base::Result<void> inherit_cpuset(int parent, int child, const std::string& path, const char* file, std::string& above);
  base::Result<void> apply(const CgroupWrite& write);
  base::Error write_error(const CgroupWrite& write, const Leaf& leaf, int err) const;
  base::Result<void> finish(Leaf& leaf);
  const Leaf* find(const std::string& controller) const;

  const CgroupPlan& plan_;
  CgroupHandle handle_;
  std::vector<Leaf> leaves_;
  cgroup::RepeatedWrite writer_;
  bool existed_ = false;                  // what make_directory() was called for last
  std::string cpus_, mems_;               // of the directory that inherit_cpuset() was called for last
  std::vector<std::string> not_enabled_;  // "memory": why
};

// Makes `name` in `parent`, unless it is there. `leaf_of`: it is the container's own, in this controller's hierarchy.
base::Result<void> CgroupMaker::make_directory(int parent, const std::string& name, const std::string& path,
                                               const std::string* leaf_of) {
  if (::mkdirat(parent, name.c_str(), 0755) == 0) {
    if (leaf_of != nullptr) {
      handle_.made_leaves_[*leaf_of] = path;
    } else {
      handle_.made_parents_.push_back(path);
    }
    existed_ = false;
  } else if (errno == EEXIST) {
    existed_ = true;
  } else {
    auto error = base::Error::system(errno, "make the cgroup", path);
    if (errno != EAGAIN) return error;
    return std::move(error).hint("cgroup.max.descendants or cgroup.max.depth of a cgroup above it is reached");
  }
  return base::ok();
}

base::Result<void> CgroupMaker::make(const std::string& controller, const std::string& mount) {
  const std::string& directory = plan_.directories.at(controller);
  if (directory.rfind(mount + "/", 0) != 0) {
    return base::Error::config(base::cat("cgroup ", base::quote(directory), " is not below ", base::quote(mount)));
  }
  base::UniqueFd dir(::open(mount.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!dir) return base::Error::system(errno, "open the cgroup hierarchy", mount);

  const bool enable = controller.empty() && !plan_.v2_enable.empty();
  const auto cpuset = plan_.directories.find("cpuset");
  const bool init_cpuset = cpuset != plan_.directories.end() && !controller.empty() && cpuset->second == directory;
  std::string path = mount;
  std::vector<std::string> names = base::split(directory.substr(mount.size() + 1), '/');
  if (!enable && !init_cpuset && names.size() > 1) {  // most often all but the last is there
    const std::string above = directory.substr(mount.size() + 1, directory.rfind('/') - mount.size() - 1);
    const int fd = cgroup::open_below(dir.get(), above);
    if (fd >= 0) {
      dir.reset(fd);
      path += "/" + above;
      names.erase(names.begin(), names.end() - 1);
    }
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool leaf = i + 1 == names.size();
    if (enable) enable_controllers(dir.get(), path);
    path += "/" + names[i];
    TRY(make_directory(dir.get(), names[i], path, leaf ? &controller : nullptr));
    if (leaf && existed_) TRY(check_unused(controller, directory));
    if (leaf && !existed_ && !controller.empty() && !init_cpuset) {
      // Nothing is there but what the kernel has just made: the leaf's few files are as well opened from here.
      leaves_.push_back({controller, directory, std::move(dir), names[i] + "/"});
      return base::ok();
    }
    const int fd = cgroup::open_below(dir.get(), names[i]);
    if (fd < 0) return base::Error::system(-fd, "open the cgroup", path);
    base::UniqueFd next(fd);
    if (init_cpuset) TRY(inherit_cpuset(dir.get(), next.get(), path));
    dir = std::move(next);
  }
  if (plan_.mode == CgroupMode::kUnified) TRY(check_type(dir.get(), directory));
  leaves_.push_back({controller, directory, std::move(dir), ""});
  return base::ok();
}

base::Result<void> CgroupMaker::check_unused(const std::string& controller, const std::string& directory) {
  const CgroupPaths one{{controller, directory}};
  const std::vector<pid_t> pids = TRY(cgroup_pids(one));
  if (!pids.empty()) {  // callers look for these words
    return base::Error::state(base::cat("container's cgroup is not empty: ", pids.size(), " process(es) found"))
        .hint(base::cat("another container may have the same cgroupsPath; look at ",
                        base::quote(directory + "/cgroup.procs")));
  }
  // Asked of every v1 directory; only the freezer's has the file.
  const CgroupPaths as_freezer{{controller.empty() ? "" : "freezer", directory}};
  if (TRY(cgroup_is_frozen(as_freezer))) {
    return base::Error::state("container's cgroup unexpectedly frozen")
        .hint(base::cat("thaw ", base::quote(directory), " or choose another cgroupsPath"));
  }
  return base::ok();
}

base::Result<void> CgroupMaker::check_type(int dir, const std::string& directory) {
  auto type = cgroup::read_or_empty(dir, "cgroup.type");
  if (!type) return std::move(type).error();
  if (*type != "domain invalid" && *type != "threaded") return base::ok();
  return base::Error::state(base::cat("cgroup ", base::quote(directory), " is in mode ", base::quote(*type),
                                      ", which no new process can join"))
      .hint("a cgroup above it has processes of its own, or is threaded; choose another cgroupsPath");
}

// All that there are, so that whoever runs inside finds them; what cannot be enabled matters only if a limit needs
// it, and then the write fails and tells.
void CgroupMaker::enable_controllers(int dir, const std::string& path) {
  auto enabled = cgroup::read_or_empty(dir, "cgroup.subtree_control");
  const std::vector<std::string> have = base::split(enabled ? *enabled : std::string(), ' ');
  std::vector<std::string> missing;
  for (const auto& name : plan_.v2_enable) {
    if (std::find(have.begin(), have.end(), name) == have.end()) missing.push_back("+" + name);
  }
  if (missing.empty() || cgroup::write_at(dir, "cgroup.subtree_control", base::join(missing, " ")) == 0) return;
  for (const auto& name : missing) {
    const int err = cgroup::write_at(dir, "cgroup.subtree_control", name);
    if (err != 0) not_enabled_.push_back(base::cat(name.substr(1), " in ", path, ": ", base::errno_text(err)));
  }
}

// A new v1 cpuset is empty, and then no process can join it. `above`: what the parent has, or "" if that is not known; becomes
// what the child has.
base::Result<void> CgroupMaker::inherit_cpuset(int parent, int child, const std::string& path, const char* file,
                                               std::string& above) {
  if (existed_) {
    std::string own = TRY(cgroup::read_or_empty(child, file));
    if (!own.empty()) {
      above = std::move(own);
      return base::ok();
    }
  }
  if (above.empty()) above = TRY(cgroup::read_or_empty(parent, file));
  const int err = above.empty() ? 0 : cgroup::write_at(child, file, above);
  if (err == 0) return base::ok();
  return base::Error::system(err, base::cat("write ", base::quote(above), " to"), base::cat(path, "/", file));
}

base::Result<void> CgroupMaker::inherit_cpuset(int parent, int child, const std::string& path) {
  TRY(inherit_cpuset(parent, child, path, "cpuset.cpus", cpus_));
  return inherit_cpuset(parent, child, path, "cpuset.mems", mems_);
}

const CgroupMaker::Leaf* CgroupMaker::find(const std::string& controller) const {
  const auto directory = plan_.directories.find(controller);
  if (directory == plan_.directories.end()) return nullptr;
  for (const auto& leaf : leaves_) {
    if (leaf.directory == directory->second) return &leaf;
  }
  return nullptr;
}

base::Result<void> CgroupMaker::apply(const CgroupWrite& write) {
  const Leaf* leaf = find(write.controller);
  if (leaf == nullptr) {
    return base::Error::unsupported(base::cat("no cgroup controller ", base::quote(write.controller)));
  }
  int err = writer_.write(leaf->dir.get(), leaf->below + write.file, write.value);
  if (err == ENOENT && !write.fallback_file.empty()) {
    err = writer_.write(leaf->dir.get(), leaf->below + write.fallback_file, write.fallback_value);
  }
  if (err == 0 || (err == ENOENT && write.optional)) return base::ok();
  return write_error(write, *leaf, err);
}

base::Error CgroupMaker::write_error(const CgroupWrite& write, const Leaf& leaf, int err) const {
  auto error = base::Error::system(err, base::cat("write ", base::quote(write.value), " to"),
                                   base::cat(leaf.directory, "/", write.file));
  if (err == ENOENT && write.controller.empty()) {
    const std::string name = write.file.substr(0, write.file.find('.'));
    for (const auto& why : not_enabled_) {
      if (why.rfind(name + " in ", 0) == 0) return std::move(error).hint("controller not enabled: " + why);
    }
  }
  if (err == ENOENT) return std::move(error).hint("this kernel does not have the setting");
  if (write.file.rfind("cpuset.", 0) == 0) {
    const auto above = cgroup::read_or_empty(leaf.dir.get(), leaf.below + "../" + write.file);
    if (above && !above->empty()) return std::move(error).hint(base::cat("the cgroup above has ", base::quote(*above)));
  }
  if (err == EBUSY && write.controller == "memory") return std::move(error).hint("more than the limit is in use");
  if (err == EPERM && write.file == "devices.allow") {
    return std::move(error).hint("a cgroup above this one does not allow the device");
  }
  return error;
}

base::Result<void> CgroupMaker::finish(Leaf& leaf) {
  if (leaf.controller.empty()) {
    if (!plan_.device_program.empty()) {
      TRY_IN("/linux/resources/devices", cgroup::attach_device_program(leaf.dir.get(), plan_.device_program));
    }
    handle_.v2_ = std::move(leaf.dir);
    return base::ok();
  }
  base::UniqueFd tasks(::openat(leaf.dir.get(), (leaf.below + "tasks").c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!tasks) return base::Error::system(errno, "open", leaf.directory + "/tasks");
  handle_.tasks_.emplace_back(leaf.controller, std::move(tasks));
  return base::ok();
}

base::Result<CgroupHandle> create_cgroup(const CgroupPlan& plan) { return CgroupMaker(plan).run(); }

}  // namespace kernel
