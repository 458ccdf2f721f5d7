#include "cli/exec_request.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "base/text.h"
#include "kernel/file.h"
#include "oci/names.h"
#include "oci/read.h"

namespace cli {
namespace {

using base::cat;
using base::Error;

constexpr std::size_t kMaxDocument = 16U << 20;

base::Result<oci::Process> read_document(const std::string& path, const base::Log& log) {
  // O_NONBLOCK: a fifo in its place must not hang the caller.
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return Error::system(errno, "--process: open", path);
  const std::string text = TRY_IN(cat("--process: read ", base::quote(path)), kernel::read_all(fd.get(), kMaxDocument));
  std::vector<oci::Note> notes;
  oci::Process process = TRY(oci::read_process(text, &notes));
  for (const auto& note : notes) {
    const std::string told = cat("process: ", note.pointer, ": ", note.text);
    if (note.warn) {
      log.warning(told);
    } else {
      log.debug(told);
    }
  }
  return process;
}

// Never a default for what cannot be read: an id that is not one must not become 0 (CVE-2026-30892).
base::Result<std::uint32_t> parse_id(std::string_view option, std::string_view text) {
  constexpr std::uint64_t kLast = std::numeric_limits<std::uint32_t>::max() - 1;
  const auto id = base::parse_u64(text);
  if (!id || *id > kLast) return Error::usage(cat(option, ": want a number up to ", kLast, ", have ", base::quote(text)));
  return static_cast<std::uint32_t>(*id);
}

base::Result<void> set_user(oci::User& user, const std::string& text) {
  const auto colon = text.find(':');
  user.uid = TRY(parse_id("--user", std::string_view(text).substr(0, colon)));
  if (colon != std::string::npos) user.gid = TRY(parse_id("--user", std::string_view(text).substr(colon + 1)));
  return base::ok();
}

// Never inheritable (CVE-2022-29162), and ambient only what is.
void add_capabilities(oci::Process& process, const std::vector<std::string>& names, const base::Log& log) {
  if (names.empty()) return;
  if (!process.capabilities) process.capabilities.emplace();
  auto& caps = *process.capabilities;
  for (const auto& name : names) {
    const auto number = oci::capability_number(name);
    if (!number) {  // as one in config.json: to lack it is no loss of confinement
      log.warning(cat("--cap: unknown capability ", base::quote(name), ", ignored"));
      continue;
    }
    const oci::CapSet set = oci::CapSet{1} << *number;
    caps.bounding |= set;
    caps.effective |= set;
    caps.permitted |= set;
    caps.ambient |= set & caps.inheritable;
  }
}

base::Result<void> check_environment(const std::vector<std::string>& env) {
  for (const auto& entry : env) {
    const auto equals = entry.find('=');
    if (equals == std::string::npos || equals == 0) return Error::usage(cat("--env: want NAME=VALUE, have ", base::quote(entry.substr(0, equals))));
  }
  return base::ok();
}

struct Wanted {
  std::vector<std::string> controllers;  // empty: all
  std::string below;                     // clean
};

base::Result<Wanted> parse_cgroup(const std::string& text) {
  const auto colon = text.find(':');
  Wanted out;
  if (colon != std::string::npos) out.controllers = base::split(std::string_view(text).substr(0, colon), ',');
  const std::string path = colon == std::string::npos ? text : text.substr(colon + 1);
  for (const auto& part : base::split(path, '/')) {
    if (part == "..") return Error::usage(cat("--cgroup: ", base::quote(text), " leads out of the container's cgroup"));
  }
  out.below = base::clean_path("/" + path);
  return out;
}

// Whether a cgroup is found there is told by whoever opens it.
std::string below(const std::string& directory, const std::string& path) { return path == "/" ? directory : directory + path; }

}  // namespace

base::Result<oci::Process> requested_process(const ExecArgs& args, const oci::Process& own, const base::Log& log) {
  if (!args.process.empty()) {
    if (!args.command.empty()) return Error::usage("exec: --process and a command exclude each other");
    return read_document(args.process, log);
  }
  if (args.command.empty()) return Error::usage("process args cannot be empty");
  oci::Process process = own;
  process.args = args.command;
  process.terminal = false;
  process.console_size.reset();
  if (!args.cwd.empty()) process.cwd = args.cwd;
  if (!process.cwd.starts_with('/')) return Error::usage("Cwd must be an absolute path");
  if (!args.apparmor.empty()) process.apparmor_profile = args.apparmor;
  if (!args.process_label.empty()) process.selinux_label = args.process_label;
  add_capabilities(process, args.caps, log);
  TRY(check_environment(args.env));
  process.env.insert(process.env.end(), args.env.begin(), args.env.end());
  if (args.no_new_privs) process.no_new_privileges = true;
  if (!args.user.empty()) TRY(set_user(process.user, args.user));
  for (const auto& gid : args.additional_gids) process.user.additional_gids.push_back(TRY(parse_id("--additional-gids", gid)));
  return process;
}

base::Result<ExecCgroups> exec_cgroups(const container::CgroupPaths& paths, const std::vector<std::string>& wanted) {
  std::vector<Wanted> all;
  for (const auto& text : wanted) {
    auto one = TRY(parse_cgroup(text));
    for (const auto& controller : one.controllers) {
      if (!paths.contains(controller)) return Error::usage(cat("--cgroup: the container has no cgroup of controller ", base::quote(controller)));
    }
    all.push_back(std::move(one));
  }
  ExecCgroups out;
  for (const auto& [controller, directory] : paths) {
    std::string path = directory;
    for (const auto& one : all) {
      const bool meant = one.controllers.empty() || std::find(one.controllers.begin(), one.controllers.end(), controller) != one.controllers.end();
      if (meant) path = below(directory, one.below);
    }
    if (controller.empty()) {
      out.v2 = path;
    } else if (std::find(out.v1.begin(), out.v1.end(), path) == out.v1.end()) {
      out.v1.push_back(path);
    }
  }
  return out;
}

}  // namespace cli
