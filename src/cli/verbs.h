// The verbs: one function a verb, in a file of the verb's name. Each returns the exit code (0, or the
// container's own for `run`) or the error that main prints; on success only the answer is on stdout.
#pragma once

#include "base/log.h"
#include "base/result.h"
#include "cli/args.h"

namespace cli {

base::Result<int> cmd_create(const GlobalArgs& global, const CreateArgs& args, const base::Log& log);
base::Result<int> cmd_run(const GlobalArgs& global, const CreateArgs& args, const base::Log& log);
base::Result<int> cmd_start(const GlobalArgs& global, const StartArgs& args, const base::Log& log);
base::Result<int> cmd_exec(const GlobalArgs& global, const ExecArgs& args, const base::Log& log);
base::Result<int> cmd_state(const GlobalArgs& global, const StateArgs& args, const base::Log& log);
base::Result<int> cmd_kill(const GlobalArgs& global, const KillArgs& args, const base::Log& log);
base::Result<int> cmd_delete(const GlobalArgs& global, const DeleteArgs& args, const base::Log& log);
base::Result<int> cmd_list(const GlobalArgs& global, const ListArgs& args, const base::Log& log);
base::Result<int> cmd_spec(const GlobalArgs& global, const SpecArgs& args, const base::Log& log);
base::Result<int> cmd_features(const GlobalArgs& global, const FeaturesArgs& args, const base::Log& log);
base::Result<int> cmd_explain(const GlobalArgs& global, const ExplainArgs& args, const base::Log& log);
base::Result<int> explain_container(const GlobalArgs& global, const ExplainArgs& args, const base::Log& log);  // --id
base::Result<int> cmd_probe(const GlobalArgs& global, const ProbeArgs& args, const base::Log& log);
base::Result<int> cmd_policy(const GlobalArgs& global, const PolicyArgs& args, const base::Log& log);

// Runs the verb of `line` (which must have one), which was read from `argv`. In verbs.cc for bulkhead, in tools.cc for the
// program that has the verbs no start needs: `probe` and `policy`.
base::Result<int> run_verb(const CommandLine& line, char** argv, const base::Log& log);

}  // namespace cli
