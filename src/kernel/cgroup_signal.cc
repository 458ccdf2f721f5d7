// The processes of a cgroup: listing, freezing and killing them.
#include <fcntl.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <initializer_list>
#include <iterator>
#include <optional>

#include "base/guard.h"
#include "base/text.h"
#include "kernel/cgroup.h"
#include "kernel/cgroup_dir.h"
#include "kernel/cgroup_events.h"
#include "kernel/proc.h"

namespace kernel {

namespace {

constexpr int kFreezeTimeoutMs = 2000;
// Rounds of freeze, list, signal, thaw. One is enough where freezing works; the rest is for processes that are
// stuck in the kernel and so are not frozen in time.
constexpr int kMaxRounds = 100;

const std::string* find(const CgroupPaths& paths, const std::string& controller) {
  const auto it = paths.find(controller);
  return it == paths.end() ? nullptr : &it->second;
}

base::Result<void> append_pids(int dir, std::vector<pid_t>& out) {
  const std::string text = TRY(cgroup::read_or_empty(dir, "cgroup.procs"));
  for (const std::string& line : base::split(text, '\n')) {
    const auto pid = base::parse_u64(line);
    // 0: a process that this pid namespace does not see.
    if (pid && *pid > 0) out.push_back(static_cast<pid_t>(*pid));
  }
  return base::ok();
}

base::Result<void> list_tree(const std::string& directory, std::vector<pid_t>& out) {
  std::optional<base::Error> failure;
  const int err = cgroup::walk_tree(directory, [&](int, const std::string&, int dir) {
    auto done = append_pids(dir, out);
    if (!done) failure = std::move(done).error();
    return done ? 0 : EIO;
  });
  if (failure) return std::move(*failure);
  if (err != 0) return base::Error::system(err, "list the cgroup", directory);
  return base::ok();
}

base::Result<void> write_if_there(const std::string& directory, const char* file, std::string_view value) {
  const std::string path = base::cat(directory, "/", file);
  const int err = cgroup::write_to(path, value);
  if (err == 0 || err == ENOENT || err == ENODEV) return base::ok();
  return base::Error::system(err, base::cat("write ", base::quote(value), " to"), path);
}

// Whether the file's text is one of `values`; false when it is gone.
base::Result<bool> reads(const std::string& directory, const char* file,
                         std::initializer_list<std::string_view> values) {
  const auto text = cgroup::read_or_empty(AT_FDCWD, base::cat(directory, "/", file));
  if (!text) return text.error();
  return std::find(values.begin(), values.end(), *text) != values.end();
}

// Whether all processes have come to a halt, which takes a while after the order.
base::Result<bool> has_halted(const CgroupPaths& paths) {
  if (const std::string* v1 = find(paths, "freezer")) return !TRY(reads(*v1, "freezer.state", {"FREEZING"}));
  const std::string* v2 = find(paths, "");
  if (v2 == nullptr) return true;
  const auto events = cgroup::read_or_empty(AT_FDCWD, *v2 + "/cgroup.events");
  if (!events) return events.error();
  return cgroup::parse_event(*events, "frozen").value_or(true);
}

// To those of `pids` that are still in the cgroup: a pid that was freed after the listing may be somebody else's by
// now, but a pidfd opened before a second listing belongs to the process which that listing saw.
base::Result<void> signal_pids(const CgroupPaths& paths, const std::vector<pid_t>& pids, int signal) {
  std::vector<PidFd> targets;
  const auto flush = [&]() -> base::Result<void> {
    const std::vector<pid_t> still = TRY(cgroup_pids(paths));
    for (const PidFd& target : targets) {
      if (!std::binary_search(still.begin(), still.end(), target.pid())) continue;
      auto sent = target.send_signal(signal);
      if (!sent && sent.error().sys() != ESRCH) return std::move(sent).error();
    }
    targets.clear();
    return base::ok();
  };
  constexpr std::size_t kBatch = 256;  // descriptors held at a time; RLIMIT_NOFILE is 1024 in most places
  for (const pid_t pid : pids) {
    auto fd = PidFd::open(pid);
    if (!fd) {
      if (fd.error().sys() == ESRCH) continue;
      return std::move(fd).error();
    }
    targets.push_back(std::move(*fd));
    if (targets.size() == kBatch) TRY(flush());
  }
  return flush();
}

base::Result<void> signal_all(const CgroupPaths& paths, int signal) {
  const bool was_frozen = TRY(cgroup_is_frozen(paths));
  const bool leave_frozen = was_frozen && signal != SIGKILL;
  const base::ScopeGuard thaw([&] {
    if (!leave_frozen) [[maybe_unused]]
      const auto ignored = cgroup_thaw(paths);
  });
  std::vector<pid_t> done;
  for (int round = 0; round < kMaxRounds; ++round) {
    // A cgroup that cannot be frozen is not spared; then the rounds catch what is forked meanwhile.
    [[maybe_unused]] const auto ignored = cgroup_freeze(paths);
    const std::vector<pid_t> pids = TRY(cgroup_pids(paths));
    std::vector<pid_t> fresh;
    std::set_difference(pids.begin(), pids.end(), done.begin(), done.end(), std::back_inserter(fresh));
    if (fresh.empty()) return base::ok();
    TRY(signal_pids(paths, fresh, signal));
    done.insert(done.end(), fresh.begin(), fresh.end());
    std::sort(done.begin(), done.end());
    // What is forked by those that a first, unfrozen moment let through shows up in the next round.
    if (!leave_frozen) TRY(cgroup_thaw(paths));
  }
  return base::Error::system(EAGAIN, "signal all processes of the cgroup")
      .hint("they fork faster than they can be killed");
}

}  // namespace

base::Result<std::vector<pid_t>> cgroup_pids(const CgroupPaths& paths) {
  std::vector<pid_t> pids;
  std::vector<std::string> seen;
  // One v1 hierarchy tells as much as all of them; the v2 one is asked too, as on a hybrid host a process may have
  // been moved in either.
  for (const char* controller : {"", "freezer", "devices", "pids", "memory", "name=systemd"}) {
    const std::string* directory = find(paths, controller);
    if (directory == nullptr) continue;
    TRY(list_tree(*directory, pids));
    seen.push_back(*directory);
    if (*controller != '\0') break;
  }
  if (seen.empty() && !paths.empty()) TRY(list_tree(paths.begin()->second, pids));
  std::sort(pids.begin(), pids.end());
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  return pids;
}

base::Result<bool> cgroup_is_frozen(const CgroupPaths& paths) {
  if (const std::string* v1 = find(paths, "freezer")) {
    // FREEZING is frozen for whoever asks. A v1 cgroup below a frozen one says FROZEN, too, and is not itself.
    const bool halted = TRY(reads(*v1, "freezer.state", {"FROZEN", "FREEZING"}));
    if (halted && TRY(reads(*v1, "freezer.self_freezing", {"1"}))) return true;
  }
  const std::string* v2 = find(paths, "");
  return v2 != nullptr && TRY(reads(*v2, "cgroup.freeze", {"1"}));
}

base::Result<void> cgroup_freeze(const CgroupPaths& paths) {
  const std::string* v1 = find(paths, "freezer");
  const std::string* v2 = find(paths, "");
  if (v1 != nullptr) {
    TRY(write_if_there(*v1, "freezer.state", "FROZEN"));
  } else if (v2 != nullptr) {
    TRY(write_if_there(*v2, "cgroup.freeze", "1"));
  } else {
    return base::Error::unsupported("the cgroup has no freezer");
  }
  // v1 reports nothing, and looks at its processes only when freezer.state is read or written.
  cgroup::EventWait patience(v1 != nullptr ? CgroupPaths{} : paths, kFreezeTimeoutMs);
  while (!TRY(has_halted(paths))) {
    if (patience.wait()) continue;
    TRY(cgroup_thaw(paths));
    return base::Error::system(ETIMEDOUT, "freeze the cgroup", v1 != nullptr ? *v1 : *v2);
  }
  return base::ok();
}

base::Result<void> cgroup_thaw(const CgroupPaths& paths) {
  if (const std::string* v1 = find(paths, "freezer")) TRY(write_if_there(*v1, "freezer.state", "THAWED"));
  if (const std::string* v2 = find(paths, "")) TRY(write_if_there(*v2, "cgroup.freeze", "0"));
  return base::ok();
}

base::Result<void> cgroup_kill_all(const CgroupPaths& paths, int signal) {
  const std::string* v2 = find(paths, "");
  if (signal != SIGKILL || v2 == nullptr) return signal_all(paths, signal);
  // One order for all, forks in progress included (Linux 5.14).
  const int err = cgroup::write_to(*v2 + "/cgroup.kill", "1");
  if (err != 0 && err != ENOENT && err != ENODEV && err != EOPNOTSUPP) {
    return base::Error::system(err, "write to", *v2 + "/cgroup.kill");
  }
  if (err != 0) return signal_all(paths, signal);
  if (paths.size() == 1) return base::ok();
  // Hybrid: what the v1 freezer holds cannot die, and a process may have been moved out of the v2 directory.
  TRY(cgroup_thaw(paths));
  if (TRY(cgroup_pids(paths)).empty()) return base::ok();
  return signal_all(paths, signal);
}

}  // namespace kernel
