#include "cli/verbs.h"

#include "cli/libexec.h"
#include "cli/options.h"

namespace cli {
namespace {

struct Runner {
  const CommandLine& line;
  char** argv;
  const base::Log& log;

  base::Result<int> operator()(const CreateArgs& args) const {
    return line.verb->name == "run" ? cmd_run(line.global, args, log) : cmd_create(line.global, args, log);
  }
  base::Result<int> operator()(const StartArgs& args) const { return cmd_start(line.global, args, log); }
  base::Result<int> operator()(const ExecArgs& args) const { return cmd_exec(line.global, args, log); }
  base::Result<int> operator()(const StateArgs& args) const { return cmd_state(line.global, args, log); }
  base::Result<int> operator()(const KillArgs& args) const { return cmd_kill(line.global, args, log); }
  base::Result<int> operator()(const DeleteArgs& args) const { return cmd_delete(line.global, args, log); }
  base::Result<int> operator()(const ListArgs& args) const { return cmd_list(line.global, args, log); }
  base::Result<int> operator()(const SpecArgs& args) const { return cmd_spec(line.global, args, log); }
  base::Result<int> operator()(const FeaturesArgs& args) const { return cmd_features(line.global, args, log); }
  base::Result<int> operator()(const ExplainArgs& args) const { return cmd_explain(line.global, args, log); }
  base::Result<int> operator()(const ProbeArgs&) const { return become_tools(argv); }
  base::Result<int> operator()(const PolicyArgs&) const { return become_tools(argv); }
  base::Result<int> operator()(std::monostate) const { return base::Error::usage("no command"); }
};

}  // namespace

base::Result<int> run_verb(const CommandLine& line, char** argv, const base::Log& log) {
  return std::visit(Runner{line, argv, log}, line.args);
}

}  // namespace cli
