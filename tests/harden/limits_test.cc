#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>

#include "samples.h"

namespace harden_test {
namespace {

const oci::Rlimit* rlimit(const oci::Spec& spec, int resource) {
  for (const auto& limit : spec.process->rlimits)
    if (limit.resource == resource) return &limit;
  return nullptr;
}

TEST(Rlimits, StandardsAreAddedAndCeilingsHold) {
  const auto spec = hardened(docker()).hardened.spec();
  EXPECT_EQ(rlimit(spec, RLIMIT_CORE)->hard, 0U);
  EXPECT_EQ(rlimit(spec, RLIMIT_MEMLOCK)->hard, 65536U);
  EXPECT_EQ(rlimit(spec, RLIMIT_NOFILE)->hard, 4096U);
  EXPECT_EQ(rlimit(spec, RLIMIT_NOFILE)->soft, 4096U);
  EXPECT_EQ(rlimit(spec, RLIMIT_AS), nullptr);

  auto none = docker();
  none.process->rlimits.clear();
  const auto added = hardened(none).hardened.spec();
  EXPECT_EQ(rlimit(added, RLIMIT_NOFILE)->soft, 1024U);
  EXPECT_EQ(rlimit(added, RLIMIT_NOFILE)->hard, 4096U);
}

TEST(Rlimits, LessStaysLess) {
  auto spec = faasd();
  spec.process->rlimits = {{.type = "RLIMIT_NOFILE", .resource = RLIMIT_NOFILE, .soft = 64, .hard = 128},
                           {.type = "RLIMIT_CPU", .resource = RLIMIT_CPU, .soft = 5, .hard = ~0ULL}};
  const auto after = hardened(spec).hardened.spec();
  EXPECT_EQ(rlimit(after, RLIMIT_NOFILE)->soft, 64U);
  EXPECT_EQ(rlimit(after, RLIMIT_NOFILE)->hard, 128U);
  EXPECT_EQ(rlimit(after, RLIMIT_CPU)->hard, ~0ULL);
}

TEST(Resources, Standards) {
  const auto out = hardened(docker());
  const auto& resources = *out.hardened.spec().linux.resources;
  EXPECT_EQ(resources.pids_limit, 256);
  EXPECT_EQ(resources.memory->limit, 256 << 20);
  EXPECT_EQ(decision(out, "resources.pids")->requested, "absent");
  EXPECT_EQ(decision(out, "resources.memory")->effective, "268435456");

  auto bare = docker();
  bare.linux.resources.reset();
  EXPECT_EQ(hardened(bare).hardened.spec().linux.resources->pids_limit, 256);
}

TEST(Resources, WhatIsAskedForWithinTheCeilingStays) {
  const auto out = hardened(kubernetes());
  EXPECT_EQ(out.hardened.spec().linux.resources->pids_limit, 64);
  EXPECT_EQ(out.hardened.spec().linux.resources->memory->limit, 128 << 20);
  EXPECT_EQ(decision(out, "resources.pids"), nullptr);
  EXPECT_EQ(decision(out, "resources.memory"), nullptr);
}

TEST(Resources, TheCeilingHolds) {
  auto spec = kubernetes();
  spec.linux.resources->pids_limit = 100000;
  EXPECT_EQ(hardened(spec).hardened.spec().linux.resources->pids_limit, 4096);
  // Asking for no limit gets the standard one.
  for (const std::int64_t asked : {-1L, 0L}) {
    spec.linux.resources->pids_limit = asked;
    EXPECT_EQ(hardened(spec).hardened.spec().linux.resources->pids_limit, 256) << asked;
  }
  spec.linux.resources->memory = oci::Memory{.limit = -1, .swap = -1};
  EXPECT_EQ(hardened(spec).hardened.spec().linux.resources->memory->limit, 256 << 20);
}

TEST(Resources, TheMemoryLimitStaysBelowMemoryAndSwap) {
  auto spec = kubernetes();
  spec.linux.resources->memory = oci::Memory{.swap = 64 << 20};
  EXPECT_EQ(hardened(spec).hardened.spec().linux.resources->memory->limit, 64 << 20);
}

std::string unified_after(const std::string& file, const std::string& value, policy::Policy policy = faas()) {
  auto spec = kubernetes();
  spec.linux.resources->pids_limit.reset();
  spec.linux.resources->memory.reset();
  spec.linux.resources->unified = {{"memory.high", "1"}, {file, value}};
  policy.resources.memory->value.max = std::uint64_t{1} << 30;
  auto out = harden::harden(spec, policy, can_remap());
  if (!out) return out.error().message();
  const auto& resources = *out->hardened.spec().linux.resources;
  EXPECT_TRUE(file != "pids.max" || !resources.pids_limit.has_value());
  EXPECT_TRUE(file != "memory.max" || !resources.memory.has_value());
  return resources.unified[1].second;
}

TEST(Resources, UnifiedIsNoWayAround) {
  EXPECT_EQ(unified_after("pids.max", "max"), "256");
  EXPECT_EQ(unified_after("pids.max", "5000"), "4096");
  EXPECT_EQ(unified_after("pids.max", "77"), "77");
  EXPECT_EQ(unified_after("memory.max", "8G"), "1073741824");
  EXPECT_EQ(unified_after("memory.max", "8388608m"), "1073741824");
  EXPECT_EQ(unified_after("memory.max", "128M"), "128M");
  // Forms that the kernel reads otherwise than a person does are refused.
  for (const auto* odd : {"0x100", "0777", " 5000", "5000 ", "", "-1", "99999999999999999999", "9999999T"}) {
    EXPECT_NE(unified_after("memory.max", odd).find("config.json: /linux/resources/unified/memory.max: want"),
              std::string::npos)
        << odd;
  }
}

TEST(Devices, NothingButTheDefaultOnes) {
  const auto out = hardened(docker());
  EXPECT_TRUE(out.hardened.spec().linux.devices.empty());
  const auto& rules = out.hardened.spec().linux.resources->devices;
  ASSERT_EQ(rules.size(), 1U);
  EXPECT_FALSE(rules[0].allow);
  EXPECT_EQ(rules[0].type, 'a');
  const auto* d = decision(out, "devices.allow");
  ASSERT_NE(d, nullptr);
  EXPECT_NE(d->requested.find("/dev/fuse"), std::string::npos);
  EXPECT_EQ(d->also, std::vector<std::string>{"/linux/resources/devices"});
  EXPECT_EQ(d->effective, "not made; deny all; not /dev/net/tun");
  const auto strict = hardened(kubernetes());
  ASSERT_NE(decision(strict, "devices.allow"), nullptr);
  EXPECT_EQ(decision(strict, "devices.allow")->requested, "/dev/net/tun, by default");
  EXPECT_EQ(decision(strict, "devices.allow")->effective, "not /dev/net/tun");
}

TEST(Devices, OfTheOneThatRuntimesAllowUnaskedOnlyWhatIsListed) {
  EXPECT_EQ(hardened(kubernetes(), none()).hardened.tun_access(), "rwm");
  EXPECT_EQ(hardened(kubernetes()).hardened.tun_access(), "");
  auto policy = faas();
  policy.devices.allow->value = {{.type = 'c', .major = 10, .minor = 200, .access = "rw"}};
  EXPECT_EQ(hardened(kubernetes(), policy).hardened.tun_access(), "rw");
  EXPECT_EQ(decision(hardened(kubernetes(), policy), "devices.allow")->effective, "/dev/net/tun rw");
  policy.devices.allow->value[0].access = "rwm";
  EXPECT_EQ(decision(hardened(kubernetes(), policy), "devices.allow"), nullptr);
}

TEST(Devices, APolicyCanAllowOneButNeverMoreOfItThanIsAskedFor) {
  auto policy = faas();
  policy.devices.allow->value = {{.type = 'c', .major = 10, .minor = 229, .access = "rwm"},
                                 {.type = 'b', .major = 8, .minor = 0, .access = "r"}};
  const auto after = hardened(docker(), policy).hardened.spec();
  ASSERT_EQ(after.linux.devices.size(), 1U);
  ASSERT_EQ(after.linux.resources->devices.size(), 2U);
  EXPECT_EQ(after.linux.resources->devices[1].access, "rw");

  // The last rule that fits decides, and a rule without numbers fits all.
  auto spec = docker();
  spec.linux.resources->devices = {{.allow = true, .type = 'c', .access = "rwm"},
                                   {.allow = false, .type = 'c', .major = 10, .access = "w"}};
  EXPECT_EQ(hardened(spec, policy).hardened.spec().linux.resources->devices[1].access, "rm");
  spec.linux.resources->devices.push_back({.allow = false, .type = 'a', .access = "rwm"});
  EXPECT_EQ(hardened(spec, policy).hardened.spec().linux.resources->devices.size(), 1U);
}

TEST(Sysctl, OnlySafeNames) {
  const auto out = hardened(docker());
  EXPECT_FALSE(out.hardened.spec().linux.sysctl.contains("net.core.somaxconn"));
  EXPECT_EQ(out.hardened.spec().linux.sysctl.at("net.ipv4.tcp_syncookies"), "1");
  EXPECT_EQ(decision(out, "sysctl.allow")->requested, "also: net.core.somaxconn=1024");
  EXPECT_EQ(decision(hardened(faasd()), "sysctl.allow"), nullptr);
}

TEST(Seccomp, ThePolicysListComesBesideTheRequests) {
  const auto out = hardened(docker());
  ASSERT_EQ(out.hardened.seccomp_policies().size(), 1U);
  EXPECT_EQ(out.hardened.seccomp_policies().front().allow, faas().seccomp->value.allow);
  ASSERT_TRUE(out.hardened.spec().linux.seccomp.has_value());
  EXPECT_EQ(out.hardened.spec().linux.seccomp->syscalls.size(), 1U);
  EXPECT_EQ(decision(out, "seccomp")->requested, "1 rules, otherwise SCMP_ACT_ERRNO");
  EXPECT_EQ(decision(hardened(faasd()), "seccomp")->requested, "absent");
}

TEST(Seccomp, A32BitProgramNeedsCompat32) {
  auto policy = faas();
  auto able = can_remap();
  const auto refusal = [&](const oci::Spec& spec) {
    const auto out = harden::harden(spec, policy, able);
    return out ? std::string() : out.error().message();
  };
  for (const auto* kind : {"static", "dynamic", "other", ""}) {
    able.entrypoint = kind;
    EXPECT_EQ(refusal(faasd()), "") << kind;
  }
  able.entrypoint = "elf32";
  EXPECT_EQ(refusal(faasd()),
            "policy \"faas@1\" refuses: \"fwatchdog\" is a 32-bit program, and seccomp.compat32 is false (faas.json:/seccomp); hint: with "
            "\"compat32\": true in the section \"seccomp\" of its profile, its system calls are filtered by the same list");
  policy.seccomp->value.compat32 = true;
  EXPECT_EQ(refusal(faasd()), "");
  EXPECT_NE(decision(hardened(faasd(), policy, able), "seccomp")->effective.find("also of 32-bit programs"), std::string::npos);

  policy::SeccompPolicy limit;
  limit.others_allowed = limit.compat32 = true;
  policy.seccomp_limits.push_back({limit, {.file = "floor.json", .pointer = "/seccomp"}, ""});
  EXPECT_EQ(refusal(faasd()), "");
  policy.seccomp_limits.back().value.compat32 = false;
  EXPECT_NE(refusal(faasd()).find("false (floor.json:/seccomp)"), std::string::npos);
  able.entrypoint = "dynamic";
  EXPECT_EQ(refusal(faasd()), "");
  policy.seccomp.reset();
  policy.seccomp_limits.clear();
  able.entrypoint = "elf32";
  EXPECT_EQ(refusal(faasd()), "") << "no filter kills it";
}

TEST(Seccomp, ItIsToldThatTheRequestLeaves32BitProgramsOut) {
  auto policy = faas();
  const auto why = [&](const oci::Spec& spec) { return decision(hardened(spec, policy), "seccomp")->why; };
  const auto* words = "has no SCMP_ARCH_X86";
  auto spec = docker();
  EXPECT_EQ(why(spec).find(words), std::string::npos);
  policy.seccomp->value.compat32 = true;
  EXPECT_NE(why(spec).find(words), std::string::npos);
  EXPECT_EQ(why(faasd()).find(words), std::string::npos) << "there is no filter of its own";
  spec.linux.seccomp->architectures.emplace_back("SCMP_ARCH_X86");
  EXPECT_EQ(why(spec).find(words), std::string::npos);
}

TEST(Outcome, NamesItsPolicy) { EXPECT_EQ(hardened(docker()).hardened.policy_name(), "faas@1"); }

}  // namespace
}  // namespace harden_test
