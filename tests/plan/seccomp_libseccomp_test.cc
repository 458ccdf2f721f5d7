// The engines' own profiles, and random ones, against libseccomp's programs for them, made as runc makes
// them. Compared is what both define: not calls newer than the profile (runc puts ENOSYS in front), not
// constants beyond 32 bits (libseccomp 2.5.4 is wrong there), not overlapping rules with different answers.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/fd.h"
#include "oci/read.h"
#include "plan/seccomp_emit.h"
#include "plan/seccomp_samples.h"
#include "plan/seccomp_sources.h"
#include "support/bpf_eval.h"

// libseccomp 2.5.4 loses memory while it merges rules. Only this test lets it; the program itself never does.
extern "C" const char* __lsan_default_suppressions();  // NOLINT: LeakSanitizer's name
extern "C" const char* __lsan_default_suppressions() { return "leak:libseccomp.so"; }

namespace plan {
namespace {

using samples::Dice;

std::uint32_t answer(oci::SeccompAction action, const std::optional<std::uint32_t>& data) {
  using enum oci::SeccompAction;
  switch (action) {
    case kKillThread: return SCMP_ACT_KILL_THREAD;
    case kKillProcess: return SCMP_ACT_KILL_PROCESS;
    case kTrap: return SCMP_ACT_TRAP;
    case kErrno: return SCMP_ACT_ERRNO(data.value_or(EPERM));
    case kTrace: return SCMP_ACT_TRACE(data.value_or(EPERM));
    case kAllow: return SCMP_ACT_ALLOW;
    case kLog: return SCMP_ACT_LOG;
    case kNotify: return SCMP_ACT_NOTIFY;
  }
  return 0;
}

scmp_compare comparison(oci::SeccompOperator op) {
  using enum oci::SeccompOperator;
  switch (op) {
    case kNe: return SCMP_CMP_NE;
    case kLt: return SCMP_CMP_LT;
    case kLe: return SCMP_CMP_LE;
    case kEq: return SCMP_CMP_EQ;
    case kGe: return SCMP_CMP_GE;
    case kGt: return SCMP_CMP_GT;
    case kMaskedEq: return SCMP_CMP_MASKED_EQ;
  }
  return SCMP_CMP_EQ;
}

void add_rules(scmp_filter_ctx filter, const oci::Seccomp& request) {
  const std::uint32_t otherwise = answer(request.default_action, request.default_errno_ret);
  for (const auto& rule : request.syscalls) {
    const std::uint32_t says = answer(rule.action, rule.errno_ret);
    std::vector<scmp_arg_cmp> all;
    std::array<int, 6> times{};
    for (const auto& arg : rule.args) {
      all.push_back({arg.index, comparison(arg.op), arg.value, arg.value_two});
      ++times[arg.index];
    }
    const bool apart = std::any_of(times.begin(), times.end(), [](int n) { return n > 1; });
    for (const auto& name : rule.names) {
      const int number = seccomp_syscall_resolve_name(name.c_str());
      if (says == otherwise || number == __NR_SCMP_ERROR) continue;
      const std::size_t at_once = apart ? 1 : all.size();
      for (std::size_t at = 0; at == 0 || at < all.size(); at += std::max<std::size_t>(at_once, 1)) {
        const auto count = static_cast<unsigned>(at_once);
        ASSERT_EQ(seccomp_rule_add_array(filter, says, number, count, all.data() + at), 0) << name;
      }
    }
  }
}

std::vector<sock_filter> libseccomps(const oci::Seccomp& request) {
  scmp_filter_ctx filter = seccomp_init(answer(request.default_action, request.default_errno_ret));
  EXPECT_EQ(seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), 0);
  for (const auto& name : request.architectures) {
    const auto abi = abi_by_name(name);
    if (abi == Abi::kX86 || abi == Abi::kX32) {
      EXPECT_EQ(seccomp_arch_add(filter, abi == Abi::kX86 ? SCMP_ARCH_X86 : SCMP_ARCH_X32), 0);
    }
  }
  if (request.syscalls.size() > 32) {
    EXPECT_EQ(seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2), 0);
  }
  add_rules(filter, request);
  const base::UniqueFd file(::memfd_create("filter", MFD_CLOEXEC));
  EXPECT_EQ(seccomp_export_bpf(filter, file.get()), 0);
  seccomp_release(filter);
  std::vector<sock_filter> code(static_cast<std::size_t>(::lseek(file.get(), 0, SEEK_END)) / sizeof(sock_filter));
  EXPECT_GT(::pread(file.get(), code.data(), code.size() * sizeof(sock_filter), 0), 0);
  return code;
}

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

oci::Seccomp profile_of(const std::string& bundle) {
  std::ifstream file(std::string(SOURCE_DIR "/tests/bundles/") + bundle);
  std::stringstream text;
  text << file.rdbuf();
  const auto spec = oci::read_spec(text.str());
  EXPECT_TRUE(spec) << bundle << ": " << spec.error().message();
  return spec->linux.seccomp.value_or(oci::Seccomp{});
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

// Each name with rules of one answer only, and not both with and without arguments.
oci::Seccomp undisputed_profile(Dice& dice) {
  oci::Seccomp out = samples::random_profile(dice, samples::Constants::kSmall);
  std::map<std::string, std::uint32_t> says;
  for (auto& rule : out.syscalls) {
    for (auto& name : rule.names) {
      if (dice.one_in(4)) name = dice.one_in(2) ? "socket" : "shmat";
      const auto mine = answer(rule.action, rule.errno_ret);
      if (says.emplace(name, mine).first->second != mine || !syscall_number_libseccomp(kNativeAbi, name))
        name = "unknown";
    }
  }
  return out;
}

TEST(SeccompLikeLibseccomp, RandomProfiles) {
  if (kNativeAbi != Abi::kX8664) GTEST_SKIP() << "the comparison is written for x86-64";
  Dice dice(2);
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    const auto request = undisputed_profile(dice);
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
