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

// The count, locked until this is gone.
class CountFile {
 public:
  static base::Result<CountFile> open(int directory) {
    CountFile out;
    out.fd_.reset(::openat(directory, kFile, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!out.fd_ || ::flock(out.fd_.get(), LOCK_EX) != 0) return base::Error::system(errno, "count of lines", kFile);
    constexpr std::size_t kMost = 256;
    const auto text = kernel::read_all(out.fd_.get(), kMost);
    if (!text.has_value() && text.error().sys() != EFBIG) return base::Error::system(text.error().sys(), "count of lines", kFile);
    if (text.has_value()) out.count = parse(*text);
    return out;
  }

  base::Result<void> write() const {
    const std::string text = base::cat(count.minute, ' ', count.lines, ' ', count.dropped);
    const bool empty = ::ftruncate(fd_.get(), 0) == 0;
    const ssize_t written = empty ? ::pwrite(fd_.get(), text.data(), text.size(), 0) : -1;
    if (written < 0) return base::Error::system(errno, "count of lines", kFile);
    if (static_cast<std::size_t>(written) < text.size()) return base::Error::system(ENOSPC, "count of lines", kFile);
    return base::ok();
  }

  Count count;

 private:
  base::UniqueFd fd_;
};

}  // namespace

base::Result<Turn> take_turn(int directory, std::uint64_t per_minute, std::uint64_t minute) {
  auto file = TRY(CountFile::open(directory));
  Count& count = file.count;
  if (count.minute != minute) count = {minute, 0, count.dropped};
  Turn turn{count.lines < per_minute, 0};
  if (turn.granted) {
    ++count.lines;
    turn.dropped = std::exchange(count.dropped, 0);
  } else {
    ++count.dropped;
  }
  TRY(file.write());
  return turn;
}

base::Result<void> count_dropped(int directory, std::uint64_t lines) {
  auto file = TRY(CountFile::open(directory));
  file.count.dropped += lines;
  return file.write();
}

}  // namespace monitor
