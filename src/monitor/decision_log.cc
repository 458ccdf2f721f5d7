#include "monitor/decision_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "base/guard.h"
#include "base/text.h"

namespace monitor {
namespace {

using base::cat;
using base::Error;
using base::UniqueFd;

Error failed(std::string_view path, int number) {
  return Error::system(number, "decision log", std::string(path));
}

base::Result<UniqueFd> connect_to(const char* path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return failed(path, errno);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return failed(path, errno);
  return fd;
}

base::Result<UniqueFd> open_file(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600));
  if (!fd) return failed(path, errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return failed(path, errno);
  if (!S_ISREG(info.st_mode)) return Error::state(cat("decision log ", base::quote(path), " is not a regular file"));
  if ((info.st_uid != 0 && info.st_uid != ::geteuid()) || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Error::state(cat("decision log ", base::quote(path), " can be written by others"));
  }
  return fd;
}

// <85>: LOG_AUTHPRIV, LOG_NOTICE. The local time is what RFC 3164 asks for.
std::string syslog_message(std::string_view line) {
  char when[32] = "";
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  std::strftime(when, sizeof when, "%b %e %H:%M:%S", &local);
  return cat('<', LOG_AUTHPRIV | LOG_NOTICE, '>', when, " bulkhead[", ::getpid(), "]: ", line);
}

std::string journal_message(std::string_view line, std::string_view id) {
  return cat("MESSAGE=", line, "\nPRIORITY=5\nSYSLOG_FACILITY=10\nSYSLOG_IDENTIFIER=bulkhead\nBULKHEAD_EVENT=decision\nCONTAINER_ID=",
             id, "\n");
}

// What a datagram cannot hold goes as a sealed memfd.
bool send_as_file(int fd, std::string_view message) {
  const UniqueFd file(::memfd_create("bulkhead-journal", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file || ::write(file.get(), message.data(), message.size()) != static_cast<ssize_t>(message.size())) return false;
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0) return false;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header{};
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  cmsghdr* part = CMSG_FIRSTHDR(&header);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(sizeof(int));
  const int number = file.get();
  std::memcpy(CMSG_DATA(part), &number, sizeof number);
  return ::sendmsg(fd, &header, MSG_NOSIGNAL) >= 0;
}

base::Result<void> send(int fd, std::string_view path, const std::string& message, bool may_be_file) {
  if (::send(fd, message.data(), message.size(), MSG_NOSIGNAL) >= 0) return base::ok();
  if (errno == EMSGSIZE && may_be_file && send_as_file(fd, message)) return base::ok();
  return failed(path, errno);
}

constexpr const char* kSyslog = "/dev/log";
constexpr const char* kJournal = "/run/systemd/journal/socket";

}  // namespace

base::Result<DecisionSink> DecisionSink::open(std::string_view sink, std::uint64_t max_size) {
  if (sink == "none") return DecisionSink(Kind::kNone, "", 0, UniqueFd());
  if (sink == "syslog") return DecisionSink(Kind::kSyslog, kSyslog, 0, TRY(connect_to(kSyslog)));
  if (sink == "journald") return DecisionSink(Kind::kJournal, kJournal, 0, TRY(connect_to(kJournal)));
  const std::string path(sink.substr(std::string_view("file:").size()));
  return DecisionSink(Kind::kFile, path, max_size, TRY(open_file(path)));
}

base::Result<void> DecisionSink::write(std::string_view line, std::string_view id) const {
  switch (kind_) {
    case Kind::kNone: return base::ok();
    case Kind::kSyslog: return send(fd_.get(), path_, syslog_message(line), false);
    case Kind::kJournal: return send(fd_.get(), path_, journal_message(line, id), true);
    case Kind::kFile: break;
  }
  return append(line);
}

// Several runtimes may write at once: the lock keeps one from renaming what another is about to write to.
base::Result<void> DecisionSink::append(std::string_view line) const {
  const std::string text = cat(line, '\n');
  UniqueFd renewed;
  int fd = fd_.get();
  for (int attempt = 0;; ++attempt) {
    constexpr int kAttempts = 8;
    if (attempt == kAttempts) return failed(path_, EBUSY);
    struct stat info {}, named {};
    if (::flock(fd, LOCK_EX) != 0 || ::fstat(fd, &info) != 0) return failed(path_, errno);
    const base::ScopeGuard unlock([fd] { ::flock(fd, LOCK_UN); });
    const bool current = ::stat(path_.c_str(), &named) == 0 && named.st_ino == info.st_ino && named.st_dev == info.st_dev;
    const bool full = info.st_size > 0 && static_cast<std::uint64_t>(info.st_size) + text.size() > max_size_;
    if (current && !full) {
      const auto written = ::write(fd, text.data(), text.size());
      if (written == static_cast<ssize_t>(text.size())) return base::ok();
      const int number = written < 0 ? errno : ENOSPC;
      if (written > 0 && ::ftruncate(fd, info.st_size) != 0) return failed(path_, errno);  // no half line
      return failed(path_, number);
    }
    if (current && ::rename(path_.c_str(), (path_ + ".1").c_str()) != 0) return failed(path_, errno);
    renewed = TRY(open_file(path_));
    fd = renewed.get();
  }
}

}  // namespace monitor
