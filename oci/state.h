// What `bulkhead state` and hooks are told about a container (runtime-spec, "State").
#pragma once

#include <map>
#include <string>

namespace oci {

struct State {
  std::string oci_version;
  std::string id;
  int pid = 0;         // 0 when there is no process
  std::string status;  // "creating", "created", "running", "stopped", "paused"
  std::string bundle;
  std::string rootfs;
  std::string created;  // RFC 3339 with nanoseconds
  std::map<std::string, std::string> annotations;
  std::string owner;
};

}  // namespace oci
