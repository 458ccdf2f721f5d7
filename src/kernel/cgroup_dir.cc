#include "kernel/cgroup_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "kernel/file.h"

namespace kernel::cgroup {

namespace {

bool is_gone(int err) { return err == ENOENT || err == ENODEV; }

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

int list_directories(int dir, std::vector<std::string>& names) {
  const int copy = ::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return errno;
  const std::unique_ptr<DIR, CloseDir> stream(::fdopendir(copy));
  if (!stream) {
    const int err = errno;
    ::close(copy);
    return err;
  }
  for (errno = 0; const dirent* entry = ::readdir(stream.get()); errno = 0) {
    const std::string_view name = entry->d_name;
    if (entry->d_type == DT_DIR && name != "." && name != "..") names.emplace_back(name);
  }
  return errno;
}

// The way from the top of the walk to where it is.
struct Level {
  std::string name;                   // of this directory in its parent
  std::vector<std::string> children;  // still to be visited
};

class Walk {
 public:
  Walk(base::UniqueFd top, const Visit& visit) : dir_(std::move(top)), visit_(visit) {}

  int run(const std::string& path) {
    levels_.push_back({path, {}});
    int err = list_directories(dir_.get(), levels_.back().children);
    while (err == 0 && !levels_.empty()) err = levels_.back().children.empty() ? leave() : enter();
    return is_gone(err) ? 0 : err;
  }

 private:
  int enter() {
    std::string name = std::move(levels_.back().children.back());
    levels_.back().children.pop_back();
    base::UniqueFd child(::openat(dir_.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!child) return is_gone(errno) ? 0 : errno;
    dir_ = std::move(child);
    levels_.push_back({std::move(name), {}});
    const int err = list_directories(dir_.get(), levels_.back().children);
    return is_gone(err) ? 0 : err;
  }

  int leave() {
    const Level done = std::move(levels_.back());
    levels_.pop_back();
    if (levels_.empty()) {
      const int err = visit_(AT_FDCWD, done.name, dir_.get());
      return is_gone(err) ? 0 : err;
    }
    base::UniqueFd parent(::openat(dir_.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!parent) return errno;
    const int err = visit_(parent.get(), done.name, dir_.get());
    dir_ = std::move(parent);
    return is_gone(err) ? 0 : err;
  }

  base::UniqueFd dir_;
  const Visit& visit_;
  std::vector<Level> levels_;
};

int write_once(int fd, std::string_view value) {
  ssize_t n = 0;
  do n = ::write(fd, value.data(), value.size());
  while (n < 0 && errno == EINTR);
  return n < 0 ? errno : 0;
}

}  // namespace

int open_below(int dir, const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  long fd = 0;
  do fd = ::syscall(SYS_openat2, dir, path.c_str(), &how, sizeof(how));
  while (fd < 0 && errno == EINTR);
  return fd < 0 ? -errno : static_cast<int>(fd);
}

int open_directory(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

int write_at(int dir, const std::string& file, std::string_view value) {
  const base::UniqueFd fd(::openat(dir, file.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  return fd ? write_once(fd.get(), value) : errno;
}

int RepeatedWrite::write(int dir, const std::string& file, std::string_view value) {
  if (!fd_ || dir != dir_ || file != file_) {
    fd_.reset(::openat(dir, file.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd_) return errno;
    dir_ = dir;
    file_ = file;
  }
  return write_once(fd_.get(), value);
}

int write_to(const std::string& path, std::string_view value) { return write_at(AT_FDCWD, path, value); }

base::Result<std::string> read_or_empty(int dir, const std::string& file) {
  auto text = read_file_at(dir, file, kMaxFile, O_NOFOLLOW);
  if (!text) {
    const int err = text.error().sys();
    if (is_gone(err) || err == EOPNOTSUPP) return std::string();
    return std::move(text).error();
  }
  while (!text->empty() && text->back() == '\n') text->pop_back();
  return std::move(*text);
}

int walk_tree(const std::string& path, const Visit& visit) {
  const int top = open_directory(path);
  if (top < 0) return is_gone(-top) ? 0 : -top;
  return Walk(base::UniqueFd(top), visit).run(path);
}

}  // namespace kernel::cgroup
