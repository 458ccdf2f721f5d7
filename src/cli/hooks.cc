#include "cli/hooks.h"

#include "launch/hooks.h"
#include "oci/state.h"
#include "oci/write.h"

namespace cli {
namespace {

std::string state_of(const container::Record& record, const char* status, pid_t pid) {
  oci::State state;
  state.oci_version = record.oci_version;
  state.id = record.id;
  state.pid = pid;
  state.status = status;
  state.bundle = record.bundle;
  state.annotations = record.annotations;
  return oci::write_hook_state(state);
}

}  // namespace

base::Result<void> run_create_hooks(launch::Launched& launched, const plan::LaunchPlan& plan, const container::Record& record) {
  return launched.run_hooks(plan, state_of(record, "creating", record.init.pid));
}

base::Result<void> run_poststart_hooks(const container::Record& record) {
  for (const auto& hook : record.poststart) TRY(launch::run_hook(hook, record.bundle, state_of(record, "running", record.init.pid)));
  return base::ok();
}

void run_poststop_hooks(const container::Record& record, const base::Log& log) {
  for (const auto& hook : record.poststop) {
    const auto ran = launch::run_hook(hook, record.bundle, state_of(record, "stopped", 0));
    if (!ran) log.warning(ran.error().message());
  }
}

}  // namespace cli
