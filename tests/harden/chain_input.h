// A request and the policies of a node, put together at random: profiles, floors, deny files and exceptions.
#pragma once

#include <string>

#include "harden/harden.h"
#include "mutate.h"
#include "policy/chain.h"

namespace harden_test {

constexpr std::int64_t kDay = 24 * 60 * 60;

struct Input {
  oci::Spec spec;
  policy::Chain chain;
  std::string profile = "p@1";
  std::int64_t now = 20'000 * kDay;
  harden::Abilities abilities;
};

struct Output {
  policy::Effective policy;
  oci::Spec after;
  harden::Decisions decisions;
  std::optional<harden::SecretFiles> secret_files;
  std::uint64_t wall_clock = 0;
  harden::ProcessLocks locks;
  std::optional<harden::Landlock> landlock;
  std::vector<policy::Prefix> blackhole;
  std::vector<harden::HashedFile> program;
  std::vector<oci::CheckedHook> hooks;
  std::string tun_access;
};

std::size_t below(Random& random, std::size_t n);
// Every rule of some policy of a pool, or none: one in four times for each of `absent_of_four`.
policy::Policy random_policy(Random& random, const std::string& name, std::size_t absent_of_four);
// What of a policy a file of this kind may say.
policy::Document layer(policy::Kind kind, policy::Policy rules);
Input random_input(Random& random);

}  // namespace harden_test
