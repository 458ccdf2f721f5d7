// `policy diff OLD NEW`: control by control, and system call by system call, what NEW leaves more or less.
#include "base/json_writer.h"
#include "base/text.h"
#include "cli/output.h"
#include "cli/policy.h"
#include "cli/prepare.h"
#include "cli/table.h"
#include "policy/builtin.h"
#include "policy/chain.h"
#include "policy/compare.h"
#include "policy/find.h"

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
  const auto style = print_style();
  std::string out;
  for (const auto& line : table_lines(rows)) out += paint(line.starts_with('+') ? Tone::kBad : Tone::kGood, line, style) + '\n';
  return out;
}

base::Result<harden::Decisions> decisions_under(GlobalArgs global, const PolicyArgs& args, const std::string& policy, const base::Log& log) {
  global.policy = policy;
  PrepareRequest request;
  request.id = "diff";
  request.bundle = args.bundle;
  return TRY_IN(policy, prepare(global, request, log)).outcome.decisions;
}

// A file, one of the node's by its name, of `kind` if there are several of it, or a profile that is found elsewhere.
base::Result<policy::Document> find_document(const policy::Chain& chain, const std::string& name, std::optional<policy::Kind> kind) {
  const bool is_file = name.find('/') != std::string::npos || name.ends_with(".json");
  if (is_file) return policy::read_document(TRY(policy::read_policy_file(name)), name, policy::builtin_group, policy::builtin_base);
  const policy::Document* found = nullptr;
  for (const auto& document : chain.documents) {
    if (name.starts_with("builtin:") || (document.policy.name != name && document.policy.id() != name)) continue;
    if (found == nullptr || document.kind == kind) found = &document;
  }
  if (found != nullptr) return *found;
  policy::Document out;
  out.policy = TRY(policy::find_profile(chain, name));
  return out;
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
    // The bundle may make any call; and what a policy says of itself is not of the bundle.
    if (d.control.starts_with("seccomp") || d.control == "mode" || d.control == "selectable") {
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
  const auto chain = TRY(node_policies(global));
  const auto before = TRY(find_document(chain, args.operands[0], {}));
  const auto after = TRY(find_document(chain, args.operands[1], before.kind));
  if (before.kind != after.kind) {
    return base::Error::policy(cat(base::quote(args.operands[0]), " is of kind ", base::quote(policy::kind_name(before.kind)), ", and ",
                                   base::quote(args.operands[1]), " of kind ", base::quote(policy::kind_name(after.kind))))
        .hint("two of one kind can be compared");
  }
  const auto profiles = [&](std::string_view name) {
    return policy::find_profile(chain, name.empty() ? policy::default_profile(chain) : std::string(name));
  };
  auto all = policy::compare(before, after, profiles);
  if (!args.bundle.empty()) {
    if (before.kind != policy::Kind::kProfile) return base::Error::usage("\"policy diff --bundle\" takes profiles");
    all = TRY(differences_for(global, args, all, log));
  }
  TRY(print(args.format == OutputFormat::kJson ? as_json(all) : as_text(all)));
  if (!args.fail_on_widening) return 0;
  for (const auto& d : all) {
    if (d.wider) return kExitNo;
  }
  return 0;
}

}  // namespace cli
