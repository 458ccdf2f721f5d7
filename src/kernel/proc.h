// Processes by identity, never by bare pid: a pidfd, checked against what was recorded of the process
// (start time, boot, pidfs inode), because a pid alone may have been given to somebody else. pidfd_open(2),
// pidfd_send_signal(2), waitid(2), proc_pid_stat(5).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace kernel {

// What is remembered of a process so that a later command can tell it from a reused pid.
struct ProcessIdentity {
  pid_t pid = 0;
  std::uint64_t start_time = 0;   // field 22 of /proc/PID/stat, in clock ticks since boot
  std::string boot_id;            // /proc/sys/kernel/random/boot_id; empty: not recorded
  std::uint64_t pidfd_inode = 0;  // on pidfs (Linux 6.9 and later), unique in one boot; 0: not recorded
};

struct ExitStatus {
  int code = 0;    // of _exit(2), when signal is 0
  int signal = 0;  // that killed it
  // As a shell says it: 0-255, or 128 plus the signal's number.
  int shell_code() const { return signal != 0 ? 128 + signal : code; }
};

class PidFd {
 public:
  // For the descriptor that clone3(CLONE_PIDFD) gave.
  PidFd(base::UniqueFd fd, pid_t pid) : fd_(std::move(fd)), pid_(pid) {}

  // Error: system (ESRCH: no such process).
  static base::Result<PidFd> open(pid_t pid);
  // The process that `identity` was taken of, alive or a zombie; empty if it is gone, or if another one has its
  // pid now.
  static base::Result<std::optional<PidFd>> open(const ProcessIdentity& identity);

  int fd() const { return fd_.get(); }
  pid_t pid() const { return pid_; }

  base::Result<ProcessIdentity> identity() const;
  // False for a zombie: the whole thread group has exited.
  base::Result<bool> is_alive() const;
  // Error ESRCH when the process is gone.
  base::Result<void> send_signal(int signal) const;
  // Waits for the exit without reaping; false after `timeout_ms` (-1: for ever).
  base::Result<bool> wait_exit(int timeout_ms) const;
  // Waits for the exit of a child of this process and reaps it. Error ECHILD: not a child.
  base::Result<ExitStatus> reap() const;

 private:
  base::UniqueFd fd_;
  pid_t pid_ = 0;
};

// Field 22 of the text of /proc/PID/stat; the command name in it may hold anything, ')' and ' ' included.
std::optional<std::uint64_t> parse_start_time(std::string_view stat);

// This boot's id.
base::Result<std::string> read_boot_id();

}  // namespace kernel
