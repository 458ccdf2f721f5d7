// Who the process is: bounding set and groups while privileged, then the user, then the capability sets, then the
// working directory and the program as that user sees them, then no_new_privs, then all of it read back.

#include <linux/capability.h>

#include "oci/names.h"
#include "plan/builder.h"

namespace plan {
namespace {

oci::Capabilities only(const oci::Capabilities& caps, oci::CapSet possible) {
  return {caps.bounding & possible, caps.effective & possible, caps.inheritable & possible, caps.permitted & possible,
          caps.ambient & possible};
}

// In a user namespace init has every capability; elsewhere only what the runtime itself was given.
oci::Capabilities possible_caps(Builder& b) {
  const oci::Capabilities wanted = b.spec.process->capabilities.value_or(oci::Capabilities{});
  if (b.in_userns()) return wanted;
  const oci::Capabilities possible = only(wanted, b.facts.effective_caps);
  const oci::CapSet lost = (wanted.bounding | wanted.permitted) & ~(possible.bounding | possible.permitted);
  if (lost != 0) {
    b.plan.warnings.push_back(base::cat("config.json: /process/capabilities: this runtime was not given ",
                                        base::join(oci::capability_list(lost), ", "), " and cannot pass it on"));
  }
  return possible;
}

// An ambient capability must be permitted and inheritable (capabilities(7)); what is not cannot be raised, and engines
// ask for it all the same.
oci::Capabilities settable_ambient(Builder& b, oci::Capabilities caps) {
  const oci::CapSet lost = caps.ambient & ~(caps.permitted & caps.inheritable);
  if (lost == 0) return caps;
  b.plan.warnings.push_back(base::cat("config.json: /process/capabilities/ambient: not permitted and inheritable, and so not set: ",
                                      base::join(oci::capability_list(lost), ", ")));
  caps.ambient &= ~lost;
  return caps;
}

// The filter is the last thing before execve. Without no_new_privs loading it takes CAP_SYS_ADMIN, so that is kept
// until then; execve computes the new sets from the bounding, inheritable and ambient sets alone, never from the
// permitted set (capabilities(7), "Transformation of capabilities during execve"), and so drops it.
oci::Capabilities caps_until_exec(const Builder& b, oci::Capabilities caps) {
  const bool filter = b.spec.linux.seccomp.has_value() || !b.hardened.seccomp_policies().empty();
  if (filter && !b.spec.process->no_new_privileges) {
    caps.effective |= 1ULL << CAP_SYS_ADMIN;
    caps.permitted |= 1ULL << CAP_SYS_ADMIN;
  }
  return caps;
}

std::string env_value(const std::vector<std::string>& env, std::string_view name) {
  std::string value;
  for (const auto& entry : env) {
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=') {
      value = entry.substr(name.size() + 1);
    }
  }
  return value;
}

// execvp(3) in the container, with the container's PATH.
std::vector<std::string> candidates(const oci::Process& process) {
  const std::string& program = process.args.front();
  if (program.find('/') != std::string::npos) return {program};
  std::string path = env_value(process.env, "PATH");
  if (path.empty()) path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  std::vector<std::string> out;
  for (const auto& directory : base::split(path, ':')) {
    out.push_back((directory.empty() ? "." : directory) + "/" + program);
  }
  return out;
}

}  // namespace

base::Result<void> plan_identity(Builder& b) {
  const oci::Process& process = *b.spec.process;
  const oci::User& user = process.user;
  const oci::Capabilities caps = caps_until_exec(b, settable_ambient(b, possible_caps(b)));
  const std::string cwd = clean_path(process.cwd);
  if (process.args.empty() || process.args.front().empty()) {
    return base::Error::config("config.json: /process/args: want a program, have nothing");
  }

  b.add(OwnStdio{user.uid}, "/process/user/uid");
  b.add(Chdir{cwd, true}, "/process/cwd");
  plan_landlock(b);  // entered with CAP_SYS_ADMIN, so with or without no_new_privs; the standard streams are what they stay
  b.add(Bounding{caps.bounding, b.facts.cap_last_cap}, "/process/capabilities/bounding");
  b.add(Identity{user.uid, user.gid, user.additional_gids}, "/process/user");
  const harden::ProcessLocks& locks = b.hardened.locks();
  const std::string locked_by = base::cat("policy ", b.plan.policy_name);
  b.add(SetCaps{caps, locks.secure_bits}, "/process/capabilities");
  b.add(Umask{user.umask.value_or(022)}, "/process/user/umask");
  b.add(Chdir{cwd, false}, "/process/cwd");
  if (b.options.program.empty()) b.add(FindExecutable{candidates(process)}, "/process/args/0");
  if (process.no_new_privileges) b.add(NoNewPrivs{}, "/process/noNewPrivileges");
  if (locks.deny_write_execute) b.add(DenyWriteExecute{}, locked_by);
  if (locks.core_scheduling && b.created == nullptr) b.add(CoreScheduling{}, locked_by);
  if (locks.speculation != 0) b.add(Speculation{locks.speculation}, locked_by);
  b.add(NotDumpable{}, "runtime: nothing of init can be read until the program is in place");

  b.add(VerifyIdentity{user.uid, user.gid, user.additional_gids}, "/process/user");
  b.add(VerifyCaps{caps}, "/process/capabilities");
  if (process.no_new_privileges) b.add(VerifyNoNewPrivs{}, "/process/noNewPrivileges");
  const auto verify = verification(locks);
  if (verify != VerifyLocks{}) b.add(verify, locked_by);
  b.add(VerifyCwd{}, "/process/cwd");
  if (!b.options.program.empty()) return base::ok();  // the runtime's own is executed instead
  for (const auto& file : b.hardened.program()) b.add(VerifyProgram{file.path, file.name, file.device, file.inode, file.changed}, locked_by);
  return base::ok();
}

}  // namespace plan
