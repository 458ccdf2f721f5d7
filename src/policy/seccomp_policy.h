// The seccomp allow-list that a hardening policy asks for, with its groups already expanded to names.
// plan/seccomp_program turns it into a program; config.json's own linux.seccomp is oci::Seccomp.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "policy/syscall_set.h"

namespace policy {

// (low 32 bits of argument `index` & mask) is one of `values`, or, without `equals`, is none of them. Only the low half is looked at, because
// the kernel truncates int arguments: a dirty high word must not slip past a rule.
struct ArgCheck {
  std::uint32_t index = 0;  // 0..5
  std::uint32_t mask = 0xffffffff;
  std::vector<std::uint32_t> values;
  bool equals = true;
};

// Allowed when every check of any one alternative holds; otherwise fails with `errno_otherwise`.
struct ConditionalSyscall {
  std::string name;
  std::vector<std::vector<ArgCheck>> any_of;
  std::uint32_t errno_otherwise = 1;
};

// An allow-list, or, with `others_allowed`, a deny-list: what it does not name is left to the other filters.
struct SeccompPolicy {
  SyscallSet allow;                                            // unconditionally
  std::vector<ConditionalSyscall> conditional;
  std::vector<std::pair<std::string, std::uint32_t>> errnos;     // name -> errno, where not the default
  std::uint32_t default_errno = 38;                              // ENOSYS
  bool others_allowed = false;
  bool compat32 = false;  // the calls of i386 too; a deny-list that has it leaves other ABIs to the other filters
};

}  // namespace policy
