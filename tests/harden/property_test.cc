// What must hold for every request: thousands of random ones. Each check is also shown to fail, on an outcome
// broken on purpose: a check that passes everything proves nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <functional>

#include "checks.h"
#include "flatten.h"
#include "mutate.h"
#include "samples.h"

namespace harden_test {
namespace {

constexpr int kRounds = 5000;
constexpr std::uint32_t kSeed = 20261123;

Case run(const oci::Spec& spec, const harden::Abilities& abilities, const policy::Policy& policy = faas()) {
  const auto out = hardened(spec, policy, abilities);
  return {.policy = &policy,
          .before = spec,
          .after = out.hardened.spec(),
          .decisions = out.decisions,
          .secret_files = out.hardened.secret_files()};
}

// A request that this policy refuses is none for these checks.
bool is_refused(const oci::Spec& spec, const harden::Abilities& abilities, const policy::Policy& policy) {
  const auto out = harden::harden(spec, policy, abilities);
  if (out) return false;
  EXPECT_EQ(out.error().kind(), base::Kind::kPolicy);
  auto text = out.error().message();
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char ch) { return std::tolower(ch); });
  EXPECT_EQ(text.find(kCanary), std::string::npos) << text;
  return true;
}

TEST(Property, HoldsForEveryRequest) {
  Random random(kSeed);
  const auto all = checks();
  for (int round = 0; round < kRounds; ++round) {
    const auto spec = mutated(random);
    const auto c = run(spec, round % 3 == 0 ? cannot_remap() : can_remap());
    for (const auto& [name, check, mutant] : all) {
      const auto fault = check(c);
      ASSERT_EQ(fault, "") << name << " in round " << round;
    }
  }
}

// The same under a policy that changes the environment in every way it can.
TEST(Property, HoldsForEveryEnvironment) {
  Random random(kSeed + 3);
  const auto all = checks();
  int refused = 0, redirected = 0;
  for (int round = 0; round < kRounds; ++round) {
    auto spec = mutated(random);
    for (int more = 0; more < 3; ++more) add_variable(random, spec);
    auto policy = environmental();
    if (round % 2 == 0) policy.environment.allow.reset();
    if (round % 5 == 0) policy.environment.secrets->value = policy::Secrets::kWarn;
    const auto abilities = round % 3 == 0 ? cannot_remap() : can_remap();
    if (is_refused(spec, abilities, policy)) {
      ++refused;
      continue;
    }
    const auto c = run(spec, abilities, policy);
    if (c.secret_files) ++redirected;
    for (const auto& [name, check, mutant] : all) {
      const auto fault = check(c);
      ASSERT_EQ(fault, "") << name << " in round " << round;
    }
  }
  EXPECT_GT(redirected, kRounds / 5);
  EXPECT_GT(refused, 0);  // names that cannot be a file's
  EXPECT_LT(refused, kRounds / 2);
}

TEST(Property, EachCheckCatchesItsMutant) {
  for (const auto& [name, check, mutant] : checks()) {
    auto c = run(docker(), can_remap());
    ASSERT_EQ(check(c), "") << name;
    mutant(c);
    EXPECT_NE(check(c), "") << name << " lets its mutant through";
  }
}

TEST(Property, IsDeterministic) {
  Random random(kSeed + 1);
  for (int round = 0; round < 500; ++round) {
    const auto spec = mutated(random);
    const auto first = run(spec, can_remap());
    const auto second = run(spec, can_remap());
    ASSERT_TRUE(difference(first.after, second.after).empty());
    ASSERT_EQ(first.decisions.size(), second.decisions.size());
    for (std::size_t i = 0; i < first.decisions.size(); ++i) {
      const auto& a = first.decisions[i];
      const auto& b = second.decisions[i];
      ASSERT_TRUE(a.control == b.control && a.where == b.where && a.also == b.also && a.requested == b.requested &&
                  a.effective == b.effective && a.why == b.why && a.source == b.source && a.degraded == b.degraded &&
                  a.warning == b.warning);
    }
  }
}

TEST(Property, PassthroughIsTheIdentity) {
  Random random(kSeed + 2);
  std::size_t changed_by_faas = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto spec = mutated(random);
    const auto out = hardened(spec, passthrough());
    ASSERT_TRUE(difference(spec, out.hardened.spec()).empty()) << *difference(spec, out.hardened.spec()).begin();
    ASSERT_TRUE(out.decisions.empty());
    if (round % 100 == 0 && !difference(spec, run(spec, can_remap()).after).empty()) ++changed_by_faas;
  }
  // The same comparison, where it must see something.
  EXPECT_EQ(changed_by_faas, static_cast<std::size_t>(kRounds / 100));
}

// The rules are independent: without one, the others decide what they decided.
TEST(Property, OneRuleLessIsOneDecisionLess) {
  using Off = std::pair<const char*, std::function<void(policy::Policy&)>>;
  const std::vector<Off> rules = {
      {"process.noNewPrivileges", [](policy::Policy& p) { p.process.no_new_privileges.reset(); }},
      {"process.rootUser", [](policy::Policy& p) { p.process.root_user.reset(); }},
      {"process.rlimits", [](policy::Policy& p) { p.process.rlimits.reset(); }},
      {"process.realtime", [](policy::Policy& p) { p.process.realtime.reset(); }},
      {"namespaces.own", [](policy::Policy& p) { p.namespaces.own.reset(); }},
      {"filesystem.readonlyRoot", [](policy::Policy& p) { p.filesystem.readonly_root.reset(); }},
      {"filesystem.recursiveReadonly", [](policy::Policy& p) { p.filesystem.recursive_readonly.reset(); }},
      {"filesystem.nosuid", [](policy::Policy& p) { p.filesystem.nosuid.reset(); }},
      {"filesystem.nodev", [](policy::Policy& p) { p.filesystem.nodev.reset(); }},
      {"filesystem.privatePropagation", [](policy::Policy& p) { p.filesystem.private_propagation.reset(); }},
      {"filesystem.maskedPaths", [](policy::Policy& p) { p.filesystem.masked_paths.reset(); }},
      {"filesystem.readonlyPaths", [](policy::Policy& p) { p.filesystem.readonly_paths.reset(); }},
      {"devices.allow", [](policy::Policy& p) { p.devices.allow.reset(); }},
      {"sysctl.allow", [](policy::Policy& p) { p.sysctl.allow.reset(); }},
      {"seccomp", [](policy::Policy& p) { p.seccomp.reset(); }},
      {"resources.pids", [](policy::Policy& p) { p.resources.pids.reset(); }},
      {"resources.memory", [](policy::Policy& p) { p.resources.memory.reset(); }},
      {"environment.strip", [](policy::Policy& p) { p.environment.strip.reset(); }},
      {"environment.warn", [](policy::Policy& p) { p.environment.warn.reset(); }},
      {"environment.secrets", [](policy::Policy& p) { p.environment.secrets.reset(); }},
  };
  auto spec = docker();
  spec.linux.rootfs_propagation = "shared";
  spec.process->scheduler = oci::Scheduler{.policy = 2};
  for (const auto* entry : {"LD_PRELOAD=/x.so", "NODE_OPTIONS=-r", "DB_PASSWORD=hunter2"})
    spec.process->env.emplace_back(entry);
  const auto all = run(spec, can_remap());
  for (const auto& [control, off] : rules) {
    auto policy = faas();
    off(policy);
    const auto out = hardened(spec, policy);
    std::vector<std::string> expected, have;
    for (const auto& d : all.decisions)
      if (d.control != control) expected.push_back(d.control + " " + d.effective);
    for (const auto& d : out.decisions) have.push_back(d.control + " " + d.effective);
    EXPECT_EQ(have, expected) << control;
    EXPECT_EQ(have.size() + 1, all.decisions.size()) << control << " decides nothing about this request";
  }
}

}  // namespace
}  // namespace harden_test
