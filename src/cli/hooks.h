// The hooks that are run beside init's work: by create and run, start, delete, each with what the runtime-spec has it told.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "cli/prepare.h"
#include "container/record.h"
#include "launch/launch.h"

namespace cli {

// prestart and createRuntime, for which init waits.
base::Result<void> run_create_hooks(launch::Launched& launched, const plan::LaunchPlan& plan, const container::Record& record);

// The program runs. The first that fails is the error, upon which the container is to be stopped (runtime-spec, "Lifecycle").
base::Result<void> run_poststart_hooks(const container::Record& record);

// Nothing is left of the container. Each is run, whatever became of those before it, and what fails is only told.
void run_poststop_hooks(const container::Record& record, const base::Log& log);

}  // namespace cli
