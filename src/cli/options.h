// The verbs and their options as tables: what args.cc parses by and help.cc prints.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/args.h"

namespace cli {

struct OptionSpec {
  std::string_view name;   // "bundle"
  char letter;             // 'b', or 0
  std::string_view value;  // what the value is called in help: "DIR"; "table|json": one of these. Empty: a flag
  std::string_view help;
  base::Result<void> (*set)(CommandLine& line, const std::string& value);  // of a flag: value is "true"
};

enum class Support { kYes, kNotYet };

inline constexpr std::size_t kAnyNumber = ~std::size_t{0};  // of operands

struct VerbSpec {
  std::string_view name;
  std::string_view operands;  // for help: "CONTAINER [SIGNAL]"
  std::size_t min_operands;
  std::size_t max_operands;
  std::string_view summary;
  std::string_view details;  // more for its own --help; may be empty
  std::span<const OptionSpec> options;
  VerbArgs (*make)();  // with the defaults
  void (*set_operands)(VerbArgs& args, std::span<const std::string> operands);
  Support support = Support::kYes;
  bool mixed = false;  // options may follow operands
};

std::span<const OptionSpec> global_options();
std::span<const VerbSpec> verbs();
const VerbSpec* find_verb(std::string_view name);  // nullptr: no such

}  // namespace cli
