// The status of a container: derived each time from what is there, never read from a file.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "container/record.h"
#include "container/state_dir.h"
#include "kernel/proc.h"

namespace container {

enum class Status { kCreated, kRunning, kPaused, kStopped };

std::string_view status_name(Status status);

struct Evidence {
  bool init_alive = false;    // not a zombie
  bool frozen = false;        // its cgroup
  bool start_socket = false;  // it still waits for `start`
  bool starting = false;      // `run` has recorded it, and its program is still to be executed
};

Status derive_status(const Evidence& evidence);

// A container that exists: its directory, its record, its init (if that has not been reaped) and its status, all
// as of now.
struct Container {
  ContainerDir dir;
  Record record;
  std::optional<kernel::PidFd> init;
  Status status = Status::kStopped;

  // As `state` and `list` show it: 0 when stopped.
  pid_t visible_pid() const { return status == Status::kStopped ? 0 : record.init.pid; }
};

// What the record says, and what is true of it now.
base::Result<Container> examine(ContainerDir dir, Record record);

// Error: state, "container does not exist" (also when there is a directory without state.json), or a damaged record.
base::Result<Container> load_container(const StateRoot& root, const std::string& id);
// The same with the root opened by path; a root that is absent holds no container.
base::Result<Container> load_container(const std::string& root, const std::string& id);

base::Error does_not_exist();

}  // namespace container
