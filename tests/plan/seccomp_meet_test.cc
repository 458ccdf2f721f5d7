#include "plan/seccomp_meet.h"

#include <gtest/gtest.h>
#include <linux/audit.h>

#include "plan/seccomp_emit.h"
#include "plan/seccomp_program.h"
#include "plan/seccomp_samples.h"
#include "plan/seccomp_sources.h"
#include "support/bpf_eval.h"

namespace plan {
namespace {

using samples::Dice;

samples::Values joined(samples::Values a, const samples::Values& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i].insert(a[i].end(), b[i].begin(), b[i].end());
  return a;
}

// What the kernel does with both filters loaded: the least in its order, of equals the first.
std::uint32_t both(const std::vector<sock_filter>& request, const std::vector<sock_filter>& policy,
                   const seccomp_data& data) {
  const auto r = support::bpf_eval(request, data).value_or(0xdead);
  const auto p = support::bpf_eval(policy, data).value_or(0xdead);
  const auto rank = [](std::uint32_t answer) { return static_cast<std::int32_t>(answer & 0xffff0000); };
  return rank(p) < rank(r) ? p : r;
}

struct Pair {
  FilterTable request, policy, met;
  samples::Values values;
};

Pair random_pair(Dice& dice, Abi native) {
  const auto profile = samples::random_profile(dice, samples::Constants::kAny);
  const auto policy = samples::random_policy(dice);
  Pair out{*request_table(profile, native),
           *policy_table(policy, native),
           {},
           joined(samples::interesting(profile), samples::interesting(policy))};
  out.met = meet(out.request, out.policy);
  return out;
}

std::string differs_from_both(const Pair& pair, const std::vector<sock_filter>& program, std::uint64_t seed,
                              bool all_numbers) {
  Dice dice(seed);
  const auto request = emit(pair.request);
  const auto policy = emit(pair.policy);
  const auto want = [&](auto token, auto number, const auto& args) {
    return both(request, policy, samples::call(token, number, args));
  };
  const auto numbers = all_numbers ? samples::numbers() : samples::some_numbers(dice, 60);
  return samples::difference(program, dice, pair.values, numbers, want);
}

TEST(SeccompMeet, IsTheStricterOfBothAnswersEverywhere) {
  Dice dice(1);
  for (std::uint64_t i = 0; i < 4'000; ++i) {
    const Pair pair = random_pair(dice, i % 4 == 0 ? Abi::kAarch64 : Abi::kX8664);
    const auto program = emit(pair.met);
    ASSERT_EQ(support::bpf_fault(program), "") << i;
    ASSERT_EQ(differs_from_both(pair, program, i, i % 100 == 0), "") << i;
  }
}

TEST(SeccompMeet, OneSideAloneIsNotTheMeet) {
  Dice dice(2);
  int noticed = 0;
  for (std::uint64_t i = 0; i < 50; ++i) {
    const Pair pair = random_pair(dice, Abi::kX8664);
    noticed += !differs_from_both(pair, emit(pair.request), i, true).empty();
    noticed += !differs_from_both(pair, emit(pair.policy), i, true).empty();
    FilterTable swapped = meet(pair.policy, pair.request);  // keeps the wrong errno
    noticed += !differs_from_both(pair, emit(swapped), i, true).empty();
  }
  EXPECT_GT(noticed, 100) << "of 150 wrong programs";
}

TEST(SeccompMeet, OfEquallyStrictAnswersTheRequestsIsKept) {
  oci::Seccomp request;
  request.default_action = oci::SeccompAction::kErrno;
  request.default_errno_ret = 1;
  const policy::SeccompPolicy policy{{"read"}, {}, {}, 38};
  const auto program = build_seccomp(&request, &policy);
  ASSERT_TRUE(program);
  EXPECT_EQ(support::bpf_eval(program->code, samples::call(audit_arch(kNativeAbi), 999, {})), SECCOMP_RET_ERRNO | 1);
  EXPECT_EQ(support::bpf_eval(program->code, samples::call(audit_arch(kNativeAbi), 0, {})), SECCOMP_RET_ERRNO | 1);
}

TEST(SeccompMeet, AnAbiOfOneSideOnlyIsKilled) {
  oci::Seccomp request;
  request.default_action = oci::SeccompAction::kAllow;
  request.architectures = {"SCMP_ARCH_X86", "SCMP_ARCH_X32"};
  const policy::SeccompPolicy policy{{"read"}, {}, {}, 38};
  const auto met = meet(*request_table(request, Abi::kX8664), *policy_table(policy, Abi::kX8664));
  EXPECT_EQ(evaluate(met, AUDIT_ARCH_I386, 3, {}), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(evaluate(met, AUDIT_ARCH_X86_64, kX32Bit, {}), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(evaluate(met, AUDIT_ARCH_X86_64, 0, {}), SECCOMP_RET_ALLOW);
}

// build_seccomp() leaves out what the policy kills anyway.
TEST(SeccompMeet, BuildsTheMeetOfTheWholeTables) {
  Dice dice(3);
  for (int i = 0; i < 500; ++i) {
    const auto profile = samples::random_profile(dice, samples::Constants::kAny);
    const auto policy = samples::random_policy(dice);
    const auto program = build_seccomp(&profile, &policy);
    ASSERT_TRUE(program) << program.error().message();
    const auto whole = meet(*request_table(profile, kNativeAbi), *policy_table(policy, kNativeAbi));
    const auto want = [&](auto token, auto number, const auto& args) { return evaluate(whole, token, number, args); };
    const auto values = joined(samples::interesting(profile), samples::interesting(policy));
    ASSERT_EQ(samples::difference(program->code, dice, values, samples::some_numbers(dice, 60), want), "") << i;
  }
}

TEST(SeccompMeet, KernelsOrderOfAnswers) {
  const std::vector<std::uint32_t> order{SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP,
                                         SECCOMP_RET_ERRNO,        SECCOMP_RET_USER_NOTIF,  SECCOMP_RET_TRACE,
                                         SECCOMP_RET_LOG,          SECCOMP_RET_ALLOW};
  for (std::size_t a = 0; a < order.size(); ++a)
    for (std::size_t b = 0; b < order.size(); ++b) EXPECT_EQ(stricter(order[a] | 7, order[b] | 9), a < b);
}

}  // namespace
}  // namespace plan
