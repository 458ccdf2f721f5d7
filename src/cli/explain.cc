#include "base/immortal.h"
#include "base/text.h"
#include "cli/output.h"
#include "cli/prepare.h"
#include "cli/verbs.h"
#include "plan/print.h"

namespace cli {

// Needs no privilege: it reads the bundle, the policy and the host's facts, and changes nothing.
base::Result<int> cmd_explain(const GlobalArgs& global, const ExplainArgs& args, const base::Log& log) {
  if (!args.id.empty()) return explain_container(global, args, log);
  PrepareRequest request;
  request.id = "explain";
  request.bundle = args.bundle;
  const Prepared& prepared = base::immortal(TRY_IN(std::string("explain"), prepare(global, request, log)));
  if (args.format == OutputFormat::kJson) {
    TRY(print(plan::print_json(prepared.plan, prepared.outcome.decisions, &prepared.selected.policy)));
  } else {
    TRY(print(plan::print_text(prepared.plan, prepared.outcome.decisions, print_style(), &prepared.selected.policy)));
  }
  for (const auto& warning : prepared.plan.warnings) log.warning(warning);
  return 0;
}

}  // namespace cli
