#include "base/text.h"
#include "cli/output.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "policy/builtin.h"
#include "policy/find.h"
#include "policy/lint.h"

namespace cli {
namespace {

using base::cat;
using base::Error;

constexpr int kExitRefused = 1;  // `lint`: a file that would be refused

base::Result<int> list(const PolicyArgs& args) {
  if (!args.operands.empty()) {
    return Error::usage("\"policy list\" takes no argument").hint("options go before \"list\"");
  }
  std::vector<std::vector<std::string>> rows = {{"NAME", "VERSION", "DESCRIPTION"}};
  std::string json;
  for (const auto name : policy::builtin_policy_names()) {
    const policy::Policy found = TRY(policy::load_policy(name));
    rows.push_back({found.name, found.version, found.description});
    json += cat(json.empty() ? "" : ",", R"({"name":")", base::json_escape(found.name), R"(","version":")",
                base::json_escape(found.version), R"(","description":")", base::json_escape(found.description), R"("})");
  }
  TRY(print(args.format == OutputFormat::kJson ? cat('[', json, "]\n") : format_table(rows)));
  return 0;
}

base::Result<int> show(const PolicyArgs& args) {
  if (args.operands.size() != 1) return Error::usage("\"policy show\" takes the name of one policy");
  const std::string& name = args.operands[0];
  const policy::Policy found = TRY(policy::load_policy(name.starts_with("builtin:") ? name : cat("builtin:", name)));
  TRY(print(policy::builtin_policy(found.name)));
  return 0;
}

// What there is to say of each file, and none is passed over for the errors of another.
base::Result<int> lint(const PolicyArgs& args) {
  if (args.operands.empty()) return Error::usage("\"policy lint\" takes files");
  int code = 0;
  std::string out;
  for (const auto& operand : args.operands) {
    const std::string file = operand.find('/') == std::string::npos ? "./" + operand : operand;
    const auto text = policy::read_policy_file(file);
    const auto read = text ? policy::read_policy(*text, operand, policy::builtin_group, policy::builtin_base) : text.error();
    if (!read) {
      out += cat(read.error().message(), '\n');
      code = kExitRefused;
      continue;
    }
    const auto findings = policy::lint(*text, operand);
    for (const auto& finding : findings) out += cat(finding, '\n');
    out += cat(base::escape(operand), ": ", read->id(), findings.empty() ? ": good\n" : ": good, with remarks\n");
  }
  TRY(print(out));
  return code;
}

}  // namespace

base::Result<int> cmd_policy(const GlobalArgs&, const PolicyArgs& args, const base::Log&) {
  if (args.action == "list") return list(args);
  if (args.action == "show") return show(args);
  if (args.action == "lint") return lint(args);
  auto error = Error::usage(cat("policy: unknown action ", base::quote(args.action)));
  const std::string near = base::nearest(args.action, {"list", "show", "lint"});
  return near.empty() ? std::move(error).hint("list, show or lint")
                      : std::move(error).hint(cat("did you mean ", base::quote(near), "?"));
}

}  // namespace cli
