#include "policy/find.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>

#include "base/fd.h"
#include "base/text.h"
#include "policy/builtin.h"
#include "policy/follow.h"
#include "policy/meant.h"
#include "policy/pack.h"
#include "policy/read.h"

namespace policy {

namespace {

constexpr std::string_view kBuiltin = "builtin:";
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

// Not blocking: a fifo must not hang the caller before it is refused.
constexpr int kReadFile = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

base::Error not_opened(int error, const std::string& path) {
  if (error == ENOENT) return unreadable(path, "does not exist");
  return unreadable(path, base::cat("cannot be read: ", base::errno_text(error)));
}

base::Result<std::string> read_all(const base::UniqueFd& fd, const std::string& path) {
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

}  // namespace

// Named by the caller, who knows where it leads.
base::Result<std::string> read_policy_file(const std::string& path) {
  const base::UniqueFd fd(::open(path.c_str(), kReadFile));
  if (fd) return read_all(fd, path);
  const int error = errno;
  struct stat st {};
  if (error == ENOENT && ::lstat(path.c_str(), &st) == 0) return unreadable(path, "is a dangling link: what it leads to does not exist");
  return not_opened(error, path);
}

base::Result<std::string> read_policy_file_at(int directory, const char* name, const std::string& path) {
  base::UniqueFd fd(::openat(directory, name, kReadFile | O_NOFOLLOW));
  if (!fd && errno == ELOOP) {  // open(2): it is a link
    const auto place = TRY(follow(directory, name, base::cat("policy ", base::quote(path))));
    fd.reset(::openat(place.directory.get(), place.name.c_str(), kReadFile | O_NOFOLLOW));
  }
  if (!fd) return not_opened(errno, path);
  return read_all(fd, path);
}

namespace {

base::Result<Policy> load_builtin(std::string_view asked) {
  auto name = asked.starts_with(kBuiltin) ? asked.substr(kBuiltin.size()) : asked;
  const auto at = name.find('@');
  const auto version = at == std::string_view::npos ? std::string_view() : name.substr(at + 1);
  name = name.substr(0, at);
  for (const auto& [builtin, bytes] : packed_policies()) {
    if (builtin != name) continue;
    auto policy = TRY(unpack(bytes));
    if (at == std::string_view::npos || policy.version == version) return policy;
    return base::Error::policy(base::cat("policy ", base::quote(asked), " does not exist"))
        .hint(base::cat("this build has ", base::quote(policy.id())));
  }
  return no_such_policy(asked, {});
}

}  // namespace

base::Result<std::vector<std::string>> shared_profiles() {
  std::vector<std::string> out;
  const std::string path(kSharedProfiles);
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
  if (directory == nullptr && errno == ENOENT) return out;
  if (directory == nullptr) return unreadable(path, base::cat("cannot be read: ", base::errno_text(errno)));
  while (const auto* entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name.ends_with(".json") && !name.starts_with('.')) out.push_back(path + std::string(name));
  }
  std::sort(out.begin(), out.end());
  return out;
}

base::Error no_such_policy(std::string_view asked, std::vector<std::string_view> known) {
  std::string all;
  const bool builtin = asked.starts_with(kBuiltin);
  for (const auto& [name, bytes] : packed_policies()) {
    all += base::cat(all.empty() ? "" : ", ", name);
    known.push_back(name);
  }
  auto error = base::Error::policy(base::cat("policy ", base::quote(asked), " does not exist"));
  const auto bare = asked.substr(builtin ? kBuiltin.size() : 0);
  const auto near = meant(bare.substr(0, bare.find('@')), known);
  if (near.empty()) return std::move(error).hint("built-in policies are " + all);
  return std::move(error).hint(base::cat("did you mean ", base::quote(base::cat(builtin ? kBuiltin : "", near)), "?"));
}

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
