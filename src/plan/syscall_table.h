// The tables behind syscall_names: calls newer than libseccomp's own, i386's multiplexed calls, and those that i386 has
// under other names.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "policy/syscalls.h"

namespace plan {

// From number 424 on a new call has one number on every machine (x32: with its bit set).
struct NewSyscall {
  std::string_view name;
  std::uint32_t number;
  bool only_x86_64 = false;
  bool not_x32 = false;
};
std::span<const NewSyscall> newer_syscalls();

struct I386Multiplexed {
  std::string_view name;
  std::uint32_t multiplexer;
  std::uint32_t call;
  std::uint32_t direct;  // the call's own number, 0 if i386 has none
};
std::span<const I386Multiplexed> i386_multiplexed();

// Under other names: policy/syscalls.h.
using policy::I386Call;
using policy::i386_calls;

}  // namespace plan
