#include "policy/find.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/fd.h"
#include "base/text.h"
#include "policy/builtin.h"
#include "policy/pack.h"
#include "policy/read.h"

namespace policy {

namespace {

constexpr off_t kMaxSize = 1 << 20;

base::Error unreadable(const std::string& path, std::string_view why) {
  return base::Error::policy(base::cat("policy ", base::quote(path), " ", why));
}

// The file's size. Fails closed: whatever is odd about the file, the container does not start.
base::Result<std::size_t> check_file(int fd, const std::string& path) {
  struct stat st {};
  if (::fstat(fd, &st) != 0) return unreadable(path, base::cat("cannot be looked at: ", base::errno_text(errno)));
  if (!S_ISREG(st.st_mode)) return unreadable(path, "is not a regular file");
  if (st.st_uid != 0 && st.st_uid != ::geteuid()) {
    return unreadable(path, base::cat("belongs to user ", st.st_uid)).hint("it must belong to root or to the caller");
  }
  if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return unreadable(path, "can be written by others").hint(base::cat("chmod go-w ", path));
  }
  if (st.st_size > kMaxSize) return unreadable(path, base::cat("is larger than ", kMaxSize, " bytes"));
  return static_cast<std::size_t>(st.st_size);
}

}  // namespace

base::Result<std::string> read_policy_file(const std::string& path) { return read_policy_file_at(AT_FDCWD, path.c_str(), path); }

base::Result<std::string> read_policy_file_at(int directory, const char* name, const std::string& path) {
  // Not blocking: a fifo must not hang the caller before it is refused.
  const base::UniqueFd fd(::openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) {
    if (errno == ENOENT) return unreadable(path, "does not exist");
    return unreadable(path, base::cat("cannot be read: ", base::errno_text(errno)));
  }
  std::string text(TRY(check_file(fd.get(), path)) + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto n = ::read(fd.get(), text.data() + size, text.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return unreadable(path, base::cat("cannot be read: ", base::errno_text(errno)));
    size += static_cast<std::size_t>(n);
    if (n == 0 || size == text.size() - 1) break;  // one more was asked for: this is its end
  }
  if (size == text.size()) return unreadable(path, "grew while it was read");
  text.resize(size);
  return text;
}

namespace {

base::Result<Policy> load_builtin(std::string_view asked) {
  constexpr std::string_view kPrefix = "builtin:";
  auto name = asked.starts_with(kPrefix) ? asked.substr(kPrefix.size()) : asked;
  const auto at = name.find('@');
  const auto version = at == std::string_view::npos ? std::string_view() : name.substr(at + 1);
  name = name.substr(0, at);
  std::string known;
  for (const auto& [builtin, bytes] : packed_policies()) {
    known += base::cat(known.empty() ? "" : ", ", builtin);
    if (builtin != name) continue;
    auto policy = TRY(unpack(bytes));
    if (at == std::string_view::npos || policy.version == version) return policy;
    return base::Error::policy(base::cat("policy ", base::quote(asked), " does not exist"))
        .hint(base::cat("this build has ", base::quote(policy.id())));
  }
  return base::Error::policy(base::cat("policy ", base::quote(asked), " does not exist"))
      .hint("built-in policies are " + known);
}

}  // namespace

base::Result<Policy> builtin_base(std::string_view name) {
  if (!name.starts_with("builtin:") || name.find('@') == std::string_view::npos) {
    return base::Error::policy(base::cat("want a built-in policy with its version, as in \"builtin:faas@1\", have ",
                                         base::quote(name)));
  }
  return load_builtin(name);
}

base::Result<Policy> load_policy(std::string_view name_or_file) {
  const bool is_file = name_or_file.find('/') != std::string_view::npos || name_or_file.ends_with(".json");
  if (!is_file) return load_builtin(name_or_file);
  const std::string path(name_or_file);
  return read_policy(TRY(read_policy_file(path)), path, builtin_group, builtin_base);
}

}  // namespace policy
