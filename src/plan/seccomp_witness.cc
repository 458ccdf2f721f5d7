#include "plan/seccomp_witness.h"

#include <charconv>

#include "base/text.h"
#include "plan/syscall_names.h"

namespace plan {

namespace {

std::string hex(std::uint64_t value) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, value, 16).ptr;
  return "0x" + std::string(digits, end);
}

std::string name_of(std::uint32_t token, std::uint32_t number) {
  for (const Abi abi : {Abi::kX8664, Abi::kX32, Abi::kX86, Abi::kAarch64, Abi::kArm}) {
    if (audit_arch(abi) != token) continue;
    const std::string name = syscall_name(abi, number);
    if (!name.empty()) return name;
  }
  return {};
}

}  // namespace

CallArgs args_of(const std::uint32_t (&words)[kWords]) {
  CallArgs args;
  for (std::uint32_t i = 0; i < 6; ++i) args.at[i] = std::uint64_t{words[high_word(i)]} << 32 | words[low_word(i)];
  return args;
}

std::string call_text(const std::uint32_t (&words)[kWords]) {
  std::string out = base::cat("arch ", hex(words[kArchWord]), ", call ", words[kNumberWord]);
  const std::string name = name_of(words[kArchWord], words[kNumberWord]);
  if (!name.empty()) out += " " + base::quote(name);
  out += ", arguments";
  for (const std::uint64_t value : args_of(words).at) out += " " + hex(value);
  const std::uint64_t pointer = std::uint64_t{words[kPointerWord + 1]} << 32 | words[kPointerWord];
  if (pointer != 0) out += ", instruction pointer " + hex(pointer);  // no filter looks at it
  return out;
}

std::string answer_text(std::uint32_t answer) {
  const std::uint32_t data = answer & SECCOMP_RET_DATA;
  switch (answer & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_ALLOW: return "allow";
    case SECCOMP_RET_LOG: return "log";
    case SECCOMP_RET_TRACE: return base::cat("trace ", data);
    case SECCOMP_RET_USER_NOTIF: return "notify";
    case SECCOMP_RET_ERRNO: return base::cat("errno ", data);
    case SECCOMP_RET_TRAP: return "trap";
    case SECCOMP_RET_KILL_THREAD: return "kill the thread";
    case SECCOMP_RET_KILL_PROCESS: return "kill the process";
    default: return hex(answer);
  }
}

}  // namespace plan
