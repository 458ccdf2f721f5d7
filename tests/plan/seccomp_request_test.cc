// config.json's filter against its rules, worked out anew for every call.
#include <gtest/gtest.h>
#include <linux/audit.h>

#include <cerrno>

#include "plan/seccomp_emit.h"
#include "plan/seccomp_program.h"
#include "plan/seccomp_samples.h"
#include "plan/seccomp_sources.h"
#include "support/bpf_eval.h"

namespace plan {
namespace {

using oci::SeccompAction;
using oci::SeccompOperator;
using samples::Dice;

constexpr std::uint32_t kX8664 = AUDIT_ARCH_X86_64;
constexpr std::uint32_t kI386 = AUDIT_ARCH_I386;

oci::Seccomp profile(SeccompAction fallback, std::vector<oci::SeccompRule> rules) {
  oci::Seccomp out;
  out.default_action = fallback;
  out.syscalls = std::move(rules);
  return out;
}

oci::SeccompRule rule(std::vector<std::string> names, SeccompAction action, std::vector<oci::SeccompArg> args = {}) {
  return {std::move(names), action, {}, std::move(args)};
}

std::uint32_t answer(const oci::Seccomp& request, std::uint32_t token, std::uint32_t number, CallArgs args = {}) {
  const auto table = request_table(request, Abi::kX8664);
  EXPECT_TRUE(table) << table.error().message();
  const auto code = emit(*table);
  EXPECT_EQ(support::bpf_fault(code), "");
  return support::bpf_eval(code, samples::call(token, number, args)).value_or(0xdead);
}

std::string differs_from(const std::vector<sock_filter>& code, const oci::Seccomp& request, Abi native,
                         std::uint64_t seed, bool all_numbers) {
  Dice dice(seed);
  const auto want = [&](auto token, auto number, const auto& args) {
    return samples::want(request, native, token, number, args);
  };
  const auto numbers = all_numbers ? samples::numbers() : samples::some_numbers(dice, 60);
  return samples::difference(code, dice, samples::interesting(request), numbers, want);
}

void random_profiles(samples::Constants constants, std::uint64_t seed) {
  Dice dice(seed);
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const auto request = samples::random_profile(dice, constants);
    const Abi native = i % 4 == 0 ? Abi::kAarch64 : Abi::kX8664;
    const auto table = request_table(request, native);
    ASSERT_TRUE(table) << i << ": " << table.error().message();
    const auto code = emit(*table);
    ASSERT_EQ(support::bpf_fault(code), "") << i;
    ASSERT_EQ(differs_from(code, request, native, i, i % 500 == 0), "") << i;
  }
}

TEST(SeccompRequest, RandomProfilesWithSmallConstants) { random_profiles(samples::Constants::kSmall, 1); }
TEST(SeccompRequest, RandomProfilesWithAnyConstants) { random_profiles(samples::Constants::kAny, 2); }

// GHSA-4q85-33p6-j5g6: comparisons of one argument with constants beyond 32 bits, which libseccomp merges.
TEST(SeccompRequest, WideConstantsOnOneArgument) {
  Dice dice(3);
  constexpr std::array kOperators{SeccompOperator::kNe, SeccompOperator::kLt, SeccompOperator::kLe,
                                  SeccompOperator::kEq, SeccompOperator::kGe, SeccompOperator::kGt};
  for (std::uint64_t i = 0; i < 2'000; ++i) {
    auto request = profile(SeccompAction::kErrno, {});
    for (std::uint64_t n = 2 + dice.below(2); n-- > 0;) {
      const std::uint64_t value = dice.below(3) << 32 | dice.below(3);
      request.syscalls.push_back(rule({"getpid"}, SeccompAction::kAllow, {{1, value, 0, kOperators[dice.below(6)]}}));
    }
    const auto code = emit(*request_table(request, Abi::kX8664));
    for (std::uint64_t high = 0; high < 4; ++high) {
      for (std::uint64_t low : {0ULL, 1ULL, 2ULL, 3ULL, 0xffffffffULL}) {
        const CallArgs args{{0, high << 32 | low}};
        const auto want = samples::want(request, Abi::kX8664, kX8664, 39, args);
        ASSERT_EQ(samples::check_call(code, kX8664, 39, args, want), "") << i;
      }
    }
  }
}

TEST(SeccompRequest, MutantsAreNoticed) {
  auto request = profile(SeccompAction::kErrno,
                         {rule({"read", "write", "openat"}, SeccompAction::kAllow),
                          rule({"clone"}, SeccompAction::kAllow, {{0, 0x7e020000, 0, SeccompOperator::kMaskedEq}})});
  request.architectures = {"SCMP_ARCH_X86", "SCMP_ARCH_X32"};
  const FilterTable good = *request_table(request, Abi::kX8664);
  const auto noticed = [&](const FilterTable& table) {
    std::string difference;
    for (std::uint64_t seed = 0; seed < 20 && difference.empty(); ++seed)
      difference = differs_from(emit(table), request, Abi::kX8664, seed, true);
    return !difference.empty();
  };
  ASSERT_FALSE(noticed(good));
  for (std::size_t arch = 0; arch < good.archs.size(); ++arch) {
    for (std::size_t i = 0; i < good.archs[arch].segments.size(); ++i) {
      FilterTable mutant = good;
      mutant.archs[arch].segments[i].decision.otherwise ^= 2;  // another errno, or not quite ALLOW
      EXPECT_TRUE(noticed(mutant)) << arch << "/" << i;
      for (auto& each : mutant.archs[arch].segments[i].decision.rules) {
        mutant = good;
        each.answer = SECCOMP_RET_LOG;
        EXPECT_TRUE(noticed(mutant)) << arch << "/" << i;
      }
    }
    FilterTable fewer = good;
    fewer.archs.erase(fewer.archs.begin() + static_cast<std::ptrdiff_t>(arch));
    EXPECT_TRUE(noticed(fewer)) << arch;
  }
}

TEST(SeccompRequest, NewerCallsGetEnosys) {
  const auto allow = [](SeccompAction fallback) {
    auto request = profile(fallback, {rule({"read", "getpid", "openat2"}, SeccompAction::kAllow)});
    request.architectures = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"};
    return request;
  };
  for (const auto fallback : {SeccompAction::kErrno, SeccompAction::kKillProcess, SeccompAction::kTrap}) {
    EXPECT_EQ(answer(allow(fallback), kX8664, 437), SECCOMP_RET_ALLOW);  // openat2
    EXPECT_NE(answer(allow(fallback), kX8664, 436), SECCOMP_RET_ERRNO | ENOSYS);
    EXPECT_EQ(answer(allow(fallback), kX8664, 438), SECCOMP_RET_ERRNO | ENOSYS);
    EXPECT_EQ(answer(allow(fallback), kI386, 438), SECCOMP_RET_ERRNO | ENOSYS);
    EXPECT_EQ(answer(allow(fallback), kX8664, kX32Bit), SECCOMP_RET_KILL_PROCESS);
  }
  for (const auto fallback : {SeccompAction::kAllow, SeccompAction::kLog, SeccompAction::kTrace})
    EXPECT_NE(answer(allow(fallback), kX8664, 438), SECCOMP_RET_ERRNO | ENOSYS);
  // One that libseccomp's release does not know counts too.
  EXPECT_EQ(answer(profile(SeccompAction::kErrno, {rule({"mseal"}, SeccompAction::kAllow)}), kX8664, 461),
            SECCOMP_RET_ERRNO | EPERM);
  EXPECT_EQ(answer(profile(SeccompAction::kErrno, {}), kX8664, 438), SECCOMP_RET_ERRNO | EPERM);
}

TEST(SeccompRequest, ConditionsOnOneArgumentAreAlternatives) {
  const auto request = profile(
      SeccompAction::kErrno,
      {rule({"socket"}, SeccompAction::kAllow, {{0, 1, 0, SeccompOperator::kEq}, {0, 2, 0, SeccompOperator::kEq}})});
  EXPECT_EQ(answer(request, kX8664, 41, {{1}}), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer(request, kX8664, 41, {{2}}), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer(request, kX8664, 41, {{3}}), SECCOMP_RET_ERRNO | EPERM);
}

TEST(SeccompRequest, TheFirstUnconditionalRuleDecides) {
  const auto errno_5 = [](std::vector<oci::SeccompArg> args) {
    return oci::SeccompRule{{"getpid"}, SeccompAction::kErrno, 5, std::move(args)};
  };
  const auto request =
      profile(SeccompAction::kErrno, {errno_5({{0, 1, 0, SeccompOperator::kEq}}), rule({"getpid"}, SeccompAction::kLog),
                                      rule({"getpid"}, SeccompAction::kAllow)});
  EXPECT_EQ(answer(request, kX8664, 39, {{1}}), SECCOMP_RET_LOG);
}

TEST(SeccompRequest, MultiplexersAreReachedByTheNamesBehindThem) {
  auto request =
      profile(SeccompAction::kErrno, {rule({"socket"}, SeccompAction::kAllow, {{0, 38, 0, SeccompOperator::kLt}}),
                                      rule({"bind", "shmat"}, SeccompAction::kAllow)});
  request.architectures = {"SCMP_ARCH_X86"};
  EXPECT_EQ(answer(request, kI386, 359, {{2}}), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer(request, kI386, 359, {{38}}), SECCOMP_RET_ERRNO | EPERM);
  EXPECT_EQ(answer(request, kI386, 102, {{1, 0x1234}}), SECCOMP_RET_ALLOW);  // socketcall(SYS_SOCKET)
  EXPECT_EQ(answer(request, kI386, 102, {{2, 0x1234}}), SECCOMP_RET_ALLOW);
  EXPECT_EQ(answer(request, kI386, 102, {{3, 0x1234}}), SECCOMP_RET_ERRNO | EPERM);
  EXPECT_EQ(answer(request, kI386, 117, {{21}}), SECCOMP_RET_ALLOW);  // ipc(SHMAT)
  EXPECT_EQ(answer(request, kI386, 117, {{22}}), SECCOMP_RET_ERRNO | EPERM);
}

// Named, a multiplexer stays shut even if the rule says what the default says, which makes other rules void.
TEST(SeccompRequest, ADenialOfSocketcallCounts) {
  auto request =
      profile(SeccompAction::kErrno, {rule({"socketcall"}, SeccompAction::kErrno),
                                      rule({"socket"}, SeccompAction::kAllow, {{0, 38, 0, SeccompOperator::kNe}})});
  request.architectures = {"SCMP_ARCH_X86"};
  EXPECT_EQ(answer(request, kI386, 102, {{1}}), SECCOMP_RET_ERRNO | EPERM);
  EXPECT_EQ(answer(request, kI386, 359, {{2}}), SECCOMP_RET_ALLOW);
  std::swap(request.syscalls[0], request.syscalls[1]);
  EXPECT_EQ(answer(request, kI386, 102, {{1}}), SECCOMP_RET_ERRNO | EPERM);
}

TEST(SeccompRequest, AnAnswerBehindAMultiplexerIsTheCallsOwn) {
  oci::SeccompRule denied{{"socket"}, SeccompAction::kErrno, 97, {}};
  auto request = profile(SeccompAction::kErrno,
                         {denied, rule({"socket"}, SeccompAction::kAllow, {{0, 2, 0, SeccompOperator::kEq}})});
  request.architectures = {"SCMP_ARCH_X86"};
  EXPECT_EQ(answer(request, kI386, 102, {{1}}), SECCOMP_RET_ERRNO | 97);
  EXPECT_EQ(answer(request, kI386, 359, {{2}}), SECCOMP_RET_ERRNO | 97);
}

// int $0x80 from 64-bit code leaves the upper halves of the registers as they are; the call does not see them.
TEST(SeccompRequest, HighWordsDoNotCountOn32Bits) {
  auto request =
      profile(SeccompAction::kAllow, {rule({"getpid"}, SeccompAction::kErrno, {{0, 38, 0, SeccompOperator::kEq}}),
                                      rule({"getppid"}, SeccompAction::kErrno, {{0, 38, 0, SeccompOperator::kGe}})});
  request.architectures = {"SCMP_ARCH_X86"};
  EXPECT_EQ(answer(request, kI386, 20, {{0xdead00000026}}), SECCOMP_RET_ERRNO | EPERM);
  EXPECT_EQ(answer(request, kI386, 64, {{0xdead00000026}}), SECCOMP_RET_ERRNO | EPERM);
  EXPECT_EQ(answer(request, kI386, 64, {{0xdead00000025}}), SECCOMP_RET_ALLOW);
}

TEST(SeccompRequest, UnknownNamesAreListed) {
  std::vector<std::string> skipped;
  const auto request = profile(SeccompAction::kErrno,
                               {rule({"read", "no_such_call", "socketcall", "uretprobe"}, SeccompAction::kAllow)});
  ASSERT_TRUE(request_table(request, Abi::kX8664, Abis::kListed, &skipped));
  EXPECT_EQ(skipped, std::vector<std::string>{"no_such_call"});
}

TEST(SeccompRequest, Flags) {
  auto request = profile(SeccompAction::kAllow, {});
  EXPECT_EQ(request_flags(request).value(), SECCOMP_FILTER_FLAG_SPEC_ALLOW);
  request.flags.emplace();
  EXPECT_EQ(request_flags(request).value(), 0U);
  request.flags = {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};
  EXPECT_EQ(request_flags(request).value(), SECCOMP_FILTER_FLAG_LOG);
  request.flags->push_back("SECCOMP_FILTER_FLAG_NEW");
  EXPECT_EQ(request_flags(request).error().message(),
            "/linux/seccomp/flags/3: unknown flag \"SECCOMP_FILTER_FLAG_NEW\"");
}

std::string refusal(const oci::Seccomp& request, base::Kind kind = base::Kind::kConfig) {
  const auto program = build_seccomp(&request, nullptr);
  if (program) return "accepted";
  EXPECT_EQ(program.error().kind(), kind);
  return program.error().message();
}

TEST(SeccompRequest, RefusalsPointAtTheirPlace) {
  auto request =
      profile(SeccompAction::kErrno, {rule({"read"}, SeccompAction::kAllow), rule({"write"}, SeccompAction::kNotify)});
  EXPECT_EQ(refusal(request),
            "/linux/seccomp/syscalls/1/action: SCMP_ACT_NOTIFY: want /linux/seccomp/listenerPath, have nothing");
  request.syscalls[1] =
      rule({"write"}, SeccompAction::kAllow, {{0, 1, 0, SeccompOperator::kEq}, {6, 1, 0, SeccompOperator::kEq}});
  EXPECT_EQ(refusal(request), "/linux/seccomp/syscalls/1/args/1/index: want 0..5, have 6");
  request.syscalls[1] = {{"write"}, SeccompAction::kErrno, 4096, {}};
  EXPECT_EQ(refusal(request), "/linux/seccomp/syscalls/1/errnoRet: want 0..4095, have 4096");
  request.syscalls[1] = {{"write"}, SeccompAction::kAllow, 1, {}};
  EXPECT_EQ(refusal(request), "/linux/seccomp/syscalls/1/errnoRet: SCMP_ACT_ALLOW takes no errno");
  request.syscalls[1] = rule({"write", ""}, SeccompAction::kAllow);
  EXPECT_EQ(refusal(request), "/linux/seccomp/syscalls/1/names/1: empty name");
  request.syscalls.pop_back();
  request.architectures = {"SCMP_ARCH_X86", "SCMP_ARCH_VAX"};
  EXPECT_EQ(refusal(request), "/linux/seccomp/architectures/1: unknown architecture \"SCMP_ARCH_VAX\"");
  request.architectures.clear();
  request.listener_metadata = "x";
  EXPECT_EQ(refusal(request), "/linux/seccomp/listenerMetadata: needs listenerPath");
  request.listener_metadata.clear();
  request.default_action = SeccompAction::kNotify;
  EXPECT_EQ(refusal(request), "/linux/seccomp/defaultAction: SCMP_ACT_NOTIFY cannot be the default action");
}

TEST(SeccompRequest, MoreThanTheKernelTakesIsRefused) {
  auto request = profile(SeccompAction::kErrno, {});
  for (std::uint64_t i = 0; i < 1100; ++i)
    request.syscalls.push_back(rule({"getpid"}, SeccompAction::kAllow, {{0, i << 32 | i, 0, SeccompOperator::kEq}}));
  const std::string message = refusal(request, base::Kind::kUnsupported);
  EXPECT_NE(message.find("the kernel takes 4096"), std::string::npos) << message;
}

TEST(SeccompRequest, NothingAskedIsNoFilter) {
  const auto program = build_seccomp(nullptr, nullptr);
  ASSERT_TRUE(program);
  EXPECT_TRUE(program->code.empty());
}

}  // namespace
}  // namespace plan
