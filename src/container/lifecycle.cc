#include "container/lifecycle.h"

#include <unistd.h>

#include <array>
#include <string_view>

#include "base/text.h"
#include "container/id.h"
#include "kernel/cgroup.h"
#include "kernel/memfd.h"

namespace container {

std::string_view status_name(Status status) {
  switch (status) {
    case Status::kCreated: return "created";
    case Status::kRunning: return "running";
    case Status::kPaused: return "paused";
    case Status::kStopped: return "stopped";
  }
  return "stopped";
}

// A frozen cgroup without init is "stopped", or nothing but `delete --force` would get rid of it. A container that was
// frozen before `start` is "paused": its init would not answer.
Status derive_status(const Evidence& evidence) {
  if (!evidence.init_alive) return Status::kStopped;
  if (evidence.frozen) return Status::kPaused;
  if (evidence.start_socket || evidence.starting) return Status::kCreated;
  return Status::kRunning;
}

namespace {

// Whether that process is still init, and not yet the program. One that has the name of init's file for itself may say so.
bool is_init(pid_t pid) {
  std::array<char, 64> path{};
  const auto n = ::readlink(base::cat("/proc/", pid, "/exe").c_str(), path.data(), path.size());
  return n > 0 && std::string_view(path.data(), static_cast<std::size_t>(n)).starts_with(base::cat("/memfd:", kernel::kInitMemfd, " "));
}

}  // namespace

base::Error does_not_exist() { return base::Error::state("container does not exist"); }

base::Result<Container> examine(ContainerDir dir, Record record) {
  auto init = TRY(kernel::PidFd::open(record.init));
  Evidence evidence;
  if (init) evidence.init_alive = TRY(init->is_alive());
  if (evidence.init_alive) {
    evidence.frozen = TRY(kernel::cgroup_is_frozen(record.cgroup_paths));
    evidence.start_socket = dir.has(kStartSocket);
    // `run` removes its journal once the program is executed; where it was killed before, the program tells.
    evidence.starting = dir.has(kJournalFile) && is_init(record.init.pid);
  }
  return Container{std::move(dir), std::move(record), std::move(init), derive_status(evidence)};
}

base::Result<Container> load_container(const StateRoot& root, const std::string& id) {
  auto dir = TRY(root.open_container(id));
  if (!dir) return does_not_exist();
  auto record = TRY(read_record(dir->fd()));
  if (!record) return does_not_exist();
  return examine(*std::move(dir), *std::move(record));
}

base::Result<Container> load_container(const std::string& root, const std::string& id) {
  TRY(check_id(id));
  const auto opened = TRY(StateRoot::open(root));
  if (!opened) return does_not_exist();
  return load_container(*opened, id);
}

}  // namespace container
