#include "plan/seccomp_answer.h"

#include <linux/seccomp.h>

#include "plan/seccomp_machine.h"

namespace plan {

std::uint32_t seccomp_answer(const SeccompProgram& program, Abi abi, std::uint32_t number, const CallArgs& args) {
  if (program.code.empty()) return SECCOMP_RET_ALLOW;
  if (!check_code(program.code)) return SECCOMP_RET_KILL_PROCESS;  // a cached one may be anything
  std::uint32_t words[kWords] = {};
  words[kNumberWord] = number;
  words[kArchWord] = audit_arch(abi);
  for (std::uint32_t i = 0; i < 6; ++i) {
    words[low_word(i)] = static_cast<std::uint32_t>(args.at[i]);
    words[high_word(i)] = static_cast<std::uint32_t>(args.at[i] >> 32);
  }
  return run_code(program.code, words);
}

bool passes(std::uint32_t answer) {
  const std::uint32_t action = answer & SECCOMP_RET_ACTION_FULL;
  return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

}  // namespace plan
