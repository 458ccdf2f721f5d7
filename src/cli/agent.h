// What the seccomp agent of a container is told, together with the notification descriptor.
#pragma once

#include "container/record.h"
#include "launch/listener.h"

namespace cli {

launch::Agent agent_of(const container::Record& record);
// Of a program that `exec` starts as process `pid` of a container that runs.
launch::Agent agent_of_exec(const container::Record& record, pid_t pid, std::string path, const std::string& metadata);

}  // namespace cli
