#include "kernel/id_ranges.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "base/text.h"
#include "kernel/file.h"

namespace kernel {
namespace {

bool is_gone(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

// Whose the file says it is. Empty: nobody's yet, or not whole.
std::string owner_of(int file) {
  const auto text = read_all(file, PATH_MAX + 1);
  return text && text->ends_with('\n') ? text->substr(0, text->size() - 1) : "";
}

base::Result<void> write_owner(int file, const std::string& owner) {
  if (::ftruncate(file, 0) != 0 || ::lseek(file, 0, SEEK_SET) < 0) return base::Error::system(errno, "write");
  return write_all(file, owner + '\n');
}

// Whoever gave it back has removed it meanwhile, and its name may be another file's.
bool is_removed(int file) {
  struct stat info {};
  return ::fstat(file, &info) != 0 || info.st_nlink == 0;
}

// The open and locked file, if the range is the owner's now.
base::Result<std::optional<base::UniqueFd>> try_range(int directory, const std::string& name, const std::string& owner) {
  base::UniqueFd file(::openat(directory, name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600));
  if (!file) return base::Error::system(errno, "open range of ids", name);
  // Held by who is about to make a container's directory.
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return std::optional<base::UniqueFd>();
    return base::Error::system(errno, "lock range of ids", name);
  }
  if (is_removed(file.get())) return try_range(directory, name, owner);
  const std::string present = owner_of(file.get());
  if (present == owner) return std::optional(std::move(file));
  if (!present.empty() && !is_gone(present)) return std::optional<base::UniqueFd>();
  TRY_IN(base::cat("range of ids ", name), write_owner(file.get(), owner));
  return std::optional(std::move(file));
}

}  // namespace

base::Result<IdRange> claim_id_range(int directory, std::uint32_t count, std::uint32_t first, const std::string& owner) {
  for (std::uint32_t tried = 0; tried < count; ++tried) {
    const std::uint32_t index = (first + tried) % count;
    auto file = TRY(try_range(directory, std::to_string(index), owner));
    if (file) return IdRange{index, *std::move(file)};
  }
  return base::Error::state(base::cat("all ", count, " ranges of ids are taken"));
}

void release_id_range(int directory, std::uint32_t index) {
  const std::string name = std::to_string(index);
  const base::UniqueFd file(::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return;
  if (!is_removed(file.get()) && is_gone(owner_of(file.get()))) ::unlinkat(directory, name.c_str(), 0);
}

}  // namespace kernel
