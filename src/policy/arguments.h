// Conditions on system call arguments, as a policy writes them:
//   a0 in {AF_UNIX, AF_INET} && a1 & 0xf == SOCK_STREAM || a0 == AF_NETLINK && a2 == 0
// "&&" binds tighter than "||"; parentheses may be used. There is no comparison by order. "!=" is for deny files, which
// name one value and leave the rest to others: in an allow-list it would let every unforeseen value pass.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/seccomp_policy.h"

namespace policy {

// The alternatives, each a list of checks that must all hold. The error says what is wrong and where.
base::Result<std::vector<std::vector<ArgCheck>>> parse_arguments(std::string_view text);

// The same condition as text, with numbers in place of names; every condition has one, and "never" is that of no
// alternative.
std::string arguments_text(const std::vector<std::vector<ArgCheck>>& any_of);

}  // namespace policy
