// What is kept of config.json for `exec`: its text, without what may hold a secret and decides nothing. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cli {

// `text` with /process/env and /process/args emptied, but for an argument of no meaning, and without /annotations and
// /hooks. It must have been read as JSON already: what is wrong is not noticed. Empty: it has escapes in the name of a
// member, and is to be read and written anew.
std::optional<std::string> without_values(std::string_view text);

}  // namespace cli
