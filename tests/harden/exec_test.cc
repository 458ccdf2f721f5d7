// What exec starts in a container: the container's rules, and nothing beyond the container where the policy says so.
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>

#include "base/text.h"
#include "samples.h"

namespace harden_test {
namespace {

constexpr oci::CapSet kKill = oci::CapSet{1} << CAP_KILL, kAdmin = oci::CapSet{1} << CAP_SYS_ADMIN;

oci::Process shell(const oci::Spec& spec) {
  oci::Process process = *spec.process;
  process.args = {"sh"};
  return process;
}

base::Result<harden::Outcome> executed(const harden::Outcome& container, oci::Process process, const policy::Policy& policy,
                                       const harden::Abilities& abilities = can_remap()) {
  return harden::harden_exec(container.hardened, container.hardened.secret_files(), std::move(process), policy, abilities);
}

std::string error(const base::Result<harden::Outcome>& outcome) { return outcome ? "none" : outcome.error().message(); }

std::size_t count(const harden::Outcome& outcome, std::string_view control) {
  std::size_t n = 0;
  for (const auto& decision : outcome.decisions) n += decision.control == control ? 1U : 0U;
  return n;
}

TEST(Exec, IsRefusedWhereItIsNotAllowed) {
  auto policy = none();
  const auto container = hardened(docker(), policy);
  for (const bool allow : {true, false}) {
    policy.exec.allow = rule(allow);
    const auto out = executed(container, shell(docker()), policy);
    EXPECT_EQ(out.has_value(), allow);
    if (allow) continue;
    EXPECT_EQ(error(out), "policy \"x@1\" refuses: exec starts no program in this container (x.json:/x)");
  }
}

TEST(Exec, TheRulesOfTheContainerHold) {
  const auto container = hardened(docker());
  auto process = shell(docker());
  process.no_new_privileges = false;
  process.capabilities->effective |= kAdmin;
  const auto out = executed(container, process, faas());
  ASSERT_TRUE(out) << out.error().message();
  EXPECT_TRUE(out->hardened.spec().process->no_new_privileges);
  EXPECT_EQ(out->hardened.spec().process->capabilities->effective, 0U);
  EXPECT_EQ(out->hardened.seccomp_policies().size(), container.hardened.seccomp_policies().size());
  EXPECT_EQ(out->hardened.locks().secure_bits, container.hardened.locks().secure_bits);
  EXPECT_EQ(out->hardened.landlock().has_value(), container.hardened.landlock().has_value());
  EXPECT_EQ(out->hardened.spec().linux.uid_mappings, container.hardened.spec().linux.uid_mappings);
  EXPECT_EQ(out->hardened.spec().linux.namespaces, container.hardened.spec().linux.namespaces);
  EXPECT_EQ(out->hardened.spec().mounts, container.hardened.spec().mounts) << "of the container nothing is decided again";
  for (const auto& decision : out->decisions) EXPECT_TRUE(decision.where.starts_with("/process") || decision.where.starts_with("/linux/seccomp")) << decision.where;
}

TEST(Exec, WhatIsNotSaidIsTheContainers) {
  auto spec = docker();
  spec.process->oom_score_adj = 7;
  spec.process->apparmor_profile = "own";
  spec.process->exec_cpu_affinity = {.initial = "0", .final = "0-1"};
  spec.process->rlimits = {{.type = "RLIMIT_NOFILE", .resource = RLIMIT_NOFILE, .soft = 1, .hard = 2}};
  const auto container = hardened(spec, none());
  oci::Process process;
  process.args = {"sh"};
  const auto out = executed(container, process, none());
  ASSERT_TRUE(out);
  const auto& effective = *out->hardened.spec().process;
  EXPECT_EQ(effective.capabilities, spec.process->capabilities);
  EXPECT_EQ(effective.oom_score_adj, 7);
  EXPECT_EQ(effective.apparmor_profile, "own");
  EXPECT_EQ(effective.exec_cpu_affinity, spec.process->exec_cpu_affinity);
  EXPECT_EQ(effective.rlimits, spec.process->rlimits);
  EXPECT_FALSE(effective.no_new_privileges);
}

// Each kind of excess, with the rule and without.
TEST(Exec, HasNoMoreThanTheContainer) {
  auto spec = docker();
  spec.process->capabilities = oci::Capabilities{.bounding = kKill, .effective = kKill, .inheritable = 0, .permitted = kKill, .ambient = 0};
  spec.process->no_new_privileges = true;
  spec.process->oom_score_adj = 300;
  spec.process->apparmor_profile = "own";
  spec.process->exec_cpu_affinity = {.initial = "0", .final = "0-1"};
  spec.process->rlimits = {{.type = "RLIMIT_NOFILE", .resource = RLIMIT_NOFILE, .soft = 10, .hard = 20}, {.type = "RLIMIT_CORE", .resource = RLIMIT_CORE, .soft = 0, .hard = 0}};
  auto process = shell(spec);
  for (auto set : {&oci::Capabilities::bounding, &oci::Capabilities::effective, &oci::Capabilities::inheritable, &oci::Capabilities::permitted, &oci::Capabilities::ambient}) {
    (*process.capabilities).*set = kKill | kAdmin;
  }
  process.no_new_privileges = false;
  process.oom_score_adj = -5;
  process.apparmor_profile = "unconfined";
  process.rlimits = {{.type = "RLIMIT_NOFILE", .resource = RLIMIT_NOFILE, .soft = 30, .hard = 40}};
  {
    const auto out = executed(hardened(spec, none()), process, none());
    ASSERT_TRUE(out);
    EXPECT_EQ(*out->hardened.spec().process, process) << "as it is asked for";
    EXPECT_TRUE(out->decisions.empty());
  }
  auto policy = none();
  policy.exec.within_container = rule(true);
  const auto out = executed(hardened(spec, policy), process, policy);
  ASSERT_TRUE(out);
  auto want = *spec.process;
  want.args = process.args;
  want.rlimits.front().soft = 20;
  EXPECT_EQ(*out->hardened.spec().process, want);
  EXPECT_EQ(count(*out, "exec.withinContainer"), 1U) << "one decision a control";
  EXPECT_NE(decision(*out, "exec.withinContainer")->requested.find("unconfined"), std::string::npos);
  // What is less stays less.
  oci::Process less = shell(spec);
  less.capabilities = oci::Capabilities{};
  less.oom_score_adj = 900;
  less.rlimits.front().hard = less.rlimits.front().soft = 5;
  const auto kept = executed(hardened(spec, policy), less, policy);
  ASSERT_TRUE(kept);
  EXPECT_EQ(*kept->hardened.spec().process, less);
  EXPECT_EQ(count(*kept, "exec.withinContainer"), 0U);
}

TEST(Exec, WhatIsOnlyAuditedIsToldAndNotDone) {
  policy::Effective policy{.policy = none(), .audited = {none()}, .profile = {}, .selected_by = {}, .layers = {}, .exceptions = {}, .notes = {}};
  auto& audited = policy.audited.front();
  const auto container = hardened(docker(), policy.policy);
  const auto tell = [&](oci::Process process) {
    auto out = harden::harden_exec(container.hardened, {}, std::move(process), policy, can_remap());
    EXPECT_TRUE(out) << error(out);
    std::vector<std::string> told;
    for (const auto& decision : out->decisions) {
      if (decision.audited) told.push_back(base::cat(decision.control, ": ", decision.requested, " -> ", decision.effective));
    }
    return std::pair(*std::move(out), told);
  };
  using Told = std::vector<std::string>;
  EXPECT_EQ(tell(shell(docker())).second, Told{}) << "no rule";

  const auto kill = policy::Setting<oci::CapSet>{kKill, {}, ""};
  audited.process.capabilities = kill;
  auto process = shell(docker());
  process.capabilities = oci::Capabilities{.bounding = kKill | kAdmin, .effective = kKill, .inheritable = 0, .permitted = kKill, .ambient = 0};
  const auto [out, told] = tell(process);
  EXPECT_EQ(out.hardened.spec().process->capabilities, process.capabilities) << "not done";
  ASSERT_EQ(told.size(), 1U);
  EXPECT_TRUE(told.front().starts_with("process.capabilities: ")) << told.front();
  process.capabilities->bounding = kKill;
  EXPECT_EQ(tell(process).second, Told{}) << "kept";
  process.capabilities->bounding |= kAdmin;
  policy.policy.process.capabilities = kill;
  EXPECT_EQ(tell(process).second, Told{}) << "enforced, and told as that";
  policy.policy.process.capabilities.reset();
  audited.process.capabilities.reset();

  // Of the container, and not of the program.
  audited.filesystem.readonly_root = policy::Setting<bool>{true, {}, ""};
  EXPECT_EQ(tell(process).second, Told{});

  audited.exec.allow = policy::Setting<bool>{false, {.file = "x.json", .pointer = "/x"}, ""};
  EXPECT_EQ(tell(process).second, Told{base::cat("policy: a program -> none: ", "policy \"", audited.id(), "\" refuses: exec starts no program in this container (x.json:/x)")});
  policy.policy.exec.allow = audited.exec.allow;
  EXPECT_FALSE(harden::harden_exec(container.hardened, {}, process, policy, can_remap()));
}

TEST(Exec, TheHostsRootIsMappedAlreadyOrRefused) {
  const auto mapped = hardened(docker());  // asks for root, and is mapped
  EXPECT_TRUE(executed(mapped, shell(docker()), faas()));
  auto spec = docker();
  spec.process->user.uid = spec.process->user.gid = 1000;
  const auto container = hardened(spec);
  for (const auto& [uid, gid] : {std::pair{0U, 0U}, {0U, 1000U}, {1000U, 0U}}) {
    auto process = shell(spec);
    process.user.uid = uid;
    process.user.gid = gid;
    EXPECT_NE(error(executed(container, process, faas())).find("is the host's root"), std::string::npos) << uid << ':' << gid;
    EXPECT_TRUE(executed(hardened(spec, none()), process, none())) << "as it is asked for";
  }
  EXPECT_TRUE(executed(container, shell(spec), faas()));
  // Where it could not be mapped the container has it, and so may what is started in it.
  const auto bare = hardened(docker(), faas(), cannot_remap());
  EXPECT_TRUE(executed(bare, shell(docker()), faas(), cannot_remap()));
  auto within = none();
  within.exec.within_container = rule(true);
  auto process = shell(spec);
  process.user.uid = 0;
  EXPECT_FALSE(executed(hardened(spec, within), process, within));
}

TEST(Exec, OnlyASecretOfWhichThereIsAFile) {
  auto policy = none();
  policy.environment.secrets = rule(policy::Secrets::kRedirect);
  auto spec = docker();
  spec.process->env.push_back("DB_PASSWORD=hunter2-canary-1");
  const auto container = hardened(spec, policy);
  ASSERT_TRUE(container.hardened.secret_files());
  const auto out = executed(container, shell(spec), policy);
  ASSERT_TRUE(out) << out.error().message();
  for (const auto& entry : out->hardened.spec().process->env) EXPECT_EQ(entry.find("canary"), std::string::npos);
  for (const auto* more : {"API_TOKEN=hunter3-canary-2", "DB_PASSWORD=hunter2-canary-3"}) {
    auto process = shell(spec);
    process.env.emplace_back(more);
    const auto refused = executed(container, process, policy);
    EXPECT_NE(error(refused).find("holds a secret"), std::string::npos) << more;
    EXPECT_EQ(error(refused).find("canary"), std::string::npos);
  }
}

TEST(Exec, LocksOfTheContainerStay) {
  auto policy = none();
  policy.process.memory_deny_write_execute = rule(policy::WriteExecute::kByKind);
  auto abilities = can_remap();
  abilities.mdwe_unable.clear();
  abilities.entrypoint = "go";
  const auto container = hardened(docker(), policy, abilities);
  ASSERT_TRUE(container.hardened.locks().deny_write_execute);
  abilities.entrypoint = "node";  // makes code, and would be let by itself
  const auto out = executed(container, shell(docker()), policy, abilities);
  ASSERT_TRUE(out);
  EXPECT_TRUE(out->hardened.locks().deny_write_execute);
}

}  // namespace
}  // namespace harden_test
