// Whole files: read and write all of them, with EINTR and short counts dealt with.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace kernel {

// Errors carry errno only: the caller knows the file's name.
base::Result<void> write_all(int fd, std::string_view text);
// Error EFBIG: more than `max` bytes.
base::Result<std::string> read_all(int fd, std::size_t max);

// Opens `path` relative to `dirfd` (AT_FDCWD) with O_RDONLY | O_CLOEXEC | flags, and reads it. The error names it.
base::Result<std::string> read_file_at(int dirfd, const std::string& path, std::size_t max, int flags = 0);

// Where an open file is, as proc_pid_fd(5) tells it; empty if that is no path.
std::string path_of(int fd);

// What is there of an absolute path in whose components "*" stands for any text, sorted. What cannot be read is not there.
std::vector<std::string> find_paths(const std::string& pattern);

// A directory of this user's alone, made with mode 0700 if it is missing (its parent must be there). Refused if it is a
// symlink, no directory, another user's, or open to others. `what` is for the error.
base::Result<base::UniqueFd> open_private_directory(const std::string& path, std::string_view what);

}  // namespace kernel
