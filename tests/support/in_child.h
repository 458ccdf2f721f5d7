// What cannot be undone (namespaces, identity, limits, exec) is tested in a forked child, with gtest's own macros: a
// failed EXPECT there prints as usual and makes the child's status 1.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <functional>

namespace support {

class Forked {
 public:
  explicit Forked(const std::function<void()>& body) {
    std::fflush(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    body();
    std::fflush(nullptr);
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  Forked(const Forked&) = delete;
  Forked& operator=(const Forked&) = delete;
  ~Forked() {
    if (pid_ > 0) wait();
  }

  pid_t pid() const { return pid_; }
  // Its status as a shell says it: 0 all is well, 1 a check failed, 128+n killed by signal n.
  int wait() {
    int status = 0;
    const pid_t pid = pid_;
    pid_ = -1;
    if (pid <= 0 || ::waitpid(pid, &status, 0) != pid) return -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t pid_ = -1;
};

[[nodiscard]] inline int in_child(const std::function<void()>& body) { return Forked(body).wait(); }

inline void check_in_child(const std::function<void()>& body) {
  EXPECT_EQ(in_child(body), 0) << "in the child: see above";
}

}  // namespace support
