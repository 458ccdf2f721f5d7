// What a compiled filter answers to one call: for predictions, and for choosing a call that it allows. Pure.
#pragma once

#include <cstdint>

#include "plan/seccomp_program.h"
#include "plan/seccomp_table.h"

namespace plan {

// SECCOMP_RET_* with its data; without a program every call is allowed, and one that no kernel would take kills.
std::uint32_t seccomp_answer(const SeccompProgram& program, Abi abi, std::uint32_t number, const CallArgs& args);

// Whether the kernel then makes the call.
bool passes(std::uint32_t answer);

}  // namespace plan
