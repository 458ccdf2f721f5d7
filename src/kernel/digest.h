// What a file holds, as one word.
#pragma once

#include <string>

#include "base/result.h"

namespace kernel {

// "sha256:" and 64 digits, of the file's content from its beginning; the descriptor's position stays. Error: policy, if it
// is larger than 256 MiB.
base::Result<std::string> file_digest(int fd, const std::string& name);

}  // namespace kernel
