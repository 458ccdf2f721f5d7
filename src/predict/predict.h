// What a plan's sandbox must look like from inside, and whether it does. Pure: cli runs the probe and hands over the
// lines that it printed.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plan/plan.h"
#include "plan/print.h"
#include "predict/expectation.h"
#include "predict/host.h"

namespace predict {

// Every control of the plan. Error, unsupported: a seccomp agent decides, whose answers nobody can foresee.
base::Result<Expectations> predict(const harden::Hardened& hardened, const plan::LaunchPlan& plan, const Host& host);

// For Host::running: what a program in a container is in, of the plan that made the container and of the one by which `exec`
// starts that program.
plan::LaunchPlan joined(plan::LaunchPlan container, const plan::LaunchPlan& exec);

// What the probe is to be told: argv.
std::vector<std::string> probe_arguments(const harden::Hardened& hardened, const plan::LaunchPlan& plan,
                                         const Host& host);

// Key -> what was observed there.
using Observations = std::map<std::string, std::string>;
// The probe's lines. Error, state: they are not a probe's.
base::Result<Observations> read_observations(std::string_view lines, const Host& host);
// It was killed: whether that came of its last attempt, the one to use more memory than there may be, which is observed then.
bool killed_for_memory(Observations& seen);

struct Finding {
  Expectation expected;
  std::string observed;
  bool agrees = false;
};

struct Report {
  std::string policy, bundle;
  std::string container;  // that was there already; empty: one was made
  std::vector<Finding> findings;
  std::size_t differences = 0;
};

// What was not observed differs.
Report compare(const Expectations& expectations, const Observations& observations);

std::string print_text(const Report& report, const plan::PrintStyle& style);
std::string print_json(const Report& report);

}  // namespace predict
