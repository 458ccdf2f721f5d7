#include "kernel/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/fd.h"

namespace kernel {

base::Result<void> write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::Error::system(errno, "write");
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return base::ok();
}

base::Result<std::string> read_all(int fd, std::size_t max) {
  std::string text;
  std::array<char, 8192> buffer;
  for (;;) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::Error::system(errno, "read");
    if (n == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(n));
    if (text.size() > max) return base::Error::system(EFBIG, "read");
  }
}

base::Result<std::string> read_file_at(int dirfd, const std::string& path, std::size_t max, int flags) {
  base::UniqueFd fd(::openat(dirfd, path.c_str(), O_RDONLY | O_CLOEXEC | flags));
  if (!fd) return base::Error::system(errno, "open", path);
  auto text = read_all(fd.get(), max);
  if (!text.has_value()) return base::Error::system(text.error().sys(), "read", path);
  return text;
}

}  // namespace kernel
