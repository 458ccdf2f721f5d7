// One change (or refusal to change) that a policy made to a request: what explain prints, what the
// decision log records and what an error cites.
#pragma once

#include <string>
#include <vector>

namespace harden {

struct Decision {
  std::string control;            // "process.noNewPrivileges"; stable, in man/bulkhead-policy.5
  std::string where;              // JSON pointer into config.json: "/process/noNewPrivileges"
  std::vector<std::string> also;  // further pointers that the same decision changed
  std::string requested;          // as in config.json; "absent" if not there
  std::string effective;
  std::string why;        // one sentence
  std::string source;     // the rule's place: "faas.json:/process/noNewPrivileges"
  bool degraded = false;  // weaker than the policy wanted, because this host cannot do it
  bool warning = false;   // something was found and left: the caller's log tells of it
  bool expected = false;  // degraded, and so on every host of this kind: not worth a warning at each start
  bool audited = false;   // what the rule would do, were it not only audited: nothing was changed

  bool warns() const { return !audited && !expected && (degraded || warning); }  // the caller's log tells of it unasked
};

using Decisions = std::vector<Decision>;

}  // namespace harden
