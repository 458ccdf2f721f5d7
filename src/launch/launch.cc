#include "launch/launch.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "init/protocol.h"
#include "kernel/memfd.h"
#include "launch/failure.h"
#include "launch/hooks.h"
#include "launch/idmap.h"
#include "launch/init_program.h"
#include "launch/namespaces.h"
#include "plan/encode.h"

namespace launch {
namespace {

using base::cat;
using base::Error;
using base::UniqueFd;

base::Result<void> send_message(int fd, init::MessageKind kind) {
  const init::Message message{kind, init::kNoOp, 0, 0};
  ssize_t n;
  do {
    n = ::send(fd, &message, sizeof(message), MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  if (n != static_cast<ssize_t>(sizeof(message))) return Error::system(n < 0 ? errno : EIO, "tell init");
  return base::ok();
}

// What recv(2) does. ECONNRESET, once: the other side has gone without reading all that was sent to it; what it said
// before is still to be had.
ssize_t receive(int fd, init::Message& message, int flags) {
  ssize_t n;
  do {
    n = ::recv(fd, &message, sizeof(message), flags);
  } while (n < 0 && (errno == EINTR || errno == ECONNRESET));
  return n;
}

// False: end of file.
base::Result<bool> receive_message(int fd, init::Message& message) {
  const ssize_t n = receive(fd, message, 0);
  if (n == 0) return false;
  if (n != static_cast<ssize_t>(sizeof(message))) return Error::system(n < 0 ? errno : EPROTO, "hear from init");
  return true;
}

// Sleeps until the other side has ended its part, for a second at most. What it says meanwhile is there to be read then:
// a word that wakes a sleeping processor holds up the one who says it.
void await_end_of_words(int fd) {
  constexpr int kLongest = 1000;  // milliseconds; there is room for hundreds of messages
  pollfd end{fd, 0, 0};
  (void)::poll(&end, 1, kLongest);
}

// init went without a word: how it ended is all there is to say.
Error silent_death(const kernel::PidFd& process) {
  const auto status = process.reap();
  if (!status) return Error::system(ECHILD, "init ended during setup");
  Error error = Error::state(status->signal != 0 ? cat("init was killed by signal ", status->signal, " during setup")
                                                 : cat("init ended with status ", status->code, " during setup"));
  if (status->signal == SIGKILL) return std::move(error).hint("is the memory limit too low?");
  return error;
}

// What a failure's message does not hold: of a hook's, the text that follows it.
base::Error failure_of(const plan::LaunchPlan& plan, const init::Message& message, int fd) {
  return init::is_of_hook(message.detail) ? receive_hook_failure(message, fd) : describe_failure(plan, message);
}

void write_oom_score(const plan::LaunchPlan& plan, int proc_fd, std::vector<std::string>& warnings) {
  if (!plan.oom_score_adj) return;
  const UniqueFd file(::openat(proc_fd, "oom_score_adj", O_WRONLY | O_CLOEXEC));
  const std::string value = std::to_string(*plan.oom_score_adj);
  if (file && ::write(file.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size())) return;
  // Lowering it takes CAP_SYS_RESOURCE, which a runtime on a shared node may lack; the container is then only more
  // likely to be chosen than asked for.
  warnings.push_back(cat("config.json: /process/oomScoreAdj: cannot be set to ", value, ": ", base::errno_text(errno)));
}

// Limits above this process's own hard limits; init, perhaps in a user namespace, cannot raise them.
void raise_limits(const plan::LaunchPlan& plan, pid_t pid) {
  for (const auto& limit : plan.raised_limits) {
    rlimit own{};
    const auto resource = static_cast<__rlimit_resource>(limit.resource);
    if (::getrlimit(resource, &own) != 0 || limit.hard <= own.rlim_max) continue;
    const rlimit wanted{own.rlim_cur, limit.hard};
    ::prlimit(pid, resource, &wanted, nullptr);  // if not: init takes what it can get and reports that
  }
}

struct Channel {
  UniqueFd parent, child;
};

base::Result<Channel> make_channel() {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return Error::system(errno, "socketpair");
  return Channel{UniqueFd(pair[0]), UniqueFd(pair[1])};
}

base::Result<Carried> clone_container(const plan::ClonePlan& plan, const plan::LaunchPlan* whole, std::optional<Sources>& sources, int cgroup,
                                      int report) {
  const UniqueFd userns = TRY(open_user_namespace(plan));
  const UniqueFd program = TRY(kernel::sealed_memfd(kernel::kInitMemfd, init_program, true));
  NamespaceVisit visit = TRY(NamespaceVisit::enter(plan));
  if (whole != nullptr) TRY(sources->open_in_namespaces(*whole));
  CarrierRequest request;
  for (std::uint32_t i = 0; i < plan.preserve_fds; ++i) request.keep.push_back(static_cast<int>(3 + i));
  request.clone_flags = plan.clone_flags;
  request.cgroup_fd = cgroup;
  request.join_userns = userns.get();
  request.in_userns = !plan.uid_maps.empty() || userns.valid();
  for (const auto& join : plan.joins) request.separate_memory = request.separate_memory || join.type == CLONE_NEWTIME;
  request.separate_memory = request.separate_memory || plan.new_time_namespace;
  request.init_fd = program.get();
  request.begin = plan.unshare_flags & CLONE_NEWNET;
  request.report_fd = report;
  Carried carried = TRY(start_init(request));
  auto left = visit.leave();
  if (left) return carried;
  end(carried.process);  // before its memory goes
  return std::move(left).error();
}

}  // namespace

Launched::Launched(Carried carried, base::UniqueFd report, std::optional<Sources> sources)
    : memory_(std::move(carried.memory)),
      process_(std::move(carried.process)),
      report_(std::move(report)),
      sources_(std::move(sources)) {}

Launched::Launched(Launched&& other) noexcept
    : warnings(std::move(other.warnings)),
      memory_(std::move(other.memory_)),
      process_(std::move(other.process_)),
      report_(std::move(other.report_)),
      proc_(std::move(other.proc_)),
      sources_(std::move(other.sources_)),
      cgroup_(std::move(other.cgroup_)),
      armed_(std::exchange(other.armed_, false)) {}

Launched::~Launched() { undo(); }

void Launched::undo() {
  if (!armed_) return;
  armed_ = false;
  end(process_);
  cgroup_ = kernel::CgroupHandle();
}

// What fails here because init has gone is init's error.
Error Launched::cause(const plan::LaunchPlan& plan, Error error) const {
  init::Message message{};
  ssize_t n;
  while ((n = receive(report_.get(), message, MSG_DONTWAIT)) == static_cast<ssize_t>(sizeof(message))) {
    if (message.kind == init::MessageKind::kFailure) return failure_of(plan, message, report_.get());
  }
  return n == 0 ? silent_death(process_) : error;
}

// Idmapped mounts, scores, limits; then all descriptors, for which init waits.
base::Result<void> Launched::settle(const plan::LaunchPlan& plan, int container_dir_fd) {
  write_oom_score(plan, proc_.get(), warnings);
  raise_limits(plan, process_.pid());
  TRY(sources_->open_process(plan, proc_.get()));
  TRY(sources_->open(plan, cgroup_, container_dir_fd, proc_.get()));
  const bool userns = std::any_of(plan.steps.begin(), plan.steps.end(), [](const plan::Step& step) {
    return std::holds_alternative<plan::SetupIdentity>(step.op);
  });
  if (userns) {
    const UniqueFd fd(::openat(proc_.get(), "ns/user", O_RDONLY | O_CLOEXEC));
    if (!fd) return Error::system(errno, "open user namespace of the container");
    TRY(sources_->apply_idmaps(plan, fd.get(), warnings));
  }
  TRY(sources_->hand_over(report_.get()));
  sources_.reset();
  return base::ok();
}

base::Result<void> Launched::send_plan(const plan::LaunchPlan& plan, const std::string& image) {
  if (!sources_) {
    sources_.emplace(plan.fds.size());
    TRY(sources_->open_in_namespaces(plan));  // this process's own: none is joined
  }
  const UniqueFd image_fd = TRY(kernel::sealed_memfd("bulkhead-plan", image, false));
  return launch::send_plan(report_.get(), image_fd.get());
}

base::Result<void> Launched::instruct(const plan::LaunchPlan& plan, const std::string& image) {
  auto sent = send_plan(plan, image);
  if (!sent) return cause(plan, std::move(sent).error());
  return base::ok();
}

base::Result<void> Launched::provide(const plan::LaunchPlan& plan, kernel::CgroupHandle cgroup, int container_dir_fd) {
  cgroup_ = std::move(cgroup);
  auto settled = settle(plan, container_dir_fd);
  if (!settled) return cause(plan, std::move(settled).error());
  return base::ok();
}

base::Result<void> Launched::await(const plan::LaunchPlan& plan, init::MessageKind wanted) {
  for (;;) {
    init::Message message{};
    if (!TRY(receive_message(report_.get(), message))) return silent_death(process_);
    if (message.kind == wanted) return base::ok();
    if (message.kind == init::MessageKind::kFailure) return failure_of(plan, message, report_.get());
    if (message.kind != init::MessageKind::kWarning) return Error::system(EPROTO, "hear from init");
    warnings.push_back(describe_warning(plan, message));
  }
}

base::Result<void> Launched::await_entered(const plan::LaunchPlan& plan) {
  TRY(await(plan, init::MessageKind::kEntered));
  const auto verified = verify_namespaces(plan.clone_flags | plan.unshare_flags, proc_.get());
  if (!verified) return cause(plan, verified.error());
  return base::ok();
}

base::Result<void> Launched::await_ready(const plan::LaunchPlan& plan) { return await(plan, init::MessageKind::kReady); }

base::Result<void> Launched::run_hooks(const plan::LaunchPlan& plan, std::string_view state) {
  for (const auto& step : plan.steps) {
    const auto* told = std::get_if<plan::RuntimeHook>(&step.op);
    if (told == nullptr) continue;
    TRY(await(plan, init::MessageKind::kHook));
    TRY(run_hook(told->hook, plan.bundle, state));
    TRY(send_message(report_.get(), init::MessageKind::kHookDone));
  }
  return base::ok();
}

void Launched::keep() {
  armed_ = false;
  cgroup_.keep();
}

base::Result<void> Launched::release_to_gate() {
  TRY(send_message(report_.get(), init::MessageKind::kGo));
  // init closes its end once it no longer depends on this process, which is about to exit.
  init::Message message{};
  if (TRY(receive_message(report_.get(), message))) return Error::system(EPROTO, "hear from init");
  report_.reset();
  return base::ok();
}

base::Result<void> Launched::allow_start() {
  auto sent = send_message(report_.get(), init::MessageKind::kStart);
  // init has gone meanwhile: await_start() hears why.
  if (!sent && sent.error().sys() != EPIPE) return sent;
  return base::ok();
}

base::Result<void> Launched::await_start(const plan::LaunchPlan& plan, const Agent& agent) {
  if (plan.listener_path.empty()) await_end_of_words(report_.get());
  TRY(await_ready(plan));
  for (;;) {
    init::Message message{};
    if (!TRY(receive_message(report_.get(), message))) return base::ok();  // closed by exec
    if (message.kind == init::MessageKind::kFailure) return failure_of(plan, message, report_.get());
    if (message.kind == init::MessageKind::kWarning) warnings.push_back(describe_warning(plan, message));
    if (message.kind == init::MessageKind::kListener) TRY(pass_listener(process_, message, agent));
  }
}

base::Result<kernel::CgroupHandle> make_cgroup(const plan::ClonePlan& plan) {
  if (plan.cgroup.path.empty()) return kernel::CgroupHandle();
  return kernel::create_cgroup(plan.cgroup);
}

bool cgroup_comes_first(const plan::ClonePlan& plan) {
  const auto& hierarchies = plan.cgroup.hierarchies;
  return std::any_of(hierarchies.begin(), hierarchies.end(), [](const auto& entry) { return entry.first.empty(); });
}

bool plan_comes_first(const plan::ClonePlan& plan) { return !plan.joins.empty() || plan.new_time_namespace; }

base::Result<Launched> launch(const plan::ClonePlan& plan, const kernel::CgroupHandle& cgroup, const plan::LaunchPlan* whole) {
  std::optional<Sources> sources;
  if (whole != nullptr) sources.emplace(whole->fds.size());
  Channel channel = TRY(make_channel());
  Carried carried = TRY(clone_container(plan, whole, sources, cgroup.v2_fd(), channel.child.get()));
  Launched launched(std::move(carried), std::move(channel.parent), std::move(sources));
  const std::string proc_path = cat("/proc/", launched.process().pid());
  launched.proc_.reset(::open(proc_path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!launched.proc_) return Error::system(errno, "open", proc_path);
  if (!plan.uid_maps.empty()) {
    auto mapped = write_id_maps(launched.proc_.get(), plan.uid_maps, plan.gid_maps);
    if (!mapped) return launched.cause({}, std::move(mapped).error());
  }
  return launched;
}

base::Result<void> open_gate(int container_dir_fd, const kernel::PidFd& init, const Agent& agent) {
  const UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!socket) return Error::system(errno, "socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = cat("/proc/self/fd/", container_dir_fd, "/", kGateSocket);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    if (errno == ENOENT) return Error::state("cannot start an already running container");
    return Error::state("cannot start a container that has stopped");
  }
  // Only one `start` gets past this point: the container is "created" for as long as the socket has a name.
  if (::unlinkat(container_dir_fd, kGateSocket, 0) != 0) return Error::state("cannot start an already running container");
  TRY(send_message(socket.get(), init::MessageKind::kStart));
  init::Message message{};
  for (;;) {
    if (!TRY(receive_message(socket.get(), message))) return base::ok();
    if (message.kind == init::MessageKind::kListener) {
      auto passed = pass_listener(init, message, agent);
      if (passed) continue;
      (void)init.send_signal(SIGKILL);  // nobody would answer for it; the error says why it ended
      return std::move(passed).error();
    }
    if (message.kind != init::MessageKind::kFailure) continue;
    if (init::is_of_hook(message.detail)) return receive_hook_failure(message, socket.get());
    // The plan went with `create`: what can fail after the gate is few.
    if (message.detail == init::kExecFailed) {
      Error error = Error::system(message.err, "exec container process");
      if (message.err == ENOENT) return std::move(error).hint("its interpreter (ELF or #!) is missing in the root file system");
      return error;
    }
    return Error::system(message.err, "start container process");
  }
}

}  // namespace launch
