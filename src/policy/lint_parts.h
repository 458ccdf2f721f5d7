// The parts of lint() that are long. Only lint*.cc include it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "oci/json.h"
#include "policy/chain.h"

namespace policy {

using Remarks = std::vector<std::string>;

void remark(Remarks& out, const oci::Cursor& at, std::string_view text);
void remark(Remarks& out, const Origin& at, std::string_view text);

// Bindings that an earlier one keeps from ever being reached, or whose profile is not there.
void check_bindings(Remarks& out, const Document& read, const Chain& node, const Chain& others);

// Rules that change nothing, of a file's sections `root` and of what was read of it.
void check_dead_rules(Remarks& out, const oci::Cursor& root, const Document& read);

}  // namespace policy
