// Each invariant holds of every plan that plan_create makes, and fails for a plan in which what it guards is broken.

#include "plan/invariants.h"

#include <gtest/gtest.h>
#include <linux/mount.h>
#include <linux/seccomp.h>
#include <sys/mount.h>

#include <algorithm>

#include "kernel/landlock.h"
#include "mutants.h"
#include "samples.h"

namespace {

using mutants::drop;
using mutants::find;
using mutants::move_to_end;
using mutants::move_to_front;
using mutants::Mutant;
using plan::LaunchPlan;

int secrets_slot(const LaunchPlan& p) { return std::get<plan::WriteFile>(p.steps[find<plan::WriteFile>(p)].op).mount.index; }

bool is_landlock(const plan::Step& step) {
  return std::holds_alternative<plan::LandlockRuleset>(step.op) || std::holds_alternative<plan::LandlockPath>(step.op) ||
         std::holds_alternative<plan::LandlockPort>(step.op) || std::holds_alternative<plan::LandlockOpen>(step.op) ||
         std::holds_alternative<plan::LandlockRestrict>(step.op) || std::holds_alternative<plan::VerifyLandlock>(step.op);
}

bool is_limit(const plan::Step& step) {
  const auto* sysctl = std::get_if<plan::Sysctl>(&step.op);
  return sysctl != nullptr && sysctl->path.starts_with("user/max_");
}

std::ptrdiff_t rule_on(const LaunchPlan& p, std::string_view path) {
  for (std::size_t i = 0; i < p.steps.size(); ++i) {
    const auto* rule = std::get_if<plan::LandlockPath>(&p.steps[i].op);
    if (rule != nullptr && rule->path == path) return static_cast<std::ptrdiff_t>(i);
  }
  ADD_FAILURE() << "no rule on " << path;
  return 0;
}

plan::LandlockPath& rule(LaunchPlan& p, std::string_view path) {
  return std::get<plan::LandlockPath>(p.steps[static_cast<std::size_t>(rule_on(p, path))].op);
}

const std::vector<Mutant>& all_mutants() {
  static const std::vector<Mutant> all = {
      {"exec-is-last", "exec comes first", [](LaunchPlan& p) { move_to_front<plan::Exec>(p); }},
      {"exec-is-last", "no exec", [](LaunchPlan& p) { p.steps.pop_back(); }},
      {"only-exec-after-filter", "umask after the filter", [](LaunchPlan& p) { move_to_end<plan::Umask>(p); }},
      {"filter-present", "no filter", [](LaunchPlan& p) { drop<plan::Seccomp>(p); }},
      {"filter-present", "an empty filter", [](LaunchPlan& p) { p.seccomp.code.clear(); }},
      {"no-new-privs-before-filter", "no no_new_privs", [](LaunchPlan& p) { drop<plan::NoNewPrivs>(p); }},
      {"no-new-privs-before-filter", "not verified", [](LaunchPlan& p) { drop<plan::VerifyNoNewPrivs>(p); }},
      {"no-new-privs-before-filter", "no_new_privs after the filter", [](LaunchPlan& p) { move_to_end<plan::NoNewPrivs>(p); }},
      {"capabilities-after-last-mount", "capabilities dropped first", [](LaunchPlan& p) { move_to_front<plan::SetCaps>(p); }},
      {"capabilities-after-last-mount", "capabilities not dropped", [](LaunchPlan& p) { drop<plan::SetCaps>(p); }},
      {"capabilities-after-last-mount", "bounding set after the user", [](LaunchPlan& p) { move_to_end<plan::Bounding>(p); }},
      {"locks-in-force", "no secure bits", [](LaunchPlan& p) { std::get<plan::SetCaps>(p.steps[find<plan::SetCaps>(p)].op).secure_bits = 0; }},
      {"locks-in-force", "not verified", [](LaunchPlan& p) { drop<plan::VerifyLocks>(p); }},
      {"locks-in-force", "verified too early", [](LaunchPlan& p) { move_to_front<plan::VerifyLocks>(p); }},
      {"locks-in-force", "less verified", [](LaunchPlan& p) { std::get<plan::VerifyLocks>(p.steps[find<plan::VerifyLocks>(p)].op).secure_bits = 3; }},
      {"locks-in-force", "files in memory executed", [](LaunchPlan& p) { drop<plan::MemfdNoexec>(p); }},
      {"locks-in-force", "the host's file opened as somebody else", [](LaunchPlan& p) { move_to_end<plan::MemfdNoexec>(p); }},
      {"locks-in-force", "a cookie that no policy asks for", [](LaunchPlan& p) { p.steps.insert(p.steps.begin(), {plan::CoreScheduling{}, ""}); }},
      {"locks-in-force", "speculation given up that no policy denies", [](LaunchPlan& p) { p.steps.insert(p.steps.begin(), {plan::Speculation{1}, ""}); }},
      {"locks-in-force", "a filter that brings speculation back",
       [](LaunchPlan& p) { std::get<plan::Seccomp>(p.steps[find<plan::Seccomp>(p)].op).flags |= SECCOMP_FILTER_FLAG_SPEC_ALLOW; }},
      {"locks-in-force", "a denial that no policy asks for", [](LaunchPlan& p) { p.steps.insert(p.steps.begin(), {plan::DenyWriteExecute{}, ""}); }},
      {"nesting-in-force", "a limit left out",
       [](LaunchPlan& p) { std::erase_if(p.steps, [](const plan::Step& step) { return is_limit(step) && std::get<plan::Sysctl>(step.op).path == "user/max_mnt_namespaces"; }); }},
      {"nesting-in-force", "limits before the namespaces are there", [](LaunchPlan& p) { move_to_end<plan::Entered>(p); }},
      {"nesting-in-force", "something mounted afterwards", [](LaunchPlan& p) { move_to_end<plan::Mask>(p); }},
      {"nesting-in-force", "limits after the capabilities are gone", [](LaunchPlan& p) { move_to_front<plan::Bounding>(p); }},
      {"nesting-in-force", "no user namespace to hold for", [](LaunchPlan& p) { p.clone_flags &= ~std::uint64_t{CLONE_NEWUSER}; }},
      {"nesting-in-force", "room for one",
       [](LaunchPlan& p) {
         for (auto& step : p.steps) {
           if (is_limit(step)) std::get<plan::Sysctl>(step.op).value = "1";
         }
       }},
      {"no-host-path-after-pivot", "no pivot", [](LaunchPlan& p) { drop<plan::Pivot>(p); }},
      {"no-host-path-after-pivot", "pivot too late", [](LaunchPlan& p) { move_to_end<plan::Pivot>(p); }},
      {"no-host-path-after-pivot", "a file system made after the pivot", [](LaunchPlan& p) { move_to_end<plan::NewMount>(p); }},
      {"no-host-path-after-pivot", "a directory made before the pivot", [](LaunchPlan& p) { move_to_front<plan::MakeDir>(p); }},
      {"cgroup-first", "slots used before they are filled", [](LaunchPlan& p) { move_to_end<plan::TakeDescriptors>(p); }},
      {"cgroup-first", "slots never filled", [](LaunchPlan& p) { drop<plan::TakeDescriptors>(p); }},
      {"cgroup-first", "a cgroup joined after the root is there", [](LaunchPlan& p) { p.steps.insert(p.steps.begin() + static_cast<std::ptrdiff_t>(find<plan::Pivot>(p)) + 1, {plan::JoinCgroup{}, ""}); }},
      {"cgroup-first", "a secret written before the cgroup is joined", [](LaunchPlan& p) { p.steps.insert(p.steps.begin(), {plan::WriteFile{}, ""}); }},
      {"cgroup-first", "file systems made before the mount namespace is joined",
       [](LaunchPlan& p) { p.steps.insert(p.steps.begin() + static_cast<std::ptrdiff_t>(find<plan::Pivot>(p)), {plan::JoinMountNamespace{}, ""}); }},
      {"cgroup-first", "many file systems that the cgroup does not pay for",
       [](LaunchPlan& p) { p.steps.insert(p.steps.begin(), 35, {plan::NewMount{}, ""}); }},
      {"cgroup-first", "a cgroup joined after the namespace of cgroups is made",
       [](LaunchPlan& p) {
         move_to_front<plan::TakeDescriptors>(p);
         p.steps.insert(p.steps.begin() + 1, {plan::Unshare{CLONE_NEWCGROUP}, ""});
         p.steps.insert(p.steps.begin() + 2, {plan::JoinCgroup{}, ""});
       }},
      {"masks-last", "a mask before the mounts",
       [](LaunchPlan& p) {
         const auto pivot = static_cast<std::ptrdiff_t>(find<plan::Pivot>(p));
         const auto mask = static_cast<std::ptrdiff_t>(find<plan::Mask>(p));
         std::rotate(p.steps.begin() + pivot + 1, p.steps.begin() + mask, p.steps.begin() + mask + 1);
       }},
      {"everything-verified", "user not verified", [](LaunchPlan& p) { drop<plan::VerifyIdentity>(p); }},
      {"everything-verified", "capabilities not verified", [](LaunchPlan& p) { drop<plan::VerifyCaps>(p); }},
      {"everything-verified", "working directory not verified", [](LaunchPlan& p) { drop<plan::VerifyCwd>(p); }},
      {"everything-verified", "a mask not verified", [](LaunchPlan& p) { drop<plan::VerifyMask>(p); }},
      {"everything-verified", "namespaces not checked", [](LaunchPlan& p) { drop<plan::Entered>(p); }},
      {"everything-verified", "namespaces checked too early", [](LaunchPlan& p) { move_to_front<plan::Entered>(p); }},
      {"everything-verified", "verified before it is set", [](LaunchPlan& p) { move_to_front<plan::VerifyCaps>(p); }},
      {"mounts-nosuid-nodev", "the root with setuid", [](LaunchPlan& p) { p.root_attr = 0; }},
      {"mounts-nosuid-nodev", "a mount with setuid",
       [](LaunchPlan& p) {
         std::get<plan::Attach>(p.steps[find<plan::Attach>(p)].op).attr &= ~std::uint64_t{MOUNT_ATTR_NOSUID};
       }},
      {"mounts-nosuid-nodev", "a mount with devices",
       [](LaunchPlan& p) {
         std::get<plan::Attach>(p.steps[find<plan::Attach>(p)].op).attr &= ~std::uint64_t{MOUNT_ATTR_NODEV};
       }},
      {"propagation-ends", "the root a peer of the host's", [](LaunchPlan& p) { p.root_propagation = 0; }},
      {"propagation-ends", "a bind that is a peer of the host's",
       [](LaunchPlan& p) { p.fds.push_back({.source = plan::BindTree{}, .because = ""}); }},
      {"propagation-ends", "a mount made shared", [](LaunchPlan& p) { p.steps.insert(p.steps.end() - 1, {plan::SetPropagation{{0}, MS_SHARED, true}, ""}); }},
      {"propagation-ends", "all made shared", [](LaunchPlan& p) { p.steps.insert(p.steps.end() - 1, {plan::Propagation{"/", MS_SHARED, true}, ""}); }},
      {"secrets-sealed", "a secret not written", [](LaunchPlan& p) { drop<plan::WriteFile>(p); }},
      {"secrets-sealed", "readable by all",
       [](LaunchPlan& p) { std::get<plan::WriteFile>(p.steps[find<plan::WriteFile>(p)].op).mode = 0444; }},
      {"secrets-sealed", "somebody else's",
       [](LaunchPlan& p) { ++std::get<plan::WriteFile>(p.steps[find<plan::WriteFile>(p)].op).uid; }},
      {"secrets-sealed", "a failure that does not count",
       [](LaunchPlan& p) { p.steps[find<plan::WriteFile>(p)].ignore_errors = true; }},
      {"secrets-sealed", "written after it is sealed", [](LaunchPlan& p) { move_to_end<plan::WriteFile>(p); }},
      {"secrets-sealed", "never sealed",
       [](LaunchPlan& p) {
         for (auto& step : p.steps) {
           auto* seal = std::get_if<plan::SetAttr>(&step.op);
           if (seal != nullptr && seal->mount.index == secrets_slot(p)) seal->set = 0;
         }
       }},
      {"secrets-sealed", "not verified",
       [](LaunchPlan& p) {
         std::erase_if(p.steps, [](const plan::Step& step) {
           const auto* verify = std::get_if<plan::VerifyMount>(&step.op);
           return verify != nullptr && verify->path == "/run/secrets";
         });
       }},
      {"secrets-sealed", "not attached",
       [](LaunchPlan& p) {
         std::erase_if(p.steps, [slot = secrets_slot(p)](const plan::Step& step) {
           const auto* attach = std::get_if<plan::Attach>(&step.op);
           return attach != nullptr && attach->mount.index == slot;
         });
       }},
      {"secrets-sealed", "still in the environment", [](LaunchPlan& p) { p.envp.emplace_back("DB_PASSWORD=x"); }},
      {"descriptors-closed", "descriptors left open", [](LaunchPlan& p) { drop<plan::CloseFds>(p); }},
      {"descriptors-closed", "one too many left open",
       [](LaunchPlan& p) { ++std::get<plan::CloseFds>(p.steps[find<plan::CloseFds>(p)].op).first; }},
      {"program-known", "no program", [](LaunchPlan& p) { drop<plan::FindExecutable>(p); }},
      {"program-known", "two programs",
       [](LaunchPlan& p) {
         p.fds.push_back({plan::ProgramFile{"/probe"}, ""});
         std::get<plan::Exec>(p.steps.back().op).program.index = static_cast<int>(p.fds.size()) - 1;
       }},
      {"program-known", "a program of the host that is not executed",
       [](LaunchPlan& p) { p.fds.push_back({plan::ProgramFile{"/probe"}, ""}); }},
      {"program-known", "something else as the program",
       [](LaunchPlan& p) {
         drop<plan::FindExecutable>(p);
         std::get<plan::Exec>(p.steps.back().op).program.index = 0;
       }},
      {"program-known", "not compared with what was hashed", [](LaunchPlan& p) { drop<plan::VerifyProgram>(p); }},
      {"program-known", "compared before it is found", [](LaunchPlan& p) { move_to_front<plan::VerifyProgram>(p); }},
      {"program-known", "another file",
       [](LaunchPlan& p) { ++std::get<plan::VerifyProgram>(p.steps[find<plan::VerifyProgram>(p)].op).inode; }},
      {"program-known", "a failure does not matter", [](LaunchPlan& p) { p.steps[find<plan::VerifyProgram>(p)].ignore_errors = true; }},
      {"routes-in-force", "an address can be reached", [](LaunchPlan& p) { drop<plan::Blackhole>(p); }},
      {"routes-in-force", "one of two can be reached",
       [](LaunchPlan& p) { std::get<plan::Blackhole>(p.steps[find<plan::Blackhole>(p)].op).prefixes.pop_back(); }},
      {"routes-in-force", "a shorter prefix", [](LaunchPlan& p) { std::get<plan::Blackhole>(p.steps[find<plan::Blackhole>(p)].op).prefixes[0].length = 8; }},
      {"routes-in-force", "a failure does not matter", [](LaunchPlan& p) { p.steps[find<plan::Blackhole>(p)].ignore_errors = true; }},
      {"routes-in-force", "in the host's namespace", [](LaunchPlan& p) { move_to_front<plan::Blackhole>(p); }},
      {"routes-in-force", "when others know of it", [](LaunchPlan& p) { move_to_end<plan::Blackhole>(p); }},
      {"routes-in-force", "no namespace of its own", [](LaunchPlan& p) { p.unshare_flags = 0; }},
      {"hooks-in-place", "one that nobody asked for", [](LaunchPlan& p) { p.poststop.push_back({.kind = "poststop", .pointer = "/hooks/poststop/0"}); }},
      {"landlock-as-mounted", "not entered", [](LaunchPlan& p) { drop<plan::LandlockRestrict>(p); }},
      {"landlock-as-mounted", "not verified", [](LaunchPlan& p) { drop<plan::VerifyLandlock>(p); }},
      {"landlock-as-mounted", "nothing of it", [](LaunchPlan& p) { std::erase_if(p.steps, is_landlock); }},
      {"landlock-as-mounted", "the root may not be read", [](LaunchPlan& p) { drop<plan::LandlockPath>(p); }},
      {"landlock-as-mounted", "a writable mount without its rule", [](LaunchPlan& p) { p.steps.erase(p.steps.begin() + rule_on(p, "/tmp")); }},
      {"landlock-as-mounted", "the root may be written",
       [](LaunchPlan& p) { rule(p, "/").access |= kernel::landlock::kWriteFile; }},
      {"landlock-as-mounted", "nodes where there are none", [](LaunchPlan& p) { rule(p, "/tmp").access |= kernel::landlock::kMakeChar; }},
      {"landlock-as-mounted", "a rule on another mount", [](LaunchPlan& p) { rule(p, "/tmp").mount.index = rule(p, "/").mount.index; }},
      {"landlock-as-mounted", "a rule on nothing that is mounted",
       [](LaunchPlan& p) {
         const plan::Step more{plan::LandlockPath{{0}, "/elsewhere", kernel::landlock::kWriteFile}, ""};
         p.steps.insert(p.steps.begin() + rule_on(p, "/tmp"), more);
       }},
      {"landlock-as-mounted", "a right that is not restricted",
       [](LaunchPlan& p) { std::get<plan::LandlockRuleset>(p.steps[find<plan::LandlockRuleset>(p)].op).files &= ~kernel::landlock::kTruncate; }},
      {"landlock-as-mounted", "signals leave",
       [](LaunchPlan& p) { std::get<plan::LandlockRuleset>(p.steps[find<plan::LandlockRuleset>(p)].op).scopes &= ~kernel::landlock::kScopeSignal; }},
      {"landlock-as-mounted", "sockets leave",
       [](LaunchPlan& p) {
         std::get<plan::LandlockRuleset>(p.steps[find<plan::LandlockRuleset>(p)].op).scopes &= ~kernel::landlock::kScopeAbstractSocket;
       }},
      {"landlock-as-mounted", "every port can be bound",
       [](LaunchPlan& p) { std::get<plan::LandlockRuleset>(p.steps[find<plan::LandlockRuleset>(p)].op).ports = kernel::landlock::kConnectTcp; }},
      {"landlock-as-mounted", "another port",
       [](LaunchPlan& p) { ++std::get<plan::LandlockPort>(p.steps[find<plan::LandlockPort>(p)].op).port; }},
      {"landlock-as-mounted", "a port fewer", [](LaunchPlan& p) { drop<plan::LandlockPort>(p); }},
      {"landlock-as-mounted", "entered before the rules are there", [](LaunchPlan& p) { move_to_front<plan::LandlockRestrict>(p); }},
      {"landlock-as-mounted", "entered too late", [](LaunchPlan& p) { move_to_end<plan::LandlockRestrict>(p); }},
      {"landlock-as-mounted", "made before the mounts", [](LaunchPlan& p) { move_to_front<plan::LandlockRuleset>(p); }},
      {"landlock-as-mounted", "a failure that does not count",
       [](LaunchPlan& p) { p.steps[find<plan::LandlockRestrict>(p)].ignore_errors = true; }},
      {"slots-valid", "a mount of no slot",
       [](LaunchPlan& p) { std::get<plan::Attach>(p.steps[find<plan::Attach>(p)].op).mount.index = 4711; }},
      {"slots-valid", "a mask of no slot",
       [](LaunchPlan& p) { std::get<plan::Mask>(p.steps[find<plan::Mask>(p)].op).null.index = -1; }},
      {"slots-valid", "a file of no slot",
       [](LaunchPlan& p) { std::get<plan::WriteFile>(p.steps[find<plan::WriteFile>(p)].op).mount.index = -1; }},
  };
  return all;
}

bool holds(const char* name, const LaunchPlan& p, const harden::Hardened& hardened) {
  for (std::size_t i = 0; i < plan::kInvariantCount; ++i) {
    if (std::string(plan::kInvariants[i].name) == name) return plan::kInvariants[i].holds(p, hardened);
  }
  ADD_FAILURE() << "no invariant " << name;
  return false;
}

harden::Outcome hardened_on(kernel::CgroupMode mode, oci::Spec spec, const std::string& policy, bool remap) {
  if (mode == kernel::CgroupMode::kUnified) return samples::hardened(std::move(spec), policy, remap);
  const harden::Abilities host{.remap = remap, .remap_unable = "no", .remap_base = 0x70000000, .noswap = true, .memory_v2_unable = "v1"};
  return *harden::harden(std::move(spec), samples::builtin(policy), host);
}

TEST(Invariants, HoldOfEveryPlan) {
  for (const char* policy : {"passthrough", "faas"}) {
    for (const auto& bundle : samples::bundle_names()) {
      for (const auto mode : {kernel::CgroupMode::kUnified, kernel::CgroupMode::kV1}) {
        for (const bool remap : {true, false}) {
          oci::Spec spec = samples::spec(bundle);
          if (mode == kernel::CgroupMode::kV1 && spec.linux.resources) spec.linux.resources->unified.clear();  // v2 only
          const auto outcome = hardened_on(mode, std::move(spec), policy, remap);
          const LaunchPlan p = samples::plan_of(outcome, samples::facts(mode));
          for (std::size_t i = 0; i < plan::kInvariantCount; ++i) {
            EXPECT_TRUE(plan::kInvariants[i].holds(p, outcome.hardened)) << plan::kInvariants[i].name << " " << policy << " " << bundle;
          }
        }
      }
    }
  }
}

TEST(Invariants, HoldOfPlansWithSecrets) {
  for (const bool remap : {true, false}) {
    for (const bool noswap : {true, false}) {
      const auto outcome = samples::redirected(samples::with_secrets(), remap, noswap);
      const LaunchPlan p = samples::plan_of(outcome);
      for (std::size_t i = 0; i < plan::kInvariantCount; ++i) {
        EXPECT_TRUE(plan::kInvariants[i].holds(p, outcome.hardened)) << plan::kInvariants[i].name;
      }
    }
  }
}

TEST(Invariants, HoldOfPlansForEveryLandlock) {
  for (int abi = 0; abi <= harden::kNewestLandlock; ++abi) {
    for (const auto& ports : {samples::TcpPorts{}, samples::TcpPorts{policy::Ports{}, policy::Ports{}}, samples::TcpPorts{policy::Ports{1, 2}, {}}}) {
      const auto outcome = samples::landlocked(ports, abi);
      const LaunchPlan p = samples::plan_of(outcome);
      for (std::size_t i = 0; i < plan::kInvariantCount; ++i) {
        EXPECT_TRUE(plan::kInvariants[i].holds(p, outcome.hardened)) << plan::kInvariants[i].name << " " << abi;
      }
      LaunchPlan more = p;
      more.steps.insert(more.steps.begin() + 1, {plan::LandlockRuleset{}, ""});
      EXPECT_FALSE(holds("landlock-as-mounted", more, outcome.hardened)) << abi;
    }
  }
}

TEST(Invariants, EachFailsForItsMutants) {
  const auto outcome = samples::landlocked({.bind = policy::Ports{8080}, .connect = policy::Ports{443}});
  const LaunchPlan good = samples::plan_of(outcome);
  for (const auto& mutant : all_mutants()) {
    LaunchPlan broken = good;
    mutant.break_it(broken);
    EXPECT_FALSE(holds(mutant.invariant, broken, outcome.hardened)) << mutant.invariant << ": " << mutant.what;
    EXPECT_FALSE(plan::check_invariants(broken, outcome.hardened).has_value()) << mutant.what;
  }
}

TEST(Invariants, EachHasAMutant) {
  for (std::size_t i = 0; i < plan::kInvariantCount; ++i) {
    const std::string name = plan::kInvariants[i].name;
    EXPECT_TRUE(std::any_of(all_mutants().begin(), all_mutants().end(), [&](const Mutant& m) { return name == m.invariant; })) << name;
  }
}

}  // namespace
