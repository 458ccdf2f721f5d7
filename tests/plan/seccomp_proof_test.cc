// That proofs hold where they must, for whole profiles and random ones, and what they say where they do not.
#include "plan/seccomp_proof.h"

#include <gtest/gtest.h>
#include <linux/audit.h>

#include <algorithm>
#include <map>
#include <set>

#include "plan/seccomp_emit.h"
#include "plan/seccomp_libseccomp.h"
#include "plan/seccomp_meet.h"
#include "plan/seccomp_program.h"
#include "plan/seccomp_samples.h"
#include "plan/seccomp_sources.h"
#include "policy/builtin.h"
#include "policy/read.h"

namespace plan {
namespace {

using samples::Dice;

// "" where the proof holds.
std::string refusal(std::span<const sock_filter> code, const FilterTable& want, std::span<const Bound> no_wider = {}) {
  const auto cases = prove(code, want, no_wider);
  EXPECT_TRUE(cases || cases.error().kind() == base::Kind::kUnsupported);
  return cases ? std::string() : cases.error().message();
}

std::string refusal_of_meet(const FilterTable& request, const FilterTable& policy) {
  const FilterTable met = meet(request, policy);
  const std::array no_wider{Bound{&request, "config.json"}, Bound{&policy, "the policy"}};
  return refusal(emit(met), met, no_wider);
}

policy::SeccompPolicy faas() {
  auto read = policy::read_policy(policy::builtin_policy("faas"), "faas.json", policy::builtin_group);
  EXPECT_TRUE(read && read->seccomp);
  return read->seccomp->value;
}

// As Docker has it since 2026: neither AF_ALG nor AF_VSOCK.
oci::Seccomp newest_docker() {
  oci::Seccomp out = samples::profile_of("docker.json");
  for (auto& rule : out.syscalls)
    if (!rule.args.empty()) std::erase(rule.names, "socket");
  using enum oci::SeccompOperator;
  for (const auto& [op, value] : {std::pair{kLt, 38U}, std::pair{kEq, 39U}, std::pair{kGt, 40U}})
    out.syscalls.push_back({{"socket"}, oci::SeccompAction::kAllow, {}, {{0, value, 0, op}}});
  return out;
}

TEST(SeccompProof, HoldsForTheBuiltInPolicy) {
  for (const Abi native : {Abi::kX8664, Abi::kAarch64}) {
    const FilterTable table = *policy_table(faas(), native);
    EXPECT_EQ(refusal(emit(table), table), "");
    EXPECT_GT(*prove(emit(table), table), 140U) << "cases";
  }
}

TEST(SeccompProof, HoldsForTheEnginesProfiles) {
  std::vector<oci::Seccomp> profiles{newest_docker()};
  for (const char* bundle : {"docker.json", "podman.json", "containerd-cri-user.json", "containerd-cri-pause.json",
                             "containerd-cri-queue-proxy.json", "cri-userns.json"})
    profiles.push_back(samples::profile_of(bundle));
  for (std::size_t i = 0; i < profiles.size(); ++i) {
    for (const Abi native : {Abi::kX8664, Abi::kAarch64}) {
      const FilterTable all = *request_table(profiles[i], native);
      EXPECT_EQ(refusal(emit(all), all), "") << i;
      EXPECT_EQ(refusal_of_meet(all, *policy_table(faas(), native)), "") << i;
    }
  }
}

TEST(SeccompProof, HoldsForRandomTablesOfBoth) {
  Dice dice(1);
  for (int i = 0; i < 400; ++i) {
    const Abi native = i % 4 == 0 ? Abi::kAarch64 : Abi::kX8664;
    const auto request = *request_table(samples::random_profile(dice, samples::Constants::kAny), native);
    const auto policy = *policy_table(samples::random_policy(dice), native);
    ASSERT_EQ(refusal(emit(policy), policy), "") << i;
    ASSERT_EQ(refusal(emit(request), request), "") << i;
    ASSERT_EQ(refusal_of_meet(request, policy), "") << i;
  }
}

// The table without what runc and bulkhead add to libseccomp's program: ENOSYS for calls newer than the profile.
FilterTable as_libseccomp(const oci::Seccomp& profile) {
  FilterTable table = *request_table(profile, kNativeAbi);
  const Decision enosys{{}, SECCOMP_RET_ERRNO | 38};
  const Decision otherwise = table.archs[0].segments.back().decision;  // number -1
  for (auto& arch : table.archs)
    for (auto& segment : arch.segments)
      if (segment.decision == enosys) segment.decision = otherwise;
  return table;
}

// Leaves out what libseccomp sees otherwise: x32, of which it compares the low halves; and the errno from above.
oci::Seccomp without_x32(oci::Seccomp profile) {
  std::erase(profile.architectures, "SCMP_ARCH_X32");
  for (auto& rule : profile.syscalls)
    if (rule.errno_ret == 38U) rule.errno_ret = 39U;
  return profile;
}

// And where 2.5.4 is wrong, with constants below 2^32 too: it mixes up several rules for one call when one of them
// compares several arguments.
oci::Seccomp comparable(oci::Seccomp profile) {
  std::map<std::string, int> rules_of;
  for (auto& rule : profile.syscalls) {
    std::set<std::uint32_t> indices;
    for (const auto& arg : rule.args) indices.insert(arg.index);
    for (const auto& name : rule.names) rules_of[name] += indices.size() == rule.args.size() ? 1 : 2;
  }
  for (auto& rule : profile.syscalls) {
    const auto alone = [&](const std::string& name) { return rules_of[name] == 1; };
    if (!rule.args.empty() && !std::all_of(rule.names.begin(), rule.names.end(), alone)) rule.args.resize(1);
  }
  return without_x32(std::move(profile));
}

// The other generator's program is held against the same table: the two agree on every call that there is.
TEST(SeccompProof, HoldsForLibseccompsPrograms) {
  if (kNativeAbi != Abi::kX8664) GTEST_SKIP() << "the comparison is written for x86-64";
  Dice dice(2);
  for (int i = 0; i < 10'000; ++i) {
    const auto profile = comparable(samples::undisputed_profile(dice));
    const FilterTable mine = *request_table(profile, kNativeAbi);
    ASSERT_EQ(refusal(emit(mine), mine), "") << i;
    ASSERT_EQ(refusal(samples::libseccomps(profile), as_libseccomp(profile)), "") << i;
  }
}

TEST(SeccompProof, HoldsForLibseccompsProgramsOfEngines) {
  if (kNativeAbi != Abi::kX8664) GTEST_SKIP() << "the comparison is written for x86-64";
  for (const char* bundle : {"docker.json", "podman.json", "containerd-cri-user.json", "containerd-cri-pause.json",
                             "containerd-cri-queue-proxy.json", "cri-userns.json"}) {
    const auto profile = without_x32(samples::profile_of(bundle));
    EXPECT_EQ(refusal(samples::libseccomps(profile), as_libseccomp(profile)), "") << bundle;
  }
  const auto docker = without_x32(newest_docker());
  EXPECT_EQ(refusal(samples::libseccomps(docker), as_libseccomp(docker)), "");
}

// What libseccomp can say of a policy, and says right: calls that it knows, errnos below 4095, and calls that fail with
// one errno, with either one rule of several arguments or several of one.
policy::SeccompPolicy plain_policy(Dice& dice) {
  policy::SeccompPolicy out = samples::random_policy(dice);
  out.others_allowed = false;
  out.compat32 = false;
  const auto unknown = [](const auto& name) { return !syscall_number_libseccomp(kNativeAbi, std::string(name)); };
  std::vector<std::string_view> allow(out.allow.begin(), out.allow.end());
  std::erase_if(allow, unknown);
  out.allow = policy::SyscallSet(std::move(allow));
  std::erase_if(out.errnos, [&](const auto& entry) { return unknown(entry.first) || entry.second == 4095; });
  std::erase_if(out.conditional, [&](const auto& syscall) { return unknown(syscall.name); });
  for (auto& syscall : out.conditional) {
    syscall.errno_otherwise = out.default_errno;
    const bool one = dice.one_in(2);
    if (one) syscall.any_of.resize(1);
    for (auto& alternative : syscall.any_of) {
      std::set<std::uint32_t> seen;
      std::erase_if(alternative, [&](const auto& check) { return !seen.insert(check.index).second; });
      if (!one) alternative.resize(1);
      for (auto& check : alternative) check.equals = true;
      for (auto& check : alternative) check.values.resize(one ? 1 : check.values.size());
    }
  }
  return out;
}

// An alternative with one value for each check: as many as there are ways to choose them.
void add_rules(oci::Seccomp& out, const std::string& name, const std::vector<policy::ArgCheck>& checks,
               std::vector<oci::SeccompArg> chosen = {}) {
  if (chosen.size() == checks.size())
    return out.syscalls.push_back({{name}, oci::SeccompAction::kAllow, {}, std::move(chosen)});
  const policy::ArgCheck& check = checks[chosen.size()];
  for (const std::uint64_t value : check.values) {
    auto more = chosen;
    more.push_back({check.index, check.mask, value, oci::SeccompOperator::kMaskedEq});
    add_rules(out, name, checks, std::move(more));
  }
}

oci::Seccomp as_profile(const policy::SeccompPolicy& policy) {
  oci::Seccomp out;
  out.default_action = oci::SeccompAction::kErrno;
  out.default_errno_ret = policy.default_errno;
  out.syscalls.push_back({std::vector<std::string>(policy.allow.begin(), policy.allow.end()), oci::SeccompAction::kAllow, {}, {}});
  for (const auto& [name, err] : policy.errnos) out.syscalls.push_back({{name}, oci::SeccompAction::kErrno, err, {}});
  for (const auto& syscall : policy.conditional)
    for (const auto& alternative : syscall.any_of) add_rules(out, syscall.name, alternative);
  return out;
}

TEST(SeccompProof, HoldsForLibseccompsProgramsOfPolicies) {
  if (kNativeAbi != Abi::kX8664) GTEST_SKIP() << "the comparison is written for x86-64";
  Dice dice(3);
  for (int i = 0; i < 10'000; ++i) {
    const auto policy = plain_policy(dice);
    const FilterTable table = *policy_table(policy, kNativeAbi);
    ASSERT_EQ(refusal(emit(table), table), "") << i;
    ASSERT_EQ(refusal(samples::libseccomps(as_profile(policy)), table), "") << i;
  }
}

TEST(SeccompProof, IsNoWiderThanEither) {
  Dice dice(4);
  int wider = 0;
  for (int i = 0; i < 300; ++i) {
    const auto request = *request_table(samples::random_profile(dice, samples::Constants::kAny), kNativeAbi);
    const auto policy = *policy_table(samples::random_policy(dice), kNativeAbi);
    const std::array bounds{Bound{&policy, "the policy"}};
    const std::string wrong = refusal(emit(request), request, bounds);
    // The request alone is within the policy just where their meet is as strict as the request everywhere.
    const FilterTable met = meet(request, policy);
    const std::array same{Bound{&met, "the policy"}};
    ASSERT_EQ(wrong.empty(), refusal(emit(request), request, same).empty()) << i;
    wider += !wrong.empty();
    EXPECT_EQ(wrong.find("want no more than the policy's ") != std::string::npos, !wrong.empty()) << wrong;
  }
  EXPECT_GT(wider, 100);
}

FilterTable sockets() {
  const ArgTest domain{0, Compare::kAnyOf, true, 0xffffffff, {1, 2}};
  return {{{AUDIT_ARCH_X86_64,
            {{0, {{}, SECCOMP_RET_ERRNO | 38}},
             {41, {{{{domain}, SECCOMP_RET_ALLOW}}, SECCOMP_RET_ERRNO | 97}},
             {42, {{}, SECCOMP_RET_ERRNO | 38}}}}}};
}

TEST(SeccompProof, NamesTheCall) {
  FilterTable wrong = sockets();
  wrong.archs[0].segments[1].decision.rules[0].all_of[0].values[1] = 10;
  EXPECT_EQ(
      refusal(emit(wrong), sockets()),
      "the compiled filter is wrong: arch 0xc000003e, call 41 \"socket\", arguments 0xa 0x0 0x0 0x0 0x0 0x0: want "
      "errno 97, have allow; hint: this is a defect of bulkhead; nothing was started");
  const FilterTable none;
  EXPECT_EQ(refusal(emit(none), sockets()).substr(0, 111),
            "the compiled filter is wrong: arch 0xc000003e, call 0 \"read\", arguments 0x0 0x0 0x0 0x0 0x0 0x0: want "
            "errno 38,");
  const std::vector<sock_filter> endless{{BPF_JMP | BPF_JA, 0, 0, 0xffffffff}};
  EXPECT_EQ(refusal(endless, sockets()), "the compiled filter is wrong: instruction 0 jumps past the end");
}

// The kernel cuts an int argument to its low half; a filter that looks at both can be walked around.
TEST(SeccompProof, ADirtyHighWordIsACaseOfItsOwn) {
  FilterTable wide = sockets();
  wide.archs[0].segments[1].decision.rules[0].all_of[0].mask = ~std::uint64_t{0};
  const std::string wrong = refusal(emit(wide), sockets());
  EXPECT_NE(wrong.find("arguments 0x100000001 "), std::string::npos) << wrong;
}

TEST(SeccompProof, TooManyStepsAreAnError) {
  std::vector<ArgRule> rules;
  for (std::uint32_t i = 0; i < 200; ++i) {
    ArgRule rule{{}, SECCOMP_RET_ERRNO | i};
    for (const std::uint32_t index : {i % 6, (i + 1) % 6})
      rule.all_of.push_back({index, Compare::kGreater, true, 0xffffffff, {100 + i}});
    rules.push_back(std::move(rule));
  }
  const FilterTable table{{{AUDIT_ARCH_X86_64, {{0, {rules, SECCOMP_RET_ALLOW}}}}}};
  EXPECT_EQ(refusal(emit(table), table), "too many comparisons of arguments: the proof takes more than 4000000 steps");
}

TEST(SeccompProof, HoldsForTheLongestProgram) {
  std::vector<ArgRule> rules;
  for (std::uint64_t i = 0; i < 1018; ++i)
    rules.push_back({{{0, Compare::kAnyOf, true, ~std::uint64_t{0}, {i << 33 | i << 1}}}, SECCOMP_RET_ALLOW});
  const FilterTable table{{{AUDIT_ARCH_X86_64, {{0, {rules, SECCOMP_RET_ERRNO}}}}}};
  const auto code = emit(table);
  EXPECT_GT(code.size(), 4000U);
  EXPECT_LE(code.size(), 4096U);
  EXPECT_EQ(refusal(code, table), "");
}

}  // namespace
}  // namespace plan
