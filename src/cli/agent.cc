#include "cli/agent.h"

#include "base/text.h"
#include "oci/write.h"

namespace cli {

namespace {

// runtime-spec, "The Container Process State".
std::string state_text(const container::Record& record, std::string_view status, pid_t pid, std::string_view metadata) {
  oci::State state;
  state.oci_version = record.oci_version;
  state.id = record.id;
  state.pid = record.init.pid;
  state.status = status;
  state.bundle = record.bundle;
  state.rootfs = record.rootfs;
  state.created = record.created;
  state.annotations = record.annotations;
  return base::cat(R"({"ociVersion":")", base::json_escape(record.oci_version), R"(","fds":["seccompFd"],"pid":)", pid,
                   R"(,"metadata":")", base::json_escape(metadata), R"(","state":)", oci::write_state(state), '}');
}

}  // namespace

launch::Agent agent_of(const container::Record& record) {
  // Its program does not run yet.
  return {record.listener_path, state_text(record, "creating", record.init.pid, record.listener_metadata)};
}

launch::Agent agent_of_exec(const container::Record& record, pid_t pid, std::string path, const std::string& metadata) {
  return {std::move(path), state_text(record, "running", pid, metadata)};
}

}  // namespace cli
