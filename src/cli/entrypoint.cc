#include "cli/entrypoint.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/fd.h"
#include "base/text.h"
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

// execvp(3): a name without a slash is looked for in PATH.
UniqueFd search(int root_fd, const oci::Process& process) {
  const std::string& name = process.args.front();
  if (name.starts_with('/')) return open_program(root_fd, name);
  if (name.find('/') != std::string::npos) return open_program(root_fd, process.cwd + "/" + name);
  std::string path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  for (const auto& entry : process.env) {
    if (entry.starts_with("PATH=")) path = entry.substr(5);
  }
  for (const auto& directory : base::split(path, ':')) {
    if (UniqueFd file = open_program(root_fd, base::cat("/", directory, "/", name))) return file;
  }
  return UniqueFd();
}

// The file that links led to: /usr/bin/java may be /usr/lib/jvm/…/bin/java.
std::string name_of(int fd) {
  char target[4096];
  const auto size = ::readlink(base::cat("/proc/self/fd/", fd).c_str(), target, sizeof target);
  return size > 0 ? std::string(target, static_cast<std::size_t>(size)) : "";
}

}  // namespace

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
  return policy::entrypoint_kind(name_of(file.get()), head);
}

}  // namespace cli
