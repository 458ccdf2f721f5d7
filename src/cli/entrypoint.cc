#include "cli/entrypoint.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/fd.h"
#include "base/text.h"
#include "kernel/digest.h"
#include "kernel/file.h"
#include "kernel/inroot.h"
#include "policy/subject.h"

namespace cli {
namespace {

using base::UniqueFd;

constexpr std::size_t kHead = 4096;

UniqueFd open_program(int root_fd, const std::string& path) {
  kernel::InRoot how;
  how.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
  UniqueFd file(static_cast<int>(kernel::open_in_root(root_fd, path.c_str(), how)));
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return UniqueFd();
  return file;
}

constexpr const char* kStandardPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// execvp(3): a name without a slash is looked for in PATH.
UniqueFd search(int root_fd, const oci::Process& process) {
  const std::string& name = process.args.front();
  if (name.starts_with('/')) return open_program(root_fd, name);
  if (name.find('/') != std::string::npos) return open_program(root_fd, process.cwd + "/" + name);
  std::string path;
  for (const auto& entry : process.env) {
    if (entry.starts_with("PATH=")) path = entry.substr(5);
  }
  if (path.empty()) path = kStandardPath;
  for (const auto& directory : base::split(path, ':')) {
    if (UniqueFd file = open_program(root_fd, base::cat("/", directory, "/", name))) return file;
  }
  return UniqueFd();
}

// The name behind "#!", as the kernel takes it from the first bytes of a script (fs/binfmt_script.c); empty: it is none.
base::Result<std::string> interpreter_of(int fd, const std::string& name) {
  constexpr std::size_t kLooked = 256;  // BINPRM_BUF_SIZE
  std::string head(kLooked, '\0');
  const auto size = ::pread(fd, head.data(), head.size(), 0);
  if (size < 0) return base::Error::system(errno, "read", name);
  head.resize(static_cast<std::size_t>(size));
  if (!head.starts_with("#!")) return std::string();
  const auto begin = head.find_first_not_of(" \t", 2);
  const auto end = begin == std::string::npos ? begin : head.find_first_of(std::string_view(" \t\n\0", 4), begin);
  if (begin == end || head[begin] == '\n' || (end == std::string::npos && head.size() == kLooked)) {
    return base::Error::policy(base::cat(base::quote(name), " names no interpreter behind #!"));
  }
  return head.substr(begin, end == std::string::npos ? end : end - begin);
}

// What is known of the file is asked before it is read: a write that comes between is noticed.
base::Result<harden::HashedFile> hash_file(int fd, const std::string& path, const std::string& name) {
  constexpr std::uint64_t kNanoseconds = 1'000'000'000;
  struct statx info {};
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &info) != 0) return base::Error::system(errno, "statx", name);
  auto digest = TRY(kernel::file_digest(fd, name));
  return harden::HashedFile{.path = path,
                            .name = name,
                            .digest = std::move(digest),
                            .device = std::uint64_t{info.stx_dev_major} << 32 | info.stx_dev_minor,
                            .inode = info.stx_ino,
                            .changed = static_cast<std::uint64_t>(info.stx_ctime.tv_sec) * kNanoseconds + info.stx_ctime.tv_nsec};
}

}  // namespace

base::Result<std::vector<harden::HashedFile>> hash_program(int root_fd, const oci::Process& process) {
  constexpr std::size_t kMost = 6;  // a script's interpreter may be a script: as often as exec_binprm() allows
  std::vector<harden::HashedFile> out;
  std::string path, name = process.args.empty() ? "" : process.args.front();
  UniqueFd file = root_fd < 0 || name.empty() ? UniqueFd() : search(root_fd, process);
  while (out.size() < kMost) {
    if (!file) return base::Error::policy(base::cat("no file ", base::quote(name), " in the root"));
    auto hashed = TRY(hash_file(file.get(), path, name));
    out.push_back(std::move(hashed));
    path = TRY(interpreter_of(file.get(), name));
    if (path.empty()) return out;
    name = path;
    file = open_program(root_fd, path.starts_with('/') ? path : process.cwd + "/" + path);
  }
  return base::Error::policy(base::cat("too many interpreters of interpreters behind ", base::quote(process.args.front())));
}

base::Result<harden::HashedFile> hash_file_in_root(int root_fd, const std::string& path) {
  const UniqueFd file = open_program(root_fd, path);
  if (!file) return base::Error::policy(base::cat("no file ", base::quote(path), " in the root"));
  return hash_file(file.get(), path, path);
}

std::string find_entrypoint(int root_fd, const oci::Process& process) {
  if (root_fd < 0 || process.args.empty()) return "other";
  const UniqueFd file = search(root_fd, process);
  if (!file) return "other";
  std::string head(kHead, '\0');
  ssize_t size;
  do {
    size = ::pread(file.get(), head.data(), head.size(), 0);
  } while (size < 0 && errno == EINTR);
  head.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  // The file that links led to: /usr/bin/java may be /usr/lib/jvm/…/bin/java.
  return policy::entrypoint_kind(kernel::path_of(file.get()), head);
}

}  // namespace cli
