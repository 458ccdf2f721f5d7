#include "base/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"

namespace base {
namespace {

// One write(2) a record, so that records of concurrent runtimes do not mix in an O_APPEND file.
void write_line(int fd, std::string_view line) {
  while (!line.empty()) {
    const ssize_t n = ::write(fd, line.data(), line.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;  // nowhere left to report to
    line.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string json_record(std::string_view level, std::string_view text) {
  return cat(R"({"level":")", level, R"(","msg":")", json_escape(text), R"(","time":")", now_rfc3339(), '"');
}

std::string text_record(std::string_view level, std::string_view text) {
  return cat("time=\"", now_rfc3339(), "\" level=", level, " msg=", quote(text), '\n');
}

}  // namespace

Result<Log> Log::open(const std::string& path, LogFormat format, bool debug) {
  Log log;
  log.file_.reset(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0644));
  if (!log.file_) return Error::system(errno, "open log file", path);
  log.format_ = format;
  log.debug_ = debug;
  return log;
}

void Log::error(const Error& error) const {
  const std::string text = error.message();
  if (file_ && format_ == LogFormat::kJson) {
    std::string line = json_record("error", text);
    line += cat(R"(,"kind":")", kind_name(error.kind()), '"');
    if (error.sys() != 0) line += cat(R"(,"errno":)", error.sys());
    if (!error.hint_text().empty()) line += cat(R"(,"hint":")", json_escape(error.hint_text()), '"');
    write_line(file_.get(), line + "}\n");
  } else if (file_) {
    write_line(file_.get(), text_record("error", text));
  }
  write_line(STDERR_FILENO, cat("bulkhead: ", text, '\n'));
}

void Log::warning(std::string_view text) const {
  if (!file_) {
    write_line(STDERR_FILENO, cat("bulkhead: warning: ", text, '\n'));
  } else if (debug_) {
    write_file("warning", text);
  }
}

void Log::debug(std::string_view text) const {
  if (!debug_) return;
  if (!file_) {
    write_line(STDERR_FILENO, cat("bulkhead: debug: ", text, '\n'));
  } else {
    write_file("debug", text);
  }
}

void Log::write_file(std::string_view level, std::string_view text) const {
  write_line(file_.get(), format_ == LogFormat::kJson ? json_record(level, text) + "}\n" : text_record(level, text));
}

}  // namespace base
