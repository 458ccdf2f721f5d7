// The --log contract: one record a line; with --log-format json one complete JSON object with level,
// msg and RFC 3339 time, which containerd's shim and podman parse. Only cli creates a Log.
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace base {

enum class LogFormat { kText, kJson };

class Log {
 public:
  // No file: errors and warnings go to stderr as plain text.
  Log() = default;
  // Opens `path` for appending (0644 &~ umask, created if missing, never through a final symlink).
  static Result<Log> open(const std::string& path, LogFormat format, bool debug);

  void set_debug(bool on) { debug_ = on; }
  bool debug_enabled() const { return debug_; }

  // The command's one error: to the file with all its members, and as plain text to stderr.
  void error(const Error& error) const;
  // To stderr, for people. With a log file an engine has called, to which this stderr is the container's, and whose
  // parser of the file may want exactly one JSON object (podman's): then only with --debug, and to the file.
  void warning(std::string_view text) const;
  // Only with --debug: to the log file if there is one, else to stderr.
  void debug(std::string_view text) const;

 private:
  void write_file(std::string_view level, std::string_view text) const;

  UniqueFd file_;
  LogFormat format_ = LogFormat::kText;
  bool debug_ = false;
};

}  // namespace base
