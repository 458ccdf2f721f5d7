// Links on the way to a policy file. Only files of this room include it.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace policy {

// What is no link any more: `name` in `directory`.
struct Place {
  base::UniqueFd directory;
  std::string name;
};

// Where `name` in the open directory `start` (AT_FDCWD: a path) leads. Whoever can change a link, or a directory that it
// leads through, decides what the policy is: each must belong to root or the caller, and no directory may be writable by
// others, unless it is sticky, as /tmp. A link to nowhere is an error. `subject` opens every message.
base::Result<Place> follow(int start, const std::string& name, const std::string& subject);

// The owner and the mode of an open directory.
base::Result<void> check_directory(int fd, const std::string& subject, const std::string& path);

}  // namespace policy
