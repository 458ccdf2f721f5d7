#include "launch/hooks.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "base/text.h"
#include "kernel/digest.h"
#include "kernel/hook_process.h"
#include "kernel/memfd.h"

namespace launch {
namespace {

using base::cat;
using base::Error;
using base::UniqueFd;

std::string place(std::string_view pointer, std::string_view path) { return cat("config.json: ", pointer, ": hook ", base::quote(path)); }

// One line: what the hook says may hold anything.
std::string output_text(std::string_view said) {
  while (!said.empty() && (said.back() == '\n' || said.back() == ' ')) said.remove_suffix(1);
  return said.empty() ? "" : cat(": ", base::escape(std::string(said)));
}

Error ended_badly(const std::string& where, std::uint32_t how, int value, std::string_view timeout, std::string_view said) {
  switch (how) {
    case init::kHookExited: return Error::state(cat(where, " ended with status ", value, output_text(said)));
    case init::kHookSignalled: return Error::state(cat(where, " was ended by signal ", value, output_text(said)));
    case init::kHookTimedOut: return Error::state(cat(where, ": timeout after ", timeout, " s", output_text(said)));
    case init::kHookChanged:
      return Error::policy(cat(where, " is not the file whose digest was looked at"))
          .hint("something is mounted over it, or it was changed meanwhile");
    default: break;
  }
  Error error = Error::system(value, where);
  if (value == ENOEXEC) return std::move(error).hint("it is not a program for this machine, or a script without #!");
  return error;
}

std::uint32_t detail_of(kernel::HookEnd end) {
  switch (end) {
    case kernel::HookEnd::kExited: return init::kHookExited;
    case kernel::HookEnd::kSignalled: return init::kHookSignalled;
    case kernel::HookEnd::kTimedOut: return init::kHookTimedOut;
    case kernel::HookEnd::kNotRun: break;
  }
  return init::kHookNotRun;
}

std::vector<const char*> pointers(const std::vector<std::string>& texts) {
  std::vector<const char*> out;
  for (const auto& text : texts) out.push_back(text.c_str());
  out.push_back(nullptr);
  return out;
}

// Asked before the file is read and after it: what is executed is what was read.
base::Result<void> check_digest(const oci::CheckedHook& hook, int fd, const std::string& where) {
  const auto changed = [&]() -> base::Result<timespec> {
    struct stat info {};
    if (::fstat(fd, &info) != 0) return Error::system(errno, where);
    return info.st_ctim;
  };
  const timespec before = TRY(changed());
  const std::string digest = TRY_IN(where, kernel::file_digest(fd, hook.hook.path));
  const timespec after = TRY(changed());
  const bool same = before.tv_sec == after.tv_sec && before.tv_nsec == after.tv_nsec;
  for (const auto& allowed : hook.digests) {
    if (same && digest == allowed) return base::ok();
  }
  return Error::policy(cat(where, " is ", digest, ", which is not allowed")).hint("\"hooks\" of the policy names the digests that are");
}

// What a link of procfs leads to may be of another root, or another file by now.
base::Result<void> check_program(const oci::CheckedHook& hook, const struct stat& opened, const std::string& where) {
  struct stat wanted {};
  if (::stat(hook.program.c_str(), &wanted) == 0 && wanted.st_dev == opened.st_dev && wanted.st_ino == opened.st_ino) return base::ok();
  return Error::policy(cat(where, " is not the file ", base::quote(hook.program), ", which is allowed"));
}

}  // namespace

base::Result<UniqueFd> open_hook(const oci::CheckedHook& hook) {
  const std::string where = place(hook.pointer, hook.hook.path);
  UniqueFd fd(::open(hook.hook.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return Error::system(errno, where);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return Error::system(errno, where);
  if (!S_ISREG(info.st_mode)) return Error::config(cat(where, " is not a regular file"));
  if (!hook.program.empty()) TRY(check_program(hook, info, where));
  if (!hook.digests.empty()) TRY(check_digest(hook, fd.get(), where));
  return fd;
}

base::Result<void> check_hooks(const plan::LaunchPlan& plan) {
  const auto check = [](const oci::CheckedHook& hook) -> base::Result<void> {
    if (!hook.digests.empty() || !hook.program.empty()) TRY(open_hook(hook));
    return base::ok();
  };
  for (const auto& step : plan.steps) {
    if (const auto* told = std::get_if<plan::RuntimeHook>(&step.op)) TRY(check(told->hook));
    const auto* run = std::get_if<plan::RunHook>(&step.op);
    if (run != nullptr && run->program.valid()) TRY(check(run->hook));
  }
  for (const auto* hooks : {&plan.poststart, &plan.poststop}) {
    for (const auto& hook : *hooks) TRY(check(hook));
  }
  return base::ok();
}

base::Result<void> run_hook(const oci::CheckedHook& hook, const std::string& directory, std::string_view state) {
  const std::string where = place(hook.pointer, hook.hook.path);
  const UniqueFd input = TRY_IN(where, kernel::sealed_memfd("state", state, false));
  if (::lseek(input.get(), 0, SEEK_SET) != 0) return Error::system(errno, where);
  const UniqueFd program = TRY(open_hook(hook));
  const std::vector<std::string> only_path{hook.hook.path};
  const auto argv = pointers(hook.hook.args.empty() ? only_path : hook.hook.args);
  const auto envp = pointers(hook.hook.env);  // and nothing of this process's own (CVE-2025-23266)
  struct stat info {};
  const auto process = std::make_unique<kernel::HookProcess>();
  process->program = program.get();
  process->script = kernel::is_script(program.get());
  process->argv = argv.data();
  process->envp = envp.data();
  process->input = input.get();
  process->directory = ::stat(directory.c_str(), &info) == 0 ? directory.c_str() : "/";
  process->timeout = static_cast<std::uint64_t>(hook.hook.timeout.value_or(0));
  kernel::run_hook(*process);
  if (process->end == kernel::HookEnd::kExited && process->value == 0) return base::ok();
  return ended_badly(where, detail_of(process->end), process->value, std::to_string(process->timeout), {process->output, process->said});
}

Error hook_failure(const init::Message& message, std::string_view text) {
  std::string_view parts[3];
  for (auto& part : parts) {
    part = text.substr(0, text.find('\0'));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
  }
  const auto& [pointer, path, timeout] = parts;
  return ended_badly(place(pointer, path), message.detail, message.err, timeout, text);
}

Error receive_hook_failure(const init::Message& message, int socket) {
  std::string text(init::kMaxHookText, '\0');
  ssize_t n;
  do {
    n = ::recv(socket, text.data(), text.size(), 0);
    // ECONNRESET, once: init has gone without reading all that was sent to it; what it said before is still to be had.
  } while (n < 0 && (errno == EINTR || errno == ECONNRESET));
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return hook_failure(message, text);
}

}  // namespace launch
