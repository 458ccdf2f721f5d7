#include "plan/seccomp_machine.h"

#include <linux/bpf_common.h>

#include <bit>
#include <cstddef>

#include "base/text.h"

namespace plan {

namespace {

static_assert(std::endian::native == std::endian::little, "the low word of an argument comes first");
static_assert(offsetof(seccomp_data, nr) == 4 * kNumberWord && offsetof(seccomp_data, arch) == 4 * kArchWord);
static_assert(offsetof(seccomp_data, instruction_pointer) == 4 * kPointerWord);
static_assert(offsetof(seccomp_data, args) == 4 * low_word(0));

constexpr std::uint32_t kMaxErrno = 4095;

bool is_answer(std::uint32_t value) {
  switch (value & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_KILL_PROCESS:
    case SECCOMP_RET_KILL_THREAD:
    case SECCOMP_RET_TRAP:
    case SECCOMP_RET_USER_NOTIF:
    case SECCOMP_RET_TRACE:
    case SECCOMP_RET_LOG:
    case SECCOMP_RET_ALLOW: return true;
    case SECCOMP_RET_ERRNO: return (value & SECCOMP_RET_DATA) <= kMaxErrno;
    default: return false;
  }
}

// `behind`: how many instructions follow.
const char* fault(const sock_filter& at, std::size_t behind) {
  switch (at.code) {
    case BPF_LD | BPF_W | BPF_ABS:
      if (at.k % 4 != 0) return "loads from between two words";
      if (at.k >= sizeof(seccomp_data)) return "loads from outside of seccomp_data";
      break;
    case BPF_ALU | BPF_AND | BPF_K: break;
    case BPF_JMP | BPF_JA: return at.k < behind ? nullptr : "jumps past the end";
    case BPF_JMP | BPF_JEQ | BPF_K:
    case BPF_JMP | BPF_JGT | BPF_K:
    case BPF_JMP | BPF_JGE | BPF_K:
    case BPF_JMP | BPF_JSET | BPF_K: return at.jt < behind && at.jf < behind ? nullptr : "jumps past the end";
    case BPF_RET | BPF_K: return is_answer(at.k) ? nullptr : "answers what no kernel knows";
    default: return "is not of a filter's machine";
  }
  return behind > 0 ? nullptr : "is the last one and does not return";
}

}  // namespace

Comparison comparison_of(const sock_filter& at, const Operand& accumulator) {
  constexpr std::uint64_t kEnd = std::uint64_t{1} << 32;
  const std::uint64_t k = at.k;
  switch (BPF_OP(at.code)) {
    case BPF_JEQ: return {accumulator, k, k + 1};
    case BPF_JGE: return {accumulator, k, kEnd};
    case BPF_JGT: return {accumulator, k + 1, kEnd};
    default: return {{accumulator.word, accumulator.mask & at.k}, 1, kEnd};  // BPF_JSET
  }
}

base::Result<void> check_code(std::span<const sock_filter> code) {
  if (code.empty() || code.size() > BPF_MAXINSNS)
    return base::Error::unsupported(base::cat("want 1..", BPF_MAXINSNS, " instructions, have ", code.size()));
  for (std::size_t i = 0; i < code.size(); ++i)
    if (const char* wrong = fault(code[i], code.size() - i - 1); wrong != nullptr)
      return base::Error::unsupported(base::cat("instruction ", i, " ", wrong));
  return base::ok();
}

std::uint32_t run_code(std::span<const sock_filter> code, const std::uint32_t (&words)[kWords]) {
  std::uint32_t a = 0;
  for (std::size_t pc = 0;; ++pc) {
    const sock_filter& at = code[pc];
    switch (at.code) {
      case BPF_LD | BPF_W | BPF_ABS: a = words[at.k / 4]; break;
      case BPF_ALU | BPF_AND | BPF_K: a &= at.k; break;
      case BPF_JMP | BPF_JA: pc += at.k; break;
      case BPF_JMP | BPF_JEQ | BPF_K: pc += a == at.k ? at.jt : at.jf; break;
      case BPF_JMP | BPF_JGT | BPF_K: pc += a > at.k ? at.jt : at.jf; break;
      case BPF_JMP | BPF_JGE | BPF_K: pc += a >= at.k ? at.jt : at.jf; break;
      case BPF_JMP | BPF_JSET | BPF_K: pc += (a & at.k) != 0 ? at.jt : at.jf; break;
      default: return at.k;  // BPF_RET
    }
  }
}

}  // namespace plan
