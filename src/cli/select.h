// Which policy holds for a container: the node's files, and what selects among them.
#pragma once

#include <optional>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "cli/args.h"
#include "oci/spec.h"
#include "policy/chain.h"

namespace cli {

struct Selected {
  policy::Effective policy;
  std::optional<policy::DecisionLog> log;
  std::string entrypoint;  // the kind of program, if the policy looks at it
};

// `root_fd`: the container's root, or -1; looked into only where a policy selects by the kind of program.
// What is refused for its annotation is told in the decision log, if `log_refusals`.
base::Result<Selected> select_policy(const GlobalArgs& global, const oci::Spec& spec, const std::string& id,
                                     const std::string& bundle, int root_fd, bool log_refusals);

// The policies of the node: of --policy-dir, which must be there if it is given, or of /etc/bulkhead.
base::Result<policy::Chain> node_policies(const GlobalArgs& global, std::optional<policy::DecisionLog>* log = nullptr);

// The clock, the kernel and this program's age.
policy::Circumstances circumstances();

}  // namespace cli
