// One more program in a container: its ids, capabilities and limits are its own plan's, all else is the container's.

#include <algorithm>

#include "predict/predict.h"

namespace predict {
namespace {

// Of these the prediction asks; what a domain of Landlock's allows is the same in both plans.
bool is_the_programs(const plan::Step& step) {
  return std::holds_alternative<plan::Identity>(step.op) || std::holds_alternative<plan::SetCaps>(step.op) ||
         std::holds_alternative<plan::NoNewPrivs>(step.op) || std::holds_alternative<plan::Umask>(step.op);
}

}  // namespace

plan::LaunchPlan joined(plan::LaunchPlan container, const plan::LaunchPlan& exec) {
  std::erase_if(container.steps, is_the_programs);
  std::copy_if(exec.steps.begin(), exec.steps.end(), std::back_inserter(container.steps), is_the_programs);
  container.seccomp = exec.seccomp;
  container.envp = exec.envp;
  container.oom_score_adj = exec.oom_score_adj;
  container.preserve_fds = exec.preserve_fds;
  return container;
}

}  // namespace predict
