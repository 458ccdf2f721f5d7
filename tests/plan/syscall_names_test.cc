#include "plan/syscall_names.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sys/syscall.h>

#include "plan/syscall_table.h"

namespace plan {
namespace {

TEST(SyscallNames, NumbersOfTheMachineItself) {
  EXPECT_EQ(syscall_number(kNativeAbi, "openat"), SYS_openat);
  EXPECT_EQ(syscall_number(kNativeAbi, "futex_waitv"), SYS_futex_waitv);
  EXPECT_EQ(syscall_number(kNativeAbi, "read"), SYS_read);
}

TEST(SyscallNames, FromTheEndOfTheTablesOnAllMachinesAgree) {
  for (const auto& entry : newer_syscalls()) {
    const std::string name(entry.name);
    EXPECT_EQ(syscall_number(Abi::kX8664, name), entry.number) << name;
    const auto elsewhere = syscall_number(Abi::kAarch64, name);
    if (entry.only_x86_64) {
      EXPECT_FALSE(elsewhere) << name;
    } else {
      EXPECT_EQ(elsewhere, entry.number) << name;
    }
    const auto x32 = syscall_number(Abi::kX32, name);
    EXPECT_EQ(x32.value_or(entry.number | kX32Bit), entry.number | kX32Bit) << name;
  }
}

// Where libseccomp has the name too, as distributions' patched versions do, the two tables must agree.
TEST(SyscallNames, TheNewerTableContradictsNothing) {
  int both = 0;
  for (const auto& entry : newer_syscalls()) {
    for (const Abi abi : {Abi::kX8664, Abi::kX86, Abi::kAarch64, Abi::kArm}) {
      const auto theirs = syscall_number_libseccomp(abi, std::string(entry.name));
      if (!theirs) continue;
      ++both;
      EXPECT_EQ(*theirs, entry.number) << entry.name;
    }
  }
  EXPECT_GT(both, 0);
}

TEST(SyscallNames, OfOneMachineOnly) {
  EXPECT_TRUE(syscall_number(Abi::kX8664, "open"));
  EXPECT_FALSE(syscall_number(Abi::kAarch64, "open"));
  EXPECT_TRUE(syscall_supported("open"));
  EXPECT_TRUE(syscall_supported("uretprobe"));
  EXPECT_FALSE(syscall_supported("socketcall"));
  EXPECT_TRUE(syscall_known("socketcall"));
  EXPECT_FALSE(syscall_known("opne"));
  EXPECT_EQ(syscall_number(Abi::kX32, "rt_sigaction"), kX32Bit | 512);
}

TEST(SyscallNames, OfANumber) {
  EXPECT_EQ(syscall_name(Abi::kX8664, 41), "socket");
  EXPECT_EQ(syscall_name(Abi::kX86, 102), "socketcall");
  EXPECT_EQ(syscall_name(Abi::kX32, kX32Bit | 512), "rt_sigaction");
  for (const auto& entry : newer_syscalls()) EXPECT_EQ(syscall_name(Abi::kX8664, entry.number), entry.name);
  for (const std::uint32_t number : {999U, 0x40000000U, 0xffffffffU, 0xffffffd8U})
    EXPECT_EQ(syscall_name(Abi::kX8664, number), "");
}

TEST(SyscallNames, MultiplexedOnI386) {
  EXPECT_EQ(syscall_number(Abi::kX86, "socketcall"), 102U);
  EXPECT_EQ(syscall_number(Abi::kX86, "socket"), 359U);
  EXPECT_FALSE(syscall_number(Abi::kX86, "accept"));
  EXPECT_EQ(multiplexed(Abi::kX86, "accept")->call, 5U);
  EXPECT_EQ(multiplexed(Abi::kX86, "shmat")->multiplexer, 117U);
  EXPECT_FALSE(multiplexed(Abi::kX8664, "socket"));
  EXPECT_TRUE(is_multiplexer(Abi::kX86, "ipc"));
  EXPECT_FALSE(is_multiplexer(Abi::kX8664, "ipc"));
}

TEST(SyscallNames, WhatI386HasUnderOtherNames) {
  const auto numbers = [](Abi abi, const char* name) {
    std::vector<std::uint32_t> out;
    for (const auto& call : meant_by(abi, name)) out.push_back(call.number);
    return out;
  };
  using Numbers = std::vector<std::uint32_t>;
  EXPECT_EQ(numbers(Abi::kX86, "fstat"), (Numbers{108, 197, 28}));
  EXPECT_EQ(numbers(Abi::kX86, "newfstatat"), Numbers{300});
  EXPECT_EQ(numbers(Abi::kX86, "wait4"), (Numbers{114, 7}));
  EXPECT_EQ(numbers(Abi::kX86, "accept"), Numbers{});
  EXPECT_EQ(numbers(Abi::kX8664, "fstat"), Numbers{5});
  EXPECT_EQ(numbers(Abi::kX32, "fstat"), Numbers{kX32Bit | 5});
  EXPECT_EQ(meant_by(Abi::kX86, "select").front().alike, 0U);
  EXPECT_EQ(meant_by(Abi::kX86, "clone").front().alike, 3U);
  EXPECT_EQ(meant_by(Abi::kX86, "read").front().alike, 6U);
  EXPECT_EQ(meaning_of("mmap2"), "mmap");
  EXPECT_EQ(meaning_of("mount"), "");
}

// Of each call of i386 a policy can say something, but for these: two multiplexers, a mode of the processor that 64-bit
// kernels do not have, and what Linux no longer does or never did.
TEST(SyscallNames, EveryCallOfI386IsMeantByOne) {
  const std::set<std::string> none{"socketcall", "ipc",  "vm86", "vm86old", "bdflush", "break", "ftime", "gtty",  "idle",
                                   "lock",       "mpx",  "prof", "profil",  "stty",    "ulimit"};
  std::set<std::string> left;
  for (std::uint32_t number = 0; number < 600; ++number) {
    const auto name = syscall_name(Abi::kX86, number);
    if (!name.empty() && meaning_of(name).empty() && !syscall_number(Abi::kX8664, name)) left.insert(name);
  }
  EXPECT_EQ(left, none);
}

TEST(SyscallNames, TheTableOfI386IsInOrder) {
  std::set<std::string_view> seen;
  for (const auto& call : i386_calls()) {
    EXPECT_TRUE(seen.insert(call.name).second) << call.name << " means two";
    EXPECT_TRUE(syscall_number(Abi::kX86, std::string(call.name))) << call.name;
    EXPECT_TRUE(syscall_number(Abi::kX8664, std::string(call.means))) << call.means;
    EXPECT_LE(call.alike, 6U);
    EXPECT_TRUE(call.name == call.means || !syscall_supported(std::string(call.name))) << call.name << " says two things";
  }
}

// What a policy file may name is what a filter can be made of.
TEST(SyscallNames, ThoseOfThePolicysReader) {
  std::uint32_t newest = 0;
  for (const auto& call : newer_syscalls()) newest = std::max(newest, call.number);
  for (const auto name : policy::syscall_list()) EXPECT_TRUE(syscall_supported(std::string(name))) << name;
  for (const Abi abi : {Abi::kX8664, Abi::kAarch64}) {
    for (std::uint32_t number = 0; number <= newest; ++number) {
      const auto name = syscall_name(abi, number);
      EXPECT_TRUE(name.empty() || !syscall_supported(name) || policy::is_syscall(name)) << name;
    }
  }
}

TEST(SyscallNames, Nearest) {
  EXPECT_EQ(syscall_nearest("opnat"), "openat");
  EXPECT_EQ(syscall_nearest("msael"), "mseal");
  EXPECT_EQ(syscall_nearest("qqqqqqqqq"), "");
}

}  // namespace
}  // namespace plan
