#include "cli/agent.h"

#include "base/text.h"
#include "oci/write.h"

namespace cli {

// runtime-spec, "The Container Process State".
launch::Agent agent_of(const container::Record& record) {
  oci::State state;
  state.oci_version = record.oci_version;
  state.id = record.id;
  state.pid = record.init.pid;
  state.status = "creating";  // its program does not run yet
  state.bundle = record.bundle;
  state.rootfs = record.rootfs;
  state.created = record.created;
  state.annotations = record.annotations;
  const std::string text =
      base::cat(R"({"ociVersion":")", base::json_escape(record.oci_version), R"(","fds":["seccompFd"],"pid":)", record.init.pid,
                R"(,"metadata":")", base::json_escape(record.listener_metadata), R"(","state":)", oci::write_state(state), '}');
  return {record.listener_path, text};
}

}  // namespace cli
