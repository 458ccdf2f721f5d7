#include "support/bpf_eval.h"

#include <linux/bpf_common.h>

#include <cstring>

namespace support {

namespace {

bool is_return(const sock_filter& at) { return BPF_CLASS(at.code) == BPF_RET; }

std::string fault_at(std::span<const sock_filter> program, std::size_t pc) {
  const sock_filter& at = program[pc];
  const std::uint64_t rest = program.size() - pc - 1;
  switch (at.code) {
    case BPF_LD | BPF_W | BPF_ABS:
      return at.k % 4 == 0 && at.k < sizeof(seccomp_data) ? "" : "load outside of seccomp_data";
    case BPF_ALU | BPF_AND | BPF_K:
    case BPF_RET | BPF_K: return "";
    case BPF_JMP | BPF_JA: return at.k < rest ? "" : "jump past the end";
    case BPF_JMP | BPF_JEQ | BPF_K:
    case BPF_JMP | BPF_JGT | BPF_K:
    case BPF_JMP | BPF_JGE | BPF_K:
    case BPF_JMP | BPF_JSET | BPF_K: return at.jt < rest && at.jf < rest ? "" : "branch past the end";
    default: return "instruction that this machine does not have";
  }
}

bool compares_true(const sock_filter& at, std::uint32_t a) {
  switch (BPF_OP(at.code)) {
    case BPF_JEQ: return a == at.k;
    case BPF_JGT: return a > at.k;
    case BPF_JGE: return a >= at.k;
    default: return (a & at.k) != 0;
  }
}

}  // namespace

std::string bpf_fault(std::span<const sock_filter> program) {
  if (program.empty() || program.size() > BPF_MAXINSNS) return "want 1..4096 instructions";
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    const std::string fault = fault_at(program, pc);
    if (!fault.empty()) return "instruction " + std::to_string(pc) + ": " + fault;
  }
  return is_return(program.back()) ? "" : "last instruction does not return";
}

std::optional<std::uint32_t> bpf_eval(std::span<const sock_filter> program, const seccomp_data& data) {
  std::uint32_t a = 0;
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    const sock_filter& at = program[pc];
    switch (BPF_CLASS(at.code)) {
      case BPF_RET: return at.k;
      case BPF_LD:
        if (at.k + sizeof a > sizeof data) return std::nullopt;
        std::memcpy(&a, reinterpret_cast<const char*>(&data) + at.k, sizeof a);
        break;
      case BPF_ALU: a &= at.k; break;
      case BPF_JMP: pc += BPF_OP(at.code) == BPF_JA ? at.k : compares_true(at, a) ? at.jt : at.jf; break;
      default: return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace support
