// The rules of Landlock that follow from the mounts: what their flags leave, and no more. Pure.
//
// Landlock only gives: what a rule gives below a place, no other one takes back. So the root gets reading and executing,
// and each mount that can be written, or holds devices, what comes on top. A rule is on the root of a mount, by the
// descriptor with which it was attached: nothing is looked up.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harden/harden.h"
#include "plan/ops.h"
#include "plan/plan.h"

namespace plan {

// A mount, and what its flags leave on it or on one that came with it by a recursive bind.
struct Place {
  Slot mount;
  std::string path;       // "/": the root
  bool writable = false;  // not read-only
  bool devices = false;   // not nodev
  bool literal = false;   // no link was followed on the way, so that it lies below what its path says
  std::string because;
};

struct PathRule {
  LandlockPath rule;
  std::string because;
};

// What a kernel of this version can restrict.
std::uint64_t landlock_rights(int abi);
// What the flags of a place leave, of all rights.
std::uint64_t rights_left(const Place& place);
// One rule for each place whose rights are not given above it already; `handled` is what is restricted.
std::vector<PathRule> landlock_paths(const std::vector<Place>& places, std::uint64_t handled);
// The places of a plan, the root first.
std::vector<Place> places_of(const LaunchPlan& plan, bool readonly_root);

// The rights that a plan's rules give at a path in the container; all of them if it has no ruleset.
std::uint64_t landlock_given(const LaunchPlan& plan, std::string_view path);

// The invariant: exactly what `hardened` wants is restricted, every place has what its flags leave it, and none but those
// that can be written, and what lies in them, may be written.
bool landlock_as_mounted(const LaunchPlan& plan, const harden::Hardened& hardened);

}  // namespace plan
