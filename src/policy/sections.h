// The sections of a policy file that are long enough for a file of their own. Only read.cc calls them.
#pragma once

#include "policy/read.h"
#include "policy/section.h"

namespace policy {

base::Result<void> read_process(const oci::Cursor& value, Process& out);
base::Result<void> read_environment(const oci::Cursor& value, Environment& out);
base::Result<void> read_seccomp(const oci::Cursor& value, const GroupLookup& groups, Rule<SeccompPolicy>& out);

}  // namespace policy
