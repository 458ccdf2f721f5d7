// "Did you mean": the name that a wrong one was probably to be. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace policy {

// The one that is spelled nearly so; else the only one that `word` is the beginning of, or the last part of which, behind
// a dot, it is the beginning of ("noNewPriv" of "process.noNewPrivileges"); empty if there is none, or more.
std::string meant(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace policy
