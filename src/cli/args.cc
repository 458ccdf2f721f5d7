#include "cli/args.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/program_options/errors.hpp>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <climits>
#include <cstdlib>

#include "base/text.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/version.h"
#include "container/state_dir.h"

namespace cli {
namespace {

namespace po = boost::program_options;

constexpr int kExitFailure = 1;
constexpr int kExitUnknownVerb = 3;  // as runc
constexpr int kExitExec = 255;       // `exec` keeps 1 for the command that it runs

constexpr int kStyle = po::command_line_style::allow_long | po::command_line_style::long_allow_adjacent |
                       po::command_line_style::long_allow_next | po::command_line_style::allow_short |
                       po::command_line_style::allow_dash_for_short | po::command_line_style::short_allow_adjacent |
                       po::command_line_style::short_allow_next | po::command_line_style::allow_sticky |
                       po::command_line_style::allow_long_disguise;  // go-runc says "-no-subreaper"

struct Given {
  const OptionSpec* option;
  std::string value;
};

struct Tokens {
  std::vector<Given> options;
  std::vector<std::string> operands;  // from the first that is no option on, whatever they look like
};

const OptionSpec* find_option(std::span<const OptionSpec> options, std::string_view name) {
  for (const auto& option : options) {
    if (option.name == name || (name.size() == 1 && option.letter == name[0])) return &option;
  }
  return nullptr;
}

std::optional<bool> parse_bool(std::string_view text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return std::nullopt;
}

// What Go's flag packages take and Boost does not: "--flag=true", "-b=DIR", "--opt=". Rewrites the first token.
void rewrite_assignment(std::vector<std::string>& tokens, std::span<const OptionSpec> options,
                        std::optional<base::Error>& problem) {
  const std::string token = tokens.front();
  const std::size_t equals = token.find('=');
  if (equals == std::string::npos) return;
  const std::string name = token.substr(0, equals);
  const std::string value = token.substr(equals + 1);
  const OptionSpec* option = find_option(options, std::string_view(name).substr(name.starts_with("--") ? 2 : 1));
  if (option == nullptr) return;
  if (!option->value.empty()) {
    if (name.size() == 2 || value.empty()) {
      tokens.front() = name;
      tokens.insert(tokens.begin() + 1, value);
    }
    return;
  }
  const auto on = parse_bool(value);
  if (!on)
    problem =
        base::Error::usage(base::cat("option ", base::quote(name), ": want true or false, have ", base::quote(value)));
  if (on.value_or(false)) {
    tokens.front() = name;
  } else {
    tokens.erase(tokens.begin());
  }
}

// Options end at the first operand, as for Go: what follows a container's id is never an option. Boost asks this of
// every token, and also, one token at a time, whether the token after an option is a value: that must be answered
// with no, and a last token ends the options anyhow.
std::vector<po::option> take_operands(std::vector<std::string>& tokens) {
  const bool operand = tokens.front().size() < 2 || tokens.front()[0] != '-';
  std::vector<po::option> taken;
  if (!operand || tokens.size() < 2) return taken;
  for (auto& token : tokens) {
    po::option option;
    option.position_key = INT_MAX;
    option.value.push_back(token);
    option.original_tokens.push_back(std::move(token));
    taken.push_back(std::move(option));
  }
  tokens.clear();
  return taken;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates,
                         std::string_view prefix) {
  const std::string near = base::nearest(word, candidates);
  return near.empty() ? near : base::cat("did you mean ", base::quote(base::cat(prefix, near)), '?');
}

base::Error with_hint(base::Error error, std::string hint) {
  return hint.empty() ? std::move(error) : std::move(error).hint(std::move(hint));
}

base::Error unknown_option(const po::error_with_option_name& error, std::span<const OptionSpec> options) {
  const std::string token = error.get_option_name();
  std::vector<std::string_view> names;
  for (const auto& option : options) names.push_back(option.name);
  std::string_view word = token;
  while (word.starts_with('-')) word.remove_prefix(1);
  return with_hint(base::Error::usage(base::cat("unknown option ", base::quote(token))),
                   did_you_mean(word, names, "--"));
}

po::options_description describe(std::span<const OptionSpec> options) {
  po::options_description description;
  for (const auto& option : options) {
    std::string name(option.name);
    if (option.letter != 0) name += base::cat(',', option.letter);
    po::value_semantic* semantic = new po::untyped_value(option.value.empty());  // owned by the description
    description.add_options()(name.c_str(), semantic);
  }
  return description;
}

base::Result<Tokens> tokenize(const std::vector<std::string>& argv, std::span<const OptionSpec> options) {
  std::optional<base::Error> problem;
  Tokens tokens;
  try {
    const po::options_description description = describe(options);
    po::command_line_parser parser(argv);
    parser.options(description).style(kStyle);
    parser.extra_style_parser([&](std::vector<std::string>& rest) {
      if (rest.front().starts_with('-')) rewrite_assignment(rest, options, problem);
      return rest.empty() ? std::vector<po::option>() : take_operands(rest);
    });
    for (const auto& parsed : parser.run().options) {
      if (parsed.string_key.empty()) {
        tokens.operands.insert(tokens.operands.end(), parsed.value.begin(), parsed.value.end());
      } else {
        tokens.options.push_back(
            {find_option(options, parsed.string_key), parsed.value.empty() ? "true" : parsed.value.front()});
      }
    }
  } catch (const po::unknown_option& error) {
    return unknown_option(error, options);
  } catch (const po::invalid_command_line_syntax& error) {
    return base::Error::usage(base::cat("option ", base::quote(error.get_option_name()), " needs a value"));
  } catch (const std::exception& error) {
    return base::Error::usage(error.what());
  }
  if (problem) return *std::move(problem);
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
  auto error =
      base::Error::usage(base::cat(base::quote(verb.name), exact ? " requires exactly " : " requires ",
                                   verb.min_operands, exact ? "" : base::cat(" to ", verb.max_operands),
                                   verb.max_operands == 1 ? " argument" : " arguments", ", have ", operands.size()));
  for (const auto& operand : operands) {
    if (operand.size() > 1 && operand.front() == '-')
      return std::move(error).hint("options go before the container ID");
  }
  return error;
}

base::Result<void> parse_verb(CommandLine& line, const VerbSpec& verb, const std::vector<std::string>& argv) {
  const std::string name(verb.name);
  const Tokens tokens = TRY_IN(name, tokenize(argv, verb.options));
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
    if (name == "exec") line.exit_code = kExitExec;
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
