// From clone to init's first instruction.
#pragma once

#include <cstdint>
#include <string>
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
  int init_fd = -1;               // sealed memory file with the program
  int image_fd = -1;
  int report_fd = -1;
  std::vector<int> keep;          // other descriptors that init needs
};

// Clones, and execs init in the child. Returns once the exec has happened.
base::Result<kernel::PidFd> start_init(const CarrierRequest& request);

}  // namespace launch
