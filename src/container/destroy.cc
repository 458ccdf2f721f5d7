#include "container/destroy.h"

#include <cerrno>
#include <csignal>

#include "base/text.h"
#include "container/id.h"
#include "kernel/cgroup.h"
#include "kernel/file.h"
#include "kernel/id_ranges.h"

namespace container {
namespace {

constexpr int kExitTimeoutMs = 10'000;  // for a killed init; longer only when the kernel is stuck

base::Error not_running() { return base::Error::state("container not running"); }

base::Result<void> kill_and_wait(const kernel::PidFd& init) {
  auto sent = init.send_signal(SIGKILL);
  if (!sent.has_value() && sent.error().sys() != ESRCH) return sent;
  if (!TRY(init.wait_exit(kExitTimeoutMs))) return base::Error::state("container init still running");
  return base::ok();
}

// Processes first, then the cgroups they were in. Without a cgroup only init can be found, and its death ends the rest
// of its pid namespace.
base::Result<void> end_processes(const std::optional<kernel::PidFd>& init, const CgroupPaths& paths) {
  TRY(kernel::cgroup_kill_all(paths, SIGKILL));
  if (init) TRY(kill_and_wait(*init));
  return kernel::cgroup_destroy(paths);
}

// Once its directory is gone.
void give_back_ids(const Record& record) {
  if (!record.id_range) return;
  const auto directory = kernel::open_private_directory(kernel::kIdRangeDirectory, "directory of id ranges");
  if (directory) kernel::release_id_range(directory->get(), *record.id_range);
}

// A directory without a usable state.json: a create was killed, or the machine crashed.
base::Result<void> clean_torn(const StateRoot& root, const ContainerDir& dir) {
  // A damaged journal is as good as none: nothing was made before it was whole.
  auto journal = read_journal(dir.fd());
  if (journal.has_value() && *journal) {
    const Journal& found = **journal;
    std::optional<kernel::PidFd> init;
    if (found.init) init = TRY(kernel::PidFd::open(*found.init));
    if (found.planned) {
      kernel::cgroup_remove_empty(found.cgroup_paths);
    } else {
      TRY(end_processes(init, found.cgroup_paths));
    }
  }
  return root.remove(dir);
}

base::Result<std::optional<Record>> delete_existing(const StateRoot& root, ContainerDir dir, bool force) {
  auto record = read_record(dir.fd());
  if (!record.has_value() && !force) return std::move(record).error().hint("delete --force removes what is left");
  if (record.has_value() && *record) {
    const Container container = TRY(examine(std::move(dir), **std::move(record)));
    const Status status = container.status;
    if (!force && status != Status::kStopped && status != Status::kCreated) {
      return base::Error::state(
          base::cat("cannot delete container ", container.record.id, " that is not stopped: ", status_name(status)));
    }
    TRY(destroy_container(root, container));
    return std::optional<Record>(container.record);
  }
  // Hooks may have run; poststop is to undo what they did.
  auto staged = read_staged_record(dir.fd());
  if (staged && staged->poststop.empty()) staged.reset();
  TRY(clean_torn(root, dir));
  if (!force && !staged) return does_not_exist();
  return staged;
}

}  // namespace

base::Result<void> kill_container(const Container& container, int signal, bool all) {
  const CgroupPaths& paths = container.record.cgroup_paths;
  const bool stopped = container.status == Status::kStopped;
  if (stopped && !all) return not_running();
  const bool everybody = all || (signal == SIGKILL && !container.record.own_pid_namespace);
  if (everybody && !paths.empty()) return kernel::cgroup_kill_all(paths, signal);
  if (stopped) return base::ok();
  auto sent = container.init->send_signal(signal);
  if (!sent.has_value() && sent.error().sys() == ESRCH) return all ? base::ok() : not_running();
  if (sent.has_value() && signal == SIGKILL && container.status == Status::kPaused) {
    return kernel::cgroup_thaw(paths);  // v1: a frozen process does not even die
  }
  return sent;
}

base::Result<void> destroy_container(const StateRoot& root, const Container& container) {
  TRY(end_processes(container.init, container.record.cgroup_paths));
  TRY(root.remove(container.dir));
  give_back_ids(container.record);
  return base::ok();
}

base::Result<bool> destroy_ended(const StateRoot& root, const ContainerDir& dir, const Record& record) {
  if (!TRY(root.lock_for_delete(dir))) return false;
  if (!record.own_pid_namespace) TRY(kernel::cgroup_kill_all(record.cgroup_paths, SIGKILL));
  TRY(kernel::cgroup_destroy(record.cgroup_paths));
  TRY(root.remove(dir));
  give_back_ids(record);
  return true;
}

base::Result<std::optional<Record>> delete_container(const std::string& root, const std::string& id, bool force) {
  TRY(check_id(id));
  const auto opened = TRY(StateRoot::open(root));
  if (opened) {
    auto dir = TRY(opened->open_container(id));
    if (dir && TRY(opened->lock_for_delete(*dir))) return delete_existing(*opened, *std::move(dir), force);
  }
  if (force) return std::optional<Record>();
  return does_not_exist();
}

}  // namespace container
