// `run` in the foreground: stand between the caller and the container's init until it exits, passing signals on.
#pragma once

#include <csignal>

#include "base/fd.h"
#include "base/result.h"
#include "kernel/proc.h"

namespace monitor {

class Foreground {
 public:
  // Blocks the signals that will be forwarded, and SIGCHLD. Call it before init is cloned, so that none is lost;
  // init has to empty its signal mask itself. The mask is put back when this goes.
  static base::Result<Foreground> start();
  Foreground(Foreground&& other) noexcept;
  Foreground& operator=(Foreground&&) = delete;
  ~Foreground();

  // Forwards signals until `init`, a child of this process, has exited, and reaps it. Reaps other children too, for
  // this process may be a subreaper. Error, state: it has not exited in that time.
  base::Result<kernel::ExitStatus> wait(const kernel::PidFd& init, int most_milliseconds = -1) const;

  // What is forwarded: all but SIGKILL and SIGSTOP (cannot be caught), SIGCHLD and SIGPIPE (about this process
  // itself) and SIGURG (meaningless to a container; Go programs send it to themselves).
  static sigset_t forwarded();

 private:
  Foreground(base::UniqueFd fd, const sigset_t& old_mask) : signals_(std::move(fd)), old_mask_(old_mask) {}

  base::UniqueFd signals_;
  sigset_t old_mask_{};
};

}  // namespace monitor
