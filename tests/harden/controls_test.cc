// Controls that one function each decides: noexec, procfs, binds, umask, the OOM score, processors, swap, unified.
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>

#include <algorithm>
#include <limits>

#include "samples.h"

namespace harden_test {
namespace {

const oci::Mount& mount_on(const oci::Spec& spec, std::string_view destination) {
  const auto at = std::find_if(spec.mounts.begin(), spec.mounts.end(), [&](const auto& m) { return m.destination == destination; });
  EXPECT_NE(at, spec.mounts.end()) << destination;
  return *at;
}

bool has(const oci::Mount& mount, std::string_view option) {
  return std::find(mount.options.begin(), mount.options.end(), option) != mount.options.end();
}

TEST(Noexec, IsOnWhatCanBeWritten) {
  auto policy = none();
  policy.filesystem.noexec = rule(true);
  auto spec = docker();
  spec.mounts.push_back({.destination = "/volume", .type = "bind", .source = "/srv/data", .options = {"rbind", "exec"}});
  spec.mounts.push_back({.destination = "/code", .type = "bind", .source = "/srv/code", .options = {"bind", "ro"}});
  const auto out = hardened(spec, policy);
  const auto& after = out.hardened.spec();
  const auto& data = mount_on(after, "/volume");
  EXPECT_TRUE(has(data, "noexec") && has(data, "rnoexec") && !has(data, "exec"));
  EXPECT_FALSE(has(mount_on(after, "/code"), "noexec")) << "read-only: its programs are what it is for";
  ASSERT_NE(decision(out, "filesystem.noexec"), nullptr);
  policy.filesystem.noexec = rule(false);
  EXPECT_EQ(decision(hardened(spec, policy), "filesystem.noexec"), nullptr);
}

TEST(Proc, ShowsLess) {
  auto policy = none();
  policy.filesystem.proc = rule(policy::ProcView{.own_only = true, .pids_only = true});
  const auto out = hardened(docker(), policy);
  const auto& proc = mount_on(out.hardened.spec(), "/proc");
  EXPECT_TRUE(has(proc, "hidepid=ptraceable") && has(proc, "subset=pid"));
  for (const char* weaker : {"hidepid=0", "hidepid=1", "hidepid=2", "hidepid=invisible"}) {
    auto asked = docker();
    for (auto& mount : asked.mounts) {
      if (mount.type == "proc") mount.options.emplace_back(weaker);
    }
    const auto stricter = hardened(asked, policy);
    EXPECT_FALSE(has(mount_on(stricter.hardened.spec(), "/proc"), weaker)) << weaker;
    EXPECT_TRUE(has(mount_on(stricter.hardened.spec(), "/proc"), "hidepid=ptraceable")) << weaker;
  }
  auto spec = docker();
  for (auto& mount : spec.mounts) {
    if (mount.type == "proc") mount.options = {"hidepid=ptraceable", "hidepid=0"};
  }
  EXPECT_FALSE(has(mount_on(hardened(spec, policy).hardened.spec(), "/proc"), "hidepid=0")) << "the last one would count";
  for (auto& mount : spec.mounts) {
    if (mount.type == "proc") mount.options = {"hidepid=4", "subset=pid"};
  }
  EXPECT_EQ(decision(hardened(spec, policy), "filesystem.proc"), nullptr) << "stricter than asked";
}

TEST(DenyBinds, RefusesWhatTouchesThePlace) {
  auto policy = none();
  policy.filesystem.deny_binds = rule(std::vector<std::string>{"/", "/run/engine.sock", "/etc"});
  const auto refused = [&](const std::string& source) {
    auto spec = docker();
    spec.mounts.push_back({.destination = "/x", .type = "bind", .source = source, .options = {"bind"}});
    return !harden::harden(spec, policy, can_remap()).has_value();
  };
  for (const auto* source : {"/", "//", "/run/engine.sock", "/run", "/run/../run/engine.sock", "/etc", "/etc/shadow", "/etc/"}) {
    EXPECT_TRUE(refused(source)) << source;
  }
  for (const auto* source : {"/srv", "/run/engine.socket", "/etcetera", "/run/other"}) EXPECT_FALSE(refused(source)) << source;
}

TEST(AllowBinds, RefusesWhatIsElsewhere) {
  auto policy = none();
  policy.filesystem.allow_binds = rule(std::vector<std::string>{"/srv", "/var/lib/engine"});
  const auto refused = [&](const std::string& source) {
    oci::Spec spec = docker();
    spec.mounts = {{.destination = "/x", .type = "bind", .source = source, .options = {"bind"}}};
    return !harden::harden(spec, policy, can_remap()).has_value();
  };
  for (const auto* source : {"/", "/srvx", "/var/lib", "/srv/../etc", "/etc"}) EXPECT_TRUE(refused(source)) << source;
  for (const auto* source : {"/srv", "/srv/", "/srv/a/../b", "//srv//x", "/var/lib/engine/hosts"}) EXPECT_FALSE(refused(source)) << source;
  policy.filesystem.allow_binds = rule(std::vector<std::string>{});
  EXPECT_TRUE(refused("/srv"));
}

TEST(Umask, OnlyGainsBits) {
  auto policy = none();
  policy.process.umask = rule(std::uint32_t{077});
  auto spec = docker();
  for (const auto& [asked, effective] : {std::pair{std::optional<std::uint32_t>(), 077U}, {std::optional(0U), 077U}, {std::optional(0700U), 0777U}}) {
    spec.process->user.umask = asked;
    EXPECT_EQ(hardened(spec, policy).hardened.spec().process->user.umask, effective);
  }
  spec.process->user.umask = 077;
  EXPECT_EQ(decision(hardened(spec, policy), "process.umask"), nullptr);
}

TEST(OomScore, OnlyRises) {
  auto policy = none();
  policy.process.oom_score_adj = rule(std::int64_t{500});
  auto spec = docker();
  for (const auto& [asked, effective] : {std::pair{std::optional<std::int32_t>(), 500}, {std::optional(-999), 500}, {std::optional(700), 700}}) {
    spec.process->oom_score_adj = asked;
    EXPECT_EQ(hardened(spec, policy).hardened.spec().process->oom_score_adj, effective);
  }
}

TEST(SecureBits, AreSetAndLocked) {
  auto policy = none();
  EXPECT_EQ(hardened(docker(), policy).hardened.locks().secure_bits, 0U);
  policy.process.locked_secure_bits = rule(std::vector<std::string>{"noroot", "no-keep-caps"});
  const auto out = hardened(docker(), policy);
  EXPECT_EQ(out.hardened.locks().secure_bits, 0b100011U) << "capabilities(7): no-keep-caps is the lock alone";
  ASSERT_NE(decision(out, "process.lockedSecureBits"), nullptr);
  EXPECT_EQ(decision(out, "process.lockedSecureBits")->effective, "noroot, no-keep-caps");
  policy.process.locked_secure_bits = rule(std::vector<std::string>{});
  EXPECT_EQ(decision(hardened(docker(), policy), "process.lockedSecureBits"), nullptr);
}

TEST(WriteExecute, IsDeniedAsTheKindOfProgramAllows) {
  using enum policy::WriteExecute;
  auto policy = none();
  auto able = can_remap();
  const auto denied = [&](policy::WriteExecute value, const char* kind) {
    policy.process.memory_deny_write_execute = rule(value);
    able.entrypoint = kind;
    const auto out = hardened(docker(), policy, able);
    EXPECT_EQ(decision(out, "process.memoryDenyWriteExecute") != nullptr, out.hardened.locks().deny_write_execute) << kind;
    return out.hardened.locks().deny_write_execute;
  };
  for (const auto* kind : {"static", "go", "python"}) {
    EXPECT_TRUE(denied(kByKind, kind)) << kind;
    EXPECT_FALSE(denied(kAllow, kind)) << kind;
  }
  for (const auto* kind : {"node", "java", "shell", "dynamic", "other", "elf32", ""}) {
    EXPECT_FALSE(denied(kByKind, kind)) << kind;
    EXPECT_TRUE(denied(kDeny, kind)) << kind;
  }
  able.mdwe_unable = "too old a kernel";
  policy.process.memory_deny_write_execute = rule(kDeny);
  const auto out = hardened(docker(), policy, able);
  EXPECT_FALSE(out.hardened.locks().deny_write_execute);
  const auto* told = decision(out, "process.memoryDenyWriteExecute");
  ASSERT_NE(told, nullptr);
  EXPECT_TRUE(told->degraded);
  EXPECT_NE(told->why.find("not possible here: too old a kernel"), std::string::npos);
}

TEST(MemfdNoexec, IsOfANewPidNamespace) {
  auto policy = none();
  policy.process.memfd_noexec = rule(true);
  const auto degraded = [&](const oci::Spec& spec, const harden::Abilities& abilities) {
    const auto out = hardened(spec, policy, abilities);
    const auto* told = decision(out, "process.memfdNoexec");
    EXPECT_TRUE(told != nullptr && told->degraded != out.hardened.locks().memfd_noexec);
    return told != nullptr && told->degraded;
  };
  auto spec = docker();
  auto able = can_remap();
  EXPECT_FALSE(degraded(spec, able));
  able.memfd_noexec_unable = "too old a kernel";
  EXPECT_TRUE(degraded(spec, able));
  for (auto& ns : spec.linux.namespaces) {
    if (ns.type == CLONE_NEWPID) ns.path = "/proc/1/ns/pid";
  }
  EXPECT_TRUE(degraded(spec, can_remap())) << "that of others";
  std::erase_if(spec.linux.namespaces, [](const auto& ns) { return ns.type == CLONE_NEWPID; });
  EXPECT_TRUE(degraded(spec, can_remap())) << "the host's";
  policy.process.memfd_noexec = rule(false);
  EXPECT_EQ(decision(hardened(docker(), policy), "process.memfdNoexec"), nullptr);
}

TEST(CoreScheduling, IsACookieOfItsOwnWhereCoresRunTwoThreads) {
  auto policy = none();
  policy.process.core_scheduling = rule(true);
  auto able = can_remap();
  const auto effective = [&](bool cookie, bool degraded) {
    const auto out = hardened(docker(), policy, able);
    const auto* told = decision(out, "process.coreScheduling");
    EXPECT_EQ(out.hardened.locks().core_scheduling, cookie);
    EXPECT_TRUE(told != nullptr && told->degraded == degraded);
    return told == nullptr ? "" : told->effective;
  };
  EXPECT_EQ(effective(true, false), "a cookie of its own");
  able.core_scheduling_unable = "too old a kernel";
  EXPECT_EQ(effective(false, true), "shares cores with others");
  able.one_thread_a_core = true;
  EXPECT_EQ(effective(false, false), "no core of this host runs two threads at once");
  policy.process.core_scheduling = rule(false);
  EXPECT_EQ(decision(hardened(docker(), policy), "process.coreScheduling"), nullptr);
}

TEST(Speculation, IsNotBroughtBackByAFilter) {
  auto policy = none();
  const std::string allow = "SECCOMP_FILTER_FLAG_SPEC_ALLOW", log = "SECCOMP_FILTER_FLAG_LOG";
  auto spec = docker();
  using Flags = std::optional<std::vector<std::string>>;
  const auto flags = [&](const Flags& asked) {
    spec.linux.seccomp->flags = asked;
    const auto out = hardened(spec, policy);
    EXPECT_EQ(out.hardened.locks().no_spec_allow, policy.process.speculation.has_value());
    return out.hardened.spec().linux.seccomp->flags;
  };
  EXPECT_EQ(flags({}), Flags());
  policy.process.speculation = rule(policy::Speculation::kDefault);
  EXPECT_EQ(flags({}), Flags(std::vector<std::string>{})) << "absent is the flag, as with runc";
  EXPECT_EQ(flags({{log, allow}}), Flags({log}));
  EXPECT_EQ(flags({{log}}), Flags({log}));
  EXPECT_EQ(decision(hardened(spec, policy), "process.speculation"), nullptr);
  spec.linux.seccomp.reset();
  EXPECT_EQ(decision(hardened(spec, policy), "process.speculation"), nullptr) << "there is no filter to load with it";
}

TEST(Speculation, IsGivenUpWhereAProcessCan) {
  auto policy = none();
  auto able = can_remap();
  auto spec = docker();
  spec.linux.seccomp.reset();
  policy.process.speculation = rule(policy::Speculation::kDefault);
  EXPECT_EQ(hardened(spec, policy, able).hardened.locks().speculation, 0U);
  policy.process.speculation = rule(policy::Speculation::kDeny);
  const auto effective = [&](std::uint32_t controls, const char* unable) {
    able.speculation = controls;
    able.speculation_unable = unable;
    const auto out = hardened(spec, policy, able);
    EXPECT_EQ(out.hardened.locks().speculation, controls);
    const auto* told = decision(out, "process.speculation");
    EXPECT_TRUE(told != nullptr && told->degraded == (*unable != '\0'));
    return told == nullptr ? "" : told->effective;
  };
  EXPECT_EQ(effective(3, ""), "given up: store bypass, indirect branches");
  EXPECT_EQ(effective(1, ""), "given up: store bypass");
  EXPECT_EQ(effective(2, "store bypass: x"), "given up: indirect branches");
  EXPECT_EQ(effective(0, ""), "given up: nothing that this kernel leaves to a process");
}

TEST(Cpu, StaysBelowTheCeilingInBothWords) {
  auto policy = none();
  policy.resources.cpu = rule(policy::Limit{.standard = 500, .max = 2000});
  auto spec = docker();
  const auto quota = [&](std::optional<std::int64_t> asked, std::optional<std::uint64_t> period) {
    spec.linux.resources.emplace().cpu = oci::Cpu{.period = period, .quota = asked};
    const auto out = hardened(spec, policy);
    return *out.hardened.spec().linux.resources->cpu->quota;
  };
  EXPECT_EQ(quota({}, {}), 50'000);
  EXPECT_EQ(quota(-1, {}), 50'000);
  EXPECT_EQ(quota(100'000, 100'000), 100'000);
  EXPECT_EQ(quota(90'000, 10'000), 20'000) << "nine processors, by a period of its own";
  EXPECT_EQ(quota(std::numeric_limits<std::int64_t>::max(), 100'000), 50'000) << "as good as no limit";
  EXPECT_EQ(quota(1, std::numeric_limits<std::uint64_t>::max()), 1) << "a period that the kernel refuses";
  policy.resources.cpu = rule(policy::Limit{.standard = {}, .max = 3});
  EXPECT_EQ(quota(50'000, 100'000), 1'000) << "the kernel's least";
  EXPECT_EQ(decision(hardened(hardened(spec, policy).hardened.spec(), policy), "resources.cpu"), nullptr) << "no lower than that";
  policy.resources.cpu = rule(policy::Limit{.standard = 500, .max = 2000});
  const auto unified = [&](const std::string& value) {
    spec.linux.resources.emplace().unified = {{"cpu.max", value}};
    const auto out = harden::harden(spec, policy, can_remap());
    return out ? out->hardened.spec().linux.resources->unified[0].second : std::string("refused");
  };
  EXPECT_EQ(unified("max 100000"), "50000 100000");
  EXPECT_EQ(unified("900000 100000"), "200000 100000");
  EXPECT_EQ(unified("50000"), "50000");
  EXPECT_EQ(unified("a lot"), "refused");
  policy.resources.cpu = rule(policy::Limit{.standard = {}, .max = 5});
  EXPECT_EQ(quota(50'000, 100'000), 1000) << "the kernel's least";
  EXPECT_EQ(decision(hardened(spec, policy), "resources.cpu") != nullptr, true);
  spec.linux.resources.emplace().cpu = oci::Cpu{.period = 100'000, .quota = 1000};
  EXPECT_EQ(decision(hardened(spec, policy), "resources.cpu"), nullptr) << "as low as it can be";
}

TEST(WallClock, IsToldInTheUnitThatPeopleUse) {
  auto policy = none();
  EXPECT_EQ(hardened(docker(), policy).hardened.wall_clock(), 0U);
  policy.resources.wall_clock = rule(policy::WallClock{900});
  const auto out = hardened(docker(), policy);
  EXPECT_EQ(out.hardened.wall_clock(), 900U);
  ASSERT_NE(decision(out, "resources.wallClock"), nullptr);
  EXPECT_EQ(decision(out, "resources.wallClock")->effective.substr(0, 4), "15m:");
}

TEST(Swap, IsNoneWhereMemoryIsLimited) {
  auto policy = none();
  policy.resources.swap = rule(false);
  auto spec = docker();
  spec.linux.resources.emplace().memory = oci::Memory{.limit = 1 << 20, .swap = 5 << 20};
  spec.linux.resources->unified = {{"memory.swap.max", "max"}};
  const auto out = hardened(spec, policy);
  EXPECT_EQ(out.hardened.spec().linux.resources->memory->swap, 1 << 20);
  EXPECT_EQ(out.hardened.spec().linux.resources->unified[0].second, "0");
  spec.linux.resources.emplace();
  EXPECT_EQ(decision(hardened(spec, policy), "resources.swap"), nullptr);
  // What no kernel takes is not turned into something that one does, with more than was asked for.
  spec.linux.resources->memory = oci::Memory{.limit = 2 << 20, .swap = 1 << 20};
  EXPECT_EQ(hardened(spec, policy).hardened.spec().linux.resources->memory->swap, 1 << 20);
  EXPECT_EQ(decision(hardened(spec, policy), "resources.swap"), nullptr);
}

TEST(CgroupBelow, RefusesWhatIsElsewhere) {
  auto policy = none();
  const auto refusal = [&](const std::string& asked) {
    auto spec = docker();
    spec.linux.cgroups_path = asked;
    const auto out = harden::harden(spec, policy, can_remap());
    return out ? std::string() : out.error().message();
  };
  EXPECT_EQ(refusal("x"), "") << "no rule";
  policy.resources.cgroup_below = rule(std::vector<std::string>{"/kubepods", "/system.slice/bulkhead"});
  for (const auto* fine : {"/kubepods", "/kubepods/", "//kubepods/./burstable/c1", "/x/../kubepods/y", "/system.slice/bulkhead/x"}) EXPECT_EQ(refusal(fine), "") << fine;
  for (const auto* wrong : {"", "kubepods/x", "/", "/kubepodsx", "/system.slice", "/kubepods/../x", "/kubepods/../kubepodsx/y", "system.slice:bulkhead:x"}) {
    EXPECT_NE(refusal(wrong), "") << wrong;
  }
  EXPECT_EQ(refusal("/kubepodsx/y"), "policy \"x@1\" refuses: config.json: /linux/cgroupsPath: want a cgroup in /kubepods, /system.slice/bulkhead, "
                                     "have \"/kubepodsx/y\" (x.json:/x); hint: an absolute path");
  EXPECT_NE(refusal("").find("have none"), std::string::npos);
  policy.resources.cgroup_below = rule(std::vector<std::string>{"/"});
  EXPECT_EQ(refusal("/any/place"), "");
  policy.resources.cgroup_below = rule(std::vector<std::string>{});
  EXPECT_NE(refusal("/any/place").find("in no place at all"), std::string::npos);
}

TEST(Unified, NamesThatAreNotKnownAreRemoved) {
  auto policy = none();
  policy.resources.unified = rule(std::vector<std::string>{"memory.*", "pids.max"});
  auto spec = docker();
  spec.linux.resources.emplace().unified = {{"memory.low", "1"}, {"cgroup.subtree_control", "+cpu"}, {"pids.max", "5"}};
  const auto out = hardened(spec, policy);
  ASSERT_EQ(out.hardened.spec().linux.resources->unified.size(), 2U);
  EXPECT_EQ(decision(out, "resources.unified")->requested, "also: cgroup.subtree_control=+cpu");
}

}  // namespace
}  // namespace harden_test
