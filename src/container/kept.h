// What `exec` needs to know of how a container was made, kept in its directory as a file of its own, which no other verb
// reads: what config.json said, the policy that was in force, and what the host could do. Never holds the value of an
// environment variable. 0600.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kernel/proc.h"

namespace container {

inline constexpr const char* kKeptFile = "kept";

struct Kept {
  std::string facts;   // JSON; what is in it is the cli's
  std::string policy;  // policy::keep()
  std::string config;
  std::string audited = {};  // policy::keep() of what would be in force if nothing were only audited; empty: the same
};

// A reader sees all of it or none.
base::Result<void> save_kept(int dirfd, const Kept& kept);
// Empty if there is none. Error: state, it is damaged.
base::Result<std::optional<Kept>> read_kept(int dirfd);
// `run` keeps it only once its program runs: waits for it, a second or two, as long as `init` lives. False: it did not come.
base::Result<bool> await_kept(int dirfd, const kernel::PidFd& init);

}  // namespace container
