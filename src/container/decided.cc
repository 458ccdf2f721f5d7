#include "container/decided.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/fd.h"
#include "kernel/file.h"

namespace container {

namespace {
constexpr std::size_t kMaxSize = 4U << 20;
}

base::Result<void> save_decided(int dirfd, std::string_view text) {
  const base::UniqueFd fd(
      ::openat(dirfd, kDecidedFile, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!fd) return base::Error::system(errno, "make", kDecidedFile);
  TRY_IN(std::string(kDecidedFile), kernel::write_all(fd.get(), text));
  return base::ok();
}

base::Result<std::optional<std::string>> read_decided(int dirfd) {
  auto text = kernel::read_file_at(dirfd, kDecidedFile, kMaxSize, O_NOFOLLOW | O_NONBLOCK);
  if (text.has_value()) return std::optional<std::string>(*std::move(text));
  if (text.error().sys() == ENOENT) return std::optional<std::string>();
  return std::move(text).error();
}

}  // namespace container
