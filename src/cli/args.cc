#include "cli/args.h"

#include <getopt.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>

#include "base/text.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/version.h"
#include "container/state_dir.h"

namespace cli {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUnknownVerb = 3;  // as runc

struct Given {
  const OptionSpec* option;
  std::string value;
};

struct Tokens {
  std::vector<Given> options;
  std::vector<std::string> operands;  // from the first that is no option on, whatever they look like
};

std::optional<bool> parse_bool(std::string_view text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return std::nullopt;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates,
                         std::string_view prefix) {
  const std::string near = base::nearest(word, candidates);
  return near.empty() ? near : base::cat("did you mean ", base::quote(base::cat(prefix, near)), '?');
}

base::Error with_hint(base::Error error, std::string hint) {
  return hint.empty() ? std::move(error) : std::move(error).hint(std::move(hint));
}

base::Error unknown_option(const std::string& token, std::span<const OptionSpec> options) {
  std::vector<std::string_view> names;
  for (const auto& option : options) names.push_back(option.name);
  std::string_view word = token;
  while (word.starts_with('-')) word.remove_prefix(1);
  return with_hint(base::Error::usage(base::cat("unknown option ", base::quote(token))),
                   did_you_mean(word, names, "--"));
}

// The table as getopt_long(3) wants it. A letter is also a long name, which gives Go's "-b=DIR". Names are literals,
// so that they end with a NUL.
class OptionTable {
 public:
  // `mixed`: operands are told in their place, as kOperand; else the first one ends the options.
  OptionTable(std::span<const OptionSpec> options, bool mixed) : options_(options), letters_(mixed ? "-:" : "+:") {
    letter_names_.reserve(options.size());  // which the long names point into
    for (std::size_t i = 0; i < options.size(); ++i) {
      const int argument = options[i].value.empty() ? optional_argument : required_argument;
      long_.push_back({options[i].name.data(), argument, nullptr, kFirst + static_cast<int>(i)});
      if (options[i].letter == 0) continue;
      letters_ += options[i].letter;
      if (!options[i].value.empty()) letters_ += ':';
      letter_names_.push_back({options[i].letter, '\0'});
      long_.push_back({letter_names_.back().data(), argument, nullptr, kFirst + static_cast<int>(i)});
    }
    long_.push_back({});
  }
  OptionTable(const OptionTable&) = delete;
  OptionTable& operator=(const OptionTable&) = delete;

  // What getopt_long() returns; *index: of the long name, or -1.
  int next(std::vector<char*>& argv, int* index) const {
    *index = -1;
    return ::getopt_long_only(static_cast<int>(argv.size()) - 1, argv.data(), letters_.c_str(), long_.data(), index);
  }
  const OptionSpec* find(int code) const {
    if (code >= kFirst) return &options_[static_cast<std::size_t>(code - kFirst)];
    for (const auto& option : options_) {
      if (code != 0 && option.letter == code) return &option;
    }
    return nullptr;
  }
  static constexpr int kOperand = 1;  // getopt(3)
  std::string_view long_name(int index) const { return long_[static_cast<std::size_t>(index)].name; }

 private:
  static constexpr int kFirst = 256;  // beyond every letter

  std::span<const OptionSpec> options_;
  std::string letters_;  // '+': options end at the first operand, as for Go; ':' tells a missing value apart
  std::vector<::option> long_;
  std::vector<std::array<char, 2>> letter_names_;
};

// One option, as getopt_long(3) found it in `token`: "--bundle=DIR", "-b", "-db".
struct Found {
  int code;
  int index;  // of the long name, or -1
  std::string_view token;
};

base::Result<void> take(const Found& found, const OptionTable& table, std::span<const OptionSpec> options, Tokens& out) {
  const std::string name(found.token.substr(0, found.token.find('=')));
  if (found.code == '?') {
    const bool letter = ::optopt > 0 && ::optopt < 256;
    return unknown_option(letter ? base::cat('-', static_cast<char>(::optopt)) : name, options);
  }
  const OptionSpec* option = table.find(found.code == ':' ? ::optopt : found.code);
  if (found.code == ':') return base::Error::usage(base::cat("option \"--", option->name, "\" needs a value"));
  // No abbreviations: a new option could change what an old script means.
  if (found.index >= 0 && name.substr(name.find_first_not_of('-')) != table.long_name(found.index)) {
    return unknown_option(name, options);
  }
  if (!option->value.empty()) {
    out.options.push_back({option, ::optarg});
    return base::ok();
  }
  const auto on = ::optarg == nullptr ? std::optional(true) : parse_bool(::optarg);
  if (!on) {
    return base::Error::usage(
        base::cat("option ", base::quote(name), ": want true or false, have ", base::quote(::optarg)));
  }
  if (*on) out.options.push_back({option, "true"});
  return base::ok();
}

base::Result<Tokens> tokenize(const std::vector<std::string>& words, std::span<const OptionSpec> options, bool mixed = false) {
  const OptionTable table(options, mixed);
  std::string program = "bulkhead";
  std::vector<std::string> copies = words;
  std::vector<char*> argv = {program.data()};
  for (auto& word : copies) argv.push_back(word.data());
  argv.push_back(nullptr);
  Tokens tokens;
  ::optind = 0;  // begin anew (getopt(3), GNU)
  ::opterr = 0;
  for (;;) {
    const auto at = static_cast<std::size_t>(std::max(::optind, 1));
    int index = -1;
    const int code = table.next(argv, &index);
    if (code == -1) break;
    if (code == OptionTable::kOperand) {
      tokens.operands.emplace_back(::optarg);
      continue;
    }
    TRY(take({code, index, at + 1 < argv.size() ? argv[at] : ""}, table, options, tokens));
  }
  for (auto i = static_cast<std::size_t>(::optind); i + 1 < argv.size(); ++i) tokens.operands.emplace_back(argv[i]);
  return tokens;
}

bool is_choice(std::string_view value) { return value.find('|') != std::string_view::npos; }

base::Result<void> apply(CommandLine& line, const Tokens& tokens) {
  for (const auto& [option, value] : tokens.options) {
    const std::string context = base::cat("option \"--", option->name, '"');
    if (is_choice(option->value)) {
      const auto choices = base::split(option->value, '|');
      if (std::find(choices.begin(), choices.end(), value) == choices.end()) {
        return base::Error::usage(base::cat("want ", base::join(choices, " or "), ", have ", base::quote(value)))
            .in(context);
      }
    }
    // An empty one is a variable of a script that is not set: not the default, which may be wider.
    const bool names_policy = option->name == "policy" || option->name == "policy-dir";
    if (names_policy && value.empty()) return base::Error::usage(base::cat(context, " needs a value"));
    TRY_IN(context, option->set(line, value));
  }
  return base::ok();
}

bool has(const Tokens& tokens, std::string_view name) {
  return std::any_of(tokens.options.begin(), tokens.options.end(),
                     [&](const Given& given) { return given.option->name == name; });
}

// The state root, absolute. As runc, neither nothing nor "/".
base::Result<void> settle_root(GlobalArgs& global, bool given) {
  global.root_explicit = given;
  if (!given) {
    global.root = container::default_root();
    return base::ok();
  }
  if (global.root.find_first_not_of('/') == std::string::npos) {
    return base::Error::usage(base::cat("option \"--root\": ", base::quote(global.root), " cannot hold state"));
  }
  if (global.root.front() == '/') return base::ok();
  std::array<char, PATH_MAX> cwd{};
  if (::getcwd(cwd.data(), cwd.size()) == nullptr) return base::Error::system(errno, "current directory");
  global.root = base::cat(cwd.data(), '/', global.root);
  return base::ok();
}

base::Result<void> check_operands(const VerbSpec& verb, const std::vector<std::string>& operands) {
  if (operands.size() >= verb.min_operands && operands.size() <= verb.max_operands) return base::ok();
  const bool exact = verb.min_operands == verb.max_operands;
  const bool open = verb.max_operands == kAnyNumber;
  const std::size_t last = open ? verb.min_operands : verb.max_operands;
  auto error = base::Error::usage(
      base::cat(base::quote(verb.name), exact ? " requires exactly " : open ? " requires at least " : " requires ",
                verb.min_operands, exact || open ? "" : base::cat(" to ", last), last == 1 ? " argument" : " arguments",
                ", have ", operands.size()));
  for (const auto& operand : operands) {
    if (operand.size() > 1 && operand.front() == '-')
      return std::move(error).hint("options go before the container ID");
  }
  return error;
}

base::Result<void> parse_verb(CommandLine& line, const VerbSpec& verb, const std::vector<std::string>& argv) {
  const std::string name(verb.name);
  const Tokens tokens = TRY_IN(name, tokenize(argv, verb.options, verb.mixed));
  if (has(tokens, "help")) {
    line.text = verb_help(verb);
    return base::ok();
  }
  line.args = verb.make();
  TRY_IN(name, apply(line, tokens));
  TRY(check_operands(verb, tokens.operands));
  verb.set_operands(line.args, tokens.operands);
  line.verb = &verb;
  return base::ok();
}

base::Error unknown_verb(const std::string& name) {
  std::vector<std::string_view> names;
  for (const auto& verb : verbs()) names.push_back(verb.name);
  return with_hint(base::Error::usage(base::cat("unknown command ", base::quote(name))), did_you_mean(name, names, ""));
}

// `help`, `help VERB`, or the verb itself.
base::Result<void> parse_command(CommandLine& line, std::vector<std::string> operands) {
  line.exit_code = kExitFailure;
  const bool help = !operands.empty() && operands.front() == "help";
  if (operands.empty() || (help && operands.size() == 1)) {
    line.text = global_help();
    return base::ok();
  }
  const std::string name = help ? operands[1] : operands[0];
  const VerbSpec* verb = find_verb(name);
  if (verb == nullptr) {
    line.exit_code = kExitUnknownVerb;
    return unknown_verb(name);
  }
  if (verb->support == Support::kNotYet) {
    // Also for --help: podman takes the exit code of `checkpoint --help` for an answer.
    return base::Error::unsupported(base::cat(base::quote(name), " is not supported yet"));
  }
  operands.erase(operands.begin());
  if (help) operands = {"--help"};
  return parse_verb(line, *verb, operands);
}

base::Result<void> parse(CommandLine& line, const std::vector<std::string>& argv) {
  line.exit_code = kExitFailure;
  const Tokens tokens = TRY(tokenize(argv, global_options()));
  TRY(apply(line, tokens));
  TRY(settle_root(line.global, has(tokens, "root")));
  line.global.policy_dir_given = has(tokens, "policy-dir");
  if (has(tokens, "help")) {
    line.text = global_help();
  } else if (has(tokens, "version")) {
    line.text = version_text(line.global.program);
  } else {
    return parse_command(line, tokens.operands);
  }
  return base::ok();
}

}  // namespace

CommandLine parse_command_line(const std::vector<std::string>& argv) {
  CommandLine line;
  std::vector<std::string> rest = argv;
  if (!rest.empty()) {
    if (rest.front() == "runc" || rest.front().ends_with("/runc")) line.global.program = "runc";
    rest.erase(rest.begin());
  }
  auto parsed = parse(line, rest);
  if (!parsed.has_value()) {
    line.error = std::move(parsed).error();
  } else {
    line.exit_code = 0;
  }
  return line;
}

}  // namespace cli
