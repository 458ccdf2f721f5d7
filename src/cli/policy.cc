#include "cli/policy.h"

#include <algorithm>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/output.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "policy/builtin.h"
#include "policy/chain.h"
#include "policy/find.h"

namespace cli {
namespace {

using base::cat;
using base::Error;

struct Row {
  std::string kind, name, version, mode, place, description;
};

std::string_view mode_name(policy::Mode mode) { return mode == policy::Mode::kAudit ? "audit" : "enforce"; }

base::Result<std::vector<Row>> find_all(const GlobalArgs& global, const base::Log& log) {
  std::vector<Row> out;
  const auto add = [&](std::string_view kind, const policy::Policy& p, const std::string& place) {
    out.push_back({std::string(kind), p.name, p.version, std::string(mode_name(p.mode)), place, p.description});
  };
  const auto chain = TRY(node_policies(global));
  for (const auto& remark : policy::remarks_on_ignored(chain)) log.warning(remark);
  for (const auto& document : chain.documents) add(policy::kind_name(document.kind), document.policy, document.file);
  std::vector<std::string> ids;
  for (const auto name : policy::builtin_policy_names()) {
    const auto builtin = TRY(policy::load_policy(cat("builtin:", name)));
    ids.push_back(builtin.id());
    add("profile", builtin, "built-in");
  }
  for (const auto& file : TRY(policy::shared_profiles())) {
    const auto shared = policy::load_policy(file);
    if (!shared) log.warning(shared.error().message());
    if (shared && std::find(ids.begin(), ids.end(), shared->id()) == ids.end()) add("profile", *shared, file);
  }
  return out;
}

std::string as_json(const std::vector<Row>& rows) {
  base::JsonWriter w;
  w.open('[');
  for (const auto& row : rows) {
    w.open('{');
    w.member("kind", row.kind);
    w.member("name", row.name);
    w.member("version", row.version);
    w.member("mode", row.mode);
    w.member("place", row.place);
    w.member("description", row.description);
    w.close('}');
  }
  w.close(']');
  return w.take();
}

}  // namespace

base::Result<int> policy_list(const GlobalArgs& global, const PolicyArgs& args, const base::Log& log) {
  if (!args.operands.empty()) return Error::usage("\"policy list\" takes no argument");
  const auto rows = TRY(find_all(global, log));
  if (args.format == OutputFormat::kJson) {
    TRY(print(as_json(rows)));
    return 0;
  }
  std::vector<std::vector<std::string>> table = {{"KIND", "NAME", "VERSION", "MODE", "PLACE", "DESCRIPTION"}};
  for (const auto& row : rows) table.push_back({row.kind, row.name, row.version, row.mode, row.place, row.description});
  const auto style = print_style();
  std::string out;
  for (const auto& line : table_lines(table)) out += paint(out.empty() ? Tone::kHead : Tone::kPlain, line, style) + '\n';
  TRY(print(out));
  return 0;
}

base::Result<int> policy_show(const GlobalArgs& global, const PolicyArgs& args) {
  if (args.operands.size() != 1) return Error::usage("\"policy show\" takes the name of one policy");
  const std::string& name = args.operands[0];
  policy::Chain chain;
  if (name.find('/') != std::string::npos || name.ends_with(".json")) return Error::usage("\"policy show\" takes a name, and not a file");
  if (!name.starts_with("builtin:")) {
    chain = TRY(node_policies(global));
    for (const auto& document : chain.documents) {
      if (document.policy.name != name && document.policy.id() != name) continue;
      const auto text = TRY(policy::read_policy_file(document.file));
      TRY(print(text));
      return 0;
    }
  }
  const policy::Policy found = TRY(policy::find_profile(chain, name));
  const std::string shared = cat(policy::kSharedProfiles, found.name, ".json");
  const auto builtin = policy::load_policy(cat("builtin:", found.id()));
  const std::string text = builtin ? std::string(policy::builtin_policy(found.name)) : TRY(policy::read_policy_file(shared));
  TRY(print(text));
  return 0;
}

base::Result<int> policy_schema(const PolicyArgs& args) {
  if (!args.operands.empty()) return Error::usage("\"policy schema\" takes no argument");
  TRY(print(policy::policy_schema()));
  return 0;
}

namespace {

// Which options an action has; any other would do nothing, which whoever gives it does not know.
constexpr struct {
  std::string_view action;
  bool format, bundle, fail_on_widening, id, strict, policy;
} kActions[] = {
    {"list", true, false, false, false, false, false},    {"show", false, false, false, false, false, false},
    {"lint", true, false, false, false, false, false},    {"diff", true, true, true, false, false, false},
    {"why", true, true, false, false, false, true},       {"explain", true, true, false, true, false, true},
    {"render", false, true, false, true, true, true},     {"test", true, false, false, false, false, false},
    {"schema", false, false, false, false, false, false},
};

base::Result<void> check_options(const GlobalArgs& global, const PolicyArgs& args) {
  std::vector<std::string_view> names;
  for (const auto& row : kActions) {
    names.push_back(row.action);
    if (row.action != args.action) continue;
    const std::pair<std::string_view, bool> useless[] = {
        {"--format", args.format && !row.format}, {"--bundle", !args.bundle.empty() && !row.bundle},
        {"--fail-on-widening", args.fail_on_widening && !row.fail_on_widening}, {"--id", !args.id.empty() && !row.id},
        {"--strict", args.strict && !row.strict}, {"--policy", !global.policy.empty() && !row.policy}};
    for (const auto& [option, given] : useless) {
      if (given) return Error::usage(cat("\"policy ", row.action, "\" has no option ", base::quote(option)));
    }
    return base::ok();
  }
  auto error = Error::usage(cat("policy: unknown action ", base::quote(args.action)));
  const std::string near = base::nearest(args.action, names);
  return near.empty() ? std::move(error).hint("list, show, lint, diff, why, explain, render, test or schema")
                      : std::move(error).hint(cat("did you mean ", base::quote(near), "?"));
}

}  // namespace

base::Result<int> cmd_policy(const GlobalArgs& global, const PolicyArgs& args, const base::Log& log) {
  TRY(check_options(global, args));
  if (args.action == "list") return policy_list(global, args, log);
  if (args.action == "show") return policy_show(global, args);
  if (args.action == "lint") return policy_lint(global, args, log);
  if (args.action == "diff") return policy_diff(global, args, log);
  if (args.action == "why") return policy_why(global, args, log);
  if (args.action == "explain") return policy_explain(global, args, log);
  if (args.action == "render") return policy_render(global, args, log);
  if (args.action == "test") return policy_test(args);
  return policy_schema(args);
}

}  // namespace cli
