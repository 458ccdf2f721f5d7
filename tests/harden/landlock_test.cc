// landlock: what the kernel's version leaves of the policy's wishes, and what is told of it.
#include <gtest/gtest.h>
#include <linux/capability.h>

#include "samples.h"

namespace harden_test {
namespace {

template <typename T>
policy::Rule<T> rule(T value) {
  return policy::Setting<T>{std::move(value), {.file = "x.json", .pointer = "/landlock"}, ""};
}

policy::Policy wishes() {
  policy::Policy out;
  out.name = "x";
  out.version = "1";
  out.landlock.enable = rule(true);
  out.landlock.scopes = rule(std::vector<std::string>{"signal", "abstract-unix-socket"});
  out.landlock.bind = rule(policy::Ports{8080});
  out.landlock.connect = rule(policy::Ports{});
  return out;
}

harden::Outcome on(int abi, const policy::Policy& policy = wishes()) {
  auto abilities = can_remap();
  abilities.landlock_abi = abi;
  return hardened(docker(), policy, abilities);
}

bool told(const harden::Outcome& out, const char* control, bool degraded) {
  const auto* d = decision(out, control);
  EXPECT_NE(d, nullptr) << control;
  return d != nullptr && d->degraded == degraded && !d->warning;
}

TEST(Landlock, OfTheNewestHasAll) {
  for (const int abi : {6, 7, 8, 99}) {
    const auto out = on(abi);
    const auto& landlock = out.hardened.landlock();
    ASSERT_TRUE(landlock);
    EXPECT_EQ(landlock->abi, std::min(abi, harden::kNewestLandlock)) << "what is not known here is not used";
    EXPECT_TRUE(landlock->signals && landlock->abstract_sockets);
    EXPECT_EQ(landlock->bind, policy::Ports{8080});
    EXPECT_EQ(landlock->connect, policy::Ports{}) << "none is not any";
    for (const auto* control : {"landlock.enable", "landlock.scopes", "landlock.bind", "landlock.connect"}) EXPECT_TRUE(told(out, control, false));
  }
}

TEST(Landlock, WhatAVersionLacksIsDroppedAndTold) {
  struct Row {
    int abi;
    bool files, ports, scopes;  // not all of it
  };
  for (const auto& [abi, files, ports, scopes] : {Row{2, true, true, true}, Row{3, true, true, true}, Row{4, true, false, true},
                                                  Row{5, false, false, true}, Row{6, false, false, false}}) {
    const auto out = on(abi);
    const auto& landlock = out.hardened.landlock();
    ASSERT_TRUE(landlock) << abi;
    EXPECT_EQ(landlock->bind.has_value(), !ports) << abi;
    EXPECT_EQ(landlock->connect.has_value(), !ports) << abi;
    EXPECT_EQ(landlock->signals, !scopes) << abi;
    EXPECT_EQ(landlock->abstract_sockets, !scopes) << abi;
    EXPECT_TRUE(told(out, "landlock.enable", files)) << abi;
    EXPECT_TRUE(told(out, "landlock.bind", ports)) << abi;
    EXPECT_TRUE(told(out, "landlock.connect", ports)) << abi;
    EXPECT_TRUE(told(out, "landlock.scopes", scopes)) << abi;
  }
  EXPECT_NE(decision(on(2), "landlock.enable")->why.find("version 2 of Landlock does not restrict truncating"), std::string::npos);
}

TEST(Landlock, WithoutItOrWithItsFirstVersionNothingIsDone) {
  for (const int abi : {0, 1}) {
    const auto out = on(abi);
    EXPECT_FALSE(out.hardened.landlock()) << abi;
    EXPECT_TRUE(told(out, "landlock.enable", true)) << abi;
    EXPECT_EQ(decision(out, "landlock.enable")->effective, "none");
    // Each can be required alone.
    for (const char* control : {"landlock.scopes", "landlock.bind", "landlock.connect"}) {
      EXPECT_TRUE(told(out, control, true)) << control << abi;
      EXPECT_NE(decision(out, control)->why.find(abi == 0 ? "this kernel has no Landlock" : "version 1 of Landlock forbids"), std::string::npos);
    }
  }
}

TEST(Landlock, IsNotThereUnlessAskedFor) {
  auto policy = wishes();
  policy.landlock.enable = rule(false);
  EXPECT_FALSE(on(7, policy).hardened.landlock());
  EXPECT_TRUE(on(7, policy).decisions.empty());
  policy.landlock.enable.reset();
  EXPECT_FALSE(on(7, policy).hardened.landlock());
  EXPECT_FALSE(hardened(docker(), passthrough()).hardened.landlock());
  EXPECT_TRUE(hardened(docker(), faas()).hardened.landlock());
}

TEST(Landlock, ScopesAreTakenOneByOne) {
  auto policy = wishes();
  policy.landlock.scopes = rule(std::vector<std::string>{"signal"});
  const auto out = on(7, policy);
  EXPECT_TRUE(out.hardened.landlock()->signals);
  EXPECT_FALSE(out.hardened.landlock()->abstract_sockets);
  policy.landlock.scopes = rule(std::vector<std::string>{});
  EXPECT_EQ(decision(on(7, policy), "landlock.scopes"), nullptr);
}

// It would be left a capability whose main use is gone.
TEST(Landlock, WarnsWhereMountingIsTakenFromWhoMayMount) {
  auto spec = docker();
  spec.process->capabilities->bounding |= oci::CapSet{1} << CAP_SYS_ADMIN;
  const auto out = hardened(spec, wishes());
  EXPECT_TRUE(decision(out, "landlock.enable")->warning);
  EXPECT_NE(decision(out, "landlock.enable")->why.find("CAP_SYS_ADMIN"), std::string::npos);
  auto policy = wishes();
  policy.process.capabilities = rule(oci::CapSet{0});
  EXPECT_FALSE(decision(hardened(spec, policy), "landlock.enable")->warning) << "it is dropped";
}

TEST(Landlock, AuditedChangesNothing) {
  policy::Effective effective;
  effective.policy.name = "x";
  effective.policy.version = "1";
  effective.audited = {wishes()};
  const auto out = harden::harden(docker(), effective, can_remap());
  ASSERT_TRUE(out);
  EXPECT_FALSE(out->hardened.landlock());
  ASSERT_NE(decision(*out, "landlock.enable"), nullptr);
  EXPECT_TRUE(decision(*out, "landlock.enable")->audited);
}

}  // namespace
}  // namespace harden_test
