// What is remembered of a container, as files in its directory: state.json from the moment it is "created", and
// before that the journal, from which `delete --force` cleans up after a create that was killed. Never holds the
// value of a variable of the container's environment.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "kernel/cgroup_types.h"
#include "kernel/proc.h"
#include "oci/spec.h"

namespace container {

using kernel::CgroupPaths;

// state.json. The names that third parties read in runc's file of that name are the same here: id,
// init_process_pid, init_process_start, created, cgroup_paths, namespace_paths, config.{rootfs,cgroups.path,labels}.
struct Record {
  std::string id;
  std::string oci_version;
  kernel::ProcessIdentity init;
  std::string created;  // RFC 3339
  std::string bundle;   // absolute
  std::string rootfs;   // absolute
  std::map<std::string, std::string> annotations;
  CgroupPaths cgroup_paths;
  std::string cgroups_path;                            // as config.json says it
  std::map<std::string, std::string> namespace_paths;  // "NEWPID" -> "/proc/PID/ns/pid"
  std::string policy;
  std::vector<oci::CheckedHook> poststart, poststop;  // as decided at create: config.json may be another by now
  std::string listener_path, listener_metadata;  // of the seccomp agent that `start` is to tell, if there is one
  std::optional<std::uint32_t> id_range;  // kernel/id_ranges.h
  std::uint64_t wall_clock = 0;  // seconds that it may run, from `start` on; 0: without end
  std::string log_sink;                   // of the decision log, if its end is to be told there
  std::uint64_t log_size = 0;
  std::uint32_t owner = 0;  // uid that created it
  bool systemd_cgroup = false;
  bool own_pid_namespace = false;  // if not, SIGKILL of init leaves the others: the whole cgroup is killed
};

// The namespace_paths of a process, with runc's keys: "NEWPID", "NEWNS" …
std::map<std::string, std::string> namespace_paths_of(pid_t pid);

std::string encode_record(const Record& record);
base::Result<Record> parse_record(const std::string& text);

// In two steps, the first of which takes the time: written to a temporary name, 0600, and renamed. A reader sees all of
// it or none.
base::Result<void> stage_record(int dirfd, const Record& record);
base::Result<void> commit_record(int dirfd);
base::Result<void> save_record(int dirfd, const Record& record);
// What a create that was killed had staged, if that is whole.
std::optional<Record> read_staged_record(int dirfd);
// Empty if there is no state.json. Error: state, with the place in the file.
base::Result<std::optional<Record>> read_record(int dirfd);

// What exists so far. planned.json, whose cgroups are still to be made, becomes creating.json once they are. Every
// process in the cgroups of creating.json will be killed by a clean-up: only those that this create made or found empty.
struct Journal {
  CgroupPaths cgroup_paths;
  bool planned = false;  // the cgroup is still to be made: what is there may be somebody else's
  std::optional<kernel::ProcessIdentity> init;
};

std::string encode_journal(const Journal& journal);
base::Result<Journal> parse_journal(const std::string& text);

base::Result<void> save_journal(int dirfd, const Journal& journal);
// What planned.json lists has been made.
base::Result<void> confirm_journal(int dirfd);
base::Result<std::optional<Journal>> read_journal(int dirfd);
// Once state.json is there. What is gone already is no error.
base::Result<void> remove_journal(int dirfd);

}  // namespace container
