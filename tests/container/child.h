// A child process that stands for a container's init in tests; killed and reaped at the end.
#pragma once

#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "container/record.h"
#include "kernel/proc.h"

namespace container {

class Child {
 public:
  Child() : pid_(::fork()) {
    if (pid_ == 0) {
      for (;;) ::pause();
    }
    EXPECT_GT(pid_, 0);
  }
  // sleep(1) by this file, which it is executed from by now.
  explicit Child(const std::string& program) {
    std::string name = "sleep", time = "1000";
    char* argv[] = {name.data(), time.data(), nullptr};
    EXPECT_EQ(::posix_spawn(&pid_, program.c_str(), nullptr, nullptr, argv, nullptr), 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (reaped_) return;
    ::kill(pid_, SIGKILL);  // not reaped: the pid is still this child's
    reap();
  }

  pid_t pid() const { return pid_; }
  kernel::PidFd pidfd() const { return *kernel::PidFd::open(pid_); }

  // Leaves a zombie.
  void kill_unreaped() const {
    EXPECT_TRUE(pidfd().send_signal(SIGKILL).has_value());
    EXPECT_TRUE(*pidfd().wait_exit(10'000));
  }
  // Waits for its exit; the signal that killed it, or 0.
  int reap() {
    int status = 0;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    reaped_ = true;
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }

  Record record(const std::string& id) const {
    Record record;
    record.id = id;
    record.oci_version = "1.2.1";
    record.init = *pidfd().identity();
    record.created = "2026-11-23T10:00:00Z";
    record.bundle = "/bundle";
    record.rootfs = "/bundle/rootfs";
    record.own_pid_namespace = true;
    return record;
  }

 private:
  pid_t pid_ = -1;
  bool reaped_ = false;
};

}  // namespace container
