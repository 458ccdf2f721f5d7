#include "policy/follow.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace policy {

namespace {

constexpr int kMaxLinks = 40;  // as the kernel: path_resolution(7)

base::Error wrong(const std::string& subject, std::string_view what) {
  return base::Error::policy(base::cat(subject, ": ", what));
}

bool is_trusted(const struct stat& st) { return st.st_uid == 0 || st.st_uid == ::geteuid(); }

class Walk {
 public:
  Walk(int start, const std::string& subject) : subject_(subject) { dir_.reset(::openat(start, ".", kPlace | O_DIRECTORY)); }

  base::Result<Place> run(const std::string& name) {
    if (!dir_) return wrong(subject_, base::errno_text(errno));
    TRY(push(name));
    while (!pending_.empty()) {
      const std::string next = std::move(pending_.back());
      pending_.pop_back();
      base::UniqueFd fd(::openat(dir_.get(), next.c_str(), kPlace | O_NOFOLLOW));
      if (!fd && errno == ENOENT) return nowhere(next);
      if (!fd) return wrong(subject_, base::errno_text(errno));
      struct stat st {};
      if (::fstat(fd.get(), &st) != 0) return wrong(subject_, base::errno_text(errno));
      if (S_ISLNK(st.st_mode)) {
        TRY(enter_link(fd.get(), st, next));
      } else if (pending_.empty()) {
        return Place{std::move(dir_), next};
      } else {
        TRY(enter(std::move(fd), st, next));
      }
    }
    return Place{std::move(dir_), "."};
  }

 private:
  static constexpr int kPlace = O_PATH | O_CLOEXEC;

  base::Error nowhere(const std::string& name) const {
    return links_ == 0 ? wrong(subject_, "does not exist")
                       : wrong(subject_, base::cat("dangling link: there is no ", base::quote(name), " where it leads to"))
                             .hint("remove the link, or make what it leads to");
  }

  // The components of a path, the next one last.
  base::Result<void> push(std::string_view path) {
    if (path.starts_with('/')) {
      dir_.reset(::open("/", kPlace | O_DIRECTORY));
      if (!dir_) return wrong(subject_, base::errno_text(errno));
    }
    auto parts = base::split(path, '/');
    for (auto it = parts.rbegin(); it != parts.rend(); ++it) {
      if (!it->empty() && *it != ".") pending_.push_back(std::move(*it));
    }
    return base::ok();
  }

  base::Result<void> enter_link(int fd, const struct stat& st, const std::string& name) {
    if (++links_ > kMaxLinks) return wrong(subject_, base::errno_text(ELOOP));
    if (!is_trusted(st)) return wrong(subject_, base::cat("leads through the link ", base::quote(name), ", which belongs to user ", st.st_uid));
    std::array<char, PATH_MAX> target{};
    const ssize_t size = ::readlinkat(fd, "", target.data(), target.size());
    if (size < 0) return wrong(subject_, base::errno_text(errno));
    return push(std::string_view(target.data(), static_cast<std::size_t>(size)));
  }

  base::Result<void> enter(base::UniqueFd fd, const struct stat& st, const std::string& name) {
    if (!S_ISDIR(st.st_mode)) return wrong(subject_, base::errno_text(ENOTDIR));
    if (!is_trusted(st)) return wrong(subject_, base::cat("leads through the directory ", base::quote(name), ", which belongs to user ", st.st_uid));
    // In a sticky directory others can neither remove nor rename what is root's or the caller's (inode(7)), which all that
    // is walked through is.
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (st.st_mode & S_ISVTX) == 0) {
      return wrong(subject_, base::cat("leads through the directory ", base::quote(name), ", which can be written by others"));
    }
    dir_ = std::move(fd);
    return base::ok();
  }

  const std::string& subject_;
  base::UniqueFd dir_;
  std::vector<std::string> pending_;
  int links_ = 0;
};

}  // namespace

base::Result<Place> follow(int start, const std::string& name, const std::string& subject) { return Walk(start, subject).run(name); }

base::Result<void> check_directory(int fd, const std::string& subject, const std::string& path) {
  struct stat st {};
  if (::fstat(fd, &st) != 0) return wrong(subject, base::errno_text(errno));
  if (!is_trusted(st)) return wrong(subject, base::cat("the directory belongs to user ", st.st_uid));
  if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return wrong(subject, "the directory can be written by others").hint(base::cat("chmod go-w ", path));
  }
  return base::ok();
}

}  // namespace policy
