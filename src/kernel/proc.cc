#include "kernel/proc.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <ctime>

#include "base/text.h"
#include "kernel/file.h"

namespace kernel {
namespace {

constexpr auto kPidfsMagic = 0x50494446;  // PIDFS_MAGIC of <linux/magic.h>, Linux 6.9
constexpr std::size_t kMaxProcFile = 4096;

bool is_gone(const base::Error& error) { return error.sys() == ENOENT || error.sys() == ESRCH; }

// Before pidfs all pidfds share one anonymous inode, which says nothing.
base::Result<std::uint64_t> pidfs_inode(int fd) {
  struct statfs fs {};
  if (::fstatfs(fd, &fs) != 0) return base::Error::system(errno, "statfs of a pidfd");
  if (fs.f_type != kPidfsMagic) return std::uint64_t{0};
  struct stat st {};
  if (::fstat(fd, &st) != 0) return base::Error::system(errno, "stat of a pidfd");
  return static_cast<std::uint64_t>(st.st_ino);
}

base::Result<std::uint64_t> read_start_time(pid_t pid) {
  const std::string path = base::cat("/proc/", pid, "/stat");
  const std::string text = TRY(read_file_at(AT_FDCWD, path, kMaxProcFile));
  const auto start = parse_start_time(text);
  if (!start) return base::Error::system(EINVAL, "parse", path);
  return *start;
}

}  // namespace

std::optional<std::uint64_t> parse_start_time(std::string_view stat) {
  const std::size_t close = stat.rfind(')');
  if (close == std::string_view::npos) return std::nullopt;
  stat.remove_prefix(close + 1);
  if (!stat.empty() && stat.back() == '\n') stat.remove_suffix(1);
  // " S 1 …": an empty field, then field 3.
  const auto fields = base::split(stat, ' ');
  constexpr std::size_t kStart = 22 - 3 + 1;
  if (fields.size() <= kStart) return std::nullopt;
  return base::parse_u64(fields[kStart]);
}

base::Result<std::string> read_boot_id() {
  std::string text = TRY(read_file_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", kMaxProcFile));
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

base::Result<PidFd> PidFd::open(pid_t pid) {
  const long fd = ::syscall(SYS_pidfd_open, pid, 0);
  // EINVAL: the id is that of a thread now, so the process that had it is gone.
  if (fd < 0) return base::Error::system(errno == EINVAL ? ESRCH : errno, base::cat("open process ", pid));
  return PidFd(base::UniqueFd(static_cast<int>(fd)), pid);
}

base::Result<std::optional<PidFd>> PidFd::open(const ProcessIdentity& identity) {
  using Found = std::optional<PidFd>;
  if (identity.pid <= 0) return Found();
  auto opened = open(identity.pid);
  if (!opened.has_value()) {
    if (opened.error().sys() == ESRCH) return Found();
    return std::move(opened).error();
  }
  // From here on the pidfd stays with one process, whichever it is; is it ours?
  auto start = read_start_time(identity.pid);
  if (!start.has_value()) {
    if (is_gone(start.error())) return Found();
    return std::move(start).error();
  }
  if (*start != identity.start_time) return Found();
  if (identity.pidfd_inode != 0) {
    const std::uint64_t inode = TRY(pidfs_inode(opened->fd()));
    if (inode != 0 && inode != identity.pidfd_inode) return Found();
  }
  // Start times repeat after a reboot, when the state is kept on a disk.
  if (!identity.boot_id.empty() && identity.boot_id != TRY(read_boot_id())) return Found();
  return Found(*std::move(opened));
}

base::Result<ProcessIdentity> PidFd::identity() const {
  ProcessIdentity identity;
  identity.pid = pid_;
  identity.start_time = TRY(read_start_time(pid_));
  identity.boot_id = TRY(read_boot_id());
  identity.pidfd_inode = TRY(pidfs_inode(fd()));
  return identity;
}

base::Result<bool> PidFd::is_alive() const { return !TRY(wait_exit(0)); }

base::Result<void> PidFd::send_signal(int signal) const {
  if (::syscall(SYS_pidfd_send_signal, fd(), signal, nullptr, 0) == 0) return base::ok();
  return base::Error::system(errno, base::cat("send signal ", signal, " to process ", pid_));
}

base::Result<bool> PidFd::wait_exit(int timeout_ms) const {
  timespec begin{};
  ::clock_gettime(CLOCK_MONOTONIC, &begin);
  int left = timeout_ms;
  for (;;) {
    // POLLIN when the leader is a zombie or reaped and no other thread is left: pidfd_open(2).
    pollfd poll{fd(), POLLIN, 0};
    const int n = ::poll(&poll, 1, left);
    if (n > 0) return true;
    if (n == 0) return false;
    if (errno != EINTR) return base::Error::system(errno, base::cat("wait for process ", pid_));
    if (timeout_ms <= 0) continue;
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const auto spent = (now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1'000'000;
    left = spent >= timeout_ms ? 0 : timeout_ms - static_cast<int>(spent);
  }
}

base::Result<ExitStatus> PidFd::reap() const {
  siginfo_t info{};
  int rc = 0;
  do {
    rc = ::waitid(P_PIDFD, static_cast<id_t>(fd()), &info, WEXITED);
  } while (rc != 0 && errno == EINTR);
  if (rc != 0) return base::Error::system(errno, base::cat("wait for process ", pid_));
  if (info.si_code == CLD_EXITED) return ExitStatus{.code = info.si_status, .signal = 0};
  return ExitStatus{.code = 0, .signal = info.si_status};
}

}  // namespace kernel
