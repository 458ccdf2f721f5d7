// What the two ways to probe have in common: in a container that is made for it, and in one that runs.
#pragma once

#include <string>

#include "base/log.h"
#include "base/result.h"
#include "cli/args.h"
#include "cli/capture.h"
#include "kernel/proc.h"
#include "predict/predict.h"

namespace cli {

// Each attempt has ten seconds; all of them together take less than one, where nothing hangs.
inline constexpr int kMostMilliseconds = 120'000;

// The installed probe, or `given`. Errors: it cannot be trusted, or is not there.
base::Result<std::string> find_probe(const std::string& given);

// Puts the caller's streams back. What the probe wrote, against what was expected; `status`: how it ended.
base::Result<predict::Report> compare_output(Capture& capture, const kernel::ExitStatus& status, const predict::Expectations& expected,
                                             const predict::Host& host, const base::Log& log);

base::Result<predict::Report> probe_running(const GlobalArgs& global, const ProbeArgs& args, const base::Log& log);

}  // namespace cli
