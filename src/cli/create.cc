#include "cli/create.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "base/guard.h"
#include "base/text.h"
#include "cli/decisions.h"
#include "cli/hooks.h"
#include "cli/kept.h"
#include "cli/prepare.h"
#include "cli/verbs.h"
#include "container/decided.h"
#include "container/id.h"
#include "container/record.h"
#include "kernel/file.h"
#include "launch/hooks.h"
#include "plan/encode.h"

namespace cli {
namespace {

using base::cat;
using base::Error;

base::Result<void> check_supported(const GlobalArgs& global, const CreateArgs& args) {
  if (global.systemd_cgroup) return Error::unsupported("--systemd-cgroup: the systemd cgroup driver is not supported yet");
  if (!args.console_socket.empty()) return Error::unsupported("--console-socket: terminals are not supported yet");
  if (!args.pidfd_socket.empty()) return Error::unsupported("--pidfd-socket is not supported yet");
  if (global.rootless == "true" || ::geteuid() != 0) {
    return Error::unsupported("running without root is not supported yet").hint("run bulkhead as root");
  }
  return base::ok();
}

container::Record make_record(const GlobalArgs& global, const Prepared& prepared, const launch::Launched& launched,
                              const kernel::ProcessIdentity& identity) {
  const oci::Spec& spec = prepared.outcome.hardened.spec();
  container::Record record;
  record.id = prepared.plan.id;
  record.oci_version = spec.oci_version;
  record.init = identity;
  record.created = base::now_rfc3339();
  record.bundle = prepared.plan.bundle;
  record.rootfs = prepared.plan.rootfs;
  record.annotations = spec.annotations;
  record.cgroup_paths = launched.cgroup_paths();
  record.cgroups_path = spec.linux.cgroups_path;
  record.namespace_paths = container::namespace_paths_of(identity.pid);
  record.policy = prepared.plan.policy_name;
  record.poststart = prepared.plan.poststart;
  record.poststop = prepared.plan.poststop;
  record.listener_path = prepared.plan.listener_path;
  record.listener_metadata = prepared.plan.listener_metadata;
  if (prepared.ids) record.id_range = prepared.ids->index;
  record.wall_clock = prepared.plan.wall_clock;
  if (const auto& told = prepared.selected.log; told && record.wall_clock != 0) {
    record.log_sink = told->sink;
    record.log_size = told->max_size;
  }
  record.owner = ::geteuid();
  record.systemd_cgroup = global.systemd_cgroup;
  record.own_pid_namespace = prepared.plan.own_pid_namespace;
  return record;
}

// Where the container is remembered.
struct Place {
  container::StateRoot root;
  container::ContainerDir dir;
};

base::Result<Place> make_place(const std::string& root_path, const std::string& id) {
  container::StateRoot root = TRY(container::StateRoot::open_or_make(root_path));
  container::ContainerDir dir = TRY(root.create(id));
  return Place{std::move(root), std::move(dir)};
}

// A container in the making. The clone comes before the rest is planned: until it is given what it waits for, init makes
// nothing that would outlive it, and it ends with this process. The destructor undoes what is there.
class Beginning {
 public:
  Beginning(const GlobalArgs& global, std::string id) : global_(global), id_(std::move(id)) {}
  Beginning(const Beginning&) = delete;
  ~Beginning();

  base::Result<void> launch(const plan::ClonePlan& plan, const plan::LaunchPlan* whole);
  base::Result<void> finish(const plan::LaunchPlan& plan);
  // All but the directory.
  void undo();

  launch::Launched& launched() { return *launched_; }
  int dir() const { return place_->dir.fd(); }
  // What is there belongs to the result from now on.
  Made made(Prepared prepared, container::Record record, const base::Log& log);

 private:
  base::Result<void> make_cgroup(const plan::ClonePlan& plan);

  const GlobalArgs& global_;
  std::string id_;
  std::optional<Place> place_;
  kernel::CgroupHandle cgroup_;
  std::optional<launch::Launched> launched_;
};

void Beginning::undo() {
  launched_.reset();
  cgroup_ = kernel::CgroupHandle();
}

Beginning::~Beginning() {
  undo();
  if (place_) (void)place_->root.remove(place_->dir);  // as in ~Made
}

// The state directory, if this is the first try, and the cgroup, which is noted there before it is made.
base::Result<void> Beginning::make_cgroup(const plan::ClonePlan& plan) {
  if (!place_) place_.emplace(TRY(make_place(global_.root, id_)));
  TRY(container::remove_journal(dir()));  // of a try before this one
  TRY(container::save_journal(dir(), {.cgroup_paths = plan.cgroup.directories, .planned = true, .init = {}}));
  cgroup_ = TRY(launch::make_cgroup(plan));
  return container::confirm_journal(dir());
}

base::Result<void> Beginning::launch(const plan::ClonePlan& plan, const plan::LaunchPlan* whole) {
  if (launch::cgroup_comes_first(plan)) TRY(make_cgroup(plan));
  launched_.emplace(TRY(launch::launch(plan, cgroup_, whole)));
  return base::ok();
}

base::Result<void> Beginning::finish(const plan::LaunchPlan& plan) {
  const std::string image = TRY(plan::encode(plan));
  if (!launched_) TRY(launch(plan, &plan));
  TRY(launched_->instruct(plan, image));
  if (!launch::cgroup_comes_first(plan)) TRY(make_cgroup(plan));
  return launched_->provide(plan, std::move(cgroup_), dir());
}

Made Beginning::made(Prepared prepared, container::Record record, const base::Log& log) {
  Made made(std::move(place_->root), std::move(place_->dir), *std::move(launched_), std::move(prepared), std::move(record), log);
  place_.reset();
  return made;
}

// Where only trying told that the root's file system cannot be idmapped: decides again, knowing it.
base::Result<void> launch_prepared(const GlobalArgs& global, PrepareRequest& request, Prepared& prepared, Beginning& beginning,
                                   const base::Log& log) {
  auto launched = beginning.finish(prepared.plan);
  if (launched || !prepared.remapped || launched.error().kind() != base::Kind::kUnsupported) return launched;
  beginning.undo();
  request.remap_unable = launched.error().message();
  prepared = TRY(prepare(global, request, log));
  return beginning.finish(prepared.plan);
}

PrepareRequest request_of(const CreateArgs& args, bool gate) {
  PrepareRequest request;
  request.id = args.id;
  request.bundle = args.bundle;
  request.gate = gate;
  request.no_pivot = args.no_pivot;
  request.no_new_keyring = args.no_new_keyring;
  request.preserve_fds = args.preserve_fds;
  request.refusals = Refusals::kLog;
  request.claims_ids = true;
  return request;
}

void report(const harden::Decision& decision, const base::Log& log) {
  if (!log.debug_enabled() && !decision.warns()) return;
  const std::string text = cat(decision.audited ? "audited only: " : decision.degraded ? "degraded: " : "", decision.control, ": ",
                               decision.requested, " -> ", decision.effective, ": ", decision.why);
  if (decision.warns()) {
    log.warning(text);
  } else {
    log.debug(text);
  }
}

}  // namespace

Made::Made(container::StateRoot root, container::ContainerDir dir, launch::Launched launched, Prepared prepared,
           container::Record record, const base::Log& log)
    : log_(&log),
      root_(std::move(root)),
      dir_(std::move(dir)),
      launched_(std::move(launched)),
      prepared_(std::move(prepared)),
      record_(std::move(record)) {}

Made::Made(Made&& other) noexcept
    : log_(other.log_),
      root_(std::move(other.root_)),
      dir_(std::move(other.dir_)),
      launched_(std::move(other.launched_)),
      prepared_(std::move(other.prepared_)),
      record_(std::move(other.record_)),
      armed_(std::exchange(other.armed_, false)) {}

Made::~Made() {
  if (!armed_) return;
  launched_.undo();
  // The error that led here is the one to report; delete --force finds whatever is left.
  (void)root_.remove(dir_);
  run_poststop_hooks(record_, *log_);
}

void Made::keep() {
  armed_ = false;
  launched_.keep();
}

base::Result<Made> make_container(const GlobalArgs& global, const CreateArgs& args, bool gate, const base::Log& log,
                                  const Substitute* substitute) {
  TRY(container::check_id(args.id));
  TRY(check_supported(global, args));
  PrepareRequest request = request_of(args, gate);
  request.substitute = substitute;
  container::Record record;
  bool hooks_begun = false;  // or may have; what they did is for poststop to undo, once nothing else is left
  base::ScopeGuard after_hooks([&] {
    if (hooks_begun) run_poststop_hooks(record, log);
  });
  Beginning beginning(global, args.id);
  request.begin = [&](const plan::ClonePlan& plan) -> base::Result<void> {
    return launch::plan_comes_first(plan) ? base::ok() : beginning.launch(plan, nullptr);
  };
  Prepared prepared = TRY(prepare(global, request, log));
  const DecisionLog decisions = TRY(DecisionLog::open(prepared.selected.log, log));
  TRY(launch::check_hooks(prepared.plan));
  TRY(launch_prepared(global, request, prepared, beginning, log));
  // While init sets the container up.
  launch::Launched& launched = beginning.launched();
  const kernel::ProcessIdentity identity = TRY(launched.process().identity());
  record = make_record(global, prepared, launched, identity);
  const int dir = beginning.dir();
  TRY(container::stage_record(dir, record));
  prepared.document.reset();
  hooks_begun = plan::has_hooks(prepared.plan);  // those in the container, as soon as init has what it needs
  TRY(launched.await_entered(prepared.plan));
  if (hooks_begun) TRY(run_create_hooks(launched, prepared.plan, record));
  // Its hash takes longer than all else here: told while init makes the mounts. `run` does it later.
  if (gate) TRY(container::save_decided(dir, decided_text(prepared, global.policy)));
  if (gate) TRY(keep_for_exec(dir, prepared));
  if (gate) TRY(launched.await_ready(prepared.plan));
  // Before the record, and so before the program: what must be logged is.
  TRY(decisions.created(prepared, log));
  TRY(container::commit_record(dir));
  if (gate) TRY(container::remove_journal(dir));  // `run`: once the program is executed, until when it is "created"
  // init is at its mounts still, and need not wait for a word after them.
  if (!gate) TRY(launched.allow_start());
  after_hooks.commit();
  if (prepared.ids) prepared.ids->lock.reset();  // the directory keeps it now
  return beginning.made(std::move(prepared), std::move(record), log);
}

base::Result<void> announce(Made& made, const CreateArgs& args, const base::Log& log) {
  if (!args.pid_file.empty()) TRY(write_pid_file(args.pid_file, made.record().init.pid));
  for (const auto& decision : made.prepared().outcome.decisions) report(decision, log);
  for (const auto& warning : made.plan().warnings) log.warning(warning);
  for (const auto& warning : made.launched().warnings) log.warning(warning);
  return base::ok();
}

base::Result<void> write_pid_file(const std::string& path, pid_t pid) {
  const auto slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  const base::UniqueFd dir(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!dir) return Error::system(errno, "open", directory);
  const std::string temporary = cat(".", name, ".", ::getpid());
  const base::UniqueFd file(::openat(dir.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file) return Error::system(errno, "write pid file", path);
  base::ScopeGuard remove([&] { ::unlinkat(dir.get(), temporary.c_str(), 0); });
  TRY_IN(cat("write pid file ", base::quote(path)), kernel::write_all(file.get(), std::to_string(pid)));
  if (::renameat(dir.get(), temporary.c_str(), dir.get(), name.c_str()) != 0) {
    return Error::system(errno, "write pid file", path);
  }
  remove.commit();
  return base::ok();
}

base::Result<int> cmd_create(const GlobalArgs& global, const CreateArgs& args, const base::Log& log) {
  const std::string context = cat("create ", base::quote(args.id));
  Made made = TRY_IN(context, make_container(global, args, true, log));
  TRY_IN(context, announce(made, args, log));
  TRY_IN(context, made.launched().release_to_gate());
  made.keep();
  return 0;
}

}  // namespace cli
