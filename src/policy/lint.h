// What is not wrong with a policy, but will be regretted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/chain.h"

namespace policy {

// Remarks, each beginning with its place, on the text of a policy that read_document() has taken: groups and profiles
// without a version, rules without a reason; exceptions that have run out or soon will; bindings that are never reached; modes of
// rules that are not there; rules that change nothing; a deny file that this kernel makes unnecessary; what a profile leaves
// beyond the one it extends, and a file beyond the one of its kind and name in `node`; bindings to a profile that is neither
// there nor in `others`.
std::vector<std::string> lint(std::string_view text, const std::string& source_name, const Document& read,
                              const Circumstances& circumstances, const Chain& node = {}, const Chain& others = {});

}  // namespace policy
