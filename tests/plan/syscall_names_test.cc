#include "plan/syscall_names.h"

#include <gtest/gtest.h>
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

TEST(SyscallNames, Nearest) {
  EXPECT_EQ(syscall_nearest("opnat"), "openat");
  EXPECT_EQ(syscall_nearest("msael"), "mseal");
  EXPECT_EQ(syscall_nearest("qqqqqqqqq"), "");
}

}  // namespace
}  // namespace plan
