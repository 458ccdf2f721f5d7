#include "kernel/place.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "kernel/file.h"

namespace kernel {
namespace {

std::string link_target(int directory, const std::string& name) {
  char target[PATH_MAX];
  const auto size = ::readlinkat(directory, name.c_str(), target, sizeof target);
  return size > 0 && static_cast<std::size_t>(size) < sizeof target ? std::string(target, static_cast<std::size_t>(size)) : "";
}

// The directory of `path`, and its own path; nothing behind a link of a procfs, which leads to what is another's.
base::UniqueFd open_directory(const std::string& path, std::string& place) {
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_NO_MAGICLINKS;
  base::UniqueFd fd(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
  if (fd) place = path_of(fd.get());
  return fd;
}

}  // namespace

std::string place_of(std::string path) {
  constexpr int kMostLinks = 40;  // as the kernel's own (path_resolution(7))
  for (int links = 0; links <= kMostLinks; ++links) {
    const auto slash = path.rfind('/');
    const std::string name = path.substr(slash + 1);  // of a relative path: all of it
    if (name.empty() || name == "." || name == "..") return "";
    std::string place;
    const auto directory = open_directory(slash == std::string::npos ? "." : path.substr(0, slash + 1), place);
    struct stat info {};
    struct statfs fs {};
    if (!directory || place.empty() || ::fstatat(directory.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return "";
    const std::string whole = base::cat(place == "/" ? "" : place, "/", name);
    if (!S_ISLNK(info.st_mode) || (::fstatfs(directory.get(), &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC)) return whole;
    const std::string target = link_target(directory.get(), name);
    if (target.empty()) return "";
    path = target.starts_with('/') ? target : base::cat(place, "/", target);
  }
  return "";
}

}  // namespace kernel
