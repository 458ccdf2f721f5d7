#include "cli/policy.h"

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/output.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "policy/builtin.h"
#include "policy/chain.h"
#include "policy/find.h"
#include "policy/lint.h"

namespace cli {
namespace {

using base::cat;
using base::Error;

struct Row {
  std::string kind, name, version, mode, place, description;
};

std::string_view mode_name(policy::Mode mode) { return mode == policy::Mode::kAudit ? "audit" : "enforce"; }

base::Result<std::vector<Row>> find_all(const GlobalArgs& global) {
  std::vector<Row> out;
  const auto add = [&](std::string_view kind, const policy::Policy& p, const std::string& place) {
    out.push_back({std::string(kind), p.name, p.version, std::string(mode_name(p.mode)), place, p.description});
  };
  const auto chain = TRY(policy::load_chain(global.policy_dir));
  for (const auto& document : chain.documents) add(policy::kind_name(document.kind), document.policy, document.file);
  for (const auto name : policy::builtin_policy_names()) add("profile", TRY(policy::load_policy(cat("builtin:", name))), "built-in");
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

base::Result<void> print_remarks(const std::string& operand, const std::string& text, const policy::Document& read, std::string& out) {
  const auto findings = policy::lint(text, operand, read, circumstances());
  for (const auto& finding : findings) out += cat(finding, '\n');
  out += cat(base::escape(operand), ": ", read.policy.id(), findings.empty() ? ": good\n" : ": good, with remarks\n");
  return base::ok();
}

}  // namespace

base::Result<int> policy_list(const GlobalArgs& global, const PolicyArgs& args) {
  if (!args.operands.empty()) return Error::usage("\"policy list\" takes no argument");
  const auto rows = TRY(find_all(global));
  if (args.format == OutputFormat::kJson) {
    TRY(print(as_json(rows)));
    return 0;
  }
  std::vector<std::vector<std::string>> table = {{"KIND", "NAME", "VERSION", "MODE", "PLACE", "DESCRIPTION"}};
  for (const auto& row : rows) table.push_back({row.kind, row.name, row.version, row.mode, row.place, row.description});
  TRY(print(format_table(table)));
  return 0;
}

base::Result<int> policy_show(const GlobalArgs& global, const PolicyArgs& args) {
  if (args.operands.size() != 1) return Error::usage("\"policy show\" takes the name of one policy");
  const std::string& name = args.operands[0];
  if (!name.starts_with("builtin:")) {
    const auto chain = TRY(policy::load_chain(global.policy_dir));
    for (const auto& document : chain.documents) {
      if (document.policy.name != name && document.policy.id() != name) continue;
      const auto text = TRY(policy::read_policy_file(document.file));
      TRY(print(text));
      return 0;
    }
  }
  const policy::Policy found = TRY(policy::load_policy(name.starts_with("builtin:") ? name : cat("builtin:", name)));
  TRY(print(policy::builtin_policy(found.name)));
  return 0;
}

// What there is to say of each file, and none is passed over for the errors of another.
base::Result<int> policy_lint(const PolicyArgs& args) {
  if (args.operands.empty()) return Error::usage("\"policy lint\" takes files");
  int code = 0;
  std::string out;
  for (const auto& operand : args.operands) {
    const std::string file = operand.find('/') == std::string::npos ? "./" + operand : operand;
    const auto text = policy::read_policy_file(file);
    const auto read = text ? policy::read_document(*text, operand, policy::builtin_group, policy::builtin_base) : text.error();
    if (read) {
      TRY(print_remarks(operand, *text, *read, out));
    } else {
      out += cat(read.error().message(), '\n');
      code = kExitRefused;
    }
  }
  TRY(print(out));
  return code;
}

base::Result<int> policy_schema(const PolicyArgs& args) {
  if (!args.operands.empty()) return Error::usage("\"policy schema\" takes no argument");
  TRY(print(policy::policy_schema()));
  return 0;
}

base::Result<int> cmd_policy(const GlobalArgs& global, const PolicyArgs& args, const base::Log& log) {
  if (args.action == "list") return policy_list(global, args);
  if (args.action == "show") return policy_show(global, args);
  if (args.action == "lint") return policy_lint(args);
  if (args.action == "diff") return policy_diff(global, args, log);
  if (args.action == "why") return policy_why(global, args, log);
  if (args.action == "explain") return policy_explain(global, args, log);
  if (args.action == "render") return policy_render(global, args, log);
  if (args.action == "test") return policy_test(args);
  if (args.action == "schema") return policy_schema(args);
  auto error = Error::usage(cat("policy: unknown action ", base::quote(args.action)));
  const std::string near = base::nearest(args.action, {"list", "show", "lint", "diff", "why", "explain", "render", "test", "schema"});
  return near.empty() ? std::move(error).hint("list, show, lint, diff, why, explain, render, test or schema")
                      : std::move(error).hint(cat("did you mean ", base::quote(near), "?"));
}

}  // namespace cli
