// Ids of its own for who is not root.
#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>

#include "samples.h"

namespace harden_test {
namespace {

policy::Policy own_ids(bool value = true) {
  auto out = none();
  out.process.own_ids = rule(value);
  return out;
}

bool has_user_namespace(const harden::Outcome& out) {
  const auto& all = out.hardened.spec().linux.namespaces;
  return std::any_of(all.begin(), all.end(), [](const oci::Namespace& ns) { return ns.type == CLONE_NEWUSER; });
}

oci::Spec of_nobody_special() {
  auto spec = docker();
  spec.process->user = {.uid = 1000, .gid = 1000};
  return spec;
}

TEST(OwnIds, EveryoneIsMapped) {
  for (const auto& spec : {of_nobody_special(), kubernetes(), docker()}) {
    const auto out = hardened(spec, own_ids());
    EXPECT_TRUE(has_user_namespace(out) && out.hardened.idmap_mounts());
    const auto& config = out.hardened.spec().linux;
    ASSERT_EQ(config.uid_mappings.size(), 1U);
    EXPECT_EQ(config.uid_mappings[0], (oci::IdMapping{.container_id = 0, .host_id = 1000000000, .size = 65536}));
    EXPECT_EQ(config.gid_mappings, config.uid_mappings);
    EXPECT_EQ(out.hardened.spec().process->user.uid, spec.process->user.uid) << "inside nothing is different";
    ASSERT_NE(decision(out, "process.ownIds"), nullptr);
    EXPECT_EQ(decision(out, "process.ownIds")->where, "/linux/uidMappings");
    EXPECT_FALSE(decision(out, "process.ownIds")->degraded);
  }
  EXPECT_FALSE(has_user_namespace(hardened(of_nobody_special(), own_ids(false))));
  EXPECT_FALSE(has_user_namespace(hardened(of_nobody_special())));
}

TEST(OwnIds, RootIsWhatItsOwnRuleIsAbout) {
  auto policy = own_ids();
  policy.process.root_user = rule(policy::RootUser::kRemap);
  const auto out = hardened(docker(), policy);
  EXPECT_NE(decision(out, "process.rootUser"), nullptr);
  EXPECT_EQ(decision(out, "process.ownIds"), nullptr);
  EXPECT_NE(decision(hardened(of_nobody_special(), policy), "process.ownIds"), nullptr);
  policy.process.root_user->value = policy::RootUser::kDrop;
  EXPECT_TRUE(has_user_namespace(hardened(docker(), policy)));
  policy.process.root_user->value = policy::RootUser::kRefuse;
  EXPECT_FALSE(harden::harden(docker(), policy, can_remap()));
  EXPECT_TRUE(has_user_namespace(hardened(of_nobody_special(), policy)));
}

TEST(OwnIds, AUserNamespaceThatIsAskedForStays) {
  auto spec = of_nobody_special();
  spec.linux.namespaces.push_back({.type = CLONE_NEWUSER, .name = "user", .path = ""});
  spec.linux.uid_mappings = spec.linux.gid_mappings = {{.container_id = 0, .host_id = 5000, .size = 2000}};
  auto out = hardened(spec, own_ids());
  EXPECT_EQ(out.hardened.spec().linux.uid_mappings, spec.linux.uid_mappings);
  EXPECT_EQ(decision(out, "process.ownIds"), nullptr);
  spec.linux.namespaces.back().path = "/proc/9/ns/user";
  spec.linux.uid_mappings = spec.linux.gid_mappings = {};
  out = hardened(spec, own_ids());
  EXPECT_TRUE(out.hardened.spec().linux.uid_mappings.empty());
  EXPECT_EQ(decision(out, "process.ownIds"), nullptr);
}

TEST(OwnIds, ADegradationIsToldAndRefusedWhereRequired) {
  auto policy = own_ids();
  const auto told = [&](const oci::Spec& spec, const harden::Abilities& abilities) {
    const auto out = hardened(spec, policy, abilities);
    EXPECT_FALSE(has_user_namespace(out) || out.hardened.idmap_mounts());
    const auto* d = decision(out, "process.ownIds");
    EXPECT_TRUE(d != nullptr && d->degraded);
    return d == nullptr ? "" : d->why;
  };
  EXPECT_NE(told(of_nobody_special(), cannot_remap()).find("not possible here: no idmapped mounts"), std::string::npos);
  auto high = of_nobody_special();
  high.process->user.additional_gids = {70'000};
  EXPECT_NE(told(high, can_remap()).find("id 70000 is outside the 65536 ids"), std::string::npos);
  policy.required.push_back({.control = "process.ownIds", .origin = {.file = "x.json", .pointer = "/modes"}});
  const auto refused = harden::harden(of_nobody_special(), policy, cannot_remap());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("process.ownIds cannot be met in full here"), std::string::npos);
  EXPECT_TRUE(harden::harden(of_nobody_special(), policy, can_remap()));
}

TEST(OwnIds, TheGroupsThatMayPingAreThoseThatAreMapped) {
  auto spec = of_nobody_special();
  spec.linux.sysctl["net.ipv4.ping_group_range"] = "0 2147483647";
  const auto out = hardened(spec, own_ids());
  EXPECT_EQ(out.hardened.spec().linux.sysctl.at("net.ipv4.ping_group_range"), "0 65535");
  EXPECT_NE(decision(out, "process.ownIds")->effective.find("ping_group_range 0 65535"), std::string::npos);
}

}  // namespace
}  // namespace harden_test
