// From mounts to rules: what the flags leave is given, once, and nothing else.

#include "plan/landlock.h"

#include <gtest/gtest.h>
#include <linux/mount.h>

#include <map>

#include "kernel/landlock.h"
#include "samples.h"

namespace {

namespace ll = kernel::landlock;
using plan::Place;
using Rules = std::map<std::string, std::uint64_t>;

constexpr std::uint64_t kAll = (ll::kIoctlDev << 1) - 1;
constexpr std::uint64_t kRead = ll::kReadFile | ll::kReadDir | ll::kExecute;
constexpr std::uint64_t kNodes = ll::kMakeChar | ll::kMakeBlock;
constexpr std::uint64_t kChange = kAll & ~kRead & ~kNodes & ~ll::kIoctlDev;

Place root(bool writable = false) { return {{0}, "/", writable, false, true, "/root"}; }
Place on(int slot, const char* path, bool writable, bool devices = false, bool literal = false) {
  return {{slot}, path, writable, devices, literal, "/mounts"};
}

Rules rules_of(const std::vector<Place>& places, std::uint64_t handled = kAll) {
  Rules out;
  for (const auto& [rule, because] : plan::landlock_paths(places, handled)) {
    EXPECT_TRUE(out.emplace(rule.path, rule.access).second) << rule.path << " has two rules";
    EXPECT_FALSE(because.empty());
  }
  return out;
}

TEST(LandlockPaths, TheRootIsReadAndExecuted) { EXPECT_EQ(rules_of({root()}), (Rules{{"/", kRead}})); }

TEST(LandlockPaths, AReadWriteRootKeepsEverythingButNodes) {
  EXPECT_EQ(rules_of({root(true), on(1, "/data", true), on(2, "/ro", false)}), (Rules{{"/", kRead | kChange}}));
  EXPECT_EQ(rules_of({{{0}, "/", true, true, true, "/root"}}), (Rules{{"/", kAll}})) << "and these too, without nodev";
}

TEST(LandlockPaths, WritesOnlyWhereTheMountIsWritable) {
  EXPECT_EQ(rules_of({root(), on(1, "/tmp", true), on(2, "/code", false)}), (Rules{{"/", kRead}, {"/tmp", kChange}}));
}

TEST(LandlockPaths, ReadOnlyBelowReadWriteTakesNothingBackAndGivesNothing) {
  EXPECT_EQ(rules_of({root(), on(1, "/data", true), on(2, "/data/ro", false)}), (Rules{{"/", kRead}, {"/data", kChange}}));
}

TEST(LandlockPaths, ReadWriteBelowReadOnly) {
  EXPECT_EQ(rules_of({root(), on(1, "/data", false), on(2, "/data/rw", true)}), (Rules{{"/", kRead}, {"/data/rw", kChange}}));
}

TEST(LandlockPaths, WhatLiesBelowIsGivenAlready) {
  const Rules want{{"/", kRead}, {"/dev", kChange | kNodes | ll::kIoctlDev}};
  EXPECT_EQ(rules_of({root(), on(1, "/dev", true, true, true), on(2, "/dev/pts", true, true, true), on(3, "/dev/shm", true, false, true)}), want);
}

// "/var/run/x" may lie in "/run" and "/data/link/x" anywhere: what the words say of it is not certain.
TEST(LandlockPaths, ALinkOnTheWayMayLeadElsewhere) {
  EXPECT_EQ(rules_of({root(), on(1, "/data", true), on(2, "/data/link/x", true)}),
            (Rules{{"/", kRead}, {"/data", kChange}, {"/data/link/x", kChange}}));
  EXPECT_EQ(rules_of({root(), on(1, "/a", true, false, true), on(2, "/ab", true, false, true)}).size(), 3U) << "not below";
}

TEST(LandlockPaths, DevicesOnAReadOnlyMountCanBeWritten) {
  EXPECT_EQ(rules_of({root(), on(1, "/dev", false, true)}), (Rules{{"/", kRead}, {"/dev", ll::kWriteFile | ll::kIoctlDev}}));
}

TEST(LandlockPaths, OnTopOfWhatTheRootGivesThereAreOnlyDevices) {
  EXPECT_EQ(rules_of({root(true), on(1, "/dev", true, true)}), (Rules{{"/", kRead | kChange}, {"/dev", kNodes | ll::kIoctlDev}}));
}

TEST(LandlockPaths, WhatTheKernelDoesNotKnowIsLeftOut) {
  EXPECT_EQ(plan::landlock_rights(2), (ll::kRefer << 1) - 1);
  EXPECT_EQ(plan::landlock_rights(3), (ll::kTruncate << 1) - 1);
  EXPECT_EQ(plan::landlock_rights(4), plan::landlock_rights(3));
  for (int abi = 5; abi <= harden::kNewestLandlock; ++abi) EXPECT_EQ(plan::landlock_rights(abi), kAll);
  for (const int abi : {2, 3}) {
    for (const auto& [path, access] : rules_of({root(), on(1, "/tmp", true), on(2, "/dev", true, true)}, plan::landlock_rights(abi))) {
      EXPECT_EQ(access & ~plan::landlock_rights(abi), 0U) << path;
    }
  }
}

// A plan, and the places of it by their paths.
struct Made {
  plan::LaunchPlan plan;
  std::map<std::string, Place> places;
};

Made made(oci::Spec spec, const char* policy = "faas") {
  const auto outcome = samples::hardened(std::move(spec), policy);
  Made out{samples::plan_of(outcome), {}};
  for (const auto& place : plan::places_of(out.plan, outcome.hardened.spec().root.readonly)) out.places.insert_or_assign(place.path, place);
  return out;
}

oci::Mount bind(const char* destination, std::vector<std::string> options) {
  return {.destination = destination, .type = "bind", .source = "/srv/data", .options = std::move(options)};
}

// Of a recursive bind the plain flag is about the topmost mount alone.
TEST(LandlockPlaces, OfARecursiveBindWhatIsBelowCounts) {
  auto spec = samples::minimal();
  for (const auto& mount : {bind("/a", {"rbind", "ro"}), bind("/b", {"rbind", "ro", "rro"}), bind("/c", {"bind", "ro"}), bind("/d", {"bind"}),
                            bind("/e", {"bind", "ro", "nodev"}), bind("/f", {"rbind", "nodev"}), bind("/g", {"rbind", "rnodev"})}) {
    spec.mounts.push_back(mount);
  }
  const auto places = made(spec, "passthrough").places;
  EXPECT_TRUE(places.at("/a").writable);
  EXPECT_FALSE(places.at("/b").writable || places.at("/c").writable || places.at("/e").writable);
  EXPECT_TRUE(places.at("/d").writable);
  EXPECT_TRUE(places.at("/c").devices && places.at("/f").devices);
  EXPECT_FALSE(places.at("/e").devices || places.at("/g").devices);
}

TEST(LandlockPlan, OfARequestOfDocker) {
  const auto plan = made(samples::spec("docker")).plan;
  const auto given = [&plan](const char* path) { return plan::landlock_given(plan, path); };
  EXPECT_EQ(given("/"), kRead);
  EXPECT_EQ(given("/usr/bin/x"), kRead);
  EXPECT_EQ(given("/sys"), kRead);
  EXPECT_EQ(given("/tmp") & kChange, kChange);
  EXPECT_EQ(given("/dev/pts/0") & ll::kIoctlDev, ll::kIoctlDev);
  EXPECT_EQ(given("/tmp") & (ll::kIoctlDev | kNodes), 0U);
  EXPECT_EQ(given("/proc/self/comm") & (ll::kWriteFile | ll::kTruncate), ll::kWriteFile | ll::kTruncate);
}

TEST(LandlockPlan, WithoutTheControlThereIsNone) {
  const auto plan = made(samples::spec("docker"), "passthrough").plan;
  for (const auto& step : plan.steps) {
    EXPECT_FALSE(std::holds_alternative<plan::LandlockRuleset>(step.op) || std::holds_alternative<plan::LandlockRestrict>(step.op));
  }
  EXPECT_EQ(plan::landlock_given(plan, "/x"), ~std::uint64_t{0});
}

TEST(LandlockPlan, PortsAndScopes) {
  const auto outcome = samples::landlocked({.bind = policy::Ports{8080, 0}, .connect = policy::Ports{443, 8080}}, harden::kNewestLandlock);
  const auto plan = samples::plan_of(outcome);
  std::map<std::uint16_t, std::uint64_t> ports;
  for (const auto& step : plan.steps) {
    if (const auto* rule = std::get_if<plan::LandlockPort>(&step.op)) {
      EXPECT_TRUE(ports.emplace(rule->port, rule->access).second);
    }
    if (const auto* ruleset = std::get_if<plan::LandlockRuleset>(&step.op)) {
      EXPECT_EQ(ruleset->ports, ll::kBindTcp | ll::kConnectTcp);
      EXPECT_EQ(ruleset->scopes, ll::kScopeSignal | ll::kScopeAbstractSocket);
    }
    if (const auto* enter = std::get_if<plan::LandlockRestrict>(&step.op)) {
      EXPECT_EQ(enter->flags, ll::kLogNewExecOn);
    }
  }
  EXPECT_EQ(ports, (std::map<std::uint16_t, std::uint64_t>{{0, ll::kBindTcp}, {443, ll::kConnectTcp}, {8080, ll::kBindTcp | ll::kConnectTcp}}));
}

TEST(LandlockPlan, OfAnOlderKernelHasNoMoreThanItKnows) {
  const auto outcome = samples::landlocked({.bind = policy::Ports{8080}, .connect = {}}, 2);
  const auto plan = samples::plan_of(outcome);
  for (const auto& step : plan.steps) {
    EXPECT_FALSE(std::holds_alternative<plan::LandlockPort>(step.op));
    if (const auto* enter = std::get_if<plan::LandlockRestrict>(&step.op)) {
      EXPECT_EQ(enter->flags, 0U);
    }
    const auto* ruleset = std::get_if<plan::LandlockRuleset>(&step.op);
    if (ruleset == nullptr) continue;
    EXPECT_EQ(ruleset->files, plan::landlock_rights(2));
    EXPECT_EQ(ruleset->ports | ruleset->scopes, 0U);
  }
}

}  // namespace
