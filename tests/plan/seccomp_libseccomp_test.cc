// The engines' own profiles, and random ones, against libseccomp's programs for them, made as runc makes
// them. Compared is what both define: not calls newer than the profile (runc puts ENOSYS in front), not
// constants beyond 32 bits (libseccomp 2.5.4 is wrong there), not overlapping rules with different answers.
#include "plan/seccomp_libseccomp.h"

#include <gtest/gtest.h>
#include <linux/audit.h>

#include <algorithm>

#include "plan/seccomp_emit.h"
#include "plan/seccomp_samples.h"
#include "plan/seccomp_sources.h"
#include "support/bpf_eval.h"

namespace plan {
namespace {

using samples::Dice;
using samples::libseccomps;
using samples::profile_of;

Abi entry(std::uint32_t token, std::uint32_t number) {
  if (token == AUDIT_ARCH_I386) return Abi::kX86;
  return number >= kX32Bit ? Abi::kX32 : Abi::kX8664;
}

std::uint32_t newest(const oci::Seccomp& request, Abi abi) {
  std::uint32_t out = 0;
  for (const auto& rule : request.syscalls)
    for (const auto& name : rule.names) out = std::max(out, syscall_number(abi, name).value_or(0));
  return out;
}

std::string differs(const oci::Seccomp& request, const std::vector<sock_filter>& theirs,
                    const std::vector<sock_filter>& mine, std::uint64_t seed,
                    const std::vector<std::uint32_t>& numbers) {
  const auto values = samples::interesting(request);
  const std::map<Abi, std::uint32_t> last{{Abi::kX8664, newest(request, Abi::kX8664)},
                                          {Abi::kX32, newest(request, Abi::kX32)},
                                          {Abi::kX86, newest(request, Abi::kX86)}};
  Dice dice(seed);
  for (const std::uint32_t token : samples::tokens()) {
    for (const std::uint32_t number : numbers) {
      const Abi abi = entry(token, number);
      if (number > last.at(abi) && number < 0xffffffff) continue;
      if (number == 0xffffffff && token == AUDIT_ARCH_I386) continue;
      CallArgs args = samples::random_args(dice, values);
      if (abi != Abi::kX8664)  // libseccomp looks at 32 bits on x32
        for (auto& arg : args.at) arg &= 0xffffffff;
      if (abi == Abi::kX86 && dice.one_in(2)) args.at[0] = dice.below(25);  // a multiplexer's call
      const auto want = support::bpf_eval(theirs, samples::call(token, number, args));
      std::string wrong = samples::check_call(mine, token, number, args, want.value_or(0xdead));
      if (!wrong.empty()) return wrong;
    }
  }
  return {};
}

TEST(SeccompLikeLibseccomp, TheEnginesProfiles) {
  if (kNativeAbi != Abi::kX8664) GTEST_SKIP() << "the comparison is written for x86-64";
  for (const char* bundle : {"docker.json", "podman.json", "containerd-cri-user.json", "containerd-cri-pause.json",
                             "containerd-cri-queue-proxy.json"}) {
    const auto request = profile_of(bundle);
    ASSERT_GT(request.syscalls.size(), 5U) << bundle;
    const auto table = *request_table(request, kNativeAbi);
    const auto numbers = samples::numbers_and_often(samples::conditional(table));
    ASSERT_EQ(support::bpf_fault(emit(table)), "") << bundle;
    EXPECT_EQ(differs(request, libseccomps(request), emit(table), 1, numbers), "") << bundle;
  }
}

TEST(SeccompLikeLibseccomp, RandomProfiles) {
  if (kNativeAbi != Abi::kX8664) GTEST_SKIP() << "the comparison is written for x86-64";
  Dice dice(2);
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    const auto request = samples::undisputed_profile(dice);
    const auto code = emit(*request_table(request, kNativeAbi));
    ASSERT_EQ(differs(request, libseccomps(request), code, i, samples::some_numbers(dice, 300)), "") << i;
  }
}

TEST(SeccompLikeLibseccomp, MutantsAreNoticed) {
  if (kNativeAbi != Abi::kX8664) GTEST_SKIP() << "the comparison is written for x86-64";
  const auto request = profile_of("docker.json");
  const auto theirs = libseccomps(request);
  const FilterTable good = *request_table(request, kNativeAbi);
  const auto numbers = samples::numbers_and_often(samples::conditional(good));
  for (std::size_t arch = 0; arch < good.archs.size(); ++arch) {
    const auto& segments = good.archs[arch].segments;
    for (std::size_t i = 0; i < segments.size(); ++i) {
      if (segments[i].first > newest(request, arch == 0 ? Abi::kX8664 : Abi::kX86)) break;
      if (i % 8 != 0 && segments[i].decision.rules.empty()) continue;
      FilterTable mutant = good;
      mutant.archs[arch].segments[i].decision.otherwise ^= 2;
      EXPECT_NE(differs(request, theirs, emit(mutant), 1, numbers), "") << arch << " from " << segments[i].first;
    }
  }
}

}  // namespace
}  // namespace plan
