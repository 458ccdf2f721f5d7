// Decisions and plans for people and for machines: what `explain` shows, what the golden tests compare, and the words
// in which a failed op is reported.
#pragma once

#include <string>

#include "harden/decision.h"
#include "plan/plan.h"
#include "policy/effective.h"

namespace plan {

struct PrintStyle {
  bool colour = false;
  bool align = false;  // columns; else single spaces, for a pipe
};

// "mount proc on "/proc"" -> name "mount", detail "proc on /proc nosuid,noexec".
struct StepText {
  std::string name;
  std::string detail;
};
// "prestart /usr/bin/x sha256:…, 5 s at most", not yet escaped.
std::string describe_hook(const oci::CheckedHook& hook);
StepText describe(const Step& step, const LaunchPlan& plan);

// `policy`, if given: how it was selected, the floors and exceptions.
std::string print_text(const LaunchPlan& plan, const harden::Decisions& decisions, const PrintStyle& style,
                       const policy::Effective* policy = nullptr);
// The first part of it: the table of decisions under its heading.
std::string print_decisions(const harden::Decisions& decisions, const PrintStyle& style);
// One JSON object: id, bundle, policy, selectedBy, layers[], exceptions[], decisions[], plan{…}. Never the value of an
// environment variable.
std::string print_json(const LaunchPlan& plan, const harden::Decisions& decisions, const policy::Effective* policy = nullptr);

}  // namespace plan
