#include "monitor/log_rate.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "base/fd.h"
#include "base/text.h"
#include "kernel/file.h"

namespace monitor {
namespace {

constexpr const char* kFile = "turns";

struct Count {
  std::uint64_t minute = 0, lines = 0, dropped = 0;
};

// "MINUTE LINES DROPPED"; anything else, as of a write that was cut off, is a count that begins anew.
Count parse(std::string_view text) {
  const auto words = base::split(text, ' ');
  Count out;
  if (words.size() != 3) return out;
  const auto minute = base::parse_u64(words[0]), lines = base::parse_u64(words[1]), dropped = base::parse_u64(words[2]);
  if (minute && lines && dropped) out = {*minute, *lines, *dropped};
  return out;
}

}  // namespace

base::Result<Turn> take_turn(int directory, std::uint64_t per_minute, std::uint64_t minute) {
  const base::UniqueFd file(::openat(directory, kFile, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file || ::flock(file.get(), LOCK_EX) != 0) return base::Error::system(errno, "count of lines", kFile);
  constexpr std::size_t kMost = 256;
  Count count = parse(TRY(kernel::read_all(file.get(), kMost)));
  if (count.minute != minute) count = {minute, 0, count.dropped};
  Turn turn{count.lines < per_minute, 0};
  if (turn.granted) {
    ++count.lines;
    turn.dropped = std::exchange(count.dropped, 0);
  } else {
    ++count.dropped;
  }
  const std::string text = base::cat(count.minute, ' ', count.lines, ' ', count.dropped);
  const bool written = ::ftruncate(file.get(), 0) == 0 && ::pwrite(file.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
  if (!written) return base::Error::system(errno, "count of lines", kFile);
  return turn;
}

}  // namespace monitor
