// `policy why WHAT`: the rule that holds for a control or a system call, where it is written and for what reason, and,
// with a bundle, what it does to it.
#include <linux/seccomp.h>

#include <algorithm>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/output.h"
#include "cli/policy.h"
#include "cli/prepare.h"
#include "oci/read.h"
#include "oci/write.h"
#include "plan/seccomp_program.h"
#include "policy/combine.h"
#include "policy/lattice.h"
#include "policy/meant.h"
#include "policy/rules.h"

namespace cli {
namespace {

using base::cat;
using base::Error;

struct Answer {
  std::string what, rule, source, why, required;
  std::vector<harden::Decision> decisions;
};

base::Result<Answer> about_control(const policy::Policy& policy, const std::string& control) {
  Answer out{.what = control, .rule = "no rule", .source = "", .why = "", .required = "", .decisions = {}};
  bool known = false;
  policy::for_each_rule(
      [&](const policy::Control& c, const auto& rule) {
        if (c.name != control) return;
        known = true;
        if (!rule) return;
        out.rule = policy::lattice::text(rule->value);
        out.source = rule->origin.text();
        out.why = rule->why;
      },
      policy);
  if (const auto* required = policy::requirement_of(policy, control)) out.required = required->origin.text();
  if (known) return out;
  auto error = Error::usage(cat("\"policy why\": unknown control ", base::quote(control)));
  const auto near = policy::meant(control, policy::control_names());
  return near.empty() ? std::move(error).hint("or syscall:NAME; bulkhead-policy(5) lists the controls")
                      : std::move(error).hint(cat("did you mean ", base::quote(near), "?"));
}

std::vector<policy::Setting<policy::SeccompPolicy>> filters_of(const policy::Policy& policy) {
  auto out = policy.seccomp_limits;
  if (policy.seccomp) out.insert(out.begin(), *policy.seccomp);
  return out;
}

// Of the filters, those that decide it: all must let 32-bit programs in.
Answer about_compat32(const policy::Policy& policy) {
  Answer out{.what = "seccomp.compat32", .rule = "no rule", .source = "", .why = "", .required = "", .decisions = {}};
  const auto filters = filters_of(policy);
  if (filters.empty()) return out;
  const bool all = std::all_of(filters.begin(), filters.end(), [](const auto& filter) { return filter.value.compat32; });
  out.rule = policy::lattice::text(all);
  for (const auto& filter : filters) {
    if (filter.value.compat32 != all) continue;
    out.source += cat(out.source.empty() ? "" : " and ", filter.origin.text());
    if (out.why.empty()) out.why = filter.why;
  }
  return out;
}

constexpr std::string_view kCall = "syscall:", kCall32 = "syscall32:";

// Each filter has its say; the strictest answer holds.
base::Result<Answer> about_call(const policy::Policy& policy, const oci::Seccomp* request, std::string_view kind, const std::string& text) {
  const auto abi = kind == kCall ? plan::kNativeAbi : plan::Abi::kX86;
  const auto call = parse_call(text);
  if (!call) return Error::usage(cat("\"policy why\": want ", kind, "NAME or ", kind, "NAME(1,2), have ", base::quote(text)));
  const auto filters = filters_of(policy);
  std::vector<policy::SeccompPolicy> values;
  for (const auto& filter : filters) values.push_back(filter.value);
  const auto all = TRY(plan::seccomp_answer(request, values, call->name, call->args, abi));
  if (!all) return Error::usage(cat("\"policy why\": ", kind == kCall ? "this machine" : "i386", " has no system call ", base::quote(call->name)));
  Answer out{.what = cat(kind, text), .rule = answer_name(*all), .source = "", .why = "", .required = "", .decisions = {}};
  if (filters.empty() && request == nullptr) out.why = "there is no filter";
  const auto note = [&](const std::string& source, const std::string& why, std::uint32_t own) {
    if (own != *all) return;
    out.source += cat(out.source.empty() ? "" : " and ", source);
    if (out.why.empty()) out.why = why;
  };
  if (request != nullptr) note("config.json:/linux/seccomp", "", *TRY(plan::seccomp_answer(request, {}, call->name, call->args, abi)));
  for (const auto& filter : filters) {
    note(filter.origin.text(), filter.why, *TRY(plan::seccomp_answer(nullptr, std::span(&filter.value, 1), call->name, call->args, abi)));
  }
  return out;
}

std::string as_text(const Answer& answer) {
  std::string out = cat(paint(Tone::kHead, answer.what, print_style()), ": ", base::escape(answer.rule), "\n");
  if (!answer.source.empty()) out += cat("  by ", base::escape(answer.source), "\n");
  if (!answer.why.empty()) out += cat("  because ", base::escape(answer.why), "\n");
  if (!answer.required.empty()) out += cat("  required by ", base::escape(answer.required), "\n");
  for (const auto& d : answer.decisions) {
    out += cat("  ", d.where, ": ", base::escape(d.requested), " -> ", base::escape(d.effective),
               d.degraded ? " (degraded)" : d.audited ? " (audited only)" : "", "\n");
  }
  return out;
}

void write_json(base::JsonWriter& w, const Answer& answer) {
  w.open('{');
  w.member("what", answer.what);
  w.member("rule", answer.rule);
  w.member("source", answer.source);
  w.member("why", answer.why);
  w.member("requiredBy", answer.required);
  w.key("decisions");
  w.open('[');
  for (const auto& d : answer.decisions) {
    w.open('{');
    w.member("where", d.where);
    w.member("requested", d.requested);
    w.member("effective", d.effective);
    w.close('}');
  }
  w.close(']');
  w.close('}');
}

std::string as_json(const Answer& answer) {
  base::JsonWriter w;
  write_json(w, answer);
  return w.take();
}

}  // namespace

namespace {

// Every control in one line.
base::Result<void> print_all(const policy::Policy& policy, OutputFormat format) {
  std::vector<Answer> all;
  for (const auto control : policy::control_names()) all.push_back(TRY(about_control(policy, std::string(control))));
  if (format == OutputFormat::kJson) {
    base::JsonWriter w;
    w.open('[');
    for (const auto& answer : all) write_json(w, answer);
    w.close(']');
    return print(w.take());
  }
  const auto style = print_style();
  std::string out;
  for (const auto& answer : all) out += cat(paint(Tone::kHead, answer.what, style), ": ", base::escape(answer.rule), "\n");
  return print(out);
}

}  // namespace

base::Result<int> policy_why(const GlobalArgs& global, const PolicyArgs& args, const base::Log& log) {
  if (args.operands.size() > 1) return Error::usage("\"policy why\" takes a control, or syscall:NAME");
  const std::string what = args.operands.empty() ? "" : args.operands[0];
  std::optional<Prepared> prepared;
  policy::Effective effective;
  if (args.bundle.empty()) {
    const auto spec = TRY(oci::read_spec(oci::default_spec(false, 0, 0)));
    effective = TRY(select_policy(global, spec, "why", "", -1, false)).policy;
  } else {
    PrepareRequest request;
    request.id = "why";
    request.bundle = args.bundle;
    prepared = TRY(prepare(global, request, log));
    effective = prepared->selected.policy;
  }
  if (args.operands.empty()) {
    TRY(print_all(effective.policy, args.format.value_or(OutputFormat::kText)));
    return 0;
  }
  Answer answer;
  if (what.starts_with(kCall) || what.starts_with(kCall32)) {
    const auto kind = what.starts_with(kCall) ? kCall : kCall32;
    const auto* asked = prepared && prepared->outcome.hardened.spec().linux.seccomp ? &*prepared->outcome.hardened.spec().linux.seccomp : nullptr;
    answer = TRY(about_call(effective.policy, asked, kind, what.substr(kind.size())));
  } else if (what == "seccomp.compat32") {
    answer = about_compat32(effective.policy);
  } else {
    answer = TRY(about_control(effective.policy, what));
  }
  if (prepared) {
    for (const auto& d : prepared->outcome.decisions) {
      if (d.control == what) answer.decisions.push_back(d);
    }
  }
  TRY(print(args.format == OutputFormat::kJson ? as_json(answer) : as_text(answer)));
  return 0;
}

}  // namespace cli
