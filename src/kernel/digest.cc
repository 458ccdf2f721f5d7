#include "kernel/digest.h"

#include <unistd.h>

#include <cerrno>

#include "base/sha256.h"
#include "base/text.h"

namespace kernel {

base::Result<std::string> file_digest(int fd, const std::string& name) {
  constexpr off_t kMost = off_t{256} << 20;
  std::string bytes(std::size_t{1} << 16, '\0');
  base::Sha256 hash;
  for (off_t at = 0;;) {
    const auto n = ::pread(fd, bytes.data(), bytes.size(), at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::Error::system(errno, "read", name);
    if (n == 0) break;
    at += n;
    if (at > kMost) return base::Error::policy(base::cat(base::quote(name), " is larger than 256 MiB"));
    hash.update({bytes.data(), static_cast<std::size_t>(n)});
  }
  return base::cat("sha256:", base::hex(hash.finish()));
}

}  // namespace kernel
