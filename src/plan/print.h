// Decisions and plans for people and for machines: what `explain` shows, what the golden tests compare, and the words
// in which a failed op is reported.
#pragma once

#include <string>

#include "harden/decision.h"
#include "plan/plan.h"

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
StepText describe(const Step& step, const LaunchPlan& plan);

std::string print_text(const LaunchPlan& plan, const harden::Decisions& decisions, const PrintStyle& style);
// One JSON object: id, bundle, policy, decisions[], plan{…}. Never the value of an environment variable.
std::string print_json(const LaunchPlan& plan, const harden::Decisions& decisions);

}  // namespace plan
