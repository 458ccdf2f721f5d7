// The names of system calls that a policy may use: those that x86-64 or aarch64 has. What their numbers are is for
// plan/syscall_names.h. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace policy {

bool is_syscall(std::string_view name);

// All of them, sorted.
std::vector<std::string_view> syscall_list();

// A call that i386 has under another name, or takes in other arguments.
struct I386Call {
  std::string_view name;   // i386's
  std::string_view means;  // x86-64's
  std::uint32_t alike;     // so many arguments, from the first on, are those of x86-64's call; 6: all
};
std::span<const I386Call> i386_calls();
// The name that means a call which only i386 has ("fstat" for "fstat64"); empty if none does.
std::string_view meaning_of(std::string_view i386_name);

}  // namespace policy
