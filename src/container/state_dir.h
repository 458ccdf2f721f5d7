// The state root and the directory of one container in it. Everything is done relative to directory descriptors
// that were opened without following anybody else's symlink.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace container {

// Names inside a container's directory.
inline constexpr const char* kStateFile = "state.json";
inline constexpr const char* kJournalFile = "creating.json";
inline constexpr const char* kPlannedFile = "planned.json";
// The socket at which a created container waits for `start`; it exists only while the container is "created".
inline constexpr const char* kStartSocket = "start.sock";

// /run/bulkhead, or $XDG_RUNTIME_DIR/bulkhead when not root.
std::string default_root();

// The directory of one container.
class ContainerDir {
 public:
  ContainerDir(base::UniqueFd fd, std::string id) : fd_(std::move(fd)), id_(std::move(id)) {}

  int fd() const { return fd_.get(); }
  const std::string& id() const { return id_; }

  // Is there a file of this name?
  bool has(const char* name) const;

 private:
  base::UniqueFd fd_;
  std::string id_;
};

class StateRoot {
 public:
  // Opens `path` (absolute), and makes it and its parents (0700) if absent. Refuses a directory that another user
  // owns or could write to.
  static base::Result<StateRoot> open_or_make(const std::string& path);
  // Empty if there is no such directory.
  static base::Result<std::optional<StateRoot>> open(const std::string& path);

  int fd() const { return fd_.get(); }

  // Makes the directory (0711) of a container, which is the lock against a second create.
  // Error: state, "container with given ID already exists".
  base::Result<ContainerDir> create(const std::string& id) const;
  // Empty if there is none. Checks the id.
  base::Result<std::optional<ContainerDir>> open_container(const std::string& id) const;
  // Keeps other deleters out until `dir` is closed (a creator is kept out by the directory itself). False if one of
  // them removed the directory meanwhile, so that this one removes nothing that a later create made.
  base::Result<bool> lock_for_delete(const ContainerDir& dir) const;
  // Removes the directory and all in it. What is gone already is no error.
  base::Result<void> remove(const ContainerDir& dir) const;
  // Names of the directories that are valid ids, sorted.
  base::Result<std::vector<std::string>> ids() const;

 private:
  explicit StateRoot(base::UniqueFd fd) : fd_(std::move(fd)) {}
  base::UniqueFd fd_;
};

}  // namespace container
