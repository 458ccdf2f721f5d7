// `policy diff OLD NEW`: control by control, and system call by system call, what NEW leaves more or less.
#include "base/json_writer.h"
#include "base/text.h"
#include "cli/output.h"
#include "cli/policy.h"
#include "cli/prepare.h"
#include "cli/table.h"
#include "policy/chain.h"
#include "policy/combine.h"

namespace cli {
namespace {

using base::cat;

std::string as_json(const std::vector<policy::Difference>& all) {
  base::JsonWriter w;
  w.open('[');
  for (const auto& d : all) {
    w.open('{');
    w.member("control", d.control);
    w.member("before", d.before);
    w.member("after", d.after);
    w.flag("wider", d.wider);
    w.close('}');
  }
  w.close(']');
  return w.take();
}

std::string as_text(const std::vector<policy::Difference>& all) {
  if (all.empty()) return "";
  std::vector<std::vector<std::string>> rows;
  for (const auto& d : all) rows.push_back({d.wider ? "+" : "-", d.control, cat(d.before, " -> ", d.after)});
  return format_table(rows);
}

base::Result<harden::Decisions> decisions_under(GlobalArgs global, const PolicyArgs& args, const std::string& policy, const base::Log& log) {
  global.policy = policy;
  PrepareRequest request;
  request.id = "diff";
  request.bundle = args.bundle;
  return TRY_IN(policy, prepare(global, request, log)).outcome.decisions;
}

std::string effect(const harden::Decisions& all, const std::string& control) {
  for (const auto& d : all) {
    if (d.control == control && !d.audited) return d.effective;
  }
  return "as config.json asks";
}

// Of what the policies differ in, only what makes a difference to this bundle.
base::Result<std::vector<policy::Difference>> differences_for(const GlobalArgs& global, const PolicyArgs& args,
                                                              const std::vector<policy::Difference>& all, const base::Log& log) {
  const auto before = TRY(decisions_under(global, args, args.operands[0], log));
  const auto after = TRY(decisions_under(global, args, args.operands[1], log));
  std::vector<policy::Difference> out;
  for (const auto& d : all) {
    if (d.control.starts_with("seccomp")) {  // the bundle may make any call
      out.push_back(d);
      continue;
    }
    const auto was = effect(before, d.control), is = effect(after, d.control);
    if (was != is) out.push_back({.control = d.control, .before = was, .after = is, .wider = d.wider});
  }
  return out;
}

}  // namespace

base::Result<int> policy_diff(const GlobalArgs& global, const PolicyArgs& args, const base::Log& log) {
  if (args.operands.size() != 2) return base::Error::usage("\"policy diff\" takes two policies, the old and the new one");
  const auto chain = TRY(policy::load_chain(global.policy_dir));
  const auto before = TRY(policy::find_profile(chain, args.operands[0]));
  const auto after = TRY(policy::find_profile(chain, args.operands[1]));
  auto all = policy::differences(before, after);
  if (!args.bundle.empty()) all = TRY(differences_for(global, args, all, log));
  TRY(print(args.format == OutputFormat::kJson ? as_json(all) : as_text(all)));
  if (!args.fail_on_widening) return 0;
  for (const auto& d : all) {
    if (d.wider) return kExitWider;
  }
  return 0;
}

}  // namespace cli
