// Requests as real engines make them, the built-in policies, and hosts that can and cannot remap.
#pragma once

#include "harden/harden.h"
#include "oci/spec.h"
#include "policy/policy.h"

namespace harden_test {

oci::Spec docker();      // root, 14 capabilities, read-write root, own namespaces, no limits
oci::Spec kubernetes();  // a pod's container: uid 1000, namespaces by path, binds, limits
oci::Spec faasd();       // CAP_NET_RAW only, no seccomp, no pids limit

const policy::Policy& faas();
const policy::Policy& passthrough();

policy::Policy none();  // "x", without a rule
template <typename T>
policy::Rule<T> rule(T value) {
  return policy::Setting<T>{std::move(value), {.file = "x.json", .pointer = "/x"}, ""};
}

// faas, and an environment section that allows little, strips, warns, redirects and keeps.
policy::Policy environmental();

harden::Abilities can_remap();
harden::Abilities cannot_remap();

// The outcome; a refusal fails the test.
harden::Outcome hardened(const oci::Spec& spec, const policy::Policy& policy = faas(),
                         const harden::Abilities& abilities = can_remap());
// The decision about a control, or nullptr.
const harden::Decision* decision(const harden::Outcome& outcome, std::string_view control);

}  // namespace harden_test
