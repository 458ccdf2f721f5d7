// The actions of `policy`, one file each where they are long. Only cli/policy*.cc include it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/args.h"
#include "cli/exit.h"
#include "cli/select.h"
#include "harden/harden.h"

namespace cli {

base::Result<int> policy_list(const GlobalArgs& global, const PolicyArgs& args, const base::Log& log);
base::Result<int> policy_show(const GlobalArgs& global, const PolicyArgs& args);
base::Result<int> policy_lint(const GlobalArgs& global, const PolicyArgs& args, const base::Log& log);
base::Result<int> policy_diff(const GlobalArgs& global, const PolicyArgs& args, const base::Log& log);
base::Result<int> policy_why(const GlobalArgs& global, const PolicyArgs& args, const base::Log& log);
base::Result<int> policy_explain(const GlobalArgs& global, const PolicyArgs& args, const base::Log& log);
base::Result<int> policy_render(const GlobalArgs& global, const PolicyArgs& args, const base::Log& log);
base::Result<int> policy_test(const PolicyArgs& args);
base::Result<int> policy_schema(const PolicyArgs& args);

// "read", or "socket(38,5,0)": the name, and the arguments if any.
struct Call {
  std::string name;
  std::vector<std::uint64_t> args;
};
std::optional<Call> parse_call(std::string_view text);

// "allow", "EPERM", "kill".
std::string answer_name(std::uint32_t answer);

// A host that can do all that a policy may want: what a policy decides does not depend on where it is tested.
harden::Abilities able_host();

}  // namespace cli
