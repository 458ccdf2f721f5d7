#include "container/state_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>

#include "base/text.h"
#include "container/id.h"
#include "container/trusted_path.h"

namespace container {
namespace {

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};
using Dir = std::unique_ptr<DIR, CloseDir>;

// A stream of its own: `fd` keeps its offset.
base::Result<Dir> open_stream(int fd) {
  base::UniqueFd again(::openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!again) return base::Error::system(errno, "open directory");
  Dir dir(::fdopendir(again.get()));
  if (!dir) return base::Error::system(errno, "read directory");
  (void)again.release();
  return dir;
}

base::Result<std::vector<std::string>> read_names(int fd) {
  const Dir dir = TRY(open_stream(fd));
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(dir.get());
    if (entry == nullptr) break;
    std::string name = static_cast<const char*>(entry->d_name);
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  // A directory that is removed while it is read ends early with ENOENT.
  if (errno != 0 && errno != ENOENT) return base::Error::system(errno, "read directory");
  return names;
}

base::Result<void> remove_entry(int dir, const std::string& name);

// NOLINTNEXTLINE(misc-no-recursion): as deep as the directory, which is this runtime's own
base::Result<void> remove_content(int dir) {
  auto names = read_names(dir);
  if (!names.has_value()) {
    if (names.error().sys() == ENOENT) return base::ok();
    return std::move(names).error();
  }
  for (const auto& name : *names) TRY(remove_entry(dir, name));
  return base::ok();
}

// NOLINTNEXTLINE(misc-no-recursion)
base::Result<void> remove_entry(int dir, const std::string& name) {
  if (::unlinkat(dir, name.c_str(), 0) == 0 || errno == ENOENT) return base::ok();
  if (errno != EISDIR && errno != EPERM) return base::Error::system(errno, "remove", name);
  base::UniqueFd child(::openat(dir, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (child) {
    TRY(remove_content(child.get()));
  } else if (errno != ENOENT) {
    return base::Error::system(errno, "remove", name);
  }
  if (::unlinkat(dir, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return base::ok();
  return base::Error::system(errno, "remove", name);
}

bool same_file(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

}  // namespace

std::string default_root() {
  const char* runtime_dir = ::geteuid() == 0 ? nullptr : ::getenv("XDG_RUNTIME_DIR");
  if (runtime_dir == nullptr || runtime_dir[0] != '/') return "/run/bulkhead";
  return base::cat(runtime_dir, "/bulkhead");
}

bool ContainerDir::has(const char* name) const {
  struct stat st {};
  return ::fstatat(fd(), name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

base::Result<StateRoot> StateRoot::open_or_make(const std::string& path) {
  auto fd = TRY(open_trusted_dir(path, true));
  return StateRoot(*std::move(fd));
}

base::Result<std::optional<StateRoot>> StateRoot::open(const std::string& path) {
  auto fd = TRY(open_trusted_dir(path, false));
  if (!fd) return std::optional<StateRoot>();
  return std::optional<StateRoot>(StateRoot(*std::move(fd)));
}

base::Result<ContainerDir> StateRoot::create(const std::string& id) const {
  TRY(check_id(id));
  if (::mkdirat(fd(), id.c_str(), 0711) != 0) {
    if (errno == EEXIST) return base::Error::state("container with given ID already exists");
    return base::Error::system(errno, "make state directory of", id);
  }
  base::UniqueFd dir(::openat(fd(), id.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  // Searchable by the container's root, who need not be this user, whatever the umask.
  if (!dir || ::fchmod(dir.get(), 0711) != 0) {
    const int err = errno;
    ::unlinkat(fd(), id.c_str(), AT_REMOVEDIR);
    return base::Error::system(err, "open state directory of", id);
  }
  return ContainerDir(std::move(dir), id);
}

base::Result<std::optional<ContainerDir>> StateRoot::open_container(const std::string& id) const {
  TRY(check_id(id));
  base::UniqueFd dir(::openat(fd(), id.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!dir) {
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENAMETOOLONG) {
      return std::optional<ContainerDir>();
    }
    return base::Error::system(errno, "open state directory of", id);
  }
  return std::optional<ContainerDir>(ContainerDir(std::move(dir), id));
}

base::Result<bool> StateRoot::lock_for_delete(const ContainerDir& dir) const {
  while (::flock(dir.fd(), LOCK_EX) != 0) {
    if (errno != EINTR) return base::Error::system(errno, "lock state directory of", dir.id());
  }
  struct stat mine {
  }, there{};
  if (::fstat(dir.fd(), &mine) != 0) return base::Error::system(errno, "stat state directory of", dir.id());
  if (::fstatat(fd(), dir.id().c_str(), &there, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return false;
    return base::Error::system(errno, "stat state directory of", dir.id());
  }
  return same_file(mine, there);
}

base::Result<void> StateRoot::remove(const ContainerDir& dir) const {
  // Most often this is all that there is.
  ::unlinkat(dir.fd(), kStateFile, 0);
  if (::unlinkat(fd(), dir.id().c_str(), AT_REMOVEDIR) == 0) return base::ok();
  TRY_IN("state directory", remove_content(dir.fd()));
  if (::unlinkat(fd(), dir.id().c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
    return base::Error::system(errno, "remove state directory of", dir.id());
  }
  return base::ok();
}

base::Result<std::vector<std::string>> StateRoot::ids() const {
  std::vector<std::string> ids = TRY_IN("state root", read_names(fd()));
  std::erase_if(ids, [](const std::string& name) { return !check_id(name).has_value(); });
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace container
