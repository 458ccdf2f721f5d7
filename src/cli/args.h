// The command line as plain values. parse_command_line() is pure but for getcwd(3) and getenv(3), and
// args.cc is the only file that knows getopt_long(3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/log.h"
#include "base/result.h"

namespace cli {

enum class OutputFormat { kText, kJson };

// Options before the verb.
struct GlobalArgs {
  std::string program = "bulkhead";  // "runc" when invoked under that name
  std::string root;                  // state root, absolute: --root or the default
  bool root_explicit = false;
  std::string log;
  base::LogFormat log_format = base::LogFormat::kText;
  bool debug = false;
  std::string policy;  // name or file, given before or after the verb; empty: the default policy
  std::string policy_dir = "/etc/bulkhead";
  bool policy_dir_given = false;  // then it must be there
  bool systemd_cgroup = false;
  std::string rootless = "auto";  // true, false or auto
  std::string criu;               // accepted, ignored
};

struct CreateArgs {  // of create and of run
  std::string id;
  std::string bundle;  // empty: the current directory
  std::string pid_file;
  std::string console_socket;
  std::string pidfd_socket;
  std::uint32_t preserve_fds = 0;
  bool no_pivot = false;
  bool no_new_keyring = false;
  bool detach = false;  // create: accepted, means nothing
  bool keep = false;    // run: leave the stopped container for `delete`
  bool no_subreaper = false;
};

struct ExecArgs {
  std::string id;
  std::vector<std::string> command;  // with its arguments; empty: that of `process`
  std::string process;               // file with a process document
  std::string cwd;
  std::vector<std::string> env;      // "NAME=VALUE"
  std::string user;                  // "UID[:GID]", not yet looked at
  std::vector<std::string> additional_gids, caps, cgroups;
  bool no_new_privs = false;
  std::string process_label, apparmor;
  bool detach = false;
  std::string pid_file;
  std::uint32_t preserve_fds = 0;
  bool ignore_paused = false;
  bool tty = false;
  std::string console_socket, pidfd_socket;
};

struct StartArgs {
  std::string id;
};

struct StateArgs {
  std::string id;
};

struct KillArgs {
  std::string id;
  std::string signal = "SIGTERM";  // name or number, not yet looked at
  bool all = false;
};

struct DeleteArgs {
  std::string id;
  bool force = false;
};

struct ListArgs {
  OutputFormat format = OutputFormat::kText;  // kText is runc's "table"
  bool quiet = false;
};

struct SpecArgs {
  std::string bundle;  // empty: the current directory
  bool rootless = false;
};

struct FeaturesArgs {};

struct ExplainArgs {
  std::string bundle;  // empty: the current directory
  std::string id;      // of a container that exists, and not a bundle; empty: none
  OutputFormat format = OutputFormat::kText;
};

struct ProbeArgs {
  std::string bundle;   // empty: the current directory
  std::string id;       // of a container that runs, and not a bundle; empty: none
  std::string program;  // empty: the installed one
  OutputFormat format = OutputFormat::kText;
};

struct PolicyArgs {
  std::string action;                // "list", "show" …, not yet looked at
  std::vector<std::string> operands;
  std::optional<OutputFormat> format;
  std::string bundle;  // empty: none
  bool fail_on_widening = false;
  std::string id;       // of the container, for render and explain; empty: none
  bool strict = false;
};

using VerbArgs = std::variant<std::monostate, CreateArgs, StartArgs, StateArgs, KillArgs, DeleteArgs, ListArgs,
                              SpecArgs, FeaturesArgs, ExplainArgs, ProbeArgs, PolicyArgs, ExecArgs>;

struct VerbSpec;  // options.h

// What one invocation asks for: exactly one of `error`, `text` and `verb`.
struct CommandLine {
  GlobalArgs global;  // valid in every case: --log is known even when the verb's options are wrong
  std::optional<base::Error> error;
  int exit_code = 0;                // of `error`
  std::optional<std::string> text;  // --help, --version: print this
  const VerbSpec* verb = nullptr;
  VerbArgs args;
};

// `argv` with argv[0]. Never throws.
CommandLine parse_command_line(const std::vector<std::string>& argv);

}  // namespace cli
