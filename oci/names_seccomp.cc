// seccomp(2) in the words of the runtime-spec.
#include <linux/seccomp.h>

#include <array>

#include "oci/names.h"

namespace oci {

namespace {

using namespace std::string_view_literals;

// KILL comes last, so that the number has one name: seccomp(2) calls SECCOMP_RET_KILL the thread's.
constexpr std::array<Named<SeccompAction>, 9> kActions{{
    {"SCMP_ACT_ALLOW", SeccompAction::kAllow},
    {"SCMP_ACT_ERRNO", SeccompAction::kErrno},
    {"SCMP_ACT_KILL_PROCESS", SeccompAction::kKillProcess},
    {"SCMP_ACT_KILL_THREAD", SeccompAction::kKillThread},
    {"SCMP_ACT_LOG", SeccompAction::kLog},
    {"SCMP_ACT_NOTIFY", SeccompAction::kNotify},
    {"SCMP_ACT_TRACE", SeccompAction::kTrace},
    {"SCMP_ACT_TRAP", SeccompAction::kTrap},
    {"SCMP_ACT_KILL", SeccompAction::kKillThread},
}};

constexpr std::array<Named<SeccompOperator>, 7> kOperators{{
    {"SCMP_CMP_EQ", SeccompOperator::kEq},
    {"SCMP_CMP_GE", SeccompOperator::kGe},
    {"SCMP_CMP_GT", SeccompOperator::kGt},
    {"SCMP_CMP_LE", SeccompOperator::kLe},
    {"SCMP_CMP_LT", SeccompOperator::kLt},
    {"SCMP_CMP_MASKED_EQ", SeccompOperator::kMaskedEq},
    {"SCMP_CMP_NE", SeccompOperator::kNe},
}};

constexpr std::array kArchitectures{
    "SCMP_ARCH_AARCH64"sv,  "SCMP_ARCH_ARM"sv,         "SCMP_ARCH_LOONGARCH64"sv, "SCMP_ARCH_M68K"sv,
    "SCMP_ARCH_MIPS"sv,     "SCMP_ARCH_MIPS64"sv,      "SCMP_ARCH_MIPS64N32"sv,   "SCMP_ARCH_MIPSEL"sv,
    "SCMP_ARCH_MIPSEL64"sv, "SCMP_ARCH_MIPSEL64N32"sv, "SCMP_ARCH_PARISC"sv,      "SCMP_ARCH_PARISC64"sv,
    "SCMP_ARCH_PPC"sv,      "SCMP_ARCH_PPC64"sv,       "SCMP_ARCH_PPC64LE"sv,     "SCMP_ARCH_RISCV64"sv,
    "SCMP_ARCH_S390"sv,     "SCMP_ARCH_S390X"sv,       "SCMP_ARCH_SH"sv,          "SCMP_ARCH_SHEB"sv,
    "SCMP_ARCH_X32"sv,      "SCMP_ARCH_X86"sv,         "SCMP_ARCH_X86_64"sv,
};

// Since Linux 5.19, so not in every <linux/seccomp.h>.
constexpr std::uint64_t kWaitKillableRecv = 1U << 5;

constexpr std::array<Named<std::uint64_t>, 4> kFlags{{
    {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
    {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
    {"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
    {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", kWaitKillableRecv},
}};

}  // namespace

std::span<const Named<SeccompAction>> seccomp_actions() { return kActions; }
std::span<const Named<SeccompOperator>> seccomp_operators() { return kOperators; }
std::span<const std::string_view> seccomp_architectures() { return kArchitectures; }
std::span<const Named<std::uint64_t>> seccomp_flags() { return kFlags; }

std::optional<SeccompAction> seccomp_action(std::string_view name) { return value_of(seccomp_actions(), name); }
std::optional<SeccompOperator> seccomp_operator(std::string_view name) { return value_of(seccomp_operators(), name); }
std::optional<std::uint64_t> seccomp_flag(std::string_view name) { return value_of(seccomp_flags(), name); }
std::string_view seccomp_action_name(SeccompAction action) { return name_of(seccomp_actions(), action); }
std::string_view seccomp_operator_name(SeccompOperator op) { return name_of(seccomp_operators(), op); }

}  // namespace oci
