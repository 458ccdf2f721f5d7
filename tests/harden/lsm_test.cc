// What a policy makes of the labels of a security module.
#include <gtest/gtest.h>

#include "samples.h"

namespace harden_test {
namespace {

struct Host {
  bool apparmor = false, selinux = false;
};

policy::Policy with(std::optional<bool> unconfined, std::optional<bool> required) {
  policy::Policy out;
  out.name = "x";
  out.version = "1";
  const auto rule = [](bool value, const char* name) {
    return policy::Setting<bool>{value, {.file = "x.json", .pointer = std::string("/lsm/") + name}, ""};
  };
  if (unconfined) out.lsm.unconfined = rule(*unconfined, "unconfined");
  if (required) out.lsm.required = rule(*required, "required");
  return out;
}

// The refusal; empty: none.
std::string refusal(const policy::Policy& policy, Host host, const char* apparmor, const char* selinux = "") {
  auto spec = docker();
  spec.process->apparmor_profile = apparmor;
  spec.process->selinux_label = selinux;
  auto abilities = can_remap();
  abilities.apparmor = host.apparmor;
  abilities.selinux = host.selinux;
  const auto out = harden::harden(spec, policy, abilities);
  if (!out) return out.error().message();
  EXPECT_EQ(out->hardened.spec().process->apparmor_profile, apparmor);
  EXPECT_EQ(out->hardened.spec().process->selinux_label, selinux);
  return "";
}

constexpr Host kNone{}, kAppArmor{.apparmor = true}, kSelinux{.selinux = true};

TEST(Lsm, WhoAsksToBeLeftOutIsRefused) {
  const auto policy = with(false, {});
  EXPECT_EQ(refusal(policy, kAppArmor, "unconfined"),
            "policy \"x@1\" refuses: /process/apparmorProfile is \"unconfined\" (x.json:/lsm/unconfined); hint: set "
            "/process/apparmorProfile in config.json to a profile of AppArmor");
  for (const auto* label : {"system_u:system_r:spc_t:s0", "unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023",
                            "system_u:system_r:unconfined_service_t:s0"}) {
    EXPECT_NE(refusal(policy, kSelinux, "", label).find("/process/selinuxLabel is "), std::string::npos) << label;
  }
  EXPECT_EQ(refusal(policy, kAppArmor, "docker-default"), "");
  EXPECT_EQ(refusal(policy, kAppArmor, ""), "") << "the engine's choice";
  EXPECT_EQ(refusal(policy, kSelinux, "", "system_u:system_r:container_t:s0:c1,c2"), "");
  EXPECT_EQ(refusal(policy, kNone, "unconfined", "a:b:spc_t:s0"), "") << "no module, no effect";
  EXPECT_EQ(refusal(policy, kSelinux, "unconfined"), "") << "AppArmor is off";
  EXPECT_EQ(refusal(with(true, {}), kAppArmor, "unconfined"), "");
  EXPECT_EQ(refusal(with({}, {}), kAppArmor, "unconfined"), "");
}

TEST(Lsm, WhatIsRequiredMustBeThereAndConfine) {
  const auto policy = with({}, true);
  EXPECT_EQ(refusal(policy, kAppArmor, ""),
            "policy \"x@1\" refuses: /process/apparmorProfile is absent, and this host has AppArmor (x.json:/lsm/required); hint: set "
            "/process/apparmorProfile in config.json to a profile of AppArmor");
  EXPECT_NE(refusal(policy, kAppArmor, "unconfined").find("confines nothing"), std::string::npos);
  EXPECT_NE(refusal(policy, kSelinux, "docker-default").find("/process/selinuxLabel is absent"), std::string::npos);
  EXPECT_EQ(refusal(policy, kAppArmor, "docker-default"), "");
  EXPECT_EQ(refusal(policy, kSelinux, "", "system_u:system_r:container_t:s0"), "");
  EXPECT_EQ(refusal(policy, kNone, ""), "") << "told, and not refused";
  EXPECT_EQ(refusal(with({}, false), kAppArmor, ""), "");
}

TEST(Lsm, WhatAHostHasNotIsToldOrRefused) {
  auto policy = with({}, true);
  const auto out = harden::harden(docker(), policy, can_remap());
  ASSERT_TRUE(out.has_value());
  const auto* told = decision(*out, "lsm.required");
  ASSERT_NE(told, nullptr);
  EXPECT_TRUE(told->degraded);
  EXPECT_NE(told->why.find("not possible here: this host has neither AppArmor nor SELinux on"), std::string::npos) << told->why;
  policy.required.push_back({.control = "lsm.required", .origin = {.file = "x.json", .pointer = "/modes"}});
  const auto refused = refusal(policy, kNone, "");
  EXPECT_NE(refused.find("lsm.required cannot be met in full here"), std::string::npos) << refused;
  EXPECT_NE(refused.find("it is required by x.json:/modes"), std::string::npos) << refused;
  auto on = can_remap();
  on.apparmor = true;
  auto spec = docker();
  spec.process->apparmor_profile = "docker-default";
  const auto met = harden::harden(spec, policy, on);
  ASSERT_TRUE(met.has_value());
  EXPECT_EQ(decision(*met, "lsm.required"), nullptr);
  const auto off = harden::harden(docker(), with({}, false), can_remap());
  ASSERT_TRUE(off.has_value());
  EXPECT_EQ(decision(*off, "lsm.required"), nullptr);
}

}  // namespace
}  // namespace harden_test
