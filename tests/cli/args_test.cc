#include "cli/args.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <climits>
#include <sstream>

#include "cli/help.h"
#include "cli/options.h"
#include "cli/version.h"

namespace cli {
namespace {

CommandLine parse(const std::string& words, const std::string& program = "/usr/sbin/bulkhead") {
  std::vector<std::string> argv = {program};
  std::istringstream stream(words);
  for (std::string word; stream >> word;) argv.push_back(word == "''" ? "" : word);
  return parse_command_line(argv);
}

std::string error_of(const CommandLine& line) { return line.error ? line.error->message() : "no error"; }

// The arguments of a line that must be good.
template <typename Args>
Args args_of(const CommandLine& line) {
  EXPECT_FALSE(line.error.has_value()) << error_of(line);
  EXPECT_FALSE(line.text.has_value());
  const Args* args = std::get_if<Args>(&line.args);
  EXPECT_NE(args, nullptr);
  return args == nullptr ? Args{} : *args;
}

// An empty one is a variable that is not set, and must not mean the default.
TEST(ParseCommandLine, APolicyIsNamed) {
  EXPECT_EQ(error_of(parse("--policy '' run x")), "option \"--policy\" needs a value");
  EXPECT_EQ(error_of(parse("run --policy= x")), "run: option \"--policy\" needs a value");
  EXPECT_EQ(error_of(parse("--policy-dir '' run x")), "option \"--policy-dir\" needs a value");
  EXPECT_TRUE(parse("--policy-dir /etc/bulkhead run x").global.policy_dir_given);
  EXPECT_FALSE(parse("run x").global.policy_dir_given);
}

TEST(ParseCommandLine, Probe) {
  const auto line = parse("probe -b /b --format json --program /p --policy faas");
  const auto args = args_of<ProbeArgs>(line);
  EXPECT_EQ(args.bundle, "/b");
  EXPECT_EQ(args.format, OutputFormat::kJson);
  EXPECT_EQ(args.program, "/p");
  EXPECT_EQ(line.global.policy, "faas");
  EXPECT_EQ(args_of<ProbeArgs>(parse("probe")).format, OutputFormat::kText);
  EXPECT_EQ(args_of<ProbeArgs>(parse("probe --id c1")).id, "c1");
}

// As containerd's shim (go-runc), conmon, podman, CRI-O, conmon-rs, buildah and BuildKit call their runtime.
TEST(ParseCommandLine, TakesTheLinesOfTheCallers) {
  for (const char* words : {
           "--root /run/containerd/runc/k8s.io --log /b/log.json --log-format json --systemd-cgroup create --bundle /b "
           "--pid-file /b/init.pid --console-socket /s ID",
           "--root /r --debug --log /b/log.json --log-format json --criu /usr/sbin/criu --rootless=true create "
           "--bundle /b "
           "--pid-file /b/init.pid --no-pivot --no-new-keyring --detach --preserve-fds 2 --pidfd-socket /p ID",
           "--root /r --log /l --log-format json start ID",
           "--root /r --log /l --log-format json kill ID 9",
           "--root /r --log /l --log-format json kill --all ID 15",
           "--root /r --log /l --log-format json delete ID",
           "--root /r --log /l --log-format json delete --force ID",
           "--systemd-cgroup --log-format=json --log /run/oci-log create --bundle /b --pid-file /p ID",
           "--root=/run/runc --systemd-cgroup create --bundle /b --pid-file /p --console-socket=/s ID",
           "--root=/r --systemd-cgroup create --bundle=/b --pid-file=/p ID",
           "--root /run/runc kill ID SIGTERM",
           "--root /run/runc kill -a ID 9",
           "--root /run/runc state ID",
           "--root /run/runc list --format=json",
           "create --bundle /b --pid-file /b/pid --console-socket /b/console.sock NAME",
           "kill NAME",
           "delete NAME",
           "--log /r/runc-log.json --log-format json run --bundle /b --no-pivot --keep ID",
           "features",
       }) {
    const CommandLine line = parse(words);
    EXPECT_FALSE(line.error.has_value()) << words << ": " << error_of(line);
    EXPECT_NE(line.verb, nullptr) << words;
  }
}

TEST(ParseCommandLine, GlobalOptions) {
  const CommandLine line = parse(
      "--root /r --log=/l --log-format json --debug --policy faas --systemd-cgroup --rootless false --criu criu state "
      "ID");
  EXPECT_EQ(args_of<StateArgs>(line).id, "ID");
  EXPECT_EQ(line.global.root, "/r");
  EXPECT_TRUE(line.global.root_explicit);
  EXPECT_EQ(line.global.log, "/l");
  EXPECT_EQ(line.global.log_format, base::LogFormat::kJson);
  EXPECT_TRUE(line.global.debug);
  EXPECT_EQ(line.global.policy, "faas");
  EXPECT_TRUE(line.global.systemd_cgroup);
  EXPECT_EQ(line.global.rootless, "false");
  EXPECT_EQ(line.global.criu, "criu");
  EXPECT_EQ(line.exit_code, 0);
}

TEST(ParseCommandLine, Defaults) {
  const CommandLine line = parse("run ID");
  EXPECT_FALSE(line.global.root_explicit);
  if (::geteuid() == 0) {
    EXPECT_EQ(line.global.root, "/run/bulkhead");
  }
  EXPECT_EQ(line.global.log, "");
  EXPECT_EQ(line.global.log_format, base::LogFormat::kText);
  EXPECT_EQ(line.global.policy, "");
  EXPECT_EQ(line.global.rootless, "auto");
  const auto args = args_of<CreateArgs>(line);
  EXPECT_EQ(args.bundle, "");
  EXPECT_EQ(args.preserve_fds, 0U);
  EXPECT_FALSE(args.detach || args.keep || args.no_pivot || args.no_new_keyring || args.no_subreaper);
  EXPECT_EQ(args_of<KillArgs>(parse("kill ID")).signal, "SIGTERM");
  EXPECT_EQ(args_of<ListArgs>(parse("list")).format, OutputFormat::kText);
}

TEST(ParseCommandLine, EveryOptionOfRun) {
  const CommandLine line = parse(
      "run --bundle /b --pid-file /p --console-socket /c --pidfd-socket /f --no-pivot --no-new-keyring --preserve-fds "
      "3 "
      "--detach --keep --no-subreaper --policy strict ID");
  const auto args = args_of<CreateArgs>(line);
  EXPECT_EQ(args.id, "ID");
  EXPECT_EQ(args.bundle, "/b");
  EXPECT_EQ(args.pid_file, "/p");
  EXPECT_EQ(args.console_socket, "/c");
  EXPECT_EQ(args.pidfd_socket, "/f");
  EXPECT_EQ(args.preserve_fds, 3U);
  EXPECT_TRUE(args.detach && args.keep && args.no_pivot && args.no_new_keyring && args.no_subreaper);
  EXPECT_EQ(line.global.policy, "strict");
  EXPECT_EQ(line.verb->name, "run");
}

TEST(ParseCommandLine, EverySpellingOfAValue) {
  for (const char* words :
       {"create --bundle /b ID", "create --bundle=/b ID", "create -b /b ID", "create -b=/b ID", "create -bundle /b ID",
        "create -bundle=/b ID", "create -b/b ID", "create --bundle /x -b /b ID"}) {
    EXPECT_EQ(args_of<CreateArgs>(parse(words)).bundle, "/b") << words;
  }
  EXPECT_EQ(args_of<CreateArgs>(parse("create --pid-file a=b=c ID")).pid_file, "a=b=c");
  EXPECT_EQ(args_of<CreateArgs>(parse("create --pid-file=a=b=c ID")).pid_file, "a=b=c");
  EXPECT_EQ(args_of<CreateArgs>(parse("create --pid-file= ID")).pid_file, "");
  EXPECT_EQ(args_of<CreateArgs>(parse("create --pid-file '' ID")).pid_file, "");
}

TEST(ParseCommandLine, AValueMayLookLikeAnything) {
  // The names of options and of verbs, and a lone dash.
  for (const char* value : {"bundle", "b", "keep", "create", "help", "-"}) {
    const CommandLine line = parse(std::string("--log ") + value + " create --bundle " + value + " ID");
    EXPECT_EQ(line.global.log, value);
    EXPECT_EQ(args_of<CreateArgs>(line).bundle, value);
    EXPECT_EQ(args_of<CreateArgs>(parse(std::string("create --bundle=") + value + " ID")).bundle, value);
    EXPECT_EQ(args_of<CreateArgs>(parse(std::string("create ") + value)).id, value);
  }
  // As for Go, an option that needs a value takes what comes next.
  EXPECT_EQ(args_of<CreateArgs>(parse("run --bundle=--keep ID")).bundle, "--keep");
  EXPECT_EQ(args_of<CreateArgs>(parse("run --bundle --keep ID")).bundle, "--keep");
  EXPECT_FALSE(args_of<CreateArgs>(parse("run --bundle --keep ID")).keep);
}

TEST(ParseCommandLine, EverySpellingOfAFlag) {
  for (const char* words :
       {"run -d ID", "run --detach ID", "run -detach ID", "run --detach=true ID", "run -d=true ID", "run -d=1 ID"}) {
    EXPECT_TRUE(args_of<CreateArgs>(parse(words)).detach) << words;
  }
  for (const char* words : {"run ID", "run --detach=false ID", "run -d=0 ID"}) {
    EXPECT_FALSE(args_of<CreateArgs>(parse(words)).detach) << words;
  }
  EXPECT_TRUE(args_of<CreateArgs>(parse("run -no-subreaper ID")).no_subreaper);  // go-runc
  EXPECT_EQ(error_of(parse("run --detach=maybe ID")), "run: option \"--detach\": want true or false, have \"maybe\"");
  EXPECT_TRUE(parse("--debug=true --systemd-cgroup=false state ID").global.debug);
  EXPECT_FALSE(parse("--debug=true --systemd-cgroup=false state ID").global.systemd_cgroup);
}

TEST(ParseCommandLine, CombinedShortFlags) {
  const auto list = args_of<ListArgs>(parse("list -qf json"));
  EXPECT_TRUE(list.quiet);
  EXPECT_EQ(list.format, OutputFormat::kJson);
  EXPECT_TRUE(args_of<CreateArgs>(parse("run -db /b ID")).detach);
  EXPECT_EQ(args_of<CreateArgs>(parse("run -db /b ID")).bundle, "/b");
}

TEST(ParseCommandLine, OptionsEndAtTheId) {
  const CommandLine line = parse("create ID --bundle /b");
  EXPECT_EQ(error_of(line), "\"create\" requires exactly 1 argument, have 3; hint: options go before the container ID");
  EXPECT_EQ(line.exit_code, 1);
  EXPECT_EQ(args_of<KillArgs>(parse("kill ID -9")).signal, "-9");  // for parse_signal to refuse
  EXPECT_EQ(args_of<KillArgs>(parse("kill ID --all")).signal, "--all");
  EXPECT_FALSE(args_of<KillArgs>(parse("kill ID --all")).all);
  EXPECT_EQ(args_of<DeleteArgs>(parse("delete -- -f")).id, "-f");
  EXPECT_EQ(args_of<DeleteArgs>(parse("-- delete -f ID")).id, "ID");
}

TEST(ParseCommandLine, WrongNumbersOfArguments) {
  const struct {
    const char* words;
    const char* message;
  } cases[] = {
      {"create", "\"create\" requires exactly 1 argument, have 0"},
      {"state a b", "\"state\" requires exactly 1 argument, have 2"},
      {"kill", "\"kill\" requires 1 to 2 arguments, have 0"},
      {"kill a b c", "\"kill\" requires 1 to 2 arguments, have 3"},
      {"policy", "\"policy\" requires at least 1 argument, have 0"},
      {"list a", "\"list\" requires exactly 0 arguments, have 1"},
      {"features a", "\"features\" requires exactly 0 arguments, have 1"},
  };
  for (const auto& c : cases) {
    const CommandLine line = parse(c.words);
    EXPECT_EQ(error_of(line), c.message);
    EXPECT_EQ(line.exit_code, 1);
    EXPECT_EQ(line.verb, nullptr);
  }
}

TEST(ParseCommandLine, WrongOptionsAndValues) {
  const struct {
    const char* words;
    const char* message;
  } cases[] = {
      {"--bogus list", "unknown option \"--bogus\""},
      {"--rot /r list", "unknown option \"--rot\"; hint: did you mean \"--root\"?"},
      {"create --bundel /b ID", "create: unknown option \"--bundel\"; hint: did you mean \"--bundle\"?"},
      {"create --bund /b ID", "create: unknown option \"--bund\""},  // no abbreviations
      {"create -x ID", "create: unknown option \"-x\""},
      {"create --bundle", "create: option \"--bundle\" needs a value"},
      {"create -b", "create: option \"--bundle\" needs a value"},
      {"--root", "option \"--root\" needs a value"},
      {"--log-format xml list", "option \"--log-format\": want text or json, have \"xml\""},
      {"--rootless maybe list", "option \"--rootless\": want true or false or auto, have \"maybe\""},
      {"list --format xml", "list: option \"--format\": want table or json, have \"xml\""},
      {"list --format text", "list: option \"--format\": want table or json, have \"text\""},
      {"probe --format table", "probe: option \"--format\": want text or json, have \"table\""},
      {"probe x", "\"probe\" requires exactly 0 arguments, have 1"},
      {"explain --format table", "explain: option \"--format\": want text or json, have \"table\""},
      {"run --preserve-fds x ID", "run: option \"--preserve-fds\": want a number, have \"x\""},
      {"run --preserve-fds -1 ID", "run: option \"--preserve-fds\": want a number, have \"-1\""},
      {"run --preserve-fds 4294967296 ID", "run: option \"--preserve-fds\": want a number, have \"4294967296\""},
      {"--root / list", "option \"--root\": \"/\" cannot hold state"},
      {"--root= list", "option \"--root\": \"\" cannot hold state"},
      {"--root // list", "option \"--root\": \"//\" cannot hold state"},
      {"create --keep ID", "create: unknown option \"--keep\""},
  };
  for (const auto& c : cases) {
    const CommandLine line = parse(c.words);
    EXPECT_EQ(error_of(line), c.message) << c.words;
    EXPECT_EQ(line.exit_code, 1);
    EXPECT_EQ(line.error ? line.error->kind() : base::Kind::kSystem, base::Kind::kUsage);
  }
}

// The error has to reach the log file even when it is about the verb.
TEST(ParseCommandLine, KeepsTheGlobalOptionsOfAWrongLine) {
  for (const char* words : {"--log /l --log-format json create", "--log /l --log-format json bogus",
                            "--log /l --log-format json create --bogus ID", "--log /l --log-format json pause ID"}) {
    const CommandLine line = parse(words);
    EXPECT_TRUE(line.error.has_value());
    EXPECT_EQ(line.global.log, "/l");
    EXPECT_EQ(line.global.log_format, base::LogFormat::kJson);
  }
}

TEST(ParseCommandLine, UnknownVerbs) {
  const CommandLine line = parse("crate ID");
  EXPECT_EQ(error_of(line), "unknown command \"crate\"; hint: did you mean \"create\"?");
  EXPECT_EQ(line.exit_code, 3);
  EXPECT_EQ(error_of(parse("''")), "unknown command \"\"");
  EXPECT_EQ(error_of(parse("help bogus")), "unknown command \"bogus\"");
}

TEST(ParseCommandLine, WhatFollowsTheContainerIsTheProgramsOwn) {
  const CommandLine line = parse("exec -e A=1,2 --env B= -c KILL --cap=CAP_CHOWN -g 7 -g 8 -u 1000:1000 --cgroup cpu:a -d ID sh -c -d --env C=1");
  ASSERT_EQ(error_of(line), "no error");
  const auto& args = std::get<cli::ExecArgs>(line.args);
  EXPECT_EQ(args.id, "ID");
  EXPECT_EQ(args.command, (std::vector<std::string>{"sh", "-c", "-d", "--env", "C=1"}));
  EXPECT_EQ(args.env, (std::vector<std::string>{"A=1,2", "B="}));
  EXPECT_EQ(args.caps, (std::vector<std::string>{"KILL", "CAP_CHOWN"}));
  EXPECT_EQ(args.additional_gids, (std::vector<std::string>{"7", "8"}));
  EXPECT_EQ(args.user, "1000:1000");
  EXPECT_EQ(args.cgroups, (std::vector<std::string>{"cpu:a"}));
  EXPECT_TRUE(args.detach);
  EXPECT_EQ(error_of(parse("exec")), "\"exec\" requires at least 1 argument, have 0");
}

TEST(ParseCommandLine, VerbsThatAreNotThereYetSaySo) {
  for (const char* verb : {"pause", "resume", "ps", "update", "events", "checkpoint", "restore"}) {
    for (const char* rest : {"", " ID", " --help", " --image-path /x ID", " ID sh -c true"}) {
      const CommandLine line = parse(verb + std::string(rest));
      EXPECT_EQ(error_of(line), '"' + std::string(verb) + "\" is not supported yet");
      EXPECT_EQ(line.exit_code, 1);
    }
  }
}

TEST(ParseCommandLine, RelativeRootsBecomeAbsolute) {
  char cwd[PATH_MAX];
  ASSERT_NE(::getcwd(cwd, sizeof cwd), nullptr);
  EXPECT_EQ(parse("--root state list").global.root, std::string(cwd) + "/state");
  EXPECT_EQ(parse("--root . list").global.root, std::string(cwd) + "/.");
}

TEST(ParseCommandLine, HelpEverywhere) {
  for (const char* words : {"", "--help", "-h", "help", "--debug --help", "--help create", "--root /r -h"}) {
    EXPECT_EQ(parse(words).text, global_help()) << words;
    EXPECT_EQ(parse(words).exit_code, 0);
  }
  for (const auto& verb : verbs()) {
    if (verb.support != Support::kYes) continue;
    const std::string name(verb.name);
    for (const std::string& words : {name + " --help", name + " -h", "help " + name}) {
      EXPECT_EQ(parse(words).text, verb_help(verb)) << words;
    }
  }
  EXPECT_EQ(parse("create --bundle /b --help").text, verb_help(*find_verb("create")));
  EXPECT_EQ(args_of<CreateArgs>(parse("create help")).id, "help");
}

TEST(Help, NamesEveryVerbAndOptionAndFitsATerminal) {
  const auto check_width = [](const std::string& text) {
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) EXPECT_LE(line.size(), 110U) << line;
  };
  const std::string global = global_help();
  for (const auto& verb : verbs()) EXPECT_NE(global.find("\n  " + std::string(verb.name) + ' '), std::string::npos);
  for (const auto& option : global_options())
    EXPECT_NE(global.find("--" + std::string(option.name)), std::string::npos);
  check_width(global);
  for (const auto& verb : verbs()) {
    const std::string help = verb_help(verb);
    for (const auto& option : verb.options) EXPECT_NE(help.find("--" + std::string(option.name)), std::string::npos);
    check_width(help);
  }
}

TEST(Version, IsWhatCallersParse) {
  for (const char* words : {"--version", "-v", "--root /r --version", "--version create"}) {
    const CommandLine line = parse(words);
    ASSERT_TRUE(line.text.has_value()) << words << error_of(line);
    EXPECT_TRUE(line.text->starts_with("bulkhead version " + std::string(kVersion) + "\ncommit: ")) << *line.text;
    EXPECT_NE(line.text->find("\nspec: 1."), std::string::npos);
    EXPECT_NE(line.text->find("\nlibseccomp: " + std::string(kLibseccompVersion) + "\n"), std::string::npos);
  }
  // go-runc wants these words when it calls a runtime of this name.
  EXPECT_TRUE(parse("--version", "/usr/bin/runc").text->starts_with("runc version 1."));
  EXPECT_TRUE(parse("--version", "runc").text->starts_with("runc version 1."));
  EXPECT_TRUE(parse("--version", "/usr/bin/notrunc").text->starts_with("bulkhead version "));
}

TEST(ParseCommandLine, AnEmptyArgvIsHelp) { EXPECT_EQ(parse_command_line({}).text, global_help()); }

}  // namespace
}  // namespace cli
