#include "container/trusted_path.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <climits>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace container {
namespace {

constexpr int kMaxSymlinks = 40;  // as the kernel: path_resolution(7)

// Components still to walk, the next one last.
using Pending = std::vector<std::string>;

void push_components(Pending& pending, std::string_view path) {
  auto parts = base::split(path, '/');
  for (auto it = parts.rbegin(); it != parts.rend(); ++it) {
    if (!it->empty() && *it != ".") pending.push_back(std::move(*it));
  }
}

base::UniqueFd open_component(int dir, const std::string& name) {
  return base::UniqueFd(::openat(dir, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
}

base::Result<std::string> read_link(const base::UniqueFd& link, const struct stat& st, const std::string& path) {
  if (st.st_uid != 0 && st.st_uid != ::geteuid()) {
    return base::Error::system(EPERM, "state root: follow a symlink of another user in", path);
  }
  std::array<char, PATH_MAX> buffer{};
  const ssize_t n = ::readlinkat(link.get(), "", buffer.data(), buffer.size());
  if (n < 0) return base::Error::system(errno, "state root: read a symlink in", path);
  return std::string(buffer.data(), static_cast<std::size_t>(n));
}

base::Result<base::UniqueFd> check_owner(const base::UniqueFd& dir, const std::string& path) {
  base::UniqueFd fd(::openat(dir.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return base::Error::system(errno, "open state root", path);
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0) return base::Error::system(errno, "stat state root", path);
  if (st.st_uid != ::geteuid()) {
    return base::Error::state(base::cat("state root ", base::quote(path), " belongs to user ", st.st_uid))
        .hint("choose another directory with --root");
  }
  if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return base::Error::state(base::cat("state root ", base::quote(path), " is writable by others"))
        .hint("chmod go-w, or choose another directory with --root");
  }
  return fd;
}

}  // namespace

base::Result<std::optional<base::UniqueFd>> open_trusted_dir(const std::string& path, bool make) {
  base::UniqueFd dir(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!dir) return base::Error::system(errno, "open", "/");
  Pending pending;
  push_components(pending, path);
  int symlinks = 0;
  while (!pending.empty()) {
    const std::string name = std::move(pending.back());
    pending.pop_back();
    base::UniqueFd next = open_component(dir.get(), name);
    if (!next && errno == ENOENT) {
      if (!make) return std::optional<base::UniqueFd>();
      if (::mkdirat(dir.get(), name.c_str(), 0700) != 0 && errno != EEXIST) {
        return base::Error::system(errno, "make state root", path);
      }
      next = open_component(dir.get(), name);
    }
    if (!next) return base::Error::system(errno, "open state root", path);
    struct stat st {};
    if (::fstat(next.get(), &st) != 0) return base::Error::system(errno, "stat state root", path);
    if (S_ISLNK(st.st_mode)) {
      if (++symlinks > kMaxSymlinks) return base::Error::system(ELOOP, "open state root", path);
      const std::string target = TRY(read_link(next, st, path));
      if (target.starts_with('/')) dir.reset(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
      push_components(pending, target);
    } else if (S_ISDIR(st.st_mode)) {
      dir = std::move(next);
    } else {
      return base::Error::system(ENOTDIR, "open state root", path);
    }
  }
  return std::optional<base::UniqueFd>(TRY(check_owner(dir, path)));
}

}  // namespace container
