// What must hold of every plan, whatever made it: checked in production before anything is done, so that a mistake
// in a recipe refuses to start a container instead of starting it unconfined.
#pragma once

#include "base/result.h"
#include "harden/harden.h"
#include "plan/plan.h"

namespace plan {

// Error: kind unsupported, "plan invariant NAME: …".
base::Result<void> check_invariants(const LaunchPlan& plan, const harden::Hardened& hardened);

// Where the steps of each kind are in a plan.
class Order;

// The invariants by name, one function each, for tests that show each can fail.
struct Invariant {
  const char* name;
  bool (*check)(const LaunchPlan& plan, const harden::Hardened& hardened, const Order& at);
  bool holds(const LaunchPlan& plan, const harden::Hardened& hardened) const;
};
// Of the recipe of exec, by what its container was made of (`created`).
struct ExecInvariant {
  const char* name;
  bool (*check)(const LaunchPlan& plan, const harden::Hardened& hardened, const LaunchPlan& created, const Order& at);
  bool holds(const LaunchPlan& plan, const harden::Hardened& hardened, const LaunchPlan& created) const;
};
extern const ExecInvariant kExecInvariants[];
extern const std::size_t kExecInvariantCount;
base::Result<void> check_exec_invariants(const LaunchPlan& plan, const harden::Hardened& hardened, const LaunchPlan& created);

extern const Invariant kInvariants[];
extern const std::size_t kInvariantCount;

}  // namespace plan
