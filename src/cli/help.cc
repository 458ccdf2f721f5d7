#include "cli/help.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.h"

namespace cli {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

std::string two_columns(const Rows& rows) {
  std::size_t width = 0;
  for (const auto& row : rows) width = std::max(width, row.first.size());
  std::string out;
  for (const auto& [left, right] : rows) {
    out += base::cat("  ", left, std::string(width - left.size() + 2, ' '), right, '\n');
  }
  return out;
}

std::string option_rows(std::span<const OptionSpec> options) {
  Rows rows;
  for (const auto& option : options) {
    std::string left = option.letter == 0 ? "    " : base::cat('-', option.letter, ", ");
    left += base::cat("--", option.name);
    if (!option.value.empty()) left += base::cat(' ', option.value);
    rows.emplace_back(std::move(left), option.help);
  }
  return two_columns(rows);
}

std::string verb_rows(Support support) {
  Rows rows;
  for (const auto& verb : verbs()) {
    if (verb.support == support) rows.emplace_back(verb.name, verb.summary);
  }
  return two_columns(rows);
}

}  // namespace

std::string global_help() {
  return base::cat(
      "bulkhead runs OCI containers and hardens them by policy.\n\n"
      "Usage: bulkhead [OPTIONS] COMMAND [COMMAND OPTIONS] [CONTAINER]\n\nCommands:\n",
      verb_rows(Support::kYes), "\nNot supported yet:\n", verb_rows(Support::kNotYet),
      "\nOptions, before the command:\n", option_rows(global_options()),
      "\n`bulkhead COMMAND --help` shows the options of a command.\n");
}

std::string verb_help(const VerbSpec& verb) {
  std::string out = base::cat("Usage: bulkhead [OPTIONS] ", verb.name, " [COMMAND OPTIONS]");
  if (!verb.operands.empty()) out += base::cat(' ', verb.operands);
  out += base::cat("\n\n", verb.name, ": ", verb.summary, ".\n");
  if (!verb.details.empty()) out += base::cat(verb.details, '\n');
  return base::cat(out, "\nCommand options:\n", option_rows(verb.options));
}

}  // namespace cli
