// `explain --id ID`: what was decided when a container was created, and whether today's policies would decide by other
// rules.
#include "base/text.h"
#include "cli/decisions.h"
#include "cli/output.h"
#include "cli/policy.h"
#include "cli/prepare.h"
#include "cli/verbs.h"
#include "container/decided.h"
#include "container/lifecycle.h"
#include "oci/json.h"

namespace cli {
namespace {

using base::cat;
using oci::Cursor;

base::Result<std::string> string_of(const Cursor& object, std::string_view name) {
  const auto member = object.find(name);
  if (!member) return std::string();
  return std::string(TRY(member->get_string()));
}

base::Result<bool> flag_of(const Cursor& object, std::string_view name) {
  const auto member = object.find(name);
  if (!member) return false;
  return member->get_bool();
}

base::Result<std::string> joined(const Cursor& object, std::string_view name) {
  const auto member = object.find(name);
  if (!member) return std::string();
  return base::join(TRY(member->get_strings()), ", ");
}

base::Result<harden::Decisions> decisions_of(const Cursor& top) {
  harden::Decisions out;
  const auto all = top.find("decisions");
  if (!all) return out;
  for (const Cursor& each : TRY(all->get_array())) {
    harden::Decision& d = out.emplace_back();
    d.control = TRY(string_of(each, "control"));
    d.where = TRY(string_of(each, "where"));
    d.requested = TRY(string_of(each, "requested"));
    d.effective = TRY(string_of(each, "effective"));
    d.why = TRY(string_of(each, "why"));
    d.source = TRY(string_of(each, "source"));
    d.degraded = TRY(flag_of(each, "degraded"));
    d.warning = TRY(flag_of(each, "warning"));
    d.audited = TRY(flag_of(each, "audited"));
  }
  return out;
}

// One line of how today compares: empty, the same.
std::string today(GlobalArgs global, const container::Record& record, const Cursor& then, const base::Log& log) {
  const auto option = string_of(then, "policyOption"), id = string_of(then, "policyId");
  if (!option || !id) return "not known";
  if (global.policy.empty()) global.policy = *option;
  PrepareRequest request;
  request.id = record.id;
  request.bundle = record.bundle;
  const auto prepared = prepare(global, request, log);
  if (!prepared) return cat("not known: ", prepared.error().message());
  const auto& policy = prepared->selected.policy;
  return policy_id(policy) == *id ? "" : cat("they differ: ", policy.profile, " by ", policy.selected_by, ", ", policy_id(policy));
}

base::Result<std::string> as_text(const container::Record& record, const Cursor& then, const std::string& now) {
  const std::string with = TRY(joined(then, "layers")), exceptions = TRY(joined(then, "exceptions"));
  const std::string profile = TRY(string_of(then, "policy")), by = TRY(string_of(then, "selectedBy"));
  const std::string id = TRY(string_of(then, "policyId"));
  std::string out = cat("container ", record.id, "  bundle ", base::escape(record.bundle), "  policy ", base::escape(profile), "  created ", record.created, "\n");
  out += cat("policy by ", base::escape(by), with.empty() ? "" : "  with " + base::escape(with), "  ", id, "\n");
  if (!exceptions.empty()) out += cat("exceptions ", base::escape(exceptions), "\n");
  if (!now.empty()) out += cat("policies of today: ", now, "\n");
  return out + "\n" + plan::print_decisions(TRY(decisions_of(then)), print_style());
}

// The stored object, and how today compares.
std::string as_json(std::string text, const std::string& now) {
  const auto end = text.rfind('}');
  return cat(text.substr(0, end), ",\"today\":\"", now.empty() ? "the same" : base::json_escape(now), "\"}\n");
}

}  // namespace

base::Result<int> policy_explain(const GlobalArgs& global, const PolicyArgs& args, const base::Log& log) {
  if (!args.operands.empty()) return base::Error::usage("\"policy explain\" takes no argument");
  return cmd_explain(global, {.bundle = args.bundle, .id = args.id, .format = args.format.value_or(OutputFormat::kText)}, log);
}

base::Result<int> explain_container(const GlobalArgs& global, const ExplainArgs& args, const base::Log& log) {
  if (!args.bundle.empty()) return base::Error::usage("explain: --id and --bundle exclude each other");
  const auto container = TRY(container::load_container(global.root, args.id));
  const auto text = TRY(container::read_decided(container.dir.fd()));
  if (!text) return base::Error::state(cat("no decisions were kept of container ", base::quote(args.id)));
  const auto json = TRY(oci::parse_json(*text, container::kDecidedFile, base::Kind::kState));
  const std::string now = today(global, container.record, json.root(), log);
  if (args.format == OutputFormat::kJson) {
    TRY(print(as_json(*text, now)));
  } else {
    const std::string out = TRY(as_text(container.record, json.root(), now));
    TRY(print(out));
  }
  return 0;
}

}  // namespace cli
