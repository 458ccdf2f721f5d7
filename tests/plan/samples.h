// Inputs for the tests of the plan room: the sample bundles, hardened, on an imagined host.
#pragma once

#include <string>
#include <vector>

#include "harden/harden.h"
#include "kernel/facts.h"
#include "plan/plan.h"
#include "policy/policy.h"

namespace samples {

std::vector<std::string> bundle_names();                  // "docker", "podman" …
std::string bundle_text(const std::string& name);         // tests/bundles/NAME.json
oci::Spec spec(const std::string& name);
oci::Spec minimal();                                      // a process in new namespaces, a root, /proc
kernel::Facts facts(kernel::CgroupMode mode = kernel::CgroupMode::kUnified);
harden::Outcome hardened(oci::Spec spec, const std::string& policy, bool can_remap = true);
// The same, where the policy may refuse.
base::Result<harden::Outcome> hardened_or_refused(oci::Spec spec, const std::string& policy);
// The built-in policies.
std::vector<std::string> builtin_names();
// faas with "secrets": "redirect", and a request with two of them for it.
policy::Policy redirecting();
oci::Spec with_secrets();
// As redirected(), in a network of its own without some addresses, with a program of known files and TCP ports, on a kernel with this version of Landlock.
struct TcpPorts {
  std::optional<policy::Ports> bind, connect;
};
harden::Outcome landlocked(const TcpPorts& ports, int abi = harden::kNewestLandlock);
harden::Outcome redirected(oci::Spec spec = with_secrets(), bool can_remap = true, bool noswap = true);
plan::CreateOptions options();
// What exec asks for in such a container: its own process with other arguments, or `process`.
harden::Outcome executed(const harden::Outcome& container, const policy::Policy& policy, oci::Process process, int abi = harden::kNewestLandlock);
policy::Policy builtin(const std::string& name);

// The plan, or the test fails.
plan::LaunchPlan plan_of(const harden::Outcome& outcome, const kernel::Facts& facts = samples::facts());
// The error of a plan that must not be.
base::Error refusal(oci::Spec spec, const std::string& policy = "passthrough");

}  // namespace samples
