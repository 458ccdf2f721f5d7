// Policies as a whole: what several leave in common, what an exception gives on top, which rules are in force, and how
// two differ. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"

namespace policy {

// `policy` meets `limit`, a floor's or a deny file's: of each control what both leave, with the place of the stricter
// rule, or of both. An exception granted to `policy` ends where `limit` begins.
void tighten(Policy& policy, const Policy& limit);

// What an exception gives, on top of what `policy` leaves. `because` is told with every rule that it changes. A control
// that `policy` has no rule for is left as it is: there is nothing to widen.
void widen(Policy& policy, const Policy& more, const std::string& because);

// Where it is said that the control is required; nullptr if nowhere.
const Requirement* requirement_of(const Policy& policy, std::string_view control);

// Only the rules that are in force: those with the mode kEnforce, or with kAudit too.
enum class InForce { kEnforced, kAudited };
Policy in_force(Policy policy, InForce which);
// Whether the two differ.
bool audits(const Policy& policy);

// One control, or one system call of a filter, on which two policies differ.
struct Difference {
  std::string control;  // "process.capabilities", "seccomp:mount", "required:process.rootUser"
  std::string before;   // "no rule" if there is none
  std::string after;
  bool wider = false;  // `after` leaves something that `before` does not
};

// Of what is in force. Sorted as rules.h has the controls.
std::vector<Difference> differences(const Policy& before, const Policy& after);

// Names of one difference's call: "allowed", "by argument, otherwise EPERM", "ENOSYS".
std::string call_text(const SeccompPolicy& filter, std::string_view name);

}  // namespace policy
