// One call and one answer in words, for the errors of seccomp_proof.
#pragma once

#include <string>

#include "plan/seccomp_machine.h"
#include "plan/seccomp_table.h"

namespace plan {

CallArgs args_of(const std::uint32_t (&words)[kWords]);

// arch 0xc000003e, call 41 "socket", arguments 0x2 0x1 0x0 0x0 0x0 0x0
std::string call_text(const std::uint32_t (&words)[kWords]);

// "errno 38", "allow", "kill the process"
std::string answer_text(std::uint32_t answer);

}  // namespace plan
