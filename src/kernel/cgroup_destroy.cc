// Removing cgroups, and waiting for their last process to be gone.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "kernel/cgroup.h"
#include "kernel/cgroup_dir.h"
#include "kernel/cgroup_events.h"

namespace kernel {

namespace cgroup {

namespace {

constexpr long kSecond = 1'000'000'000;
constexpr long kLongestPause = 10'000'000;

timespec now() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return t;
}

}  // namespace

std::optional<bool> parse_event(std::string_view text, std::string_view key) {
  for (const std::string& line : base::split(text, '\n')) {
    const std::size_t space = line.find(' ');
    if (space != std::string::npos && line.substr(0, space) == key) return line.substr(space + 1) != "0";
  }
  return std::nullopt;
}

EventWait::EventWait(const CgroupPaths& paths, int timeout_ms) : deadline_(now()) {
  deadline_.tv_sec += timeout_ms / 1000;
  deadline_.tv_nsec += timeout_ms % 1000 * 1'000'000L;
  deadline_.tv_sec += deadline_.tv_nsec / kSecond;
  deadline_.tv_nsec %= kSecond;
  const auto v2 = paths.find("");
  if (v2 == paths.end()) return;
  events_.reset(::open((v2->second + "/cgroup.events").c_str(), O_RDONLY | O_CLOEXEC));
}

bool EventWait::wait() {
  const timespec t = now();
  const long left_s = deadline_.tv_sec - t.tv_sec;
  if (left_s < 0 || (left_s == 0 && deadline_.tv_nsec <= t.tv_nsec)) return false;
  const timespec pause{.tv_sec = 0, .tv_nsec = pause_ns_};
  pause_ns_ = std::min(2 * pause_ns_, kLongestPause);
  if (events_) {
    pollfd p{.fd = events_.get(), .events = POLLPRI, .revents = 0};
    ::ppoll(&p, 1, &pause, nullptr);
    char text[128];
    // Reading is what arms the next event. POLLERR: the directory is gone.
    if ((p.revents & POLLPRI) != 0 && ::pread(events_.get(), text, sizeof(text), 0) < 0) events_.reset();
  } else {
    ::clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, nullptr);
  }
  return true;
}

namespace {

int remove_directory(int parent, const std::string& name) {
  if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT || errno == ENODEV) return 0;
  return errno;
}

// EBUSY: there are processes in it, or below it.
int remove_tree(const std::string& path) {
  // Few workloads make cgroups of their own.
  const int err = remove_directory(AT_FDCWD, path);
  if (err != EBUSY && err != ENOTEMPTY) return err;
  return walk_tree(path, [](int parent, const std::string& name, int) { return remove_directory(parent, name); });
}

}  // namespace

}  // namespace cgroup

base::Result<void> cgroup_destroy(const CgroupPaths& paths, int timeout_ms) {
  // v2 last: its cgroup.events tells when all of a hybrid host's hierarchies are empty. Co-mounted ones come once.
  std::vector<std::string> directories;
  for (auto it = paths.rbegin(); it != paths.rend(); ++it) {
    if (std::find(directories.begin(), directories.end(), it->second) == directories.end()) {
      directories.push_back(it->second);
    }
  }
  std::optional<cgroup::EventWait> patience;
  for (const std::string& directory : directories) {
    for (int err = cgroup::remove_tree(directory); err != 0; err = cgroup::remove_tree(directory)) {
      if (err != EBUSY && err != ENOTEMPTY) return base::Error::system(err, "remove the cgroup", directory);
      if (!patience) patience.emplace(paths, timeout_ms);
      if (patience->wait()) continue;
      auto pids = cgroup_pids({{"", directory}});
      return base::Error::system(err, "remove the cgroup", directory)
          .hint(base::cat(pids ? pids->size() : 0, " process(es) still in it"));
    }
  }
  return base::ok();
}

void cgroup_remove_empty(const CgroupPaths& paths) {
  // rmdir(2) of a cgroup with processes or children fails, which is what is wanted.
  for (const auto& [controller, path] : paths) ::rmdir(path.c_str());
}

}  // namespace kernel
