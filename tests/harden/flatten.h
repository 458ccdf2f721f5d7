// A Spec as JSON pointer -> text, every member of it, and what differs between two: how tests see whether a
// change was recorded, and whether there was one at all.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "harden/decision.h"
#include "oci/spec.h"

namespace harden_test {

std::map<std::string, std::string> flatten(const oci::Spec& spec);
// The pointers whose value differs, is new or is gone.
std::set<std::string> difference(const oci::Spec& before, const oci::Spec& after);
// Every word of each.
std::vector<std::string> texts(const harden::Decisions& decisions);

}  // namespace harden_test
