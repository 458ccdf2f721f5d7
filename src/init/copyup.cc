// tmpcopyup: what is in the image's directory appears in the tmpfs that covers it.
// Regular files, directories and symbolic links with mode and owner; other things are left out, as a tmpfs for
// scratch data has no use for them. Bounded in depth, so that a hostile image cannot exhaust the stack.

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>

#include "init/context.h"
#include "kernel/raw.h"

namespace init {
namespace {

using kernel::raw::call;
using kernel::raw::failed;

constexpr int kMaxDepth = 32;

struct Entry {  // struct linux_dirent64
  std::uint64_t ino;
  std::int64_t offset;
  std::uint16_t length;
  std::uint8_t type;
  char name[1];  // NUL-terminated; as long as `length` says
};

// Opens one component, never through a link.
long open_component(int dir, const char* name, std::uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC | O_NOFOLLOW;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return call(__NR_openat2, dir, name, &how, sizeof(how));
}

long copy_attributes(long to, const struct statx& stat) {
  call(__NR_fchown, to, stat.stx_uid, stat.stx_gid);  // an unmapped owner stays ours
  return call(__NR_fchmod, to, stat.stx_mode & 07777);
}

long copy_file(int from_dir, int to_dir, const char* name, const struct statx& stat) {
  const long from = open_component(from_dir, name, O_RDONLY | O_NONBLOCK);
  if (failed(from)) return from;
  const long to = call(__NR_openat, to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  long result = to;
  while (!failed(result)) {
    result = call(__NR_sendfile, to, from, 0, 1L << 20);
    if (result == 0) break;
  }
  if (!failed(result)) result = copy_attributes(to, stat);
  if (!failed(to)) call(__NR_close, to);
  call(__NR_close, from);
  return failed(result) ? result : 0;
}

long copy_link(int from_dir, int to_dir, const char* name) {
  char target[4096];
  const long n = call(__NR_readlinkat, from_dir, name, target, sizeof(target) - 1);
  if (failed(n)) return n;
  target[n] = '\0';
  return call(__NR_symlinkat, target, to_dir, name);
}

long copy_directory(int from, int to, int depth);

long copy_subdirectory(int from_dir, int to_dir, const char* name, const struct statx& stat, int depth) {
  const long from = open_component(from_dir, name, O_RDONLY | O_DIRECTORY);
  if (failed(from)) return from;
  long result = call(__NR_mkdirat, to_dir, name, 0700);
  const long to = failed(result) ? result : open_component(to_dir, name, O_RDONLY | O_DIRECTORY);
  result = failed(to) ? to : copy_directory(static_cast<int>(from), static_cast<int>(to), depth + 1);
  if (!failed(result)) result = copy_attributes(to, stat);
  if (!failed(to)) call(__NR_close, to);
  call(__NR_close, from);
  return result;
}

long copy_entry(int from, int to, const char* name, int depth) {
  if (name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'))) return 0;
  struct statx stat {};
  const long result = call(__NR_statx, from, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &stat);
  if (failed(result)) return result;
  switch (stat.stx_mode & kernel::raw::kTypeMask) {
    case kernel::raw::kRegular: return copy_file(from, to, name, stat);
    case kernel::raw::kSymlink: return copy_link(from, to, name);
    case kernel::raw::kDirectory: return copy_subdirectory(from, to, name, stat, depth);
    default: return 0;
  }
}

// Both descriptors are open for reading, not O_PATH.
long copy_directory(int from, int to, int depth) {
  if (depth > kMaxDepth) return -ELOOP;
  alignas(8) char buffer[2048];
  for (;;) {
    const long n = call(__NR_getdents64, from, buffer, sizeof(buffer));
    if (n <= 0) return n;
    for (long at = 0; at < n;) {
      const auto* entry = reinterpret_cast<const Entry*>(buffer + at);
      const long result = copy_entry(from, to, entry->name, depth);
      if (failed(result)) return result;
      at += entry->length;
    }
  }
}

}  // namespace

long copy_up(int from, int to) {
  const long source = call(__NR_openat, from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (failed(source)) return source;
  const long target = call(__NR_openat, to, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const long result =
      failed(target) ? target : copy_directory(static_cast<int>(source), static_cast<int>(target), 0);
  if (!failed(target)) call(__NR_close, target);
  call(__NR_close, source);
  return result;
}

}  // namespace init
