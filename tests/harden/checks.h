// What must hold of every outcome of harden(), as functions of a case, each with a mutant that it must catch.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harden/harden.h"

namespace harden_test {

// What a check looks at. `after` and `decisions` are copies, so that a mutant can break them.
struct Case {
  const policy::Policy* policy;
  oci::Spec before, after;
  harden::Decisions decisions;
  std::optional<harden::SecretFiles> secret_files = {};
};

using Check = std::function<std::string(const Case&)>;  // empty: holds; else what does not
using Mutant = std::function<void(Case&)>;

struct Named {
  const char* name;
  Check check;
  Mutant mutant;
};

std::vector<Named> checks();

// One of them: no limit of the cgroup is above the one that was asked for.
std::string tighter_resources(const Case& c);

// What is in force beside config.json (the root's flags, the filter, Landlock, the default access to /dev/net/tun), and
// what could not be done: it is decided on each time.
bool is_beside_config(const harden::Decision& d);

}  // namespace harden_test
