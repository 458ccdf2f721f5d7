// What plans are broken with, to show that an invariant can fail.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <variant>

#include "plan/plan.h"

namespace mutants {

struct Mutant {
  const char* invariant;
  const char* what;
  std::function<void(plan::LaunchPlan&)> break_it;
};

// The first of its kind.
template <typename T>
std::size_t find(const plan::LaunchPlan& p) {
  for (std::size_t i = 0; i < p.steps.size(); ++i) {
    if (std::holds_alternative<T>(p.steps[i].op)) return i;
  }
  ADD_FAILURE() << "no such step";
  return 0;
}

template <typename T>
void drop(plan::LaunchPlan& p) {
  p.steps.erase(p.steps.begin() + static_cast<std::ptrdiff_t>(find<T>(p)));
}

template <typename T>
void move_to_front(plan::LaunchPlan& p) {
  const auto it = p.steps.begin() + static_cast<std::ptrdiff_t>(find<T>(p));
  std::rotate(p.steps.begin(), it, it + 1);
}

// Right before exec.
template <typename T>
void move_to_end(plan::LaunchPlan& p) {
  const auto it = p.steps.begin() + static_cast<std::ptrdiff_t>(find<T>(p));
  std::rotate(it, it + 1, p.steps.end() - 1);
}

}  // namespace mutants
