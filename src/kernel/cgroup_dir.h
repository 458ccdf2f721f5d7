// Directories and files of a cgroup hierarchy, for the other cgroup files only: lookups that stay below the mount
// point, one-shot writes, and walks down a tree of any depth with two descriptors.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace kernel::cgroup {

// A cgroup file larger than this is not read: cgroup.procs of 2^22 processes has 32 MiB.
constexpr std::size_t kMaxFile = std::size_t{64} << 20;

// A directory below `dir`, as an O_PATH descriptor: never through a symbolic link, "..", or another mount.
// Returns an fd or a negative errno.
int open_below(int dir, const std::string& path);
// An absolute directory; O_RDONLY. Returns an fd or a negative errno.
int open_directory(const std::string& path);

// Writes `value` with a single write(2), as the kernel wants it. Returns 0 or an errno.
int write_at(int dir, const std::string& file, std::string_view value);
// As write_at, with an absolute path.
int write_to(const std::string& path, std::string_view value);

// write_at() that keeps the file open for the next write, as device rules come one line a write.
class RepeatedWrite {
 public:
  // `dir` stays open as long as this object is used.
  int write(int dir, const std::string& file, std::string_view value);

 private:
  int dir_ = -1;
  std::string file_;
  base::UniqueFd fd_;
};

// The file's text without the final new line. Empty when cgroup or file is gone (ENOENT, ENODEV) or, on v2, belongs
// to a threaded cgroup, which does not have it (EOPNOTSUPP).
base::Result<std::string> read_or_empty(int dir, const std::string& file);

// Calls `visit` with every directory below and including `path`, children before parents; `parent` is where `name`
// is found, and `dir` what it is, both O_RDONLY. `path` itself comes last, with parent AT_FDCWD and name `path`.
// Stops at the first errno that `visit` returns, and returns it; ENOENT and ENODEV (removed meanwhile) do not count.
// It climbs by ".." instead of keeping a descriptor a level, so that a workload that nests its cgroups thousands deep
// cannot exhaust the descriptors. A v1 cgroup cannot be moved to another parent, and a v2 one cannot be renamed.
using Visit = std::function<int(int parent, const std::string& name, int dir)>;
int walk_tree(const std::string& path, const Visit& visit);

}  // namespace kernel::cgroup
