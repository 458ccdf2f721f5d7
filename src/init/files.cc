// Files with a content of the plan's.

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>

#include "init/context.h"
#include "kernel/raw.h"

namespace init {

using kernel::raw::call;
using kernel::raw::failed;
using plan::image::Op;

namespace {

long write_all(long file, const char* text) {
  std::size_t left = 0;
  while (text[left] != '\0') ++left;
  while (left != 0) {
    const long n = kernel::raw::uninterrupted([&] { return call(__NR_write, file, text, left); });
    if (failed(n)) return n;
    if (n == 0) return -EIO;
    text += n;
    left -= static_cast<std::size_t>(n);
  }
  return 0;
}

}  // namespace

// A new file in the root of a mount that nobody else can see yet. Its owner comes last: whoever gives a file away
// needs CAP_FOWNER to change its mode.
long write_file(Context& ctx, const Op& op) {
  open_how how{};
  how.flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  how.mode = op.a;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  const long file = call(__NR_openat2, ctx.fd(op.slot), ctx.text(op.text), &how, sizeof(how));
  if (failed(file)) return file;
  long result = write_all(file, ctx.text(op.text2));
  if (!failed(result)) result = call(__NR_fchmod, file, op.a);  // whatever the umask took
  if (!failed(result)) result = call(__NR_fchown, file, ctx.words(op)[0], ctx.words(op)[1]);
  call(__NR_close, file);
  return result;
}

}  // namespace init
