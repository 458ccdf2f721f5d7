#include "plan/seccomp_machine.h"

#include <gtest/gtest.h>
#include <linux/audit.h>

#include <cstring>

#include "plan/seccomp_proof.h"
#include "plan/seccomp_samples.h"
#include "support/bpf_eval.h"

namespace plan {
namespace {

using samples::Dice;

constexpr sock_filter kAllow{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
constexpr sock_filter kLoad{BPF_LD | BPF_W | BPF_ABS, 0, 0, 0};

sock_filter jump(int op, std::uint8_t jt, std::uint8_t jf, std::uint32_t k = 0) {
  return {static_cast<std::uint16_t>(BPF_JMP | op | BPF_K), jt, jf, k};
}

std::string fault(const std::vector<sock_filter>& code) {
  const auto checked = check_code(code);
  if (checked) return "";
  EXPECT_EQ(checked.error().kind(), base::Kind::kUnsupported);
  const FilterTable allows{{{AUDIT_ARCH_X86_64, {{0, {{}, SECCOMP_RET_ALLOW}}}}}};
  EXPECT_FALSE(prove(code, allows)) << "a proof without the check";
  return checked.error().message();
}

TEST(SeccompMachine, TakesWhatTheKernelTakes) {
  EXPECT_EQ(fault({kAllow}), "");
  EXPECT_EQ(fault({kLoad, jump(BPF_JSET, 0, 1), kAllow, kAllow}), "");
  EXPECT_EQ(fault(std::vector<sock_filter>(BPF_MAXINSNS, kAllow)), "");
  for (const std::uint32_t answer : {SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP,
                                     SECCOMP_RET_ERRNO, SECCOMP_RET_USER_NOTIF, SECCOMP_RET_TRACE, SECCOMP_RET_LOG})
    EXPECT_EQ(fault({{BPF_RET | BPF_K, 0, 0, answer | 4095}}), "");
}

TEST(SeccompMachine, RefusesWhatTheKernelRefuses) {
  EXPECT_EQ(fault({}), "want 1..4096 instructions, have 0");
  EXPECT_EQ(fault(std::vector<sock_filter>(BPF_MAXINSNS + 1, kAllow)), "want 1..4096 instructions, have 4097");
  EXPECT_EQ(fault({kLoad}), "instruction 0 is the last one and does not return");
  EXPECT_EQ(fault({kAllow, {BPF_ALU | BPF_AND | BPF_K, 0, 0, 1}}), "instruction 1 is the last one and does not return");
  EXPECT_EQ(fault({{BPF_LD | BPF_W | BPF_ABS, 0, 0, 2}, kAllow}), "instruction 0 loads from between two words");
  EXPECT_EQ(fault({{BPF_LD | BPF_W | BPF_ABS, 0, 0, 64}, kAllow}), "instruction 0 loads from outside of seccomp_data");
  EXPECT_EQ(fault({{BPF_LD | BPF_W | BPF_ABS, 0, 0, 0xfffffffc}, kAllow}),
            "instruction 0 loads from outside of seccomp_data");
  for (const int op : {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET}) {
    EXPECT_EQ(fault({jump(op, 0, 0), kAllow}), "");
    EXPECT_EQ(fault({jump(op, 1, 0), kAllow}), "instruction 0 jumps past the end");
    EXPECT_EQ(fault({jump(op, 0, 255), kAllow}), "instruction 0 jumps past the end");
  }
  EXPECT_EQ(fault({{BPF_JMP | BPF_JA, 0, 0, 1}, kAllow}), "instruction 0 jumps past the end");
  EXPECT_EQ(fault({kAllow, {BPF_JMP | BPF_JA, 0, 0, 0xfffffffe}, kAllow}), "instruction 1 jumps past the end");  // back
}

TEST(SeccompMachine, RefusesInstructionsThatAFilterHasNoUseFor) {
  for (const int code : {BPF_LD | BPF_H | BPF_ABS, BPF_LD | BPF_W | BPF_IND, BPF_LD | BPF_W | BPF_LEN, BPF_LD | BPF_IMM,
                         BPF_LDX | BPF_IMM, BPF_ST, BPF_ALU | BPF_ADD | BPF_K, BPF_ALU | BPF_AND | BPF_X,
                         BPF_JMP | BPF_JEQ | BPF_X, BPF_RET | BPF_A, BPF_MISC | BPF_TAX, 0xffff})
    EXPECT_EQ(fault({{static_cast<std::uint16_t>(code), 0, 0, 0}, kAllow}),
              "instruction 0 is not of a filter's machine");
}

// The kernel would take these and kill, or clamp.
TEST(SeccompMachine, RefusesAnswersThatMeanSomethingElse) {
  for (const std::uint32_t answer : {0x00010000U, 0x7ffd0000U, 0x7fff0001U | 0x80000000U, SECCOMP_RET_ERRNO | 4096U})
    EXPECT_EQ(fault({{BPF_RET | BPF_K, 0, 0, answer}}), "instruction 0 answers what no kernel knows");
}

TEST(SeccompMachine, AnswersAsTheTestsOwnMachine) {
  Dice dice(1);
  for (int i = 0; i < 20'000; ++i) {
    std::vector<sock_filter> code;
    const auto few = [&] { return static_cast<std::uint32_t>(dice.below(4)); };
    for (auto left = static_cast<std::uint8_t>(dice.below(12)); left > 0; --left) {
      const auto jt = static_cast<std::uint8_t>(dice.below(left));
      const auto jf = static_cast<std::uint8_t>(dice.below(left));
      const std::vector<sock_filter> any{
          {BPF_LD | BPF_W | BPF_ABS, 0, 0, 4 * static_cast<std::uint32_t>(dice.below(16))},
          {BPF_ALU | BPF_AND | BPF_K, 0, 0, few()},
          {BPF_JMP | BPF_JA, 0, 0, jt},
          jump(BPF_JEQ, jt, jf, few()),
          jump(BPF_JGT, jt, jf, few()),
          jump(BPF_JGE, jt, jf, few()),
          jump(BPF_JSET, jt, jf, few()),
          {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | few()}};
      code.push_back(dice.any(any));
    }
    code.push_back(kAllow);
    ASSERT_EQ(fault(code), support::bpf_fault(code));
    std::uint32_t words[kWords];
    for (auto& word : words) word = few();
    seccomp_data data;
    std::memcpy(&data, words, sizeof data);
    ASSERT_EQ(run_code(code, words), support::bpf_eval(code, data));
  }
}

}  // namespace
}  // namespace plan
