// landlock(7) in numbers: access rights, scopes and flags up to version 7 of its ABI, and the structs that the calls take.
// <linux/landlock.h> of the machine that builds may be older. Values only; freestanding: for init and the rooms that plan.
#pragma once

#include <cstdint>

namespace kernel::landlock {

constexpr std::uint64_t kExecute = 1 << 0;
constexpr std::uint64_t kWriteFile = 1 << 1;
constexpr std::uint64_t kReadFile = 1 << 2;
constexpr std::uint64_t kReadDir = 1 << 3;
constexpr std::uint64_t kRemoveDir = 1 << 4;
constexpr std::uint64_t kRemoveFile = 1 << 5;
constexpr std::uint64_t kMakeChar = 1 << 6;
constexpr std::uint64_t kMakeDir = 1 << 7;
constexpr std::uint64_t kMakeReg = 1 << 8;
constexpr std::uint64_t kMakeSock = 1 << 9;
constexpr std::uint64_t kMakeFifo = 1 << 10;
constexpr std::uint64_t kMakeBlock = 1 << 11;
constexpr std::uint64_t kMakeSym = 1 << 12;
constexpr std::uint64_t kRefer = 1 << 13;     // version 2
constexpr std::uint64_t kTruncate = 1 << 14;  // version 3
constexpr std::uint64_t kIoctlDev = 1 << 15;  // version 5
// Those that a rule on a file that is no directory may give.
constexpr std::uint64_t kOfFiles = kExecute | kWriteFile | kReadFile | kTruncate | kIoctlDev;

constexpr std::uint64_t kBindTcp = 1 << 0;  // version 4
constexpr std::uint64_t kConnectTcp = 1 << 1;

constexpr std::uint64_t kScopeAbstractSocket = 1 << 0;  // version 6
constexpr std::uint64_t kScopeSignal = 1 << 1;

constexpr std::uint32_t kLogNewExecOn = 1 << 1;  // landlock_restrict_self(2), version 7: denials after execve are audited

struct RulesetAttr {
  std::uint64_t handled_access_fs = 0, handled_access_net = 0, scoped = 0;
};

constexpr int kRulePathBeneath = 1;
struct [[gnu::packed]] PathBeneathAttr {
  std::uint64_t allowed_access = 0;
  std::int32_t parent_fd = -1;
};
static_assert(sizeof(PathBeneathAttr) == 12);

constexpr int kRuleNetPort = 2;
struct NetPortAttr {
  std::uint64_t allowed_access = 0, port = 0;
};

}  // namespace kernel::landlock
