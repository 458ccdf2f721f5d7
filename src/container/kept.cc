#include "container/kept.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/fd.h"
#include "base/text.h"
#include "kernel/file.h"

namespace container {
namespace {

using base::cat;
using base::Error;

constexpr std::size_t kMaxSize = 48U << 20;  // config.json may have 16 MiB
constexpr std::string_view kMagic = "bulkhead-kept 1";
constexpr const char* kTemporary = ".kept.tmp";
constexpr int kPatience = 2000;  // milliseconds

Error damaged() { return Error::state(cat(kKeptFile, ": it is damaged")); }

}  // namespace

base::Result<void> save_kept(int dirfd, const Kept& kept) {
  // An older version can read what has no fourth part.
  const std::string fourth = kept.audited.empty() ? "" : cat(' ', kept.audited.size());
  const std::string text = cat(kMagic, ' ', kept.facts.size(), ' ', kept.policy.size(), ' ', kept.config.size(), fourth, '\n', kept.facts,
                               kept.policy, kept.config, kept.audited);
  const base::UniqueFd fd(::openat(dirfd, kTemporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!fd) return Error::system(errno, "make", kKeptFile);
  TRY_IN(std::string(kKeptFile), kernel::write_all(fd.get(), text));
  if (::renameat(dirfd, kTemporary, dirfd, kKeptFile) != 0) return Error::system(errno, "rename", kKeptFile);
  return base::ok();
}

base::Result<std::optional<Kept>> read_kept(int dirfd) {
  auto read = kernel::read_file_at(dirfd, kKeptFile, kMaxSize, O_NOFOLLOW | O_NONBLOCK);
  if (!read && read.error().sys() == ENOENT) return std::optional<Kept>();
  const std::string text = TRY(std::move(read));
  const auto end = text.find('\n');
  if (!text.starts_with(kMagic) || end == std::string::npos) return damaged();
  const auto words = base::split(std::string_view(text).substr(0, end), ' ');
  std::array<std::string, 4> parts;
  if (words.size() != 5 && words.size() != 2 + parts.size()) return damaged();
  std::size_t at = end + 1;
  for (std::size_t i = 0; i + 2 < words.size(); ++i) {
    const auto size = base::parse_u64(words[i + 2]);
    if (!size || *size > text.size() - at) return damaged();
    parts[i] = text.substr(at, *size);
    at += *size;
  }
  if (at != text.size()) return damaged();
  return std::optional<Kept>(Kept{std::move(parts[0]), std::move(parts[1]), std::move(parts[2]), std::move(parts[3])});
}

base::Result<bool> await_kept(int dirfd, const kernel::PidFd& init) {
  const base::UniqueFd events(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  const std::string directory = cat("/proc/self/fd/", dirfd);
  if (!events || ::inotify_add_watch(events.get(), directory.c_str(), IN_MOVED_TO | IN_DELETE_SELF) < 0) return Error::system(errno, "inotify");
  const auto there = [&] { return ::faccessat(dirfd, kKeptFile, F_OK, AT_SYMLINK_NOFOLLOW) == 0; };
  while (!there()) {
    std::array<pollfd, 2> polls = {pollfd{events.get(), POLLIN, 0}, pollfd{init.fd(), POLLIN, 0}};
    const int n = ::poll(polls.data(), polls.size(), kPatience);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0 || polls[1].revents != 0) return there();
    std::array<char, 4096> ignored{};
    if (::read(events.get(), ignored.data(), ignored.size()) < 0) return there();
  }
  return true;
}

}  // namespace container
