#include "launch/namespaces.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "base/text.h"
#include "kernel/file.h"

namespace launch {
namespace {

using base::cat;
using base::Error;

struct NsName {
  std::uint64_t type;
  const char* word;          // as config.json says it
  const char* file;          // below /proc/PID/ns
  const char* for_children;  // what setns of it changes for this process, as far as it can be undone
};

constexpr std::array<NsName, 8> kNames = {{{CLONE_NEWCGROUP, "cgroup", "cgroup", "cgroup"},
                                           {CLONE_NEWIPC, "ipc", "ipc", "ipc"},
                                           {CLONE_NEWNS, "mount", "mnt", "mnt"},
                                           {CLONE_NEWNET, "network", "net", "net"},
                                           {CLONE_NEWPID, "pid", "pid", "pid_for_children"},
                                           {CLONE_NEWTIME, "time", "time", "time"},
                                           {CLONE_NEWUSER, "user", "user", "user"},
                                           {CLONE_NEWUTS, "uts", "uts", "uts"}}};

const NsName* find_name(std::uint64_t type) {
  for (const auto& name : kNames) {
    if (name.type == type) return &name;
  }
  return nullptr;
}

// An error names the place in config.json.
base::Result<base::UniqueFd> open_joined(const plan::JoinNamespace& join) {
  return TRY_IN(cat("config.json: ", join.because, "/path"), open_namespace(join.type, join.path, join.foreign));
}

base::Result<void> write_offsets(const plan::ClonePlan& plan) {
  std::string text;
  if (plan.monotonic) text += cat("monotonic ", plan.monotonic->secs, ' ', plan.monotonic->nanosecs, '\n');
  if (plan.boottime) text += cat("boottime ", plan.boottime->secs, ' ', plan.boottime->nanosecs, '\n');
  if (text.empty()) return base::ok();
  const base::UniqueFd file(::open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC));
  if (!file) return Error::system(errno, "open", "/proc/self/timens_offsets");
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return Error::system(errno, "config.json: /linux/timeOffsets: write", "/proc/self/timens_offsets");
  }
  return base::ok();
}

}  // namespace

base::Result<base::UniqueFd> open_namespace(std::uint64_t type, const std::string& path, bool foreign) {
  base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return Error::system(errno, "open", path);
  struct statfs fs {};
  struct stat info {}, own {};
  const bool is_namespace = ::fstatfs(fd.get(), &fs) == 0 && fs.f_type == NSFS_MAGIC && ::fstat(fd.get(), &info) == 0;
  const NsName* name = find_name(type);
  if (!is_namespace || name == nullptr || ::ioctl(fd.get(), NS_GET_NSTYPE) != static_cast<int>(type)) {
    return Error::config(cat(base::quote(path), " is not a ", name == nullptr ? "known" : name->word, " namespace"));
  }
  if (!foreign) return fd;
  const std::string own_path = cat("/proc/self/ns/", name->file);
  if (::stat(own_path.c_str(), &own) != 0) return Error::system(errno, "stat", own_path);
  if (own.st_dev == info.st_dev && own.st_ino == info.st_ino) {
    return Error::policy(cat(base::quote(path), " leads to the host's ", name->word, " namespace, which the policy does not leave to a container"));
  }
  return fd;
}

base::Result<void> NamespaceVisit::remember(std::uint64_t type) {
  const std::string path = cat("/proc/self/ns/", find_name(type)->for_children);
  base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return Error::system(errno, "open", path);
  origin_.emplace_back(type, std::move(fd));
  return base::ok();
}

base::Result<NamespaceVisit> NamespaceVisit::enter(const plan::ClonePlan& plan) {
  NamespaceVisit visit;
  for (const auto& join : plan.joins) {
    if (join.type == CLONE_NEWUSER || join.type == CLONE_NEWNS) continue;
    const base::UniqueFd fd = TRY(open_joined(join));
    TRY(visit.remember(join.type));
    if (::setns(fd.get(), static_cast<int>(join.type)) != 0) {
      return Error::system(errno, cat("config.json: ", join.because, "/path: join ", join.name, " namespace"), join.path);
    }
  }
  if (plan.new_time_namespace) {
    TRY(visit.remember(CLONE_NEWTIME));
    if (::unshare(CLONE_NEWTIME) != 0) return Error::system(errno, "make time namespace");
    TRY(write_offsets(plan));
  }
  return visit;
}

base::Result<void> NamespaceVisit::leave() {
  while (!origin_.empty()) {
    const auto [type, fd] = std::move(origin_.back());
    origin_.pop_back();
    if (::setns(fd.get(), static_cast<int>(type)) != 0) {
      return Error::system(errno, cat("return to own ", find_name(type)->file, " namespace"));
    }
  }
  return base::ok();
}

base::Result<base::UniqueFd> open_user_namespace(const plan::ClonePlan& plan) {
  for (const auto& join : plan.joins) {
    if (join.type == CLONE_NEWUSER) return open_joined(join);
  }
  return base::UniqueFd();
}

base::Result<void> verify_namespaces(std::uint64_t made, int proc_fd) {
  for (const auto& name : kNames) {
    if ((made & name.type) == 0) continue;
    struct stat own {}, child {};
    const std::string file = cat("ns/", name.file);
    if (::fstatat(proc_fd, file.c_str(), &child, 0) != 0) {
      if (errno == EACCES || errno == EPERM) continue;  // this process may not look; the clone itself succeeded
      return Error::system(errno, "verify namespace", name.file);
    }
    if (::stat(cat("/proc/self/ns/", name.file).c_str(), &own) != 0) return Error::system(errno, "verify namespace", name.file);
    if (own.st_ino == child.st_ino && own.st_dev == child.st_dev) {
      return Error::unsupported(cat("verification failed: the container shares the ", name.file, " namespace of this process"));
    }
  }
  return base::ok();
}

}  // namespace launch
