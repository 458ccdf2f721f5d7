#include "launch/sources.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "init/protocol.h"
#include "kernel/file.h"
#include "kernel/inroot.h"
#include "kernel/memfd.h"
#include "kernel/mount.h"
#include "launch/denied.h"
#include "launch/hooks.h"
#include "launch/idmap.h"
#include "launch/namespaces.h"

namespace launch {
namespace {

using base::cat;
using base::Error;
using base::UniqueFd;

std::string place(const plan::FdPlan& fd) { return fd.because.starts_with('/') ? cat("config.json: ", fd.because) : fd.because; }

base::Result<UniqueFd> open_path(const std::string& path, int flags) {
  UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC | flags));
  if (!fd) return Error::system(errno, "open", path);
  return fd;
}

base::Result<UniqueFd> open_root(const plan::LaunchPlan& plan) {
  UniqueFd root(::open(plan.rootfs.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!root && errno == ENOTDIR) {
    return Error::config(cat("config.json: /root/path: ", base::quote(plan.rootfs), " is not a directory, or is a symbolic link"));
  }
  if (!root) return Error::system(errno, "config.json: /root/path: open", plan.rootfs);
  UniqueFd tree = TRY_IN("config.json: /root/path", kernel::clone_tree(root.get(), "", plan.root_recursive));
  TRY_IN("config.json: /root/path", kernel::set_mount_attributes(tree.get(), {.set = plan.root_attr, .recursive = false}));
  TRY_IN("config.json: /root/path",
         kernel::set_mount_attributes(tree.get(), {.propagation = plan.root_propagation, .recursive = true}));
  return tree;
}

// What the plan says the source must be, checked on the descriptor that is then used.
base::Result<void> check_bind(const plan::BindTree& bind, int fd) {
  if (bind.device_type != 0) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) return Error::system(errno, "fstat", bind.source);
    const std::uint64_t dev = static_cast<std::uint64_t>(major(info.st_rdev)) << 32 | minor(info.st_rdev);
    const bool type_ok = bind.device_type == 'b' ? S_ISBLK(info.st_mode) : S_ISCHR(info.st_mode);
    if (!type_ok || dev != bind.must_be_device) {
      return Error::config(cat(base::quote(bind.source), " on the host is not device ", bind.must_be_device >> 32, ":",
                               bind.must_be_device & 0xffffffffU));
    }
  }
  if (bind.must_be_procfs) {
    struct statfs fs {};
    if (::fstatfs(fd, &fs) != 0) return Error::system(errno, "fstatfs", bind.source);
    if (fs.f_type != PROC_SUPER_MAGIC) return Error::config("only a procfs can be mounted on \"/proc\"");
  }
  return base::ok();
}

base::Result<UniqueFd> open_bind(const plan::BindTree& bind, const plan::DeniedBinds& denied) {
  UniqueFd tree;
  if (bind.device_type != 0) {  // nothing below it, and no rule about where it lies: the copy is looked at as well
    tree = TRY_IN(cat("bind ", base::quote(bind.source)), kernel::clone_tree(AT_FDCWD, bind.source, false));
    TRY(check_bind(bind, tree.get()));
  } else {
    const UniqueFd source = TRY(open_path(bind.source, 0));
    TRY(check_denied(denied, source.get(), bind.source));
    TRY(check_bind(bind, source.get()));
    tree = TRY_IN(cat("bind ", base::quote(bind.source)), kernel::clone_tree(source.get(), "", bind.recursive));
  }
  const auto apply = [&](std::uint64_t set, std::uint64_t clear, std::uint64_t propagation, bool recursive) {
    return kernel::set_mount_attributes(
        tree.get(), {.set = set, .clear = clear, .propagation = propagation, .recursive = recursive});
  };
  if (bind.recursive) {
    TRY_IN(cat("bind ", base::quote(bind.source)), apply(bind.attr_set, bind.attr_clear, 0, false));
    TRY_IN(cat("bind ", base::quote(bind.source)), apply(bind.rec_set, bind.rec_clear, bind.propagation, true));
  } else {  // one mount: what is said of all below is said of it, and last
    TRY_IN(cat("bind ", base::quote(bind.source)),
           apply((bind.attr_set & ~bind.rec_clear) | bind.rec_set, (bind.attr_clear & ~bind.rec_set) | bind.rec_clear,
                 bind.propagation, false));
  }
  if (!bind.uid_mappings.empty()) {
    const UniqueFd userns = TRY(make_userns(bind.uid_mappings, bind.gid_mappings));
    TRY_IN(cat("idmap ", base::quote(bind.source)),
           kernel::set_mount_attributes(tree.get(), {.userns_fd = userns.get(), .recursive = bind.idmap_recursive}));
  }
  return tree;
}

base::Result<UniqueFd> open_cgroup(const plan::CgroupTree& tree, const plan::LaunchPlan& plan,
                                   const kernel::CgroupHandle& cgroup) {
  std::string path;
  if (tree.own) {
    const auto own = cgroup.paths().find(tree.controller);
    if (own != cgroup.paths().end()) path = own->second;
  }
  for (const auto& [controller, mount_point] : plan.cgroup.hierarchies) {
    if (path.empty() && controller == tree.controller) path = mount_point;
  }
  if (path.empty()) return Error::unsupported("this host has no cgroups to mount");
  UniqueFd mount = TRY(kernel::clone_tree(AT_FDCWD, path, false));
  TRY_IN(cat("bind ", base::quote(path)), kernel::set_mount_attributes(mount.get(), {.set = tree.attr, .propagation = 1U << 18 /* MS_PRIVATE */}));
  return mount;
}

// The path of a socket must fit 108 bytes; by way of /proc/self/fd any directory does.
base::Result<UniqueFd> open_gate(int dir_fd) {
  UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!socket) return Error::system(errno, "socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = cat("/proc/self/fd/", dir_fd, "/", kGateSocket);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(socket.get(), 8) != 0) {
    return Error::system(errno, "make start socket");
  }
  return socket;
}

constexpr std::size_t kMaxProgram = 16U << 20;

// A copy that nobody can change, so that not even a descriptor of the host's file gets into the container.
base::Result<UniqueFd> open_program(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return Error::system(errno, "open", path);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return Error::system(errno, "fstat", path);
  if (!S_ISREG(info.st_mode)) return Error::config(cat(base::quote(path), " is not a regular file"));
  const std::string content = TRY_IN(cat("read ", base::quote(path)), kernel::read_all(file.get(), kMaxProgram));
  return kernel::sealed_memfd("bulkhead-program", content, true);
}

// As init's mount namespace has it, absolute links on the way included; by the rights of this process, for in a user
// namespace init may not search the way.
base::Result<UniqueFd> open_root_place(const std::string& rootfs, int init_proc_fd) {
  const UniqueFd top(::openat(init_proc_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!top) return Error::system(errno, "open root of init");
  kernel::InRoot how;
  how.flags = O_PATH | O_DIRECTORY | O_NOFOLLOW;
  const long fd = kernel::open_in_root(top.get(), rootfs.c_str(), how);
  if (fd < 0) return Error::system(static_cast<int>(-fd), "open in the container's mount namespace", rootfs);
  return UniqueFd(static_cast<int>(fd));
}

base::Result<UniqueFd> open_tasks(const std::string& directory) {
  const std::string path = directory + "/tasks";
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file) return Error::system(errno, "open", path);
  struct statfs fs {};
  if (::fstatfs(file.get(), &fs) != 0) return Error::system(errno, "fstatfs", path);
  if (fs.f_type != CGROUP_SUPER_MAGIC) return Error::state(cat(base::quote(directory), " is not a cgroup any more"));
  return file;
}

struct Opener {
  const plan::LaunchPlan& plan;
  kernel::CgroupHandle& cgroup;
  int gate_dir_fd;
  int init_proc_fd;

  base::Result<UniqueFd> operator()(const plan::RootTree&) const { return open_root(plan); }
  base::Result<UniqueFd> operator()(const plan::BindTree& s) const { return open_bind(s, plan.denied_binds); }
  base::Result<UniqueFd> operator()(const plan::CgroupTree& s) const { return open_cgroup(s, plan, cgroup); }
  base::Result<UniqueFd> operator()(const plan::ParentMount&) const { return UniqueFd(); }  // made by now
  base::Result<UniqueFd> operator()(const plan::LocalMount&) const { return UniqueFd(); }
  base::Result<UniqueFd> operator()(const plan::TasksFile& s) const {
    UniqueFd fd = cgroup.take_tasks(s.controller);
    if (!fd) return Error::system(ENOENT, "cgroup tasks file of", s.controller);
    return fd;
  }
  base::Result<UniqueFd> operator()(const plan::NamespaceFile& s) const { return open_namespace(s.type, s.path, s.foreign); }
  base::Result<UniqueFd> operator()(const plan::GateSocket&) const { return open_gate(gate_dir_fd); }
  base::Result<UniqueFd> operator()(const plan::RootPlace&) const { return open_root_place(plan.rootfs, init_proc_fd); }
  base::Result<UniqueFd> operator()(const plan::HookFile& s) const { return open_hook(s.hook); }
  base::Result<UniqueFd> operator()(const plan::ProgramFile& s) const { return open_program(s.path); }
  base::Result<UniqueFd> operator()(const plan::CgroupTasks& s) const { return open_tasks(s.directory); }
  base::Result<UniqueFd> operator()(const plan::OwnProcess&) const { return UniqueFd(); }  // opened by now, as ParentMount
};

// Why a root or a bind could not be idmapped, in words for the operator.
Error idmap_error(const Error& cause, const std::string& what) {
  if (cause.sys() != EINVAL && cause.sys() != EOPNOTSUPP) return cause;
  return Error::unsupported(cat(what, ": this file system cannot be idmapped"));
}

}  // namespace

base::Result<void> Sources::open(const plan::LaunchPlan& plan, kernel::CgroupHandle& cgroup, int gate_dir_fd, int init_proc_fd) {
  const Opener opener{plan, cgroup, gate_dir_fd, init_proc_fd};
  for (std::size_t i = 0; i < plan.fds.size(); ++i) {
    const auto& fd = plan.fds[i];
    if (!fds_[i]) fds_[i] = TRY_IN(place(fd), std::visit(opener, fd.source));
  }
  return base::ok();
}

base::Result<void> Sources::open_process(const plan::LaunchPlan& plan, int proc_fd) {
  for (std::size_t i = 0; i < plan.fds.size(); ++i) {
    if (!std::holds_alternative<plan::OwnProcess>(plan.fds[i].source)) continue;
    fds_[i].reset(::fcntl(proc_fd, F_DUPFD_CLOEXEC, 3));
    if (!fds_[i]) return Error::system(errno, "hand its own process to init");
  }
  return base::ok();
}

base::Result<void> Sources::open_in_namespaces(const plan::LaunchPlan& plan) {
  for (std::size_t i = 0; i < plan.fds.size(); ++i) {
    const auto* mount = std::get_if<plan::ParentMount>(&plan.fds[i].source);
    if (mount == nullptr) continue;
    fds_[i] = TRY_IN(place(plan.fds[i]), kernel::new_filesystem(mount->fs, mount->options, mount->attr));
  }
  return base::ok();
}

base::Result<void> Sources::apply_idmaps(const plan::LaunchPlan& plan, int userns_fd, std::vector<std::string>& warnings) {
  for (std::size_t i = 0; i < plan.fds.size(); ++i) {
    const auto* bind = std::get_if<plan::BindTree>(&plan.fds[i].source);
    const bool root = std::holds_alternative<plan::RootTree>(plan.fds[i].source) && plan.idmap_root;
    if (!root && (bind == nullptr || !bind->idmap_container)) continue;
    const bool recursive = bind != nullptr && bind->idmap_recursive;
    const auto result = kernel::set_mount_attributes(fds_[i].get(), {.userns_fd = userns_fd, .recursive = recursive});
    if (result) continue;
    const std::string what = root ? cat("idmap ", base::quote(plan.rootfs)) : cat("idmap ", base::quote(bind->source));
    if (root || !bind->idmap_optional) return idmap_error(result.error(), what).in(place(plan.fds[i]));
    warnings.push_back(cat(what, ": not possible on its file system; its files keep their host owners in the container"));
  }
  return base::ok();
}

namespace {

// `part.message` says of what kind, and how many.
base::Result<void> send_descriptors(int report, init::Descriptors& part, const int* fds) {
  const std::uint32_t count = part.message.op;
  union {
    cmsghdr head;
    char bytes[CMSG_SPACE(sizeof(int) * init::kMaxDescriptors)];
  } control;
  iovec content{&part, sizeof(init::Message) + count * sizeof(std::int32_t)};
  msghdr message{};
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  if (count != 0) {
    control.head = {CMSG_LEN(sizeof(int) * count), SOL_SOCKET, SCM_RIGHTS};
    std::memcpy(CMSG_DATA(&control.head), fds, sizeof(int) * count);
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
  }
  ssize_t n;
  do {
    n = ::sendmsg(report, &message, MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  if (n != static_cast<ssize_t>(content.iov_len)) return Error::system(n < 0 ? errno : EIO, "hand descriptors to init");
  return base::ok();
}

}  // namespace

base::Result<void> send_plan(int report, int image) {
  init::Descriptors part{};
  part.message = {init::MessageKind::kPlan, 1, 0, 0};
  return send_descriptors(report, part, &image);
}

// As many descriptors as one message carries, from `slot` on, which is then the first that is still to be sent.
base::Result<void> Sources::send_part(int report, std::size_t& slot) const {
  init::Descriptors part{};
  int fds[init::kMaxDescriptors];
  std::uint32_t count = 0;
  for (; slot < fds_.size() && count < init::kMaxDescriptors; ++slot) {
    if (!fds_[slot]) continue;  // init makes it
    part.slots[count] = static_cast<std::int32_t>(slot);
    fds[count++] = fds_[slot].get();
  }
  part.message = {init::MessageKind::kDescriptors, count, 0, slot < fds_.size() ? 1U : 0U};
  return send_descriptors(report, part, fds);
}

base::Result<void> Sources::hand_over(int report) const {
  std::size_t slot = 0;
  do {
    TRY(send_part(report, slot));
  } while (slot < fds_.size());
  return base::ok();
}

}  // namespace launch
