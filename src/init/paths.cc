// Device nodes, links and directories in the container's tree, and the kernel's own files (sysctls, LSM labels)
// by way of a procfs that is attached nowhere.

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>

#include "init/context.h"
#include "kernel/inroot.h"
#include "kernel/raw.h"

namespace init {

using kernel::raw::call;
using kernel::raw::failed;
using plan::image::Op;

namespace {

constexpr std::size_t kPathMax = 4096;

std::size_t length(const char* s) {
  std::size_t n = 0;
  while (s[n] != '\0') ++n;
  return n;
}

// The directory of `path`, with what is missing on the way made. No link is followed: a link in place of /dev would put
// nodes elsewhere (CVE-2026-41579).
long open_parent(const Context& ctx, const char* path) {
  char directory[kPathMax];
  const std::size_t n = length(path);
  if (n == 0 || n >= kPathMax) return -ENAMETOOLONG;
  const auto cut = static_cast<std::size_t>(last_component(path) - path);
  for (std::size_t i = 0; i < cut; ++i) directory[i] = path[i];
  directory[cut] = '\0';
  kernel::InRoot how;
  how.flags = O_PATH | O_DIRECTORY;
  how.no_symlinks = true;
  how.make = kernel::Make::kDirectory;
  return kernel::open_in_root(ctx.root, cut == 0 ? "/" : directory, how);
}

// The root of the plan's own tmpfs, if the name belongs there: nobody else has put anything on the way.
long parent_of(const Context& ctx, const Op& op) {
  return op.slot >= 0 ? ctx.fd(op.slot) : open_parent(ctx, ctx.text(op.text));
}

void release_parent(long directory, const Op& op) {
  if (op.slot < 0) call(__NR_close, directory);
}

long check_node(Context& ctx, long directory, const char* name, const Op& op) {
  struct statx stat {};
  const long result = call(__NR_statx, directory, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &stat);
  if (failed(result)) return result;
  const std::uint64_t dev = static_cast<std::uint64_t>(stat.stx_rdev_major) << 32 | stat.stx_rdev_minor;
  const auto type = static_cast<std::uint32_t>(op.a & kernel::raw::kTypeMask);
  if ((stat.stx_mode & kernel::raw::kTypeMask) == type && (type == kernel::raw::kFifo || dev == op.b)) return 0;
  ctx.detail = kWrongNode;
  return -EEXIST;
}

// mknod(2)'s dev_t in the kernel's "new" encoding; op.b is major << 32 | minor.
std::uint32_t encode_dev(std::uint64_t dev) {
  const auto major = static_cast<std::uint32_t>(dev >> 32);
  const auto minor = static_cast<std::uint32_t>(dev);
  return (minor & 0xffU) | (major << 8) | ((minor & ~0xffU) << 12);
}

long open_private(const Context& ctx, const Op& op, const char* base, const char* path) {
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const long directory = call(__NR_openat2, ctx.fd(op.slot), base, &how, sizeof(how));
  if (failed(directory)) return directory;
  how.flags = O_WRONLY | O_NOFOLLOW | O_CLOEXEC;
  const long file = call(__NR_openat2, directory, path, &how, sizeof(how));
  call(__NR_close, directory);
  return file;
}

// One write: sysctls and labels take a value whole or not at all.
long write_value(long file, const char* value) {
  if (failed(file)) return file;
  const auto size = static_cast<long>(length(value));
  const long n = call(__NR_write, file, value, size);
  call(__NR_close, file);
  if (failed(n)) return n;
  return n == size ? 0 : -EIO;
}

}  // namespace

long node(Context& ctx, const Op& op) {
  const char* name = last_component(ctx.text(op.text));
  const long directory = parent_of(ctx, op);
  if (failed(directory)) return directory;
  long result = call(__NR_mknodat, directory, name, op.a, encode_dev(op.b));
  if (result == -EEXIST) {
    result = check_node(ctx, directory, name, op);
  } else if (!failed(result) && (ctx.words(op)[0] != 0 || ctx.words(op)[1] != 0)) {
    result = call(__NR_fchownat, directory, name, ctx.words(op)[0], ctx.words(op)[1], AT_SYMLINK_NOFOLLOW);
  }
  release_parent(directory, op);
  return result;
}

long symlink(Context& ctx, const Op& op) {
  const char* name = last_component(ctx.text(op.text));
  const long directory = parent_of(ctx, op);
  if (failed(directory)) return directory;
  const long result = call(__NR_symlinkat, ctx.text(op.text2), directory, name);
  release_parent(directory, op);
  return result == -EEXIST ? 0 : result;  // what the image or the engine put there stays
}

long make_dir(Context& ctx, const Op& op) {
  kernel::InRoot how;
  how.flags = O_PATH;
  how.make = kernel::Make::kDirectory;
  const long fd = kernel::open_in_root(ctx.root, ctx.text(op.text), how);
  if (failed(fd)) return fd;
  call(__NR_close, fd);
  return 0;
}

long sysctl(Context& ctx, const Op& op) {
  return write_value(open_private(ctx, op, "sys", ctx.text(op.text)), ctx.text(op.text2));
}

long label(Context& ctx, const Op& op) {
  char self[16];  // the thread id in this procfs's pid namespace, in decimal
  std::size_t at = sizeof(self) - 1;
  self[at] = '\0';
  for (auto id = static_cast<std::uint32_t>(call(__NR_gettid)); id != 0 && at > 0; id /= 10) {
    self[--at] = static_cast<char>('0' + id % 10);
  }
  return write_value(open_private(ctx, op, self + at, ctx.text(op.text)), ctx.text(op.text2));
}

// The kernel wants the label of the memory that opened the file: this process does itself what its parent could not for it.
long own_label(Context& ctx, const Op& op) {
  open_how how{};
  how.flags = O_WRONLY | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return write_value(call(__NR_openat2, ctx.fd(op.slot), ctx.text(op.text), &how, sizeof(how)), ctx.text(op.text2));
}

}  // namespace init
