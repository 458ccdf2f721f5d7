// `policy test FILE...`: what a policy file says will come of a config.json, against what does. The same functions decide
// as for a container; only the host is one that can do everything.
#include <algorithm>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/output.h"
#include "cli/policy.h"
#include "cli/prepare.h"
#include "oci/read.h"
#include "oci/write.h"
#include "plan/seccomp_program.h"
#include "policy/builtin.h"
#include "policy/chain.h"
#include "policy/find.h"
#include "policy/io_ceiling.h"
#include "policy/subject.h"

namespace cli {
namespace {

using base::cat;
using base::Error;

struct Failure {
  std::string test, place, text;
};

// Of one file.
struct Tally {
  std::string file;
  std::size_t tests = 0, passed = 0;
  std::vector<Failure> failures;
};

base::Result<oci::Spec> spec_of(const policy::PolicyTest& test, const std::string& file) {
  if (test.config.empty()) return oci::read_spec(oci::default_spec(false, 0, 0));
  const std::string directory = file.find('/') == std::string::npos ? "." : file.substr(0, file.rfind('/'));
  const std::string path = test.config.starts_with('/') ? test.config : directory + "/" + test.config;
  const auto text = TRY(policy::read_policy_file(path));
  return TRY_IN(path, oci::read_spec(text));
}

// A profile alone; a floor or deny file over a profile that changes nothing.
base::Result<policy::Effective> effective_of(const policy::Document& document, const oci::Spec& spec) {
  const auto chain = TRY(policy::make_chain({document}));
  auto subject = TRY(policy::subject_of(spec, "test", ""));
  subject.asked.clear();
  const std::string asked = document.kind == policy::Kind::kProfile ? document.policy.id() : "";
  return policy::resolve(chain, asked, "passthrough", subject, circumstances());
}

std::string outcome_of_control(const harden::Outcome& outcome, const std::string& control) {
  std::vector<std::string> out;
  for (const auto& d : outcome.decisions) {
    if (d.control == control && !d.audited) out.push_back(d.effective);
  }
  return out.empty() ? "unchanged" : base::join(out, "; ");
}

base::Result<std::string> outcome_of_call(const harden::Outcome& outcome, const std::string& text) {
  const auto call = parse_call(text);
  if (!call) return Error::policy(cat("want syscall:NAME or syscall:NAME(1,2), have ", base::quote(text)));
  const auto& spec = outcome.hardened.spec();
  const auto* request = spec.linux.seccomp ? &*spec.linux.seccomp : nullptr;
  const auto answer = TRY(plan::seccomp_answer(request, outcome.hardened.seccomp_policies(), call->name, call->args));
  if (!answer) return Error::policy(cat("this machine has no system call ", base::quote(call->name)));
  return answer_name(*answer);
}

// "changed" and "unchanged" fit any text of their kind.
bool is_as_wanted(const std::string& want, const std::string& have) {
  if (want == "changed") return have != "unchanged";
  return base::fits(want, have);
}

base::Result<std::string> difference(const policy::PolicyTest::Expectation& expected, const harden::Outcome& outcome) {
  constexpr std::string_view kCall = "syscall:";
  if (expected.what == "refused") return std::string("is not refused");
  if (expected.what == "changed") {
    for (const auto& control : expected.want) {
      if (outcome_of_control(outcome, control) == "unchanged") return cat(base::quote(control), " is not changed");
    }
    return std::string();
  }
  const bool call = expected.what.starts_with(kCall);
  const std::string have = call ? TRY(outcome_of_call(outcome, expected.what.substr(kCall.size()))) : outcome_of_control(outcome, expected.what);
  const bool good = std::any_of(expected.want.begin(), expected.want.end(), [&](const auto& want) { return is_as_wanted(want, have); });
  return good ? std::string() : cat("want ", base::join(expected.want, " or "), ", have ", base::escape(have));
}

base::Result<void> run(const policy::Document& document, const policy::PolicyTest& test, const std::string& file, Tally& tally) {
  const auto fail = [&](const policy::Origin& origin, const std::string& text) {
    tally.failures.push_back({test.name, origin.text(), text});
  };
  auto spec = TRY(spec_of(test, file));
  const auto effective = TRY(effective_of(document, spec));
  auto host = able_host();
  if (const auto& rule = effective.policy.resources.io_max) {
    for (const auto& disk : rule->value) host.disks.emplace(policy::device_text(disk), "");
  }
  const auto outcome = harden::harden(std::move(spec), effective, host);
  for (const auto& expected : test.expect) {
    if (!outcome) {
      const std::string message = outcome.error().message();
      const bool wanted = expected.what == "refused" && std::any_of(expected.want.begin(), expected.want.end(), [&](const auto& want) {
                            return base::fits(cat("*", want, "*"), message);
                          });
      wanted ? void(++tally.passed) : fail(expected.origin, cat("refused: ", message));
      continue;
    }
    const std::string wrong = TRY(difference(expected, *outcome));
    wrong.empty() ? void(++tally.passed) : fail(expected.origin, cat(expected.what, ": ", wrong));
  }
  return base::ok();
}

std::string as_text(const std::vector<Tally>& all) {
  const auto style = print_style();
  std::string out;
  for (const auto& tally : all) {
    for (const auto& failure : tally.failures) {
      out += paint(Tone::kBad, cat(failure.place, ": ", base::quote(failure.test), ": ", failure.text), style) + '\n';
    }
    const bool good = tally.failures.empty();
    out += paint(good ? Tone::kGood : Tone::kBad,
                 cat(base::escape(tally.file), ": ", tally.tests, " tests, ", tally.passed, " expectations met", good ? "" : ", some not"), style) + '\n';
  }
  return out;
}

std::string as_json(const std::vector<Tally>& all) {
  base::JsonWriter w;
  w.open('[');
  for (const auto& tally : all) {
    w.open('{');
    w.member("file", tally.file);
    w.key("tests");
    w.raw(cat(tally.tests));
    w.key("met");
    w.raw(cat(tally.passed));
    w.key("failures");
    w.open('[');
    for (const auto& failure : tally.failures) {
      w.open('{');
      w.member("test", failure.test);
      w.member("place", failure.place);
      w.member("message", failure.text);
      w.close('}');
    }
    w.close(']');
    w.close('}');
  }
  w.close(']');
  return w.take();
}

}  // namespace

base::Result<int> policy_test(const PolicyArgs& args) {
  if (args.operands.empty()) return Error::usage("\"policy test\" takes files");
  int code = 0;
  std::vector<Tally> all;
  for (const auto& operand : args.operands) {
    const std::string file = operand.find('/') == std::string::npos ? "./" + operand : operand;
    const auto text = TRY(policy::read_policy_file(file));
    const auto document = TRY(policy::read_document(text, operand, policy::builtin_group, policy::builtin_base));
    Tally tally{.file = operand, .tests = document.tests.size(), .passed = 0, .failures = {}};
    for (const auto& test : document.tests) {
      TRY_IN(cat(test.origin.text(), ": ", base::quote(test.name)), run(document, test, file, tally));
    }
    if (!tally.failures.empty()) code = kExitNo;
    all.push_back(std::move(tally));
  }
  TRY(print(args.format == OutputFormat::kJson ? as_json(all) : as_text(all)));
  return code;
}

}  // namespace cli
