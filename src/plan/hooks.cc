// config.json's hooks, where they come in the recipe: prestart, createRuntime and createContainer when all is mounted and
// the host is still in sight, startContainer when the program is to start. The others run without init.

#include "plan/builder.h"

namespace plan {
namespace {

bool is_runtimes(const oci::CheckedHook& hook) { return hook.kind == "prestart" || hook.kind == "createRuntime"; }
bool is_before_pivot(const oci::CheckedHook& hook) { return is_runtimes(hook) || hook.kind == "createContainer"; }

// The probe is not the container: what its hooks would do is done for nobody.
bool are_run(const Builder& b) { return b.options.program.empty(); }

oci::HookStateParts state_of(const Builder& b, const char* status) {
  oci::State state;
  state.oci_version = b.spec.oci_version;
  state.id = b.plan.id;
  state.status = status;
  state.bundle = b.plan.bundle;
  state.annotations = b.spec.annotations;
  return oci::write_hook_state_around_pid(std::move(state));
}

}  // namespace

bool has_hooks_before_pivot(const Builder& b) {
  if (!are_run(b)) return false;
  for (const auto& hook : b.hardened.hooks()) {
    if (is_before_pivot(hook)) return true;
  }
  return false;
}

bool has_hooks(const LaunchPlan& plan) {
  for (const auto& step : plan.steps) {
    if (std::holds_alternative<RuntimeHook>(step.op) || std::holds_alternative<RunHook>(step.op)) return true;
  }
  return false;
}

base::Result<void> plan_hooks_before_pivot(Builder& b) {
  if (!has_hooks_before_pivot(b)) return base::ok();
  for (const auto& hook : b.hardened.hooks()) {
    if (is_before_pivot(hook) && !b.is_new(CLONE_NEWNS)) {
      return base::Error::unsupported(base::cat("config.json: ", hook.pointer, ": hooks of this kind are not supported in a mount namespace that is joined"));
    }
    if (is_runtimes(hook)) b.add(RuntimeHook{hook}, hook.pointer);
    if (hook.kind == "createContainer") {
      b.add(RunHook{.hook = hook, .program = b.add_fd(HookFile{hook}, hook.pointer), .state = state_of(b, "creating")}, hook.pointer);
    }
  }
  plan_pivot(b);
  return base::ok();
}

base::Result<void> plan_start_hooks(Builder& b) {
  if (!are_run(b)) return base::ok();
  for (const auto& hook : b.hardened.hooks()) {
    if (hook.kind == "poststart") b.plan.poststart.push_back(hook);
    if (hook.kind == "poststop") b.plan.poststop.push_back(hook);
    if (hook.kind != "startContainer") continue;
    RunHook run{.hook = hook, .program = {}, .state = state_of(b, "created"), .confined = !b.plan.seccomp.code.empty(), .filter_flags = b.plan.seccomp.flags};
    run.by_path = TRY_IN(base::cat("config.json: ", hook.pointer), only_by_path(b, "hook"));
    if (const auto* file = b.hardened.hook_file(hook.pointer)) {
      run.device = file->device;
      run.inode = file->inode;
      run.changed = file->changed;
    }
    b.add(std::move(run), hook.pointer);
  }
  return base::ok();
}

}  // namespace plan
