// Errors of what a policy, and not config.json, has asked for.
#pragma once

#include "base/result.h"
#include "harden/decision.h"

namespace cli {

// What a plan cannot do here (unsupported), "config.json: /linux/resources/pids/limit: …", with a hint that names the rule
// that has set it, if one has; any other error as it is.
base::Error cite_rule(base::Error error, const harden::Decisions& decisions);

}  // namespace cli
