#include "launch/denied.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>

#include "base/text.h"
#include "kernel/file.h"

namespace launch {
namespace {

using base::cat;
using base::Error;

std::string resolved(const std::string& path) {
  char* real = ::realpath(path.c_str(), nullptr);
  const std::string out = real == nullptr ? path : real;
  std::free(real);
  return out;
}

// The same file under another name: a second link to a socket, a directory mounted elsewhere too.
bool is_same_file(const struct stat& info, const std::string& path) {
  struct stat other {};
  return ::stat(path.c_str(), &other) == 0 && other.st_dev == info.st_dev && other.st_ino == info.st_ino;
}

// What has no path any more is nowhere.
bool is_covered(const std::vector<std::string>& allowed, const std::string& real) {
  for (const auto& path : allowed) {
    if (!real.empty() && (base::path_within(real, path) || base::path_within(real, resolved(path)))) return true;
  }
  return false;
}

}  // namespace

base::Result<void> check_denied(const plan::DeniedBinds& denied, int fd, const std::string& source) {
  if (denied.paths.empty() && !denied.only) return base::ok();
  struct stat info {};
  if (::fstat(fd, &info) != 0) return Error::system(errno, "fstat", source);
  const std::string real = kernel::path_of(fd);
  for (const auto& path : denied.paths) {
    const bool touches = base::paths_touch(real, path) || base::paths_touch(real, resolved(path));
    if (!touches && !is_same_file(info, path)) continue;
    return Error::policy(cat("policy ", base::quote(denied.policy), " refuses: bind of ", base::quote(source), ", which leads to ",
                             base::quote(real), " (", denied.rule, ")"))
        .hint(cat(base::quote(path), " of the host is not for containers"));
  }
  if (!denied.only || is_covered(*denied.only, real)) return base::ok();
  return Error::policy(cat("policy ", base::quote(denied.policy), " refuses: bind of ", base::quote(source), ", which leads to ",
                           base::quote(real), " (", denied.only_rule, ")"))
      .hint("it is not in a directory that may be bound from");
}

}  // namespace launch
