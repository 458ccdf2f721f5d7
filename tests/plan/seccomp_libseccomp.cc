#include "plan/seccomp_libseccomp.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "base/fd.h"
#include "oci/read.h"
#include "plan/syscall_names.h"

// libseccomp 2.5.4 loses memory while it merges rules. Only this test lets it; the program itself never does.
extern "C" const char* __lsan_default_suppressions();  // NOLINT: LeakSanitizer's name
extern "C" const char* __lsan_default_suppressions() { return "leak:libseccomp.so"; }

namespace samples {

namespace {

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

}  // namespace

std::vector<sock_filter> libseccomps(const oci::Seccomp& request) {
  scmp_filter_ctx filter = seccomp_init(answer(request.default_action, request.default_errno_ret));
  EXPECT_EQ(seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), 0);
  for (const auto& name : request.architectures) {
    const auto abi = plan::abi_by_name(name);
    if (abi == plan::Abi::kX86 || abi == plan::Abi::kX32) {
      EXPECT_EQ(seccomp_arch_add(filter, abi == plan::Abi::kX86 ? SCMP_ARCH_X86 : SCMP_ARCH_X32), 0);
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

oci::Seccomp profile_of(const std::string& bundle) {
  std::ifstream file(std::string(SOURCE_DIR "/tests/bundles/") + bundle);
  std::stringstream text;
  text << file.rdbuf();
  const auto spec = oci::read_spec(text.str());
  EXPECT_TRUE(spec) << bundle << ": " << spec.error().message();
  return spec->linux.seccomp.value_or(oci::Seccomp{});
}

oci::Seccomp undisputed_profile(Dice& dice) {
  oci::Seccomp out = random_profile(dice, Constants::kSmall);
  std::map<std::string, std::uint32_t> says;
  for (auto& rule : out.syscalls) {
    for (auto& name : rule.names) {
      if (dice.one_in(4)) name = dice.one_in(2) ? "socket" : "shmat";
      const auto mine = answer(rule.action, rule.errno_ret);
      if (says.emplace(name, mine).first->second != mine || !plan::syscall_number_libseccomp(plan::kNativeAbi, name))
        name = "unknown";
    }
  }
  return out;
}

}  // namespace samples
