// From a bundle and a policy to a plan: what create, run and explain have in common. Reads only.
#pragma once

#include <string>

#include "base/log.h"
#include "base/result.h"
#include "cli/args.h"
#include "cli/select.h"
#include "harden/harden.h"
#include "plan/plan.h"
#include "predict/host.h"

namespace cli {

// What becomes of a container that the policy refuses, beside the error.
enum class Refusals { kTell, kLog };

struct PrepareRequest {
  std::string id;
  std::string bundle;  // empty: the current directory
  bool gate = true;
  bool no_pivot = false;
  bool no_new_keyring = false;
  std::uint32_t preserve_fds = 0;
  std::string program;  // of `probe`: executed in place of the container's
  // Set after a first try failed on it: this root cannot be idmapped after all, and why.
  std::string remap_unable;
  Refusals refusals = Refusals::kTell;
};

struct Prepared {
  Selected selected;
  harden::Outcome outcome;
  plan::LaunchPlan plan;
  bool remapped = false;  // the plan relies on an idmapped root
  predict::Host host;     // for `probe` only
};

base::Result<Prepared> prepare(const GlobalArgs& global, const PrepareRequest& request, const base::Log& log);

}  // namespace cli
