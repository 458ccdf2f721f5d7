#include "cli/options.h"

#include <array>
#include <limits>

#include "base/text.h"

namespace cli {
namespace {

template <typename T>
struct MemberOf;
template <typename Class, typename Type>
struct MemberOf<Type Class::*> {
  using Owner = Class;
};

template <typename Owner>
Owner* owner(CommandLine& line) {
  if constexpr (std::is_same_v<Owner, GlobalArgs>) {
    return &line.global;
  } else {
    return std::get_if<Owner>(&line.args);
  }
}

base::Result<void> assign(std::string& to, const std::string& value) {
  to = value;
  return base::ok();
}

base::Result<void> assign(bool& to, const std::string& value) {
  to = value == "true";
  return base::ok();
}

base::Result<void> assign(std::uint32_t& to, const std::string& value) {
  const auto number = base::parse_u64(value);
  if (!number || *number > std::numeric_limits<std::uint32_t>::max()) {
    return base::Error::usage(base::cat("want a number, have ", base::quote(value)));
  }
  to = static_cast<std::uint32_t>(*number);
  return base::ok();
}

base::Result<void> assign(std::vector<std::string>& to, const std::string& value) {
  to.push_back(value);
  return base::ok();
}

base::Result<void> assign(OutputFormat& to, const std::string& value) {
  to = value == "json" ? OutputFormat::kJson : OutputFormat::kText;
  return base::ok();
}

base::Result<void> assign(std::optional<OutputFormat>& to, const std::string& value) { return assign(to.emplace(), value); }

base::Result<void> assign(base::LogFormat& to, const std::string& value) {
  to = value == "json" ? base::LogFormat::kJson : base::LogFormat::kText;
  return base::ok();
}

// Sets one member of GlobalArgs or of the verb's own struct.
template <auto Member>
base::Result<void> set(CommandLine& line, const std::string& value) {
  auto* args = owner<typename MemberOf<decltype(Member)>::Owner>(line);
  return assign(args->*Member, value);
}

// --help and --version are asked about, not stored.
base::Result<void> ignore(CommandLine&, const std::string&) { return base::ok(); }

constexpr OptionSpec kHelp = {"help", 'h', "", "show this help", ignore};
constexpr std::string_view kPolicyHelp = "hardening policy: the name of a built-in one, or a file";
constexpr std::string_view kPolicyDirHelp = "directory of the node's policies: policy.json and policy.d";
constexpr OptionSpec kPolicyDir = {"policy-dir", 0, "DIR", kPolicyDirHelp, set<&GlobalArgs::policy_dir>};
constexpr OptionSpec kPolicy = {"policy", 0, "POLICY", kPolicyHelp, set<&GlobalArgs::policy>};

constexpr std::array kGlobal = {
    OptionSpec{"root", 0, "DIR", "where the state of containers is kept", set<&GlobalArgs::root>},
    OptionSpec{"log", 0, "FILE", "append the error, if any, to this file too", set<&GlobalArgs::log>},
    OptionSpec{"log-format", 0, "text|json", "format of the log file", set<&GlobalArgs::log_format>},
    OptionSpec{"debug", 0, "", "log what is done as well", set<&GlobalArgs::debug>},
    kPolicy,
    kPolicyDir,
    OptionSpec{"systemd-cgroup", 0, "", "have systemd make the cgroup (not supported yet)",
               set<&GlobalArgs::systemd_cgroup>},
    OptionSpec{"rootless", 0, "true|false|auto", "accepted for callers of runc", set<&GlobalArgs::rootless>},
    OptionSpec{"criu", 0, "PATH", "accepted for callers of runc, ignored", set<&GlobalArgs::criu>},
    OptionSpec{"version", 'v', "", "show the version", ignore},
    kHelp,
};

constexpr OptionSpec kBundle = {"bundle", 'b', "DIR", "directory with config.json (default: the current one)",
                                set<&CreateArgs::bundle>};
constexpr OptionSpec kPidFile = {"pid-file", 0, "FILE", "write the pid of the container's init to this file",
                                 set<&CreateArgs::pid_file>};
constexpr OptionSpec kConsoleSocket = {"console-socket", 0, "SOCKET",
                                       "send the terminal's descriptor to this unix socket (not supported yet)",
                                       set<&CreateArgs::console_socket>};
constexpr OptionSpec kPidfdSocket = {"pidfd-socket", 0, "SOCKET",
                                     "send a pidfd of init to this unix socket (not supported yet)",
                                     set<&CreateArgs::pidfd_socket>};
constexpr OptionSpec kNoPivot = {"no-pivot", 0, "", "do not use pivot_root(2), for a root on a ramdisk",
                                 set<&CreateArgs::no_pivot>};
constexpr OptionSpec kNoNewKeyring = {"no-new-keyring", 0, "", "keep the session keyring of the caller",
                                      set<&CreateArgs::no_new_keyring>};
constexpr OptionSpec kPreserveFds = {"preserve-fds", 0, "N", "pass descriptors 3 to 2+N to the container",
                                     set<&CreateArgs::preserve_fds>};

constexpr std::array kCreate = {
    kBundle,
    kPidFile,
    kConsoleSocket,
    kPidfdSocket,
    kNoPivot,
    kNoNewKeyring,
    kPreserveFds,
    OptionSpec{"detach", 'd', "", "accepted for callers of runc: create always detaches", set<&CreateArgs::detach>},
    OptionSpec{"no-subreaper", 0, "", "accepted for callers of runc", set<&CreateArgs::no_subreaper>},
    kPolicy,
    kHelp,
};

constexpr std::array kRun = {
    kBundle,
    kPidFile,
    kConsoleSocket,
    kPidfdSocket,
    kNoPivot,
    kNoNewKeyring,
    kPreserveFds,
    OptionSpec{"detach", 'd', "", "return as soon as the container's program runs", set<&CreateArgs::detach>},
    OptionSpec{"keep", 0, "", "leave the container for `delete` after it has exited", set<&CreateArgs::keep>},
    OptionSpec{"no-subreaper", 0, "", "do not adopt the container's orphans", set<&CreateArgs::no_subreaper>},
    kPolicy,
    kHelp,
};

constexpr std::array kExec = {
    OptionSpec{"process", 'p', "FILE", "what to run, as a process document, and not as the options say", set<&ExecArgs::process>},
    OptionSpec{"cwd", 0, "DIR", "working directory in the container", set<&ExecArgs::cwd>},
    OptionSpec{"env", 'e', "NAME=VALUE", "set a variable; may be repeated", set<&ExecArgs::env>},
    OptionSpec{"user", 'u', "UID[:GID]", "as whom, by the container's ids", set<&ExecArgs::user>},
    OptionSpec{"additional-gids", 'g', "GID", "one more group; may be repeated", set<&ExecArgs::additional_gids>},
    OptionSpec{"cap", 'c', "CAPABILITY", "one more capability, as far as the policy leaves it; may be repeated", set<&ExecArgs::caps>},
    OptionSpec{"no-new-privs", 0, "", "set no_new_privs", set<&ExecArgs::no_new_privs>},
    OptionSpec{"process-label", 0, "LABEL", "SELinux label", set<&ExecArgs::process_label>},
    OptionSpec{"apparmor", 0, "PROFILE", "AppArmor profile", set<&ExecArgs::apparmor>},
    OptionSpec{"detach", 'd', "", "return as soon as the program runs", set<&ExecArgs::detach>},
    OptionSpec{"pid-file", 0, "FILE", "write the pid of the program to this file", set<&ExecArgs::pid_file>},
    OptionSpec{"preserve-fds", 0, "N", "pass descriptors 3 to 2+N to the program", set<&ExecArgs::preserve_fds>},
    OptionSpec{"ignore-paused", 0, "", "in a paused container: it begins when that is resumed", set<&ExecArgs::ignore_paused>},
    OptionSpec{"cgroup", 0, "[CONTROLLER,...:]PATH", "a cgroup below the container's own; may be repeated", set<&ExecArgs::cgroups>},
    OptionSpec{"tty", 't', "", "with a terminal (not supported yet)", set<&ExecArgs::tty>},
    OptionSpec{"console-socket", 0, "SOCKET", "send the terminal's descriptor to this unix socket (not supported yet)",
               set<&ExecArgs::console_socket>},
    OptionSpec{"pidfd-socket", 0, "SOCKET", "send a pidfd of the program to this unix socket (not supported yet)",
               set<&ExecArgs::pidfd_socket>},
    kHelp,
};

constexpr std::array kOnlyHelp = {kHelp};

constexpr std::array kKill = {
    OptionSpec{"all", 'a', "", "signal every process of the container", set<&KillArgs::all>},
    kHelp,
};

constexpr std::array kDelete = {
    OptionSpec{"force", 'f', "", "kill it first if it runs; an unknown container is no error", set<&DeleteArgs::force>},
    kHelp,
};

constexpr std::array kList = {
    OptionSpec{"format", 'f', "table|json", "how to print", set<&ListArgs::format>},
    OptionSpec{"quiet", 'q', "", "print only the ids", set<&ListArgs::quiet>},
    kHelp,
};

constexpr std::array kSpec = {
    OptionSpec{"bundle", 'b', "DIR", "where to write it (default: the current directory)", set<&SpecArgs::bundle>},
    OptionSpec{"rootless", 0, "", "for a user without privileges", set<&SpecArgs::rootless>},
    kHelp,
};

constexpr std::array kExplain = {
    OptionSpec{"bundle", 'b', "DIR", "directory with config.json (default: the current one)",
               set<&ExplainArgs::bundle>},
    OptionSpec{"format", 'f', "text|json", "how to print", set<&ExplainArgs::format>},
    OptionSpec{"id", 0, "CONTAINER", "what was decided when this container was created", set<&ExplainArgs::id>},
    kPolicy,
    kHelp,
};

constexpr std::array kProbe = {
    OptionSpec{"bundle", 'b', "DIR", "directory with config.json (default: the current one)", set<&ProbeArgs::bundle>},
    OptionSpec{"format", 'f', "text|json", "how to print", set<&ProbeArgs::format>},
    OptionSpec{"id", 0, "CONTAINER", "try it in this container, which runs", set<&ProbeArgs::id>},
    OptionSpec{"program", 0, "FILE", "run this static program, and not the installed probe", set<&ProbeArgs::program>},
    kPolicy,
    kHelp,
};

constexpr std::array kPolicyVerb = {
    OptionSpec{"format", 'f', "text|json", "how to print", set<&PolicyArgs::format>},
    OptionSpec{"bundle", 'b', "DIR", "for why, diff, render and explain: directory with config.json", set<&PolicyArgs::bundle>},
    OptionSpec{"fail-on-widening", 0, "", "for diff: exit 2 if NEW leaves anything that OLD does not",
               set<&PolicyArgs::fail_on_widening>},
    OptionSpec{"id", 0, "CONTAINER", "for render: the id that the container will have; for explain: as of `explain`", set<&PolicyArgs::id>},
    OptionSpec{"strict", 0, "", "for render: exit 2 if anything cannot be expressed", set<&PolicyArgs::strict>},
    kPolicy,
    kHelp,
};

template <typename Args>
VerbArgs make() {
  return Args{};
}
VerbArgs make_none() { return std::monostate{}; }

template <typename Args>
void set_id(VerbArgs& args, std::span<const std::string> operands) {
  std::get_if<Args>(&args)->id = operands[0];
}

void set_kill(VerbArgs& args, std::span<const std::string> operands) {
  set_id<KillArgs>(args, operands);
  if (operands.size() > 1) std::get_if<KillArgs>(&args)->signal = operands[1];
}

void set_exec(VerbArgs& args, std::span<const std::string> operands) {
  set_id<ExecArgs>(args, operands);
  std::get_if<ExecArgs>(&args)->command.assign(operands.begin() + 1, operands.end());
}

void set_policy(VerbArgs& args, std::span<const std::string> operands) {
  auto& policy = *std::get_if<PolicyArgs>(&args);
  policy.action = operands[0];
  policy.operands.assign(operands.begin() + 1, operands.end());
}

void set_nothing(VerbArgs&, std::span<const std::string>) {}

constexpr VerbSpec not_yet(std::string_view name, std::string_view summary) {
  return {name,        "",
          0,           kAnyNumber,
          summary,     "",
          kOnlyHelp,   make_none,
          set_nothing, Support::kNotYet};
}

constexpr std::array kVerbs = {
    VerbSpec{"create", "CONTAINER", 1, 1, "make a container that waits for `start`",
             "Reads config.json of the bundle, hardens it with the policy, and sets the container up.", kCreate,
             make<CreateArgs>, set_id<CreateArgs>},
    VerbSpec{"start", "CONTAINER", 1, 1, "start the program of a created container", "", kOnlyHelp, make<StartArgs>,
             set_id<StartArgs>},
    VerbSpec{"run", "CONTAINER", 1, 1, "create and start a container, and wait for it",
             "The exit code is that of the container's program, or 128 plus the signal that killed it.", kRun,
             make<CreateArgs>, set_id<CreateArgs>},
    VerbSpec{"exec", "CONTAINER [COMMAND [ARGUMENT]...]", 1, kAnyNumber, "run another program in a container",
             "Under the policy that the container was made with, and what has come to the node's since. Options go before\n"
             "the container. The exit code is that of the program, or 128 plus the signal that killed it; or 255.",
             kExec, make<ExecArgs>, set_exec},
    VerbSpec{"state", "CONTAINER", 1, 1, "print the state of a container as JSON", "", kOnlyHelp, make<StateArgs>,
             set_id<StateArgs>},
    VerbSpec{"kill", "CONTAINER [SIGNAL]", 1, 2, "send a signal to a container's init",
             "SIGNAL is a number or a name, as 9, KILL or SIGKILL; SIGTERM if absent.", kKill, make<KillArgs>,
             set_kill},
    VerbSpec{"delete", "CONTAINER", 1, 1, "remove what is left of a container",
             "The container must be stopped, or created and not started: then it is killed.", kDelete, make<DeleteArgs>,
             set_id<DeleteArgs>},
    VerbSpec{"list", "", 0, 0, "list the containers", "", kList, make<ListArgs>, set_nothing},
    VerbSpec{"explain", "", 0, 0, "show how a bundle would be hardened and run, and why",
             "Changes nothing and needs no privileges.", kExplain, make<ExplainArgs>, set_nothing},
    VerbSpec{"probe", "", 0, 0, "try from inside what a container must not be able to do",
             "Makes the container of a bundle, runs a probe in place of its program, and compares what it finds with what\n"
             "follows from the plan. Nothing of the container is left. With --id: runs the probe in a container that is\n"
             "there, as `exec` would. The exit code is 2 if anything differs.",
             kProbe, make<ProbeArgs>, set_nothing},
    VerbSpec{"policy", "ACTION [ARGUMENT]...", 1, kAnyNumber,
             "list, show, check, compare and test hardening policies",
             "list           the node's and the built-in policies\n"
             "show NAME      the file of one\n"
             "lint FILE...   what is wrong with files; exits with 2 if bulkhead would refuse one\n"
             "diff OLD NEW   control by control\n"
             "why [WHAT]     what holds for a control or syscall:NAME, and where it is written\n"
             "explain        as `explain`\n"
             "render         the effective config.json of a bundle, for other runtimes\n"
             "test FILE...   the tests in files; exits with 2 if one fails\n"
             "schema         the JSON Schema of a policy file, for editors\n"
             "Changes nothing and needs no privileges.",
             kPolicyVerb, make<PolicyArgs>, set_policy, Support::kYes, true},
    VerbSpec{"spec", "", 0, 0, "write a config.json to start from", "", kSpec, make<SpecArgs>, set_nothing},
    VerbSpec{"features", "", 0, 0, "print what this runtime supports as JSON", "", kOnlyHelp, make<FeaturesArgs>,
             set_nothing},
    not_yet("pause", "freeze a container"),
    not_yet("resume", "thaw a container"),
    not_yet("ps", "list the processes of a container"),
    not_yet("update", "change the resource limits of a container"),
    not_yet("events", "show a container's statistics and out-of-memory events"),
    not_yet("checkpoint", "save a running container"),
    not_yet("restore", "run a saved container"),
};

}  // namespace

std::span<const OptionSpec> global_options() { return kGlobal; }

std::span<const VerbSpec> verbs() { return kVerbs; }

const VerbSpec* find_verb(std::string_view name) {
  for (const auto& verb : kVerbs) {
    if (verb.name == name) return &verb;
  }
  return nullptr;
}

}  // namespace cli
