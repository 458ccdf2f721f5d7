// The policy's list against what it says, worked out anew for every call.
#include <gtest/gtest.h>
#include <linux/audit.h>

#include "plan/seccomp_emit.h"
#include "plan/seccomp_proof.h"
#include "plan/seccomp_samples.h"
#include "plan/seccomp_sources.h"
#include "support/bpf_eval.h"

namespace plan {
namespace {

using samples::Dice;

std::vector<sock_filter> program_of(const policy::SeccompPolicy& policy, Abi native = Abi::kX8664) {
  auto table = policy_table(policy, native);
  EXPECT_TRUE(table) << table.error().message();
  return table ? emit(*table) : std::vector<sock_filter>{};
}

std::string differs_from(const std::vector<sock_filter>& program, const policy::SeccompPolicy& policy, Abi native,
                         std::uint64_t seed, bool all_numbers) {
  Dice dice(seed);
  const auto want = [&](auto token, auto number, const auto& args) {
    return samples::want(policy, native, token, number, args);
  };
  const auto values = samples::interesting(policy);
  if (!all_numbers) return samples::difference(program, dice, values, samples::some_numbers(dice, 40), want);
  std::vector<std::uint32_t> conditional;
  if (policy.compat32) conditional = {102, 117};  // socketcall and ipc
  for (const auto& syscall : policy.conditional) {
    if (const auto number = syscall_number(native, syscall.name)) conditional.push_back(*number);
    for (const auto& call : meant_by(Abi::kX86, syscall.name)) conditional.push_back(call.number);
  }
  return samples::difference(program, dice, values, samples::numbers_and_often(conditional), want);
}

policy::SeccompPolicy faas_like() {
  policy::SeccompPolicy policy;
  policy.allow = {"read", "write", "openat", "exit", "exit_group", "mmap", "restart_syscall", "cachestat", "mseal"};
  policy.conditional = {{"clone", {{{0, 0x7e020000, {0}}}}, 1},
                        {"personality", {{{0, 0xffffffff, {0, 0xffffffff}}}}, 1},
                        {"socket",
                         {{{0, 0xffffffff, {1, 2, 10}}, {1, 0xf, {1, 2}}, {2, 0xffffffff, {0, 6, 17}}},
                          {{0, 0xffffffff, {16}}, {1, 0xf, {2, 3}}, {2, 0xffffffff, {0}}}},
                         97}};
  policy.errnos = {{"mount", 1}, {"ptrace", 1}};
  return policy;
}

TEST(SeccompPolicy, EveryCallOfAFunctionsProfile) {
  for (const Abi native : {Abi::kX8664, Abi::kAarch64}) {
    const auto program = program_of(faas_like(), native);
    EXPECT_EQ(support::bpf_fault(program), "");
    EXPECT_EQ(differs_from(program, faas_like(), native, 1, true), "");
  }
}

TEST(SeccompPolicy, RandomPolicies) {
  Dice dice(2);
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const auto policy = samples::random_policy(dice);
    const Abi native = i % 4 == 0 ? Abi::kAarch64 : Abi::kX8664;
    const auto program = program_of(policy, native);
    ASSERT_EQ(support::bpf_fault(program), "") << i;
    ASSERT_EQ(differs_from(program, policy, native, i, i % 200 == 0), "") << i;
  }
}

// A deny-list holds however the kernel is entered: directly, as x32, as i386, and through socketcall there.
TEST(SeccompPolicy, ADenyListHoldsForEveryAbi) {
  policy::SeccompPolicy vaccine;
  vaccine.others_allowed = true;
  vaccine.compat32 = true;
  vaccine.conditional = {{"socket", {{{0, 0xffffffff, {38}, false}}}, 97}};
  vaccine.errnos = {{"io_uring_setup", 38}};
  const auto program = program_of(vaccine);
  EXPECT_EQ(support::bpf_fault(program), "");
  EXPECT_EQ(differs_from(program, vaccine, Abi::kX8664, 3, true), "");
  const auto answer = [&](std::uint32_t token, std::uint32_t number, std::uint64_t a0) {
    return support::bpf_eval(program, samples::call(token, number, {{a0, 5, 0}}));
  };
  const std::uint32_t no = SECCOMP_RET_ERRNO | 97;
  EXPECT_EQ(answer(AUDIT_ARCH_X86_64, 41, 38), no);
  EXPECT_EQ(answer(AUDIT_ARCH_X86_64, 41, 0xdead00000026), no) << "a dirty high word";
  EXPECT_EQ(answer(AUDIT_ARCH_X86_64, 41, 2), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer(AUDIT_ARCH_X86_64, kX32Bit | 41, 38), no);
  EXPECT_EQ(answer(AUDIT_ARCH_I386, 359, 38), no);
  EXPECT_EQ(answer(AUDIT_ARCH_I386, 359, 2), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer(AUDIT_ARCH_I386, 102, 1), no) << "socketcall(SYS_SOCKET): its arguments cannot be seen";
  EXPECT_EQ(answer(AUDIT_ARCH_I386, 102, 2), SECCOMP_RET_ALLOW) << "socketcall(SYS_BIND)";
  EXPECT_EQ(answer(AUDIT_ARCH_X86_64, 425, 0), SECCOMP_RET_ERRNO | 38);
  EXPECT_EQ(answer(AUDIT_ARCH_I386, 425, 0), SECCOMP_RET_ERRNO | 38);
  EXPECT_EQ(answer(AUDIT_ARCH_X86_64, 0, 0), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer(AUDIT_ARCH_ARM, 0, 0), SECCOMP_RET_KILL_PROCESS);
}

// Linux has added calls to i386 where types grew: what a list says of a name holds for them.
TEST(SeccompPolicy, ANameMeansAllThatI386HasForIt) {
  policy::SeccompPolicy deny;
  deny.others_allowed = true;
  deny.compat32 = true;
  deny.errnos = {{"chown", 1}, {"clock_settime", 1}, {"umount2", 1}};
  deny.conditional = {{"mmap", {{{2, 4, {0}}}}, 13}, {"fallocate", {{{2, 0xffffffff, {0}}}, {{3, 0xffffffff, {0}}}}, 95}};
  const auto program = program_of(deny);
  EXPECT_EQ(differs_from(program, deny, Abi::kX8664, 4, true), "");
  const auto answer = [&](std::uint32_t number, const CallArgs& args) {
    return support::bpf_eval(program, samples::call(AUDIT_ARCH_I386, number, args));
  };
  for (const std::uint32_t number : {182U, 212U, 264U, 404U, 22U, 52U})  // chown, chown32, clock_settime and 64, umount and 2
    EXPECT_EQ(answer(number, {}), SECCOMP_RET_ERRNO | 1U) << number;
  EXPECT_EQ(answer(192, {{0, 0, 3}}), SECCOMP_RET_ALLOW) << "mmap2";
  EXPECT_EQ(answer(192, {{0, 0, 7}}), SECCOMP_RET_ERRNO | 13U) << "mmap2 of code";
  EXPECT_EQ(answer(90, {{0, 0, 3}}), SECCOMP_RET_ERRNO | 13U) << "mmap: its arguments cannot be seen";
  EXPECT_EQ(answer(324, {{0, 0, 0, 1}}), SECCOMP_RET_ALLOW) << "fallocate, the low half of the offset";
  EXPECT_EQ(answer(324, {{0, 0, 1, 0}}), SECCOMP_RET_ERRNO | 95U) << "what is the length on x86-64 is half of the offset here";
}

policy::SeccompPolicy faas_of_32_bits() {
  auto policy = faas_like();
  policy.compat32 = true;
  std::vector<std::string_view> allow(policy.allow.begin(), policy.allow.end());
  allow.insert(allow.end(), {"fstat", "lseek", "rt_sigreturn", "accept4", "bind", "sendto"});
  policy.allow = policy::SyscallSet(std::move(allow));
  return policy;
}

TEST(SeccompPolicy, OneListForBothAbis) {
  const auto policy = faas_of_32_bits();
  const auto program = program_of(policy);
  EXPECT_EQ(support::bpf_fault(program), "");
  EXPECT_EQ(differs_from(program, policy, Abi::kX8664, 5, true), "");
  const auto answer = [&](std::uint32_t number, const CallArgs& args) {
    return support::bpf_eval(program, samples::call(AUDIT_ARCH_I386, number, args));
  };
  const std::uint32_t none = SECCOMP_RET_ERRNO | 38U;
  for (const std::uint32_t number : {3U, 4U, 1U, 197U, 28U, 108U, 140U, 192U, 119U, 364U, 361U})
    EXPECT_EQ(answer(number, {}), SECCOMP_RET_ALLOW) << syscall_name(Abi::kX86, number);
  EXPECT_EQ(answer(359, {{2, 1, 0}}), SECCOMP_RET_ALLOW) << "socket";
  EXPECT_EQ(answer(359, {{0xdead00000002, 1, 0}}), SECCOMP_RET_ALLOW) << "int $0x80 from 64-bit code leaves high words";
  EXPECT_EQ(answer(359, {{38, 5, 0}}), SECCOMP_RET_ERRNO | 97U) << "socket(AF_ALG)";
  EXPECT_EQ(answer(120, {{0x10000000}}), SECCOMP_RET_ERRNO | 1U) << "clone(CLONE_NEWUSER)";
  EXPECT_EQ(answer(21, {}), SECCOMP_RET_ERRNO | 1U) << "mount";
  for (std::uint64_t call = 0; call <= 24; ++call) {
    EXPECT_EQ(answer(102, {{call}}), none) << "socketcall " << call;
    EXPECT_EQ(answer(117, {{call}}), none) << "ipc " << call;
  }
  for (const std::uint32_t number : {113U, 166U, 166U | kX32Bit, kX32Bit | 3U, 41U | kX32Bit})  // vm86old, vm86, x32's numbers
    EXPECT_EQ(answer(number, {}), none) << number;
  EXPECT_EQ(support::bpf_eval(program, samples::call(AUDIT_ARCH_X86_64, kX32Bit, {})), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(support::bpf_eval(program, samples::call(AUDIT_ARCH_ARM, 3, {})), SECCOMP_RET_KILL_PROCESS);
}

// Neither a compiler of another list nor one with a hole passes the comparison, nor the proof.
TEST(SeccompPolicy, MutantsOfTheSecondListAreNoticed) {
  const auto policy = faas_of_32_bits();
  const FilterTable good = *policy_table(policy, Abi::kX8664);
  ASSERT_EQ(good.archs.size(), 2U);
  const auto with = [&](std::uint32_t number, const Decision& decision) {
    FilterTable out = good;
    out.archs[1].segments = overlay(out.archs[1].segments, {{number, decision}});
    return out;
  };
  const Decision allowed{{}, SECCOMP_RET_ALLOW}, by_bind{{{{{0, Compare::kAnyOf, true, 0xffffffff, {2}}}, SECCOMP_RET_ALLOW}}, SECCOMP_RET_ERRNO | 38};
  FilterTable twice = good, none = good, killed = good;
  twice.archs[1].segments = good.archs[0].segments;
  none.archs.pop_back();
  killed.archs[1].segments = {{0, {{}, SECCOMP_RET_KILL_PROCESS}}};
  const std::pair<const char*, FilterTable> mutants[] = {
      {"socketcall is open", with(102, allowed)}, {"socketcall is open for bind", with(102, by_bind)}, {"ipc is open", with(117, allowed)},
      {"any socket", with(359, allowed)}, {"any clone", with(120, allowed)}, {"mount", with(21, allowed)}, {"mmap2 is lost", with(192, {{}, SECCOMP_RET_ERRNO | 38})},
      {"x86-64's numbers", twice}, {"i386 is killed as before", none}, {"all of i386 is killed", killed},
  };
  for (const auto& [what, table] : mutants) {
    EXPECT_NE(differs_from(emit(table), policy, Abi::kX8664, 6, true), "") << what;
    EXPECT_FALSE(prove(emit(table), good)) << what;
  }
  EXPECT_TRUE(prove(emit(good), good));
}

TEST(SeccompPolicy, ADenyListMayShutOutOtherAbis) {
  policy::SeccompPolicy deny;
  deny.others_allowed = true;
  deny.errnos = {{"chown", 1}};
  const auto program = program_of(deny);
  EXPECT_EQ(differs_from(program, deny, Abi::kX8664, 7, true), "");
  const auto answer = [&](std::uint32_t token, std::uint32_t number) { return support::bpf_eval(program, samples::call(token, number, {})); };
  EXPECT_EQ(answer(AUDIT_ARCH_I386, 3), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(answer(AUDIT_ARCH_X86_64, kX32Bit), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(answer(AUDIT_ARCH_X86_64, 0xffffffff), SECCOMP_RET_ALLOW) << "a tracer skipped the call";
  EXPECT_EQ(answer(AUDIT_ARCH_X86_64, 0), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer(AUDIT_ARCH_X86_64, 92), SECCOMP_RET_ERRNO | 1U);
}

TEST(SeccompPolicy, HighWordsDoNotCount) {
  const auto program = program_of(faas_like());
  const auto socket = [&](std::uint64_t domain, std::uint64_t type, std::uint64_t protocol) {
    return support::bpf_eval(program, samples::call(AUDIT_ARCH_X86_64, 41, {{domain, type, protocol}}));
  };
  const std::uint64_t dirt = 0xdead00000000;
  EXPECT_EQ(socket(2, 1, 0), SECCOMP_RET_ALLOW);
  EXPECT_EQ(socket(2 | dirt, 0x80001 | dirt, 6 | dirt), SECCOMP_RET_ALLOW);
  for (const std::uint64_t domain : {38U, 40U}) {  // AF_ALG, AF_VSOCK
    EXPECT_EQ(socket(domain, 1, 0), SECCOMP_RET_ERRNO | 97);
    EXPECT_EQ(socket(domain | dirt, 1, 0), SECCOMP_RET_ERRNO | 97);
  }
  EXPECT_EQ(socket(2, 3, 0), SECCOMP_RET_ERRNO | 97);    // SOCK_RAW
  EXPECT_EQ(socket(2, 1, 262), SECCOMP_RET_ERRNO | 97);  // MPTCP
  EXPECT_EQ(socket(16, 3, 0), SECCOMP_RET_ALLOW);        // NETLINK_ROUTE
  EXPECT_EQ(socket(16, 3, 9), SECCOMP_RET_ERRNO | 97);   // NETLINK_AUDIT
}

// For each property a filter that lacks it, which the comparison must notice.
TEST(SeccompPolicy, MutantsAreNoticed) {
  const auto policy = faas_like();
  const FilterTable good = *policy_table(policy, Abi::kX8664);
  const auto noticed = [&](const FilterTable& table) {
    return !differs_from(emit(table), policy, Abi::kX8664, 3, true).empty();
  };
  ASSERT_FALSE(noticed(good));
  const auto segment_of = [](FilterTable& table, std::uint32_t number) -> Segment& {
    auto& segments = table.archs[0].segments;
    const auto past = [](std::uint32_t value, const Segment& s) { return value < s.first; };
    return *std::prev(std::upper_bound(segments.begin(), segments.end(), number, past));
  };

  FilterTable foreign = good;
  foreign.archs.push_back({AUDIT_ARCH_I386, good.archs[0].segments});
  EXPECT_TRUE(noticed(foreign)) << "another architecture gets in";

  FilterTable x32 = good;
  segment_of(x32, kX32Bit + 1).decision.otherwise = SECCOMP_RET_ERRNO | 38;
  EXPECT_TRUE(noticed(x32)) << "x32 is not killed";

  FilterTable skipped = good;
  skipped.archs[0].segments.pop_back();
  EXPECT_TRUE(noticed(skipped)) << "a skipped call is killed";

  FilterTable wide = good;
  for (auto& rule : segment_of(wide, 41).decision.rules) rule.all_of[0].mask = ~std::uint64_t{0};
  EXPECT_TRUE(noticed(wide)) << "high words count";

  FilterTable unmasked = good;
  segment_of(unmasked, 56).decision.rules[0].all_of[0].mask = 0xffffffff;
  EXPECT_TRUE(noticed(unmasked)) << "the mask is lost";

  FilterTable errno_lost = good;
  segment_of(errno_lost, 165).decision.otherwise = SECCOMP_RET_ERRNO | 38;
  EXPECT_TRUE(noticed(errno_lost)) << "mount's errno is lost";

  FilterTable fewer = good;
  segment_of(fewer, 41).decision.rules.pop_back();
  EXPECT_TRUE(noticed(fewer)) << "an alternative is lost";

  FilterTable open = good;
  segment_of(open, 600).decision.otherwise = SECCOMP_RET_ALLOW;
  EXPECT_TRUE(noticed(open)) << "the default allows";
}

TEST(SeccompPolicy, NamesOfTheOtherMachineAreSkipped) {
  policy::SeccompPolicy policy;
  policy.allow = {"open", "renameat", "arch_prctl", "fork"};
  EXPECT_TRUE(policy_table(policy, Abi::kX8664));
  const auto table = policy_table(policy, Abi::kAarch64);
  ASSERT_TRUE(table);
  EXPECT_EQ(evaluate(*table, AUDIT_ARCH_AARCH64, 38, {}), SECCOMP_RET_ALLOW);  // renameat
  EXPECT_EQ(evaluate(*table, AUDIT_ARCH_AARCH64, 2, {}), SECCOMP_RET_ERRNO | 38);
}

std::string refusal(const policy::SeccompPolicy& policy) {
  const auto table = policy_table(policy, Abi::kX8664);
  if (table) return "accepted";
  EXPECT_EQ(table.error().kind(), base::Kind::kPolicy);
  return table.error().message();
}

TEST(SeccompPolicy, Refusals) {
  using Checks = std::vector<std::vector<policy::ArgCheck>>;
  const auto conditional = [](Checks any_of) {
    return policy::SeccompPolicy{{}, {{"socket", std::move(any_of), 97}}, {}, 38};
  };
  EXPECT_EQ(refusal({{"opnat"}, {}, {}, 38}), "seccomp: unknown syscall \"opnat\"; hint: did you mean \"openat\"?");
  EXPECT_EQ(refusal({{"socketcall"}, {}, {}, 38}).substr(0, 38), "seccomp: unknown syscall \"socketcall\"");
  EXPECT_EQ(refusal({{"fstat64"}, {}, {}, 38}),
            "seccomp: unknown syscall \"fstat64\"; hint: it is i386's, and what is said of \"fstat\" holds for it");
  EXPECT_EQ(refusal({{""}, {}, {}, 38}), "seccomp: unknown syscall \"\"");
  EXPECT_EQ(refusal({{"mount"}, {}, {{"mount", 1}}, 38}), "seccomp: syscall \"mount\" has two rules");
  EXPECT_EQ(refusal({{"mount", "mount"}, {}, {}, 38}), "accepted");
  EXPECT_EQ(refusal({{}, {}, {{"mount", 4096}}, 38}),
            "seccomp: syscall \"mount\": want an errno of 0..4095, have 4096");
  EXPECT_EQ(refusal({{}, {}, {}, 5000}), "seccomp: default: want an errno of 0..4095, have 5000");
  EXPECT_EQ(refusal(conditional({{{6, 0xff, {1}}}})), "seccomp: syscall \"socket\": want an argument of 0..5, have 6");
  EXPECT_EQ(refusal(conditional({{{0, 0xf, {16}}}})),
            "seccomp: syscall \"socket\": value 16 has bits outside of mask 15");
  EXPECT_EQ(refusal(conditional({{{0, 0xf, {}}}})), "seccomp: syscall \"socket\": a check without a value never holds");
  EXPECT_EQ(refusal(conditional({{}})),
            "seccomp: syscall \"socket\": an alternative without a check allows every call");
  EXPECT_EQ(refusal(conditional({})), "seccomp: syscall \"socket\": no alternative allows it");
}

}  // namespace
}  // namespace plan
