// Standard streams for the time in which a container is made: what it writes goes to memory, and nothing of it can
// reach, or change the owner of, what the caller's streams are.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace cli {

class Capture {
 public:
  // From here on stdin is /dev/null, and stdout and stderr are memory files.
  static base::Result<Capture> start();
  Capture(Capture&&) = default;
  Capture& operator=(Capture&&) = delete;
  ~Capture();

  // Puts the caller's streams back, and writes to stderr what was written there meanwhile. More than once: nothing.
  void restore();
  // What was written to stdout until now.
  base::Result<std::string> output() const;

 private:
  Capture() = default;

  base::UniqueFd saved_[3];
  base::UniqueFd out_, err_;
};

}  // namespace cli
