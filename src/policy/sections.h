// The parts of a policy file that are long enough for a file of their own. Only files of this room include it.
#pragma once

#include "policy/document.h"
#include "policy/read.h"
#include "policy/section.h"

namespace policy {

base::Result<void> read_process(const oci::Cursor& value, Process& out);
base::Result<void> read_environment(const oci::Cursor& value, Environment& out);
base::Result<void> read_landlock(const oci::Cursor& value, Landlock& out);
base::Result<void> read_network(const oci::Cursor& value, Network& out);
// {"default": …, "max": …}: numbers, or with a unit, "64M".
base::Result<Limit> get_limit(const oci::Cursor& value);
base::Result<void> read_resources(const oci::Cursor& value, Resources& out);
base::Result<void> read_hooks(const oci::Cursor& value, Hooks& out);
base::Result<void> read_seccomp(const oci::Cursor& value, const GroupLookup& groups, Rule<SeccompPolicy>& out);

// The sections that hold rules, and what `root` has of them.
std::span<const Name> rule_sections();
base::Result<void> read_rules(const oci::Cursor& root, const GroupLookup& groups, Policy& out);

// "mode", "modes" and "selectable".
base::Result<void> read_modes(const oci::Cursor& root, Policy& out);
base::Result<Mode> get_mode(const oci::Cursor& value);

base::Result<void> read_tests(const oci::Cursor& list, std::vector<PolicyTest>& out);

base::Result<void> read_bindings(const oci::Cursor& list, std::vector<Binding>& out);
base::Result<void> read_exceptions(const oci::Cursor& list, const GroupLookup& groups, std::vector<Exception>& out);

}  // namespace policy
