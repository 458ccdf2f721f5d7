#include "cli/host.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <array>

#include "base/text.h"
#include "kernel/file.h"

namespace cli {
namespace {

using base::cat;

constexpr struct {
  const char* file;
  std::uint64_t type;
} kNamespaces[] = {{"cgroup", CLONE_NEWCGROUP}, {"ipc", CLONE_NEWIPC}, {"mnt", CLONE_NEWNS},
                   {"net", CLONE_NEWNET},       {"pid", CLONE_NEWPID}, {"time", CLONE_NEWTIME},
                   {"user", CLONE_NEWUSER},     {"uts", CLONE_NEWUTS}};

constexpr struct {
  const char* name;
  __rlimit_resource resource;
} kLimits[] = {{"RLIMIT_AS", RLIMIT_AS},           {"RLIMIT_CORE", RLIMIT_CORE},
               {"RLIMIT_CPU", RLIMIT_CPU},         {"RLIMIT_DATA", RLIMIT_DATA},
               {"RLIMIT_FSIZE", RLIMIT_FSIZE},     {"RLIMIT_LOCKS", RLIMIT_LOCKS},
               {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK}, {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
               {"RLIMIT_NICE", RLIMIT_NICE},       {"RLIMIT_NOFILE", RLIMIT_NOFILE},
               {"RLIMIT_NPROC", RLIMIT_NPROC},     {"RLIMIT_RSS", RLIMIT_RSS},
               {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},   {"RLIMIT_RTTIME", RLIMIT_RTTIME},
               {"RLIMIT_STACK", RLIMIT_STACK},     {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING}};

constexpr std::array kSysctls = {"user/max_user_namespaces",    "kernel/unprivileged_userns_clone",
                                 "kernel/yama/ptrace_scope",    "kernel/io_uring_disabled",
                                 "kernel/dmesg_restrict",       "kernel/perf_event_paranoid",
                                 "vm/unprivileged_userfaultfd", "vm/memfd_noexec"};

void read_namespaces(const plan::LaunchPlan& plan, predict::Host& host) {
  for (const auto& kind : kNamespaces) {
    std::array<char, 64> target{};
    const std::string path = cat("/proc/self/ns/", kind.file);
    const ssize_t size = ::readlink(path.c_str(), target.data(), target.size() - 1);
    if (size > 0) host.namespaces[kind.file] = std::string(target.data(), static_cast<std::size_t>(size));
    for (const auto& join : plan.joins) {
      struct stat info {};
      if (join.type == kind.type && ::stat(join.path.c_str(), &info) == 0) {
        host.joined[kind.file] = cat(kind.file, ":[", info.st_ino, "]");
      }
    }
  }
}

void read_source(const std::string& path, predict::Host& host) {
  struct statvfs file_system {};
  struct stat info {};
  if (::statvfs(path.c_str(), &file_system) != 0 || ::stat(path.c_str(), &info) != 0) return;
  constexpr std::uint64_t kShown = ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC;
  host.sources[path] = {file_system.f_flag & kShown, S_ISDIR(info.st_mode)};
}

void read_sources(const plan::LaunchPlan& plan, predict::Host& host) {
  read_source(plan.rootfs, host);
  for (const auto& fd : plan.fds) {
    if (const auto* bind = std::get_if<plan::BindTree>(&fd.source)) read_source(bind->source, host);
  }
  for (const auto& [controller, mount_point] : plan.cgroup.hierarchies) read_source(mount_point, host);
}

}  // namespace

predict::Host probe_host(const plan::LaunchPlan& plan, const kernel::Facts& facts) {
  predict::Host host;
  host.facts = facts;
  read_namespaces(plan, host);
  read_sources(plan, host);
  for (const auto& limit : kLimits) {
    struct rlimit value {};
    if (::getrlimit(limit.resource, &value) == 0) host.rlimits[limit.name] = {value.rlim_cur, value.rlim_max};
  }
  for (const char* name : kSysctls) {
    auto text = kernel::read_file_at(AT_FDCWD, cat("/proc/sys/", name), 64);
    if (text) host.sysctls[name] = text->substr(0, text->find('\n'));
  }
  host.securebits = ::prctl(PR_GET_SECUREBITS);
  host.seccomp_mode = ::prctl(PR_GET_SECCOMP);
  host.no_new_privs = ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
  const auto score = kernel::read_file_at(AT_FDCWD, "/proc/self/oom_score_adj", 64);
  if (score) host.oom_score_adj = static_cast<int>(base::parse_i64(score->substr(0, score->find('\n'))).value_or(0));
  struct sysinfo info {};
  host.pid = static_cast<std::uint32_t>(::getpid());
  host.uid = ::geteuid();
  host.swap = ::sysinfo(&info) != 0 || info.totalswap != 0;
  return host;
}

}  // namespace cli
