// The recipe of exec: what it takes over from the container, what it refuses; and each of its invariants holds of what it
// makes, and fails for a plan in which what it guards is broken.

#include <gtest/gtest.h>
#include <linux/prctl.h>

#include <algorithm>

#include "mutants.h"
#include "plan/invariants.h"
#include "samples.h"

namespace {

using mutants::drop;
using mutants::find;
using mutants::move_to_end;
using mutants::move_to_front;
using mutants::Mutant;
using plan::LaunchPlan;

struct Made {
  harden::Outcome container, executed;
  LaunchPlan created, plan;
};

plan::ExecOptions exec_options() {
  plan::ExecOptions options;
  options.created = samples::options();
  options.cgroups = {"/sys/fs/cgroup/memory/x", "/sys/fs/cgroup/pids/x"};
  return options;
}

Made make(harden::Outcome container, const policy::Policy& policy, oci::Process process, int abi = harden::kNewestLandlock) {
  auto executed = samples::executed(container, policy, std::move(process), abi);
  auto plan = plan::plan_exec(container.hardened, executed.hardened, samples::facts(), exec_options());
  EXPECT_TRUE(plan) << plan.error().message();
  auto options = samples::options();
  options.gate = false;
  auto created = plan::plan_create(container.hardened, samples::facts(), options);
  EXPECT_TRUE(created);
  return {std::move(container), std::move(executed), *std::move(created), *std::move(plan)};
}

oci::Process shell(const oci::Spec& spec) {
  oci::Process process = *spec.process;
  process.args = {"sh"};
  return process;
}

// With all that a policy can ask for.
Made rich() {
  auto policy = samples::redirecting();
  policy.process.core_scheduling = policy::Setting<bool>{true, {}, ""};
  const auto ports = [](policy::Ports value) { return policy::Setting<policy::Ports>{std::move(value), {}, ""}; };
  policy.landlock.bind = ports({8080});
  policy.landlock.connect = ports({443});
  auto abilities = harden::Abilities{.remap = true, .remap_unable = "", .remap_base = 0x70000000, .noswap = true, .landlock_abi = harden::kNewestLandlock};
  abilities.apparmor = true;
  abilities.speculation = 1U << PR_SPEC_STORE_BYPASS;
  policy.process.speculation = policy::Setting<policy::Speculation>{policy::Speculation::kDeny, {}, ""};
  policy.process.memory_deny_write_execute = policy::Setting<policy::WriteExecute>{policy::WriteExecute::kDeny, {}, ""};
  auto spec = samples::with_secrets();
  spec.process->apparmor_profile = "docker-default";
  auto container = harden::harden(spec, policy, abilities);
  EXPECT_TRUE(container) << container.error().message();
  return make(*std::move(container), policy, shell(spec));
}

template <typename T>
T& get(LaunchPlan& p) { return std::get<T>(p.steps[find<T>(p)].op); }
template <typename T>
bool has(const LaunchPlan& p) {
  return std::any_of(p.steps.begin(), p.steps.end(), [](const plan::Step& step) { return std::holds_alternative<T>(step.op); });
}

void put(LaunchPlan& p, plan::Op op) { p.steps.insert(p.steps.begin() + 1, {std::move(op), ""}); }

const std::vector<Mutant>& all_mutants() {
  static const std::vector<Mutant> all = {
      {"as-a-new-one", "no filter", [](LaunchPlan& p) { drop<plan::Seccomp>(p); }},
      {"as-a-new-one", "a step after the filter", [](LaunchPlan& p) { move_to_end<plan::Umask>(p); }},
      {"as-a-new-one", "no no_new_privs", [](LaunchPlan& p) { drop<plan::NoNewPrivs>(p); }},
      {"as-a-new-one", "a descriptor more", [](LaunchPlan& p) { ++get<plan::CloseFds>(p).first; }},
      {"as-a-new-one", "descriptors stay open", [](LaunchPlan& p) { drop<plan::CloseFds>(p); }},
      {"as-a-new-one", "not executed last", [](LaunchPlan& p) { move_to_front<plan::Exec>(p); }},
      {"as-a-new-one", "no program looked for", [](LaunchPlan& p) { drop<plan::FindExecutable>(p); }},
      {"in-the-container", "a mount", [](LaunchPlan& p) { put(p, plan::Attach{}); }},
      {"in-the-container", "a sysctl", [](LaunchPlan& p) { put(p, plan::Sysctl{}); }},
      {"in-the-container", "a namespace of its own", [](LaunchPlan& p) { p.clone_flags = 1; }},
      {"in-the-container", "a namespace made by itself", [](LaunchPlan& p) { put(p, plan::Unshare{1}); }},
      {"in-the-container", "the root is not entered", [](LaunchPlan& p) { drop<plan::EnterRoot>(p); }},
      {"in-the-container", "a directory before the root", [](LaunchPlan& p) { move_to_front<plan::Chdir>(p); }},
      {"in-the-container", "nobody is told", [](LaunchPlan& p) { drop<plan::Entered>(p); }},
      {"in-the-container", "waits at a gate", [](LaunchPlan& p) { p.gate = {0}; }},
      {"in-its-cgroups", "one is left out", [](LaunchPlan& p) { drop<plan::JoinCgroup>(p); }},
      {"in-its-cgroups", "joined after all else", [](LaunchPlan& p) { move_to_end<plan::JoinCgroup>(p); }},
      {"in-its-cgroups", "the CPUs of the cgroup it leaves", [](LaunchPlan& p) { move_to_front<plan::Affinity>(p); }},
      {"in-its-cgroups", "before there are descriptors", [](LaunchPlan& p) { move_to_end<plan::TakeDescriptors>(p); }},
      {"identity-in-order", "the ids of the user namespace are not taken", [](LaunchPlan& p) { drop<plan::SetupIdentity>(p); }},
      {"identity-in-order", "no label", [](LaunchPlan& p) { drop<plan::OwnLabel>(p); }},
      {"identity-in-order", "a label too late", [](LaunchPlan& p) { move_to_end<plan::OwnLabel>(p); }},
      {"identity-in-order", "the bounding set stays", [](LaunchPlan& p) { drop<plan::Bounding>(p); }},
      {"identity-in-order", "capabilities before the user", [](LaunchPlan& p) { move_to_front<plan::SetCaps>(p); }},
      {"identity-in-order", "can be dumped", [](LaunchPlan& p) { drop<plan::NotDumpable>(p); }},
      {"locks-in-force", "no secure bits", [](LaunchPlan& p) { get<plan::SetCaps>(p).secure_bits = 0; }},
      {"locks-in-force", "memory is written and executed", [](LaunchPlan& p) { drop<plan::DenyWriteExecute>(p); }},
      {"locks-in-force", "speculation", [](LaunchPlan& p) { drop<plan::Speculation>(p); }},
      {"locks-in-force", "not looked at", [](LaunchPlan& p) { drop<plan::VerifyLocks>(p); }},
      {"locks-in-force", "shares cores with others", [](LaunchPlan& p) { p.share_core = false; }},
      {"locks-in-force", "cores that the container does not share", [](LaunchPlan& p) { put(p, plan::CoreScheduling{}); }},
      {"everything-verified", "capabilities", [](LaunchPlan& p) { drop<plan::VerifyCaps>(p); }},
      {"everything-verified", "the user", [](LaunchPlan& p) { drop<plan::VerifyIdentity>(p); }},
      {"everything-verified", "the directory", [](LaunchPlan& p) { drop<plan::VerifyCwd>(p); }},
      {"everything-verified", "the directory, too early", [](LaunchPlan& p) { move_to_front<plan::VerifyCwd>(p); }},
      {"secrets-in-files", "in the environment too", [](LaunchPlan& p) { p.envp.push_back("DB_PASSWORD=x"); }},
      {"landlock-as-created", "no domain", [](LaunchPlan& p) { drop<plan::LandlockRestrict>(p); }},
      {"landlock-as-created", "not looked at", [](LaunchPlan& p) { drop<plan::VerifyLandlock>(p); }},
      {"landlock-as-created", "a place more", [](LaunchPlan& p) { p.steps.insert(p.steps.begin() + static_cast<std::ptrdiff_t>(find<plan::LandlockPath>(p)), {plan::LandlockPath{{}, "/etc", 1}, ""}); }},
      {"landlock-as-created", "more than the container", [](LaunchPlan& p) { get<plan::LandlockPath>(p).access |= 1U << 1; }},
      {"landlock-as-created", "a link is followed", [](LaunchPlan& p) { get<plan::LandlockPath>(p).literal = false; }},
      {"landlock-as-created", "any port", [](LaunchPlan& p) { get<plan::LandlockRuleset>(p).ports = 0; }},
      {"landlock-as-created", "files are not restricted", [](LaunchPlan& p) { get<plan::LandlockRuleset>(p).files = 0; }},
      {"landlock-as-created", "entered without rights", [](LaunchPlan& p) { move_to_end<plan::LandlockRestrict>(p); }},
  };
  return all;
}

bool holds(const char* name, const LaunchPlan& p, const Made& made) {
  for (std::size_t i = 0; i < plan::kExecInvariantCount; ++i) {
    if (std::string(plan::kExecInvariants[i].name) == name) return plan::kExecInvariants[i].holds(p, made.executed.hardened, made.created);
  }
  ADD_FAILURE() << "no invariant " << name;
  return false;
}

TEST(ExecInvariants, HoldOfEveryPlan) {
  for (const char* name : {"passthrough", "faas"}) {
    for (const auto& bundle : samples::bundle_names()) {
      for (const bool remap : {true, false}) {
        auto made = make(samples::hardened(samples::spec(bundle), name, remap), samples::builtin(name), shell(samples::spec(bundle)));
        for (std::size_t i = 0; i < plan::kExecInvariantCount; ++i) {
          EXPECT_TRUE(plan::kExecInvariants[i].holds(made.plan, made.executed.hardened, made.created)) << plan::kExecInvariants[i].name << " " << name << " " << bundle;
        }
      }
    }
  }
}

TEST(ExecInvariants, EachFailsForItsMutants) {
  const auto made = rich();
  EXPECT_TRUE(plan::check_exec_invariants(made.plan, made.executed.hardened, made.created));
  for (const auto& mutant : all_mutants()) {
    LaunchPlan broken = made.plan;
    mutant.break_it(broken);
    EXPECT_FALSE(holds(mutant.invariant, broken, made)) << mutant.invariant << ": " << mutant.what;
    EXPECT_FALSE(plan::check_exec_invariants(broken, made.executed.hardened, made.created).has_value()) << mutant.what;
  }
}

TEST(ExecInvariants, EachHasAMutant) {
  for (std::size_t i = 0; i < plan::kExecInvariantCount; ++i) {
    const std::string name = plan::kExecInvariants[i].name;
    EXPECT_TRUE(std::any_of(all_mutants().begin(), all_mutants().end(), [&](const Mutant& m) { return name == m.invariant; })) << name;
  }
}

TEST(ExecPlan, TakesOverWhatTheContainerIs) {
  const auto made = rich();
  EXPECT_EQ(made.plan.argv, std::vector<std::string>{"sh"});
  EXPECT_TRUE(made.plan.share_core);
  EXPECT_TRUE(has<plan::SetupIdentity>(made.plan)) << "its user namespace";
  EXPECT_FALSE(has<plan::MemfdNoexec>(made.plan)) << "of its pid namespace, which is there";
  EXPECT_FALSE(made.plan.gate.valid());
  EXPECT_EQ(made.plan.seccomp.code.size(), made.created.seccomp.code.size());
}

TEST(ExecPlan, RunsOnTheCpusThatAreAskedFor) {
  const auto spec = samples::minimal();
  const auto made = [&](std::optional<oci::ExecCpuAffinity> affinity) {
    auto process = shell(spec);
    process.exec_cpu_affinity = std::move(affinity);
    return make(samples::hardened(spec, "passthrough"), samples::builtin("passthrough"), std::move(process)).plan;
  };
  for (auto p : {made({}), made(oci::ExecCpuAffinity{})}) {
    EXPECT_EQ(get<plan::Affinity>(p).cpus, "");
    EXPECT_TRUE(p.steps[find<plan::Affinity>(p)].ignore_errors);
    EXPECT_EQ(p.initial_cpus, "");
  }
  auto p = made(oci::ExecCpuAffinity{.initial = "0", .final = "1-2"});
  EXPECT_EQ(get<plan::Affinity>(p).cpus, "1-2");
  EXPECT_FALSE(p.steps[find<plan::Affinity>(p)].ignore_errors);
  EXPECT_EQ(p.steps[find<plan::Affinity>(p)].because, "/process/execCPUAffinity/final");
  EXPECT_EQ(p.initial_cpus, "0");
}

TEST(ExecPlan, RefusesWhatIsNotThere) {
  const auto spec = samples::minimal();
  const auto container = samples::hardened(spec, "passthrough");
  const auto error = [&](oci::Process process, const kernel::Facts& facts) {
    const auto executed = samples::executed(container, samples::builtin("passthrough"), std::move(process));
    const auto plan = plan::plan_exec(container.hardened, executed.hardened, facts, exec_options());
    return plan ? std::string() : plan.error().message();
  };
  auto process = shell(spec);
  process.terminal = true;
  EXPECT_EQ(error(process, samples::facts()), "process: /terminal: terminals are not supported yet");
  process = shell(spec);
  process.apparmor_profile = "x";
  auto facts = samples::facts();
  facts.apparmor = false;
  EXPECT_EQ(error(process, facts), "process: /apparmorProfile: apparmor is not enabled on this host");
  process = shell(spec);
  process.args.clear();
  EXPECT_NE(error(process, samples::facts()), "");
}

}  // namespace
