// What `exec` is asked for: the process, and the cgroups it is to be in.
#pragma once

#include <string>
#include <vector>

#include "base/fd.h"
#include "base/log.h"
#include "base/result.h"
#include "cli/args.h"
#include "container/lifecycle.h"
#include "oci/spec.h"

namespace cli {

// The document of --process; or else `own`, the container's, with what the options change.
base::Result<oci::Process> requested_process(const ExecArgs& args, const oci::Process& own, const base::Log& log);

struct ExecCgroups {
  std::vector<std::string> v1;  // directories, each once
  std::string v2;               // empty: none
};

// The container's, or those below them that `wanted` ("[CONTROLLER,...:]PATH") names.
base::Result<ExecCgroups> exec_cgroups(const container::CgroupPaths& paths, const std::vector<std::string>& wanted);

}  // namespace cli
