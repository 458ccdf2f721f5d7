// `policy render`: the config.json that says what bulkhead would do, for another runtime to be given.
#include "base/text.h"
#include "cli/output.h"
#include "cli/policy.h"
#include "cli/prepare.h"
#include "oci/write.h"
#include "plan/render.h"

namespace cli {

base::Result<int> policy_render(const GlobalArgs& global, const PolicyArgs& args, const base::Log& log) {
  if (!args.operands.empty()) return base::Error::usage("\"policy render\" takes no argument");
  PrepareRequest request;
  request.id = args.id.empty() ? "render" : args.id;
  request.bundle = args.bundle;
  const Prepared prepared = TRY_IN(std::string("render"), prepare(global, request, log));
  const auto rendered = TRY_IN(std::string("render"), plan::render(prepared.outcome.hardened));
  TRY(print(oci::write_spec(rendered.spec)));
  for (const auto& what : rendered.lost) log.warning(base::cat("cannot be expressed: ", what));
  for (const auto& warning : prepared.plan.warnings) log.warning(warning);
  return args.strict && !rendered.lost.empty() ? kExitNo : 0;
}

}  // namespace cli
