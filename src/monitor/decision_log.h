// Where the lines of the decision log go: a file, syslog, journald. Called by create and run with one line for each
// container; knows nothing of what the lines say. A line is written whole or not at all, and never waited for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace monitor {

class DecisionSink {
 public:
  // "none"; "syslog": /dev/log (RFC 3164, facility authpriv); "journald": its native protocol
  // (systemd.io/JOURNAL_NATIVE_PROTOCOL); "file:/PATH": appended to, 0600, renamed to PATH.1 when it would grow above
  // `max_size` bytes. A file must be a regular one of root's or the caller's that nobody else can write.
  static base::Result<DecisionSink> open(std::string_view sink, std::uint64_t max_size);

  // `line` without an end of line. `id`: the container's, a field of its own in the journal.
  base::Result<void> write(std::string_view line, std::string_view id) const;

 private:
  enum class Kind { kNone, kFile, kSyslog, kJournal };
  DecisionSink(Kind kind, std::string path, std::uint64_t max_size, base::UniqueFd fd)
      : kind_(kind), path_(std::move(path)), max_size_(max_size), fd_(std::move(fd)) {}
  base::Result<void> append(std::string_view line) const;

  Kind kind_;
  std::string path_;
  std::uint64_t max_size_;
  base::UniqueFd fd_;  // of the file, or a connected socket
};

}  // namespace monitor
