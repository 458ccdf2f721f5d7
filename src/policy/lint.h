// What is not wrong with a policy, but will be regretted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace policy {

// Remarks, each beginning with its place, on the text of a policy that read_policy() has taken.
std::vector<std::string> lint(std::string_view text, const std::string& source_name);

}  // namespace policy
