#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>

#include <algorithm>

#include "samples.h"

namespace harden_test {
namespace {

const oci::Namespace* find(const oci::Spec& spec, std::uint64_t type) {
  for (const auto& ns : spec.linux.namespaces)
    if (ns.type == type) return &ns;
  return nullptr;
}

policy::Policy with_root_user(policy::RootUser value) {
  auto policy = faas();
  policy.process.root_user->value = value;
  return policy;
}

TEST(Identity, RootIsMappedAway) {
  const auto out = hardened(docker());
  const auto& config = out.hardened.spec().linux;
  ASSERT_NE(find(out.hardened.spec(), CLONE_NEWUSER), nullptr);
  ASSERT_EQ(config.uid_mappings.size(), 1U);
  EXPECT_EQ(config.uid_mappings[0].container_id, 0U);
  EXPECT_EQ(config.uid_mappings[0].host_id, 1000000000U);
  EXPECT_EQ(config.uid_mappings[0].size, 65536U);
  ASSERT_EQ(config.gid_mappings.size(), 1U);
  EXPECT_EQ(config.gid_mappings[0].host_id, 1000000000U);
  EXPECT_TRUE(out.hardened.idmap_mounts());
  EXPECT_EQ(out.hardened.spec().process->user.uid, 0U);
  EXPECT_EQ(out.hardened.spec().process->user.additional_gids, (std::vector<std::uint32_t>{0, 10}));
  const auto* d = decision(out, "process.rootUser");
  ASSERT_NE(d, nullptr);
  EXPECT_FALSE(d->degraded);
  EXPECT_EQ(d->source, "faas.json:/process/rootUser");
  EXPECT_EQ(d->why, faas().process.root_user->why);
}

// Docker and containerd ask for every group there is; in a user namespace that they do not know of, the kernel refuses those
// that it has not.
TEST(Identity, TheGroupsThatMayPingAreThoseThatAreMapped) {
  for (const char* name : {"net.ipv4.ping_group_range", "net/ipv4/ping_group_range"}) {
    const auto with = [&](const char* value) {
      auto spec = docker();
      spec.linux.sysctl[name] = value;
      auto policy = faas();
      policy.sysctl.allow.reset();
      const auto out = hardened(spec, policy);
      const auto& told = decision(out, "process.rootUser")->also;
      const auto& effective = out.hardened.spec().linux.sysctl.at(name);
      EXPECT_EQ(std::any_of(told.begin(), told.end(), [](const std::string& pointer) { return pointer.ends_with("ping_group_range"); }),
                effective != value)
          << value;
      return effective;
    };
    EXPECT_EQ(with("0 2147483647"), "0 65535");
    EXPECT_EQ(with("7\t 65536"), "7 65535");
    EXPECT_EQ(with("65536 65537"), "1 0");
    for (const char* kept : {"0 65535", "1 0", "0\t0", "x", "", "0", "0 ", "0 x", "1 -1"}) EXPECT_EQ(with(kept), kept);

    auto spec = docker();
    spec.linux.sysctl[name] = "0 2147483647";
    auto policy = faas();
    policy.sysctl.allow.reset();
    EXPECT_EQ(hardened(spec, policy, cannot_remap()).hardened.spec().linux.sysctl.at(name), "0 2147483647");
    spec.process->user = {.uid = 7, .gid = 7};
    EXPECT_EQ(hardened(spec, policy).hardened.spec().linux.sysctl.at(name), "0 2147483647");
  }
}

TEST(Identity, WhereTheHostCannotItSaysSo) {
  const auto out = hardened(docker(), faas(), cannot_remap());
  EXPECT_EQ(find(out.hardened.spec(), CLONE_NEWUSER), nullptr);
  EXPECT_FALSE(out.hardened.idmap_mounts());
  EXPECT_EQ(out.hardened.spec().process->capabilities->bounding, 0U);
  const auto* d = decision(out, "process.rootUser");
  ASSERT_NE(d, nullptr);
  EXPECT_TRUE(d->degraded);
  EXPECT_NE(d->why.find("not possible here: no idmapped mounts"), std::string::npos) << d->why;
}

TEST(Identity, WhereItIsRequiredAndTheHostCannotNothingIsMade) {
  auto policy = faas();
  policy.required = {{.control = "process.rootUser", .origin = {.file = "floor.json", .pointer = "/modes/process.rootUser/required"}}};
  const auto out = harden::harden(docker(), policy, cannot_remap());
  ASSERT_FALSE(out.has_value());
  EXPECT_EQ(out.error().kind(), base::Kind::kPolicy);
  EXPECT_EQ(out.error().message().find("policy \"faas@1\" refuses: process.rootUser cannot be met in full here: 0:0, not mapped away: "), 0U);
  EXPECT_NE(out.error().message().find("not possible here: no idmapped mounts (faas.json:/process/rootUser); hint: it is required by "
                                       "floor.json:/modes/process.rootUser/required"), std::string::npos)
      << out.error().message();
  EXPECT_TRUE(harden::harden(docker(), policy, can_remap()).has_value()) << "met in full";
  EXPECT_TRUE(harden::harden(kubernetes(), policy, cannot_remap()).has_value()) << "nothing to be met";
  policy.required[0].control = "seccomp";
  EXPECT_TRUE(harden::harden(docker(), policy, cannot_remap()).has_value()) << "another control";

  policy::Effective audited;
  audited.policy = faas();
  policy.required[0].control = "process.rootUser";
  audited.audited = {policy};
  const auto told = harden::harden(docker(), audited, cannot_remap());
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->decisions.back().control, "policy");
  EXPECT_TRUE(told->decisions.back().audited);
}

TEST(Identity, OtherUsersStay) {
  const auto out = hardened(kubernetes());
  EXPECT_EQ(find(out.hardened.spec(), CLONE_NEWUSER), nullptr);
  EXPECT_EQ(decision(out, "process.rootUser"), nullptr);
  EXPECT_FALSE(out.hardened.idmap_mounts());
}

TEST(Identity, GroupRootAloneIsRemapped) {
  auto spec = kubernetes();
  spec.process->user.gid = 0;
  EXPECT_TRUE(hardened(spec).hardened.idmap_mounts());
}

TEST(Identity, Refusal) {
  const auto out = harden::harden(docker(), with_root_user(policy::RootUser::kRefuse), can_remap());
  ASSERT_FALSE(out.has_value());
  EXPECT_EQ(out.error().kind(), base::Kind::kPolicy);
  EXPECT_EQ(out.error().message(),
            "policy \"faas@1\" refuses: process.user 0:0 is the host's root (faas.json:/process/rootUser); hint: set "
            "/process/user/uid in config.json to another id");
  EXPECT_TRUE(harden::harden(kubernetes(), with_root_user(policy::RootUser::kRefuse), can_remap()).has_value());
}

TEST(Identity, DropKeepsTheIdWithoutCapabilities) {
  const auto out = hardened(docker(), with_root_user(policy::RootUser::kDrop));
  EXPECT_EQ(find(out.hardened.spec(), CLONE_NEWUSER), nullptr);
  EXPECT_EQ(decision(out, "process.rootUser"), nullptr);
  EXPECT_EQ(out.hardened.spec().process->capabilities->bounding, 0U);
}

TEST(Identity, ItsOwnUserNamespaceIsKept) {
  auto spec = docker();
  spec.linux.namespaces.push_back({.type = CLONE_NEWUSER, .name = "user", .path = ""});
  spec.linux.uid_mappings = {{.container_id = 0, .host_id = 5000, .size = 10}};
  spec.linux.gid_mappings = spec.linux.uid_mappings;
  for (const auto how : {policy::RootUser::kRemap, policy::RootUser::kRefuse}) {
    const auto out = hardened(spec, with_root_user(how));
    EXPECT_EQ(decision(out, "process.rootUser"), nullptr);
    EXPECT_EQ(out.hardened.spec().linux.uid_mappings[0].host_id, 5000U);
    EXPECT_FALSE(out.hardened.idmap_mounts());
  }
}

TEST(Identity, AUserNamespaceThatMapsRootToRootIsNoProtection) {
  auto spec = docker();
  spec.linux.namespaces.push_back({.type = CLONE_NEWUSER, .name = "user", .path = ""});
  spec.linux.uid_mappings = {{.container_id = 0, .host_id = 0, .size = 65536}};
  spec.linux.gid_mappings = spec.linux.uid_mappings;
  const auto out = hardened(spec);
  ASSERT_NE(decision(out, "process.rootUser"), nullptr);
  EXPECT_TRUE(decision(out, "process.rootUser")->degraded);
  EXPECT_FALSE(harden::harden(spec, with_root_user(policy::RootUser::kRefuse), can_remap()).has_value());
  // Not only as root: another id inside may be root outside.
  spec.process->user = {.uid = 7, .gid = 7};
  spec.linux.uid_mappings = {{.container_id = 7, .host_id = 0, .size = 1}};
  EXPECT_FALSE(harden::harden(spec, with_root_user(policy::RootUser::kRefuse), can_remap()).has_value());
}

TEST(Identity, AJoinedUserNamespaceIsLeftAlone) {
  auto spec = docker();
  spec.linux.namespaces.push_back({.type = CLONE_NEWUSER, .name = "user", .path = "/proc/77/ns/user"});
  EXPECT_EQ(decision(hardened(spec), "process.rootUser"), nullptr);
}

TEST(Identity, WhatDoesNotFitIntoTheRangeIsNotRemapped) {
  auto spec = docker();
  spec.process->user.additional_gids = {70000};
  const auto out = hardened(spec);
  ASSERT_NE(decision(out, "process.rootUser"), nullptr);
  EXPECT_TRUE(decision(out, "process.rootUser")->degraded);
  EXPECT_NE(decision(out, "process.rootUser")->why.find("id 70000"), std::string::npos);

  spec = docker();
  spec.mounts[7].uid_mappings = {{.container_id = 0, .host_id = 7, .size = 1}};
  EXPECT_TRUE(decision(hardened(spec), "process.rootUser")->degraded);
}

TEST(Namespaces, MissingOnesAreAddedAndJoinedOnesStay) {
  const auto out = hardened(docker());
  ASSERT_NE(find(out.hardened.spec(), CLONE_NEWCGROUP), nullptr);
  const auto* d = decision(out, "namespaces.own");
  ASSERT_NE(d, nullptr);
  EXPECT_EQ(d->effective, "added new: cgroup");

  const auto pod = hardened(kubernetes());
  EXPECT_EQ(decision(pod, "namespaces.own"), nullptr);
  EXPECT_EQ(find(pod.hardened.spec(), CLONE_NEWIPC)->path, "/proc/77/ns/ipc");

  auto host = kubernetes();
  host.linux.namespaces.clear();
  const auto closed = hardened(host);
  for (const auto type : {CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP}) {
    ASSERT_NE(find(closed.hardened.spec(), static_cast<std::uint64_t>(type)), nullptr) << type;
    EXPECT_EQ(find(closed.hardened.spec(), static_cast<std::uint64_t>(type))->path, "");
  }
  auto abilities = can_remap();
  abilities.host_namespaces = CLONE_NEWIPC;
  const auto led = hardened(kubernetes(), faas(), abilities);
  EXPECT_EQ(find(led.hardened.spec(), CLONE_NEWIPC)->path, "") << "the path leads to the host's";
  ASSERT_NE(decision(led, "namespaces.own"), nullptr);
  EXPECT_EQ(decision(led, "namespaces.own")->effective, "new instead of the host's: ipc=/proc/77/ns/ipc");
  EXPECT_NE(led.hardened.own_namespaces() & CLONE_NEWIPC, 0U);
  EXPECT_EQ(led.hardened.own_namespaces() & CLONE_NEWNET, 0U);

  // The network is the engine's to choose.
  EXPECT_EQ(find(closed.hardened.spec(), CLONE_NEWNET), nullptr);
}

TEST(Namespaces, AreJoinedFromWhereThePolicySays) {
  auto policy = none();
  auto abilities = can_remap();
  auto spec = docker();
  spec.linux.namespaces = {{.type = CLONE_NEWNS, .name = "mount", .path = ""}, {.type = CLONE_NEWNET, .name = "network", .path = "/var/run/netns/a"}};
  const auto refusal = [&] {
    const auto out = harden::harden(spec, policy, abilities);
    return out ? std::string() : out.error().message();
  };
  EXPECT_EQ(refusal(), "") << "no rule";
  policy.namespaces.join_below = rule(std::vector<std::string>{"/run/netns", "/proc"});
  EXPECT_EQ(refusal(), "policy \"x@1\" refuses: config.json: /linux/namespaces/1/path: want a namespace in /run/netns, /proc, have "
                       "\"/var/run/netns/a\", which leads nowhere (x.json:/x)");
  abilities.joined = {{"/var/run/netns/a", "/run/netns/a"}};
  EXPECT_EQ(refusal(), "");
  abilities.joined = {{"/var/run/netns/a", "/run/netnsx/a"}};
  EXPECT_NE(refusal().find("have \"/var/run/netns/a\", which leads to \"/run/netnsx/a\""), std::string::npos);
  policy.namespaces.join_below = rule(std::vector<std::string>{});
  EXPECT_NE(refusal().find("in no place at all"), std::string::npos);
  spec.linux.namespaces.pop_back();
  EXPECT_EQ(refusal(), "") << "nothing is joined";
}

TEST(Capabilities, AllFiveSetsAreEmpty) {
  auto spec = docker();
  spec.process->capabilities->inheritable = spec.process->capabilities->ambient = 1;
  const auto out = hardened(spec);
  const auto& caps = *out.hardened.spec().process->capabilities;
  EXPECT_EQ(caps.bounding | caps.effective | caps.inheritable | caps.permitted | caps.ambient, 0U);
  const auto* d = decision(out, "process.capabilities");
  ASSERT_NE(d, nullptr);
  EXPECT_TRUE(d->requested.starts_with("14 capabilities: CAP_CHOWN, ")) << d->requested;
  EXPECT_EQ(d->effective, "none");
}

TEST(Capabilities, TheCeilingIsAnIntersection) {
  auto policy = faas();
  policy.process.capabilities->value = (oci::CapSet{1} << CAP_CHOWN) | (oci::CapSet{1} << CAP_SYS_ADMIN);
  const auto out = hardened(docker(), policy);
  EXPECT_EQ(out.hardened.spec().process->capabilities->bounding, 1U << CAP_CHOWN);
  EXPECT_EQ(out.hardened.spec().process->capabilities->effective, 1U << CAP_CHOWN);
  EXPECT_EQ(out.hardened.spec().process->capabilities->ambient, 0U);
}

TEST(Capabilities, NoneAskedForIsNoChange) {
  EXPECT_EQ(decision(hardened(kubernetes()), "process.capabilities"), nullptr);
}

TEST(Capabilities, AnAbsentMemberBecomesExplicit) {
  auto spec = kubernetes();
  spec.process->capabilities.reset();
  const auto out = hardened(spec);
  ASSERT_TRUE(out.hardened.spec().process->capabilities.has_value());
  EXPECT_EQ(decision(out, "process.capabilities")->requested, "absent");
}

TEST(Capabilities, LowPortsAreMadeUpFor) {
  constexpr const char* kName = "net.ipv4.ip_unprivileged_port_start";
  const auto out = hardened(docker());
  EXPECT_EQ(out.hardened.spec().linux.sysctl.at(kName), "0");
  ASSERT_NE(decision(out, "process.unprivilegedPorts"), nullptr);

  // Not asked for, a network that is shared, a value of its own: nothing to make up for, or not ours to set.
  EXPECT_FALSE(hardened(faasd()).hardened.spec().linux.sysctl.contains(kName));
  auto shared = docker();
  std::erase_if(shared.linux.namespaces, [](const oci::Namespace& ns) { return ns.type == CLONE_NEWNET; });
  EXPECT_FALSE(hardened(shared).hardened.spec().linux.sysctl.contains(kName));
  shared.linux.namespaces.push_back({.type = CLONE_NEWNET, .name = "network", .path = "/run/netns/x"});
  EXPECT_FALSE(hardened(shared).hardened.spec().linux.sysctl.contains(kName));
  auto own = docker();
  own.linux.sysctl[kName] = "443";
  EXPECT_EQ(hardened(own).hardened.spec().linux.sysctl.at(kName), "443");
}

TEST(Process, NoNewPrivileges) {
  const auto out = hardened(docker());
  EXPECT_TRUE(out.hardened.spec().process->no_new_privileges);
  EXPECT_NE(decision(out, "process.noNewPrivileges"), nullptr);
  EXPECT_EQ(decision(hardened(kubernetes()), "process.noNewPrivileges"), nullptr);
}

TEST(Process, RealTimeIsTakenAwayAndTheRestKept) {
  auto spec = kubernetes();
  spec.process->scheduler = oci::Scheduler{.policy = 1, .priority = 50};
  spec.process->io_priority = oci::IoPriority{.io_class = 1, .priority = 0};
  const auto out = hardened(spec);
  EXPECT_FALSE(out.hardened.spec().process->scheduler.has_value());
  EXPECT_FALSE(out.hardened.spec().process->io_priority.has_value());
  const auto* d = decision(out, "process.realtime");
  ASSERT_NE(d, nullptr);
  EXPECT_EQ(d->where, "/process/scheduler");
  EXPECT_EQ(d->also, std::vector<std::string>{"/process/ioPriority"});
  EXPECT_EQ(d->requested, "SCHED_FIFO; IOPRIO_CLASS_RT");

  spec.process->scheduler = oci::Scheduler{.policy = 3 /* SCHED_BATCH */};
  spec.process->io_priority = oci::IoPriority{.io_class = 2, .priority = 4};
  const auto kept = hardened(spec);
  EXPECT_TRUE(kept.hardened.spec().process->scheduler.has_value());
  EXPECT_TRUE(kept.hardened.spec().process->io_priority.has_value());
  EXPECT_EQ(decision(kept, "process.realtime"), nullptr);
}

TEST(Passthrough, ChangesNothingAndSaysNothing) {
  for (const auto& spec : {docker(), kubernetes(), faasd()}) {
    const auto out = hardened(spec, passthrough());
    EXPECT_TRUE(out.decisions.empty());
    EXPECT_TRUE(out.hardened.seccomp_policies().empty());
    EXPECT_FALSE(out.hardened.root_nosuid() || out.hardened.root_nodev() || out.hardened.idmap_mounts());
    EXPECT_EQ(out.hardened.policy_name(), "passthrough@1");
  }
}

}  // namespace
}  // namespace harden_test
