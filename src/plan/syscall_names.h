// Syscall names to numbers, for every ABI that a process on a supported machine can enter the kernel by.
// libseccomp's table, which ends where its release ended, and a table of newer names. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/syscalls.h"

namespace plan {

enum class Abi { kX8664, kX32, kX86, kAarch64, kArm };

// Set in the number of every x32 call (__X32_SYSCALL_BIT); seccomp(2) sees those under x86-64's token.
inline constexpr std::uint32_t kX32Bit = 0x40000000;

// The machine that this program is built for. The rest of the room takes it as a value, so that the
// tests look at aarch64's programs on x86-64 too.
#if defined(__x86_64__)
inline constexpr Abi kNativeAbi = Abi::kX8664;
#elif defined(__aarch64__)
inline constexpr Abi kNativeAbi = Abi::kAarch64;
#else
#error "no syscall table for this machine"
#endif

// The AUDIT_ARCH_* token that seccomp_data.arch holds.
std::uint32_t audit_arch(Abi abi);
// Every entry of a kernel whose native ABI is `native`, itself first: on x86-64 also x32 and i386.
std::span<const Abi> abis_of(Abi native);
// "SCMP_ARCH_X86_64" …; absent for a name that no supported machine's kernel can be entered by.
std::optional<Abi> abi_by_name(std::string_view scmp_name);

// Absent when the ABI has no such call. On i386 this is the direct call; see multiplexed().
std::optional<std::uint32_t> syscall_number(Abi abi, const std::string& name);
// As libseccomp without the newer table, for comparing the two.
std::optional<std::uint32_t> syscall_number_libseccomp(Abi abi, const std::string& name);

// The name of a number, for messages; empty if it has none.
std::string syscall_name(Abi abi, std::uint32_t number);

// Whether any machine has a call of that name ("open" on aarch64: known, and not there).
bool syscall_known(const std::string& name);
// Whether x86-64 or aarch64 has it: the names that a policy may use.
bool syscall_supported(const std::string& name);
// The name nearest to a mistyped one; empty if none is near.
std::string syscall_nearest(std::string_view name);

// The i386 calls that can also be made through socketcall(2) or ipc(2).
struct Multiplexed {
  std::uint32_t multiplexer;  // the number of socketcall or ipc
  std::uint32_t call;         // its first argument
};
std::optional<Multiplexed> multiplexed(Abi abi, std::string_view name);
// What a policy means by a name: on i386 also the calls that do the same under other names, since Linux has added new ones
// there where types grew. Of their arguments the first `alike` are what the name says; there may be none.
struct Meant {
  std::uint32_t number;
  std::uint32_t alike;
};
std::vector<Meant> meant_by(Abi abi, const std::string& name);
using policy::meaning_of;
// Whether the name is socketcall or ipc, and the ABI has it.
bool is_multiplexer(Abi abi, std::string_view name);

}  // namespace plan
