#include "kernel/inroot.h"

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>

#include "kernel/raw.h"

namespace kernel {
namespace {

constexpr std::size_t kPathMax = 4096;  // PATH_MAX, with the terminating NUL
constexpr int kMaxTries = 128;          // as libpathrs: a rename storm must end in an error, not in a hang
constexpr int kMaxLinks = 40;           // MAXSYMLINKS in the kernel

long open_once(int dir_fd, const char* path, std::uint64_t flags, std::uint64_t mode, std::uint64_t resolve) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.mode = mode;
  how.resolve = resolve;
  long fd = -EAGAIN;
  // EAGAIN: a rename or mount raced with a ".." of the walk. EXDEV: what the walk arrived at was moved away from where it
  // began before the kernel's last look at that (complete_walk() of fs/namei.c).
  for (int i = 0; i < kMaxTries && (fd == -EAGAIN || fd == -EXDEV || fd == -EINTR); ++i) {
    fd = raw::call(__NR_openat2, dir_fd, path, &how, sizeof(how));
  }
  return fd;
}

std::uint64_t resolve_flags(const InRoot& how) {
  return RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | (how.no_symlinks ? RESOLVE_NO_SYMLINKS : 0U);
}

std::size_t length(const char* s) {
  std::size_t n = 0;
  while (s[n] != '\0') ++n;
  return n;
}

void close_fd(long fd) {
  if (fd >= 0) raw::call(__NR_close, fd);
}

// A path under construction, NUL-terminated.
struct Path {
  char text[kPathMax];
  std::size_t size = 0;

  bool append(const char* s, std::size_t n) {
    if (size + n + 1 > kPathMax) return false;
    for (std::size_t i = 0; i < n; ++i) text[size + i] = s[i];
    size += n;
    text[size] = '\0';
    return true;
  }
  bool append(const char* s) { return append(s, length(s)); }
};

// `path` without surplus slashes and "." components, with a leading slash.
bool normalise(const char* path, Path& out) {
  out.size = 0;
  out.text[0] = '\0';
  while (*path != '\0') {
    while (*path == '/') ++path;
    std::size_t n = 0;
    while (path[n] != '\0' && path[n] != '/') ++n;
    if (n != 0 && !(n == 1 && path[0] == '.') && (!out.append("/") || !out.append(path, n))) return false;
    path += n;
  }
  return out.size != 0 || out.append("/");
}

// Makes the component `name` in the directory `parent`, and opens it O_PATH without following links. Takes
// `parent`. What another creator made meanwhile is as good as ours.
long make_component(long parent, const char* name, bool last, const InRoot& how) {
  const bool file = last && how.make == Make::kFile;
  const std::uint32_t mode = last && how.mode != 0 ? how.mode : file ? 0644U : 0755U;
  // mknodat, not open(O_CREAT): it never follows a link and never opens what is already there.
  long made = file ? raw::call(__NR_mknodat, parent, name, raw::kRegular | mode, 0)
                   : raw::call(__NR_mkdirat, parent, name, mode);
  if (made == -EEXIST) made = 0;
  long fd = made;
  if (!raw::failed(made)) {
    fd = open_once(static_cast<int>(parent), name, O_PATH | O_NOFOLLOW | (file ? 0U : O_DIRECTORY), 0,
                   RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
  }
  close_fd(parent);
  return fd;
}

// Makes all components of `rest` below `parent`; takes `parent`. Returns an O_PATH fd of the last. `rest` is as before
// afterwards.
long make_rest(long parent, char* rest, const InRoot& how) {
  for (;;) {
    while (*rest == '/') ++rest;
    if (*rest == '\0') return parent;
    char* end = rest;
    while (*end != '\0' && *end != '/') ++end;
    const bool last = *end == '\0';
    if (end - rest == 2 && rest[0] == '.' && rest[1] == '.') {
      close_fd(parent);
      return -ENOENT;  // ".." below something that does not exist yet
    }
    *end = '\0';
    parent = make_component(parent, rest, last, how);
    if (last) return parent;
    *end = '/';
    if (raw::failed(parent)) return parent;
    rest = end + 1;
  }
}

// Opens the longest existing prefix of `path`; on return path.text[cut] is the slash after it.
long open_prefix(int root_fd, Path& path, std::size_t& cut, const InRoot& how) {
  cut = path.size;
  for (;;) {
    while (cut > 0 && path.text[cut] != '/') --cut;
    path.text[cut] = '\0';
    const long fd = open_once(root_fd, cut == 0 ? "/" : path.text, O_PATH | O_DIRECTORY, 0, resolve_flags(how));
    path.text[cut] = '/';
    if (fd != -ENOENT || cut == 0) return fd;
    --cut;
  }
}

// If the first component after the prefix is a dangling link, puts its target in its place: `path` becomes
// prefix/target/rest, or target/rest if the target is absolute (which means: from the root). Returns 1 if it
// did, 0 if the component is no link, or a negative errno.
long splice_link(long prefix_fd, Path& path, std::size_t cut, Path& scratch, bool allowed) {
  std::size_t end = cut + 1;
  while (path.text[end] != '\0' && path.text[end] != '/') ++end;
  const char saved = path.text[end];
  path.text[end] = '\0';
  char target[kPathMax];
  const long n = raw::call(__NR_readlinkat, prefix_fd, path.text + cut + 1, target, kPathMax - 1);
  path.text[end] = saved;
  if (n < 0) return n == -EINVAL || n == -ENOENT ? 0 : n;
  if (!allowed) return -ELOOP;
  target[n] = '\0';
  scratch.size = 0;
  scratch.text[0] = '\0';
  const bool fits = (target[0] == '/' || scratch.append(path.text, cut)) && scratch.append("/") &&
                    scratch.append(target) && scratch.append(path.text + end);
  return fits && normalise(scratch.text, path) ? 1 : -ENAMETOOLONG;
}

// The path does not exist: makes it. Returns an O_PATH fd.
long make_path(int root_fd, Path& path, const InRoot& how) {
  Path scratch;
  for (int links = 0; links <= kMaxLinks; ++links) {
    std::size_t cut = 0;
    const long prefix = open_prefix(root_fd, path, cut, how);
    if (raw::failed(prefix)) return prefix;
    const long spliced = splice_link(prefix, path, cut, scratch, !how.no_symlinks);
    if (spliced == 0) return make_rest(prefix, path.text + cut, how);
    close_fd(prefix);
    if (raw::failed(spliced)) return spliced;
    const long fd = open_once(root_fd, path.text, O_PATH, 0, resolve_flags(how));
    if (fd != -ENOENT) return fd;
  }
  return -ELOOP;
}

}  // namespace

long make_in_root(int root_fd, const char* path, const InRoot& how) {
  Path clean;
  if (!normalise(path, clean)) return -ENAMETOOLONG;
  const long made = make_path(root_fd, clean, how);
  if (raw::failed(made) || (how.flags & O_PATH) != 0) return made;
  close_fd(made);
  return open_once(root_fd, clean.text, how.flags, 0, resolve_flags(how));
}

long open_in_root(int root_fd, const char* path, const InRoot& how) {
  Path clean;
  if (!normalise(path, clean)) return -ENAMETOOLONG;
  const long fd = open_once(root_fd, clean.text, how.flags, 0, resolve_flags(how));
  return fd != -ENOENT || how.make == Make::kNothing ? fd : make_in_root(root_fd, clean.text, how);
}

}  // namespace kernel
