// From clone to init's first instruction.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "kernel/proc.h"

namespace launch {

struct CarrierRequest {
  std::uint64_t clone_flags = 0;  // CLONE_NEW*
  int cgroup_fd = -1;             // v2: start there (CLONE_INTO_CGROUP)
  int join_userns = -1;           // enter this user namespace first
  bool in_userns = false;         // keep capabilities over exec though the user is not mapped yet
  bool separate_memory = false;   // a time namespace is entered only by a child with memory of its own
  // exec: enter these namespaces (CLONE_NEW*) of this process first; take its cookie of core scheduling (0: do not).
  int enter_pidfd = -1;
  std::uint64_t enter_flags = 0;
  pid_t share_core = 0;
  int init_fd = -1;               // sealed memory file with the program
  std::uint64_t begin = 0;        // CLONE_NEW*: what init makes while it has no plan yet
  int report_fd = -1;
  std::vector<int> keep;          // other descriptors that init needs
};

struct Carried {
  kernel::PidFd process;
  // What the child uses of this process's memory, its stack among it: to be kept until the child has been heard of over
  // the report socket, be it by its end of file.
  std::shared_ptr<const void> memory;
};

// Kills and reaps the child. Nobody is there to hear of an error, and one that is gone already is what is wanted.
void end(const kernel::PidFd& process);

// Clones, and returns while the child is about to execute init. If it cannot, it says so over the report socket, with
// one of the last init::Details. The descriptors of `request` may be closed by the caller at once: the child has copies.
base::Result<Carried> start_init(const CarrierRequest& request);

}  // namespace launch
