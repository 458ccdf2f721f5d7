#include "plan/device_filter.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace plan {

namespace {

constexpr std::uint32_t kAll = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE;

// Registers of the program. R1 is the context at the start.
constexpr std::uint8_t kVerdict = BPF_REG_0;
constexpr std::uint8_t kContext = BPF_REG_1;
constexpr std::uint8_t kType = BPF_REG_2;
constexpr std::uint8_t kOpen = BPF_REG_3;  // the kinds of access that no rule has decided yet
constexpr std::uint8_t kMajor = BPF_REG_4;
constexpr std::uint8_t kMinor = BPF_REG_5;

bpf_insn insn(int code, std::uint8_t dst, std::uint8_t src, std::int16_t off, std::uint32_t imm) {
  bpf_insn out{};
  out.code = static_cast<std::uint8_t>(code);
  out.dst_reg = static_cast<std::uint8_t>(dst & 0xf);
  out.src_reg = static_cast<std::uint8_t>(src & 0xf);
  out.off = off;
  out.imm = static_cast<std::int32_t>(imm);
  return out;
}

bpf_insn load(std::uint8_t dst, std::size_t offset) {
  return insn(BPF_LDX | BPF_MEM | BPF_W, dst, kContext, static_cast<std::int16_t>(offset), 0);
}
bpf_insn alu(int op, std::uint8_t dst, std::uint32_t imm) { return insn(BPF_ALU | op | BPF_K, dst, 0, 0, imm); }
// 32 bits wide (Linux 5.1): a 64-bit comparison would extend the sign of a large number.
bpf_insn jump(int op, std::uint8_t dst, std::uint32_t imm, std::int16_t off) {
  return insn(BPF_JMP32 | op | BPF_K, dst, 0, off, imm);
}

void finish(std::vector<bpf_insn>& out, bool allow) {
  out.push_back(alu(BPF_MOV, kVerdict, allow ? 1 : 0));
  out.push_back(insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
}

// What happens once the device matches.
std::vector<bpf_insn> decide(const DeviceAccess& rule) {
  std::vector<bpf_insn> out;
  if (rule.access == kAll) {
    // Something is still open, or an earlier rule would have ended the program.
  } else if (rule.allow) {
    out.push_back(alu(BPF_AND, kOpen, ~rule.access));
    out.push_back(jump(BPF_JNE, kOpen, 0, 2));
  } else {
    out.push_back(jump(BPF_JSET, kOpen, rule.access, 1));
    out.push_back(insn(BPF_JMP | BPF_JA, 0, 0, 2, 0));
  }
  finish(out, rule.allow);
  return out;
}

void append_rule(std::vector<bpf_insn>& out, const DeviceAccess& rule) {
  const std::vector<bpf_insn> body = decide(rule);
  std::vector<std::pair<std::uint8_t, std::uint32_t>> checks;
  checks.emplace_back(kType, rule.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
  if (rule.major) checks.emplace_back(kMajor, *rule.major);
  if (rule.minor) checks.emplace_back(kMinor, *rule.minor);
  // "Equal: go on; else: next rule", not "unequal: next rule": the verifier looks at the way straight on first. So it
  // sees the rest of the program with nothing known about the device, and need not look at it again for each device
  // that an earlier rule is about: without this, some hundred rules take it seconds.
  for (std::size_t i = 0; i < checks.size(); ++i) {
    const std::size_t skip = 2 * (checks.size() - i - 1) + body.size();
    out.push_back(jump(BPF_JEQ, checks[i].first, checks[i].second, 1));
    out.push_back(insn(BPF_JMP | BPF_JA, 0, 0, static_cast<std::int16_t>(skip), 0));
  }
  out.insert(out.end(), body.begin(), body.end());
}

}  // namespace

std::vector<bpf_insn> device_program(const std::vector<DeviceAccess>& rules) {
  // Nothing before the last rule about everything matters, and what follows it may all say the same.
  const auto last_all =
      std::find_if(rules.rbegin(), rules.rend(), [](const DeviceAccess& rule) { return rule.type == 'a'; });
  const bool base_allow = last_all != rules.rend() && last_all->allow;
  if (base_allow && std::all_of(rules.rbegin(), last_all, [](const DeviceAccess& rule) { return rule.allow; })) {
    return {};
  }
  std::vector<bpf_insn> out;
  // access_type: the kind of access in the upper half, the type of the device in the lower.
  out.push_back(load(kOpen, offsetof(bpf_cgroup_dev_ctx, access_type)));
  out.push_back(insn(BPF_ALU | BPF_MOV | BPF_X, kType, kOpen, 0, 0));
  out.push_back(alu(BPF_AND, kType, 0xffff));
  out.push_back(alu(BPF_RSH, kOpen, 16));
  out.push_back(load(kMajor, offsetof(bpf_cgroup_dev_ctx, major)));
  out.push_back(load(kMinor, offsetof(bpf_cgroup_dev_ctx, minor)));
  // access(2) with X_OK or F_OK asks for nothing.
  out.push_back(jump(BPF_JNE, kOpen, 0, 2));
  finish(out, true);
  for (auto rule = rules.rbegin(); rule != last_all; ++rule) append_rule(out, *rule);
  finish(out, base_allow);
  return out;
}

}  // namespace plan
