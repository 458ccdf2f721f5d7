// What a container was made of, for `exec`: written by create and run, and worked out again by the same pure function.
#pragma once

#include "cli/prepare.h"
#include "container/kept.h"
#include "container/lifecycle.h"

namespace cli {

// In the container's directory.
base::Result<void> keep_for_exec(int dirfd, const Prepared& prepared);

struct Remembered {
  policy::Effective policy;      // what was in force, or only audited; no more of it is kept
  harden::Abilities abilities;   // what the host could do
  harden::Outcome container;     // what the two made of config.json
  oci::Process process;          // as config.json asked for it, without its environment
  // Which the container has; their values are in them alone.
  std::optional<harden::SecretFiles> secret_files;
  bool no_new_keyring = false;
};

// Errors: state, nothing was kept of it, or it is damaged; policy, by a version that this one cannot read.
base::Result<Remembered> remember(const container::Container& container);

}  // namespace cli
