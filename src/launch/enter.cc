#include "launch/enter.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "kernel/memfd.h"
#include "launch/init_program.h"
#include "oci/cpu_list.h"

namespace launch {
namespace {

using base::cat;
using base::Error;
using base::UniqueFd;

struct Kind {
  std::uint64_t type;
  const char* file;
};
constexpr std::array<Kind, 8> kKinds = {{{CLONE_NEWUSER, "user"}, {CLONE_NEWNS, "mnt"}, {CLONE_NEWPID, "pid"}, {CLONE_NEWNET, "net"},
                                         {CLONE_NEWIPC, "ipc"}, {CLONE_NEWUTS, "uts"}, {CLONE_NEWCGROUP, "cgroup"}, {CLONE_NEWTIME, "time"}}};

bool lives(const kernel::PidFd& init) {
  const auto alive = init.is_alive();
  return alive && *alive;
}

Error has_ended() { return Error::state("the container has ended"); }

// Whether two processes are in the same namespace. A kind that this kernel does not have is the same for all.
base::Result<bool> same_namespace(const char* file, const std::string& a, const std::string& b) {
  struct stat one {}, other {};
  const std::string first = cat("/proc/", a, "/ns/", file), second = cat("/proc/", b, "/ns/", file);
  const bool there = ::stat(first.c_str(), &one) == 0;
  if (!there && errno == ENOENT && ::access(cat("/proc/self/ns/", file).c_str(), F_OK) != 0) return true;
  if (!there) return Error::system(errno, "stat", first);
  if (::stat(second.c_str(), &other) != 0) return Error::system(errno, "stat", second);
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

// Those that are not this process's own: entering one's own user namespace is refused, and none of the others is any use.
base::Result<std::uint64_t> foreign_namespaces(const kernel::PidFd& init) {
  std::uint64_t flags = 0;
  for (const auto& kind : kKinds) {
    const auto same = same_namespace(kind.file, std::to_string(init.pid()), "self");
    if (!same && !lives(init)) return has_ended();
    if (!TRY(same)) flags |= kind.type;
  }
  // Alive still: what was looked at belonged to it, and to nobody who got its pid.
  if (!TRY(init.is_alive())) return has_ended();
  return flags;
}

// Where this process runs until it has cloned: whoever asks for it wants nothing of exec to run elsewhere, not even what
// comes before the container's cgroup is joined.
class Pinned {
 public:
  static base::Result<Pinned> to(const std::string& cpus) {
    Pinned pinned;
    if (cpus.empty()) return pinned;
    const auto mask = oci::cpu_mask(cpus).value_or(std::vector<std::uint32_t>{});
    Mask before{};
    const long size = ::syscall(SYS_sched_getaffinity, 0, sizeof(before), before.data());
    if (size < 0) return Error::system(errno, "sched_getaffinity");
    if (::syscall(SYS_sched_setaffinity, 0, mask.size() * sizeof(mask[0]), mask.data()) != 0) {
      const int err = errno;
      Error error = Error::system(err, cat("run on CPUs ", cpus, " (/process/execCPUAffinity/initial)"));
      if (err == EINVAL) return std::move(error).hint("this process may run on none of these");
      return error;
    }
    pinned.before_ = before;
    return pinned;
  }
  Pinned(Pinned&& other) noexcept : before_(std::exchange(other.before_, std::nullopt)) {}
  Pinned& operator=(Pinned&&) = delete;
  ~Pinned() {
    if (before_) ::syscall(SYS_sched_setaffinity, 0, sizeof(*before_), before_->data());
  }

 private:
  using Mask = std::array<std::uint32_t, oci::kMaxCpus / 32>;
  Pinned() = default;
  std::optional<Mask> before_;
};

// A program that cannot be read leaves its process not dumpable, and its memory with the host's user namespace: the
// container's root, who sees it in its pid namespace, has no way to trace it (ptrace(2), "Ptrace access mode checking").
base::Result<UniqueFd> unreadable_init() {
  constexpr mode_t kExecuteOnly = 0111;
  UniqueFd program = TRY(kernel::sealed_memfd(kernel::kInitMemfd, init_program, true));
  if (::fchmod(program.get(), kExecuteOnly) != 0) return Error::system(errno, "fchmod of init");
  return program;
}

base::Result<Carried> pinned_start(const std::string& cpus, const CarrierRequest& request) {
  const Pinned pinned = TRY(Pinned::to(cpus));
  return start_init(request);
}

}  // namespace

base::Result<Launched> enter(const plan::LaunchPlan& plan, const std::string& image, const Target& target) {
  Sources sources(plan.fds.size());
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return Error::system(errno, "socketpair");
  UniqueFd parent(pair[0]);
  const UniqueFd child(pair[1]);
  const UniqueFd program = TRY(unreadable_init());
  CarrierRequest request;
  for (std::uint32_t i = 0; i < plan.preserve_fds; ++i) request.keep.push_back(static_cast<int>(3 + i));
  request.enter_pidfd = target.init.fd();
  request.enter_flags = TRY(foreign_namespaces(target.init));
  request.in_userns = (request.enter_flags & CLONE_NEWUSER) != 0;
  request.share_core = plan.share_core ? target.init.pid() : 0;
  request.cgroup_fd = target.cgroup_fd;
  request.init_fd = program.get();
  request.report_fd = child.get();
  Carried carried = TRY(pinned_start(plan.initial_cpus, request));
  Launched launched(std::move(carried), std::move(parent), std::move(sources));
  const std::string proc_path = cat("/proc/", launched.process().pid());
  launched.proc_.reset(::open(proc_path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!launched.proc_) return Error::system(errno, "open", proc_path);
  TRY(launched.instruct(plan, image));
  return launched;
}

namespace {

base::Result<void> check_same(const kernel::PidFd& child, const kernel::PidFd& init) {
  for (const auto& kind : kKinds) {
    const auto same = same_namespace(kind.file, std::to_string(child.pid()), std::to_string(init.pid()));
    if (!same && !lives(init)) return has_ended();
    if (TRY(same)) continue;
    return Error::unsupported(cat("verification failed: the program would not be in the container's ", kind.file, " namespace"));
  }
  return base::ok();
}

}  // namespace

base::Result<void> Launched::verify_entered(const plan::LaunchPlan& plan, const kernel::PidFd& init) {
  const auto same = check_same(process_, init);
  if (!same) return cause(plan, same.error());
  return base::ok();
}

}  // namespace launch
