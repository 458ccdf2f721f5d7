// The root file system and the mounts. Everything is built detached, before the pivot (a procfs in a user namespace
// can only be made while the host's is still in sight), and attached after it, when no host path is left to reach.

#include <linux/magic.h>
#include <linux/mount.h>
#include <sys/mount.h>

#include <algorithm>
#include <array>

#include "oci/mount_options.h"
#include "plan/builder.h"
#include "plan/mounts.h"

namespace plan {
namespace {

// The files of /proc that an engine may put its own version over (lxcfs and the like); anything else below /proc
// would let a configuration fake the kernel's files.
constexpr std::array<std::string_view, 12> kProcOverlays = {
    "/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo",   "/proc/stat",   "/proc/swaps",
    "/proc/uptime",  "/proc/loadavg",   "/proc/slabinfo",  "/proc/net/dev", "/proc/sys/kernel/ns_last_pid",
    "/proc/sys/crypto/fips_enabled",    "/proc/sys/fs/binfmt_misc"};

constexpr std::array<std::string_view, 6> kKernelPlaces = {"/proc", "/sys", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view value) {
  for (const auto entry : list) {
    if (entry == value) return true;
  }
  return false;
}

bool is_kernel_type(std::string_view type) {
  return type == "proc" || type == "sysfs" || type == "cgroup" || type == "cgroup2" || type == "devpts" ||
         type == "mqueue";
}

base::Result<void> check_destination(const oci::Mount& mount, const std::string& target, bool bind,
                                     const std::string& because) {
  if (target == "/") {
    return base::Error::config(base::cat("config.json: ", because, "/destination: want a path below the root, have ",
                                         base::quote(mount.destination)));
  }
  if (target == "/proc" && !bind && mount.type != "proc") {
    return base::Error::config(base::cat("config.json: ", because, "/type: only a procfs can be mounted on \"/proc\", have ",
                                         base::quote(mount.type)));
  }
  if (!path_within(target, "/proc") || target == "/proc") return base::ok();
  if (bind && contains(kProcOverlays, target)) return base::ok();
  return base::Error::config(base::cat("config.json: ", because, "/destination: ", base::quote(target),
                                       " cannot be mounted: it is inside /proc"));
}

std::uint64_t source_propagation(const oci::Linux& config) {
  const std::string& name = config.rootfs_propagation;
  if (name == "shared" || name == "rshared") return 0;  // stays a peer of the host's mount, as asked
  return name == "private" || name == "rprivate" ? MS_PRIVATE : MS_SLAVE;
}

base::Result<Slot> plan_bind(Builder& b, const oci::Mount& mount, const oci::ParsedMountOptions& opts,
                             const std::string& because) {
  if (!opts.data.empty()) {
    return base::Error::config(base::cat("config.json: ", because, "/options: ", base::quote(opts.data.front()),
                                         " is data for a file system; a bind mount has none"));
  }
  if (mount.source.empty()) {
    return base::Error::config(base::cat("config.json: ", because, "/source: want a path, have nothing"));
  }
  BindTree bind;
  bind.source = clean_path(mount.source.starts_with('/') ? mount.source : b.options.bundle + "/" + mount.source);
  bind.recursive = opts.rbind;
  bind.attr_set = opts.attr_set;
  bind.attr_clear = opts.attr_clr;
  bind.rec_set = opts.rec_attr_set;
  bind.rec_clear = opts.rec_attr_clr;
  bind.propagation = source_propagation(b.spec.linux);
  bind.uid_mappings = mount.uid_mappings;
  bind.gid_mappings = mount.gid_mappings;
  const bool own_maps = !mount.uid_mappings.empty() || !mount.gid_mappings.empty();
  if (own_maps && (mount.uid_mappings.empty() || mount.gid_mappings.empty())) {
    return base::Error::config(base::cat("config.json: ", because, ": want both uidMappings and gidMappings, have one"));
  }
  bind.idmap_recursive = opts.idmap == oci::Idmap::kRidmap;
  if (!own_maps && opts.idmap != oci::Idmap::kNone) {
    if (!b.in_userns()) {
      return base::Error::config(base::cat("config.json: ", because, "/options: idmap without mappings wants a user namespace"));
    }
    bind.idmap_container = true;
  } else if (!own_maps && b.hardened.idmap_mounts()) {
    bind.idmap_container = bind.idmap_optional = true;
  }
  return b.add_fd(std::move(bind), because);
}

// "ro" and its like for the superblock of a new file system; the kernel's own file systems have one superblock for
// many mounts, and a tmpfs is filled before it becomes read-only.
void add_superblock_options(const oci::ParsedMountOptions& opts, std::string_view type, std::vector<std::string>& out) {
  if (type != "tmpfs" && !is_kernel_type(type) && (opts.sb_set & MS_RDONLY) != 0) out.emplace_back("ro");
  if ((opts.sb_set & MS_SYNCHRONOUS) != 0) out.emplace_back("sync");
  if ((opts.sb_set & MS_DIRSYNC) != 0) out.emplace_back("dirsync");
  if ((opts.sb_set & MS_MANDLOCK) != 0) out.emplace_back("mand");
  if ((opts.sb_set & MS_LAZYTIME) != 0) out.emplace_back("lazytime");
}

// Made read-only only after everything that must be created in it is there.
bool read_only_late(const oci::Mount& mount, std::string_view target) {
  return mount.type == "tmpfs" || target == "/dev";
}

Slot plan_new_fs(Builder& b, const oci::Mount& mount, const oci::ParsedMountOptions& opts, const std::string& target,
                 const std::string& because) {
  std::vector<std::string> options;
  if (!mount.source.empty()) options.push_back("source=" + mount.source);
  options.insert(options.end(), opts.data.begin(), opts.data.end());
  add_superblock_options(opts, mount.type, options);
  std::uint64_t attr = opts.attr_set | opts.rec_attr_set;
  if (read_only_late(mount, target)) attr &= ~std::uint64_t{MOUNT_ATTR_RDONLY};
  // In a user namespace the owner of the matching namespace may be another one: then only the parent, privileged over
  // both and for the moment in the joined namespace, can make the mount.
  const bool foreign = (mount.type == "sysfs" && !b.is_new(CLONE_NEWNET)) || (mount.type == "mqueue" && !b.is_new(CLONE_NEWIPC));
  if (b.in_userns() && foreign) return b.add_fd(ParentMount{mount.type, options, attr}, because);
  const Slot slot = b.add_fd(LocalMount{}, because);
  b.add(NewMount{slot, mount.type, options, attr}, because);
  return slot;
}

std::uint64_t cgroup_attr(const oci::ParsedMountOptions& opts) {
  return opts.attr_set | opts.rec_attr_set | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
}

// /sys/fs/cgroup: the container's own part of each hierarchy, as a bind of the directory that the parent made. Seen
// from a private cgroup namespace that is the root; a fresh cgroup2 mount could change the host's mount options.
void plan_cgroup_mount(Builder& b, const oci::ParsedMountOptions& opts, const std::string& target,
                       const std::string& because, std::vector<PlannedMount>& out) {
  const bool own = b.is_private(CLONE_NEWCGROUP);
  if (b.facts.cgroup.mode == kernel::CgroupMode::kUnified) {
    const Slot slot = b.add_fd(CgroupTree{"", own, cgroup_attr(opts)}, because);
    out.push_back({slot, target, "cgroup", because, cgroup_attr(opts), {}, CGROUP2_SUPER_MAGIC});
    return;
  }
  const Slot tmpfs = b.add_fd(LocalMount{}, because);
  b.add(NewMount{tmpfs, "tmpfs", {"source=tmpfs", "mode=755"}, cgroup_attr(opts) & ~std::uint64_t{MOUNT_ATTR_RDONLY}}, because);
  PlannedMount base_mount{tmpfs, target, "cgroup tmpfs", because, cgroup_attr(opts), {}, TMPFS_MAGIC};
  base_mount.read_only_late = (cgroup_attr(opts) & MOUNT_ATTR_RDONLY) != 0;
  out.push_back(base_mount);
  for (const auto& [controller, mount_point] : b.plan.cgroup.hierarchies) {
    const std::string directory = controller.empty() ? "unified" : mount_point.substr(mount_point.rfind('/') + 1);
    const Slot slot = b.add_fd(CgroupTree{controller, true, cgroup_attr(opts)}, because);
    out.push_back({slot, target + "/" + directory, "cgroup " + directory, because, cgroup_attr(opts), {}, 0});
    for (const auto& name : base::split(directory, ',')) {
      if (name != directory) b.plan.cgroup_links.emplace_back(target + "/" + name, directory);
    }
  }
}

std::uint64_t expected_type(std::string_view type) {
  if (type == "proc") return PROC_SUPER_MAGIC;
  if (type == "sysfs") return SYSFS_MAGIC;
  if (type == "tmpfs") return TMPFS_MAGIC;
  if (type == "devpts") return DEVPTS_SUPER_MAGIC;
  return 0;
}

base::Result<void> plan_mount(Builder& b, std::size_t index) {
  const oci::Mount& mount = b.spec.mounts[index];
  const std::string because = base::cat("/mounts/", index);
  const oci::ParsedMountOptions opts = oci::parse_mount_options(mount.options);
  const std::string target = clean_path(mount.destination);
  TRY(check_destination(mount, target, opts.bind, because));
  if (opts.remount && !opts.bind) {
    return base::Error::unsupported(base::cat("config.json: ", because, "/options: remount is not supported"));
  }
  if (!opts.bind && (opts.idmap != oci::Idmap::kNone || !mount.uid_mappings.empty() || !mount.gid_mappings.empty())) {
    return base::Error::config(base::cat("config.json: ", because, ": only a bind mount can be idmapped"));
  }
  if (!opts.bind && (mount.type == "cgroup" || mount.type == "cgroup2")) {
    plan_cgroup_mount(b, opts, target, because, b.plan.mounts);
    return base::ok();
  }
  if (!opts.bind && mount.type.empty()) {
    return base::Error::config(base::cat("config.json: ", because, "/type: want a file system type or the option bind, have neither"));
  }
  PlannedMount planned;
  planned.target = target;
  planned.because = because;
  planned.attr = opts.attr_set | opts.rec_attr_set;
  planned.propagation = opts.propagation;
  if (opts.bind) {
    planned.mount = TRY(plan_bind(b, mount, opts, because));
    planned.what = base::cat(opts.rbind ? "rbind " : "bind ", mount.source);
    planned.in_proc = contains(kProcOverlays, target);
    planned.bind = true;
    if (target == "/proc") std::get<BindTree>(b.plan.fds.back().source).must_be_procfs = true;
  } else {
    planned.mount = plan_new_fs(b, mount, opts, target, because);
    planned.what = mount.type;
    planned.type = expected_type(mount.type);
    planned.read_only_late = read_only_late(mount, target) && (planned.attr & MOUNT_ATTR_RDONLY) != 0;
    planned.copy_up = opts.tmpcopyup;
    planned.in_proc = mount.type == "proc";
    bool has_mode = false;
    for (const auto& option : opts.data) has_mode = has_mode || option.starts_with("mode=");
    planned.copy_mode = mount.type == "tmpfs" && !has_mode;
  }
  planned.no_symlinks = (!opts.bind && is_kernel_type(mount.type)) || contains(kKernelPlaces, target);
  b.plan.mounts.push_back(std::move(planned));
  return base::ok();
}

// The container's own procfs, by the descriptor that init made it with, if all of it is there and can be written: one
// made for this purpose alone costs more than its making, since the kernel waits for all processors when it goes.
Slot whole_procfs(const Builder& b) {
  for (const auto& step : b.plan.steps) {
    const auto* mount = std::get_if<NewMount>(&step.op);
    if (mount == nullptr || mount->fs != "proc" || (mount->attr & MOUNT_ATTR_RDONLY) != 0) continue;
    const bool plain = std::all_of(mount->options.begin(), mount->options.end(),
                                   [](const std::string& option) { return option.starts_with("source="); });
    if (plain) return mount->mount;
  }
  return {};
}

}  // namespace

base::Result<void> plan_detached_mounts(Builder& b) {
  for (std::size_t i = 0; i < b.spec.mounts.size(); ++i) TRY(plan_mount(b, i));
  const auto detached = [&b](const char* fs, std::vector<std::string> options, std::uint64_t attr, const char* because) {
    const Slot slot = b.add_fd(LocalMount{}, because);
    b.add(NewMount{slot, fs, std::move(options), attr}, because);
    return slot;
  };
  constexpr std::uint64_t kInert = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  const bool labels = !b.spec.process->apparmor_profile.empty() || !b.spec.process->selinux_label.empty();
  const bool nesting = b.hardened.locks().no_nested_namespaces;
  if (!b.spec.linux.sysctl.empty() || labels || nesting) {
    // Not the container's own where it is used after that has been made read-only in parts.
    if (!nesting) b.private_proc = whole_procfs(b);
    if (!b.private_proc.valid()) {
      b.private_proc = detached("proc", {}, kInert, !b.spec.linux.sysctl.empty() ? "/linux/sysctl" : labels ? "/process" : "policy: namespaces.nested");
    }
  }
  if (!b.spec.linux.masked_paths.empty()) {
    b.mask_directory = detached("tmpfs", {"source=tmpfs", "nr_blocks=1", "nr_inodes=1", "mode=755"},
                                kInert | MOUNT_ATTR_RDONLY, "/linux/maskedPaths");
  }
  return base::ok();
}

Slot fresh_parent(const Builder& b, const std::string& path, std::size_t mounts) {
  const std::string parent = path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
  for (std::size_t i = mounts; i-- > 0;) {
    const PlannedMount& m = b.plan.mounts[i];
    if (path_within(parent, m.target)) return m.target == parent && m.type == TMPFS_MAGIC ? m.mount : Slot{};
  }
  return {};
}

void plan_pivot(Builder& b) {
  b.add(Pivot{b.root, b.options.no_pivot}, b.options.no_pivot ? "--no-pivot" : "/root/path");
  const std::string& propagation = b.spec.linux.rootfs_propagation;
  if (propagation == "shared" || propagation == "rshared" || propagation == "unbindable" || propagation == "runbindable") {
    const std::uint64_t type = propagation.ends_with("shared") ? MS_SHARED : MS_UNBINDABLE;
    // "runbindable" is recursive; "unbindable" and "shared" are not.
    b.add(Propagation{"/", type, propagation == "rshared" || propagation == "runbindable"}, "/linux/rootfsPropagation");
  }
}

base::Result<void> plan_root(Builder& b) {
  b.root = b.add_fd(RootTree{}, "/root/path");
  b.plan.idmap_root = b.hardened.idmap_mounts();
  b.plan.root_attr = (b.hardened.root_nosuid() ? MOUNT_ATTR_NOSUID : 0U) | (b.hardened.root_nodev() ? MOUNT_ATTR_NODEV : 0U);
  b.plan.root_propagation = source_propagation(b.spec.linux);
  if (has_hooks_before_pivot(b)) {
    b.add(PlaceRoot{b.root, b.add_fd(RootPlace{}, "/root/path")}, "/hooks");
  } else {
    plan_pivot(b);
  }
  for (std::size_t i = 0; i < b.plan.mounts.size(); ++i) {
    const PlannedMount& m = b.plan.mounts[i];
    const Slot below = m.bind ? Slot{} : fresh_parent(b, m.target, i);
    b.add(Attach{m.mount, m.target, m.what, m.no_symlinks, m.copy_mode, m.copy_up, m.in_proc, m.attr, below}, m.because);
    for (const auto& p : m.propagation) b.add(SetPropagation{m.mount, p.type, p.recursive}, m.because);
  }
  for (const auto& [path, target] : b.plan.cgroup_links) b.add(Symlink{path, target, fresh_parent(b, path, b.plan.mounts.size())}, "runtime: co-mounted controllers");
  return base::ok();
}

base::Result<void> plan_read_only(Builder& b) {
  for (const auto& m : b.plan.mounts) {
    if (m.read_only_late) b.add(SetAttr{m.mount, "", MOUNT_ATTR_RDONLY, 0, false}, m.because);
  }
  if (b.spec.root.readonly) b.add(SetAttr{{}, "/", MOUNT_ATTR_RDONLY, 0, false}, "/root/readonly");
  return base::ok();
}

}  // namespace plan
