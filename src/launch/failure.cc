#include "launch/failure.h"

#include <cerrno>

#include "base/text.h"
#include "plan/print.h"

namespace launch {
namespace {

using base::cat;
using base::Error;
using base::quote;

const plan::Step* find_step(const plan::LaunchPlan& plan, std::uint32_t op) {
  return op < plan.steps.size() ? &plan.steps[op] : nullptr;
}

// Callers match these words (docker: 126 and 127, podman likewise); they are runc's.
Error executable_error(const plan::LaunchPlan& plan, int err) {
  const std::string program = plan.argv.empty() ? "" : plan.argv.front();
  const std::string where = cat("exec: ", quote(program));
  if (err == ENOENT && program.find('/') == std::string::npos) {
    return Error::config(cat(where, ": executable file not found in $PATH"));
  }
  if (err == ENOENT) return Error::system(err, cat(where, ": stat ", base::escape(program)));
  return Error::system(err, where);
}

Error exec_error(const plan::LaunchPlan& plan, int err) {
  const std::string program = plan.argv.empty() ? "" : plan.argv.front();
  Error error = Error::system(err, cat("exec ", quote(program)));
  // It was there a moment ago: what is missing is what it names.
  if (err == ENOENT) return std::move(error).hint("its interpreter (ELF or #!) is missing in the root file system");
  if (err == ENOEXEC) return std::move(error).hint("it is not a program for this machine, or a script without #!");
  return error;
}

// One table for all that an errno alone does not tell.
std::string hint_for(const plan::Op& op, const init::Message& message) {
  if (const auto* mount = std::get_if<plan::NewMount>(&op)) {
    if (message.detail != 0 && message.detail <= mount->options.size()) {
      return cat("its option ", quote(mount->options[message.detail - 1]), " is refused by the kernel");
    }
  } else if (message.detail == init::kTargetOnProc) {
    return "the path leads into /proc, where only files like /proc/cpuinfo may be replaced";
  } else if (message.detail == init::kTargetIsRoot) {
    return "the path leads to the root itself";
  } else if (message.detail == init::kWrongNode) {
    return "something else is in its place in the root file system";
  }
  if (message.err == ENOSPC && std::holds_alternative<plan::NewMount>(op)) return "a limit on mounts or their memory is reached";
  if (message.err == ENOSPC && std::holds_alternative<plan::Unshare>(op)) return "a limit in /proc/sys/user is reached";
  if (message.err == EMFILE && std::holds_alternative<plan::TakeDescriptors>(op)) {
    return "the limit on open descriptors of this process is too low";
  }
  if (message.err == EPERM && std::holds_alternative<plan::NewMount>(op)) {
    return "in a user namespace a file system belongs to the owner of its namespace (proc: pid, sysfs: network)";
  }
  if (message.err == EINVAL && std::holds_alternative<plan::Attach>(op)) {
    return "a directory cannot be mounted on a file, nor a file on a directory";
  }
  if (message.err == EINVAL && std::holds_alternative<plan::Pivot>(op)) {
    return "the root of the caller is not a mount (an initramfs, or a chroot); --no-pivot may help";
  }
  if (message.err == EINVAL && std::holds_alternative<plan::Affinity>(op)) return "the container may run on none of these";
  if (message.err == E2BIG && std::holds_alternative<plan::LandlockRestrict>(op)) return "the runtime itself runs in as many domains as there can be";
  if (message.err == ENODEV && std::holds_alternative<plan::NewMount>(op)) return "this kernel has no such file system";
  if (message.err == EROFS) return "the root file system is read-only and the path is not there yet";
  if (message.err == ELOOP) return "a symbolic link is in the way, where none is followed";
  return "";
}

Error step_error(const plan::LaunchPlan& plan, const plan::Step& step, const init::Message& message) {
  if (std::holds_alternative<plan::FindExecutable>(step.op)) return executable_error(plan, message.err);
  if (std::holds_alternative<plan::Exec>(step.op)) return exec_error(plan, message.err);
  if (const auto* chdir = std::get_if<plan::Chdir>(&step.op)) {
    return Error::system(message.err, cat("chdir to cwd (", quote(chdir->path), ") set in config.json failed"));
  }
  const plan::StepText text = plan::describe(step, plan);
  const std::string what = cat(text.name, text.detail.empty() ? "" : " ", text.detail, " (", step.because, ")");
  if (message.detail == init::kMismatch && std::holds_alternative<plan::VerifyProgram>(step.op)) {
    return Error::policy(cat(what, ": it is not the file whose digest was looked at"))
        .hint("something is mounted over it, or it was changed meanwhile");
  }
  if (message.detail == init::kMismatch && !std::holds_alternative<plan::NewMount>(step.op)) {
    return Error::unsupported(cat("verification failed: ", what, ": what is in force differs from the plan"));
  }
  Error error = Error::system(message.err, what);
  std::string hint = hint_for(step.op, message);
  return hint.empty() ? error : std::move(error).hint(std::move(hint));
}

// Before init walks the plan.
Error early_error(const init::Message& message) {
  switch (message.detail) {
    case init::kNoCapabilities: return Error::system(message.err, "keep capabilities in user namespace");
    case init::kNoDescriptors: return Error::system(message.err, "pass descriptors to init");
    case init::kNoInit: return Error::system(message.err, "execute init");
    default: return Error::system(message.err, "init");
  }
}

}  // namespace

base::Error describe_failure(const plan::LaunchPlan& plan, const init::Message& message) {
  const plan::Step* step = find_step(plan, message.op);
  if (step == nullptr) return early_error(message);
  return step_error(plan, *step, message);
}

std::string describe_warning(const plan::LaunchPlan& plan, const init::Message& message) {
  const plan::Step* step = find_step(plan, message.op);
  if (step == nullptr) return base::errno_text(message.err);
  const plan::StepText text = plan::describe(*step, plan);
  if (message.detail == init::kClamped) {
    return cat(text.name, " ", text.detail, " (", step->because,
               "): above the hard limit of this process, which it may not raise; lowered to that");
  }
  return cat(text.name, text.detail.empty() ? "" : " ", text.detail, " (", step->because, "): ", base::errno_text(message.err));
}

}  // namespace launch
