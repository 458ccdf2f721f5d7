// The commands of `tools`: those that decide, explain and try, while no container waits for them. What they need would
// make every start slower, were it in the main program: more to relocate, and what is used lies further apart.
#include "base/text.h"
#include "cli/options.h"
#include "cli/verbs.h"

namespace cli {
namespace {

struct Runner {
  const CommandLine& line;
  const base::Log& log;

  base::Result<int> operator()(const ProbeArgs& args) const { return cmd_probe(line.global, args, log); }
  base::Result<int> operator()(const PolicyArgs& args) const { return cmd_policy(line.global, args, log); }
  template <typename Other>
  base::Result<int> operator()(const Other&) const {
    return base::Error::usage(base::cat(base::quote(line.verb->name), " is not a command of this program"))
        .hint("call bulkhead, which calls this one");
  }
};

}  // namespace

base::Result<int> run_verb(const CommandLine& line, char**, const base::Log& log) {
  return std::visit(Runner{line, log}, line.args);
}

}  // namespace cli
