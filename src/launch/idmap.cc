#include "launch/idmap.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/guard.h"
#include "base/text.h"
#include "kernel/raw.h"

namespace launch {
namespace {

using base::Error;

base::Result<void> write_map(int proc_fd, const char* name, const std::string& text) {
  const base::UniqueFd file(::openat(proc_fd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return Error::system(errno, "open", name);
  // The kernel takes a map in one write or not at all.
  const ssize_t n = ::write(file.get(), text.data(), text.size());
  if (n != static_cast<ssize_t>(text.size())) return Error::system(n < 0 ? errno : EIO, "write", name);
  return base::ok();
}

}  // namespace

std::string format_id_map(const std::vector<oci::IdMapping>& maps) {
  std::string out;
  for (const auto& map : maps) out += base::cat(map.container_id, ' ', map.host_id, ' ', map.size, '\n');
  return out;
}

base::Result<void> write_id_maps(int proc_fd, const std::vector<oci::IdMapping>& uids,
                                 const std::vector<oci::IdMapping>& gids) {
  TRY_IN(std::string("config.json: /linux/uidMappings"), write_map(proc_fd, "uid_map", format_id_map(uids)));
  TRY_IN(std::string("config.json: /linux/gidMappings"), write_map(proc_fd, "gid_map", format_id_map(gids)));
  return base::ok();
}

base::Result<base::UniqueFd> make_userns(const std::vector<oci::IdMapping>& uids, const std::vector<oci::IdMapping>& gids) {
  int pidfd_number = -1;
  clone_args args{};
  args.flags = CLONE_NEWUSER | CLONE_PIDFD;
  args.pidfd = reinterpret_cast<std::uint64_t>(&pidfd_number);
  args.exit_signal = SIGCHLD;
  const long pid = kernel::raw::call(__NR_clone3, &args, sizeof(args));
  if (pid == 0) {
    // Runs in the child: does nothing but exist until it is killed.
    for (;;) kernel::raw::call(__NR_pause);
  }
  if (kernel::raw::failed(pid)) return Error::system(static_cast<int>(-pid), "make user namespace");
  const base::UniqueFd pidfd(pidfd_number);
  const base::ScopeGuard end([&] {
    kernel::raw::call(__NR_pidfd_send_signal, pidfd.get(), SIGKILL, 0, 0);
    siginfo_t info{};
    ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd.get()), &info, WEXITED);
  });
  const std::string directory = base::cat("/proc/", pid);
  const base::UniqueFd proc(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!proc) return Error::system(errno, "open", directory);
  TRY(write_id_maps(proc.get(), uids, gids));
  base::UniqueFd userns(::openat(proc.get(), "ns/user", O_RDONLY | O_CLOEXEC));
  if (!userns) return Error::system(errno, "open user namespace");
  return userns;
}

}  // namespace launch
