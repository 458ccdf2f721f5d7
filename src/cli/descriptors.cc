#include "cli/descriptors.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "kernel/raw.h"

namespace cli {
namespace {

constexpr std::uint32_t kMostInherited = 4096;

// A fact about the process, like its environment: known only at its beginning.
std::uint32_t inherited = 0;

}  // namespace

base::Result<void> secure_descriptors() {
  while (inherited < kMostInherited && ::fcntl(static_cast<int>(3 + inherited), F_GETFD) >= 0) ++inherited;
  kernel::raw::call(__NR_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
  for (int fd = 0; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // The lowest free number is this one. Without O_CLOEXEC: it is the container's, as the caller's would be.
    if (::open("/dev/null", O_RDWR) != fd) return base::Error::system(errno, "open", "/dev/null");
  }
  return base::ok();
}

std::uint32_t inherited_descriptors() { return inherited; }

void share_descriptors() {
  for (std::uint32_t n = 0; n < inherited; ++n) ::fcntl(static_cast<int>(3 + n), F_SETFD, 0);
}

}  // namespace cli
