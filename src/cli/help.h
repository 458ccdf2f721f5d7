// The texts of --help, made from the tables of options.h.
#pragma once

#include <string>

#include "cli/options.h"

namespace cli {

std::string global_help();
std::string verb_help(const VerbSpec& verb);

}  // namespace cli
