#include "kernel/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "base/fd.h"
#include "base/text.h"

namespace kernel {

base::Result<void> write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::Error::system(errno, "write");
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return base::ok();
}

base::Result<std::string> read_all(int fd, std::size_t max) {
  std::string text;
  std::array<char, 8192> buffer;
  for (;;) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::Error::system(errno, "read");
    if (n == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(n));
    if (text.size() > max) return base::Error::system(EFBIG, "read");
  }
}

base::Result<std::string> read_file_at(int dirfd, const std::string& path, std::size_t max, int flags) {
  base::UniqueFd fd(::openat(dirfd, path.c_str(), O_RDONLY | O_CLOEXEC | flags));
  if (!fd) return base::Error::system(errno, "open", path);
  auto text = read_all(fd.get(), max);
  if (!text.has_value()) return base::Error::system(text.error().sys(), "read", path);
  return text;
}

std::string path_of(int fd) {
  char path[PATH_MAX];
  const auto size = ::readlink(base::cat("/proc/self/fd/", fd).c_str(), path, sizeof path);
  return size > 0 && path[0] == '/' ? std::string(path, static_cast<std::size_t>(size)) : "";
}

namespace {

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

std::vector<std::string> entries_that_fit(const std::string& directory, const std::string& pattern) {
  std::vector<std::string> out;
  const std::unique_ptr<DIR, CloseDir> stream(::opendir(directory.empty() ? "/" : directory.c_str()));
  if (!stream) return out;
  while (const dirent* entry = ::readdir(stream.get())) {
    if (entry->d_name[0] != '.' && base::fits(pattern, entry->d_name)) out.push_back(base::cat(directory, "/", entry->d_name));
  }
  return out;
}

}  // namespace

// Not glob(3), which brings the whole of NSS into a static program.
std::vector<std::string> find_paths(const std::string& pattern) {
  std::vector<std::string> found{""};
  for (const auto& part : base::split(pattern, '/')) {
    if (part.empty()) continue;
    std::vector<std::string> next;
    for (auto& directory : found) {
      if (part.find('*') == std::string::npos) {
        next.push_back(base::cat(directory, "/", part));
        continue;
      }
      for (auto& path : entries_that_fit(directory, part)) next.push_back(std::move(path));
    }
    found = std::move(next);
  }
  std::erase_if(found, [](const auto& path) { return ::access(path.c_str(), F_OK) != 0; });
  std::sort(found.begin(), found.end());
  return found;
}

base::Result<base::UniqueFd> open_private_directory(const std::string& path, std::string_view what) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return base::Error::system(errno, base::cat("make ", what), path);
  base::UniqueFd dir(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!dir) return base::Error::system(errno, base::cat("open ", what), path);
  struct stat st {};
  if (::fstat(dir.get(), &st) != 0) return base::Error::system(errno, base::cat("look at ", what), path);
  const auto refused = [&](std::string_view why) { return base::Error::state(base::cat(what, " ", base::quote(path), ": ", why)); };
  if (st.st_uid != ::geteuid()) return refused("belongs to another user");
  // mkdir(2) is subject to the umask only downwards, and a setgid parent may add its bit.
  if ((st.st_mode & 0777) != 0700) return refused("is not of mode 0700");
  return dir;
}

}  // namespace kernel
