// That the proof can fail: of programs with one changed instruction it refuses those that answer any call wrongly, and
// no others. A refusal counts if the tests' own machine answers the call that it names otherwise than the table; a
// proof counts if that machine finds no difference on the calls at all borders.
#include <gtest/gtest.h>
#include <linux/audit.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "plan/seccomp_emit.h"
#include "plan/seccomp_libseccomp.h"
#include "plan/seccomp_meet.h"
#include "plan/seccomp_mutants.h"
#include "plan/seccomp_proof.h"
#include "plan/seccomp_sources.h"
#include "policy/builtin.h"
#include "policy/read.h"
#include "support/bpf_eval.h"

namespace plan {
namespace {

FilterTable faas() {
  const auto read = policy::read_policy(policy::builtin_policy("faas"), "faas.json", policy::builtin_group);
  return *policy_table(read->seccomp->value, Abi::kX8664);
}

// Every kind of test that a table can have, alone, joined and repeated, on both sides of the middle of 64 bits.
FilterTable every_test() {
  constexpr std::uint64_t kAll = ~std::uint64_t{0};
  const ArgTest flags{0, Compare::kAnyOf, true, 0x7e020000, {0}};
  const ArgTest domain{0, Compare::kAnyOf, true, 0xffffffff, {1, 2, 10}};
  const ArgTest not_kind{1, Compare::kAnyOf, false, 0xf, {3, 5}};
  const ArgTest wide{2, Compare::kAnyOf, true, kAll, {0x100000002, 7}};
  const ArgTest wide_mask{2, Compare::kAnyOf, false, 0xff000000ff, {0x1100000022}};
  const ArgTest above{1, Compare::kGreater, true, kAll, {0x100000002}};
  const ArgTest from{1, Compare::kGreaterEqual, true, kAll, {0x300000004}};
  const ArgTest narrow_above{3, Compare::kGreater, false, 0xffffffff, {38}};
  const ArgTest narrow_from{3, Compare::kGreaterEqual, false, 0xffffffff, {2}};
  const Decision joined{{{{domain, not_kind}, SECCOMP_RET_ALLOW}, {{flags, above}, SECCOMP_RET_LOG}},
                        SECCOMP_RET_ERRNO | 97};
  const Decision numbers{{{{wide}, SECCOMP_RET_TRAP}, {{wide_mask, from}, SECCOMP_RET_TRACE | 3}}, SECCOMP_RET_ALLOW};
  const Decision narrow{{{{narrow_from}, SECCOMP_RET_ERRNO | 9}, {{narrow_above}, SECCOMP_RET_ALLOW}},
                        SECCOMP_RET_KILL_THREAD};
  const Decision otherwise{{}, SECCOMP_RET_ERRNO | 38};
  return {{{AUDIT_ARCH_X86_64,
            {{0, otherwise}, {20, joined}, {21, numbers}, {22, otherwise}, {40, narrow}, {41, otherwise}}},
           {AUDIT_ARCH_I386, {{0, otherwise}, {7, narrow}, {8, {{}, SECCOMP_RET_ALLOW}}, {9, otherwise}}}}};
}

// The call that an error names.
seccomp_data named_in(const std::string& error) {
  const auto after = [&](const char* text) { return error.c_str() + error.find(text) + std::strlen(text); };
  seccomp_data out{};
  out.arch = static_cast<std::uint32_t>(std::strtoul(after("arch "), nullptr, 16));
  out.nr = static_cast<int>(std::strtoul(after("call "), nullptr, 10));
  char* at = const_cast<char*>(after("arguments "));  // NOLINT: strtoull's way
  for (auto& arg : out.args) arg = std::strtoull(at, &at, 16);
  if (error.find("instruction pointer ") != std::string::npos)
    out.instruction_pointer = std::strtoull(after("instruction pointer "), nullptr, 16);
  return out;
}

class Trial {
 public:
  explicit Trial(const FilterTable& table) : table_(table), vectors_(samples::boundary_vectors(table)) {
    EXPECT_FALSE(differs(emit(table)));
    EXPECT_TRUE(prove(emit(table), table));
  }

  void run() {
    for (const auto& mutant : samples::mutants(emit(table_))) {
      const auto proof = prove(mutant.code, table_);
      if (proof) {
        EXPECT_EQ(support::bpf_fault(mutant.code), "") << mutant.what;
        EXPECT_FALSE(differs(mutant.code)) << mutant.what;
      } else {
        EXPECT_TRUE(is_wrong(mutant.code, proof.error().message())) << mutant.what << ": " << proof.error().message();
      }
      ++(proof ? equivalent_ : refused_);
    }
  }

  int refused() const { return refused_; }
  int equivalent() const { return equivalent_; }

 private:
  bool is_wrong(const std::vector<sock_filter>& code, const std::string& error) const {
    if (!support::bpf_fault(code).empty() || error.ends_with(" answers what no kernel knows")) return true;
    const seccomp_data call = named_in(error);
    CallArgs args;
    std::copy_n(std::begin(call.args), 6, std::begin(args.at));
    const auto want = evaluate(table_, call.arch, static_cast<std::uint32_t>(call.nr), args);
    return support::bpf_eval(code, call) != want;
  }

  bool differs(const std::vector<sock_filter>& code) const {
    const auto otherwise = [&](const samples::Vector& at) { return support::bpf_eval(code, at.call) != at.want; };
    return std::any_of(vectors_.begin(), vectors_.end(), otherwise);
  }

  const FilterTable& table_;
  std::vector<samples::Vector> vectors_;
  int refused_ = 0;
  int equivalent_ = 0;
};

void expect_refused(const char* name, const FilterTable& table, int at_least) {
  Trial trial(table);
  trial.run();
  std::printf("%s: %d wrong programs refused, %d that answer alike proven\n", name, trial.refused(),
              trial.equivalent());
  EXPECT_GE(trial.refused(), at_least);
}

TEST(SeccompProofMutants, OfEveryKindOfTest) { expect_refused("every test", every_test(), 500); }

TEST(SeccompProofMutants, OfTheBuiltInPolicy) { expect_refused("faas", faas(), 1000); }

TEST(SeccompProofMutants, OfTheBuiltInPolicyFor32BitProgramsToo) {
  auto policy = policy::read_policy(policy::builtin_policy("faas"), "faas.json", policy::builtin_group)->seccomp->value;
  policy.compat32 = true;
  const auto table = policy_table(policy, Abi::kX8664);
  ASSERT_TRUE(table);
  ASSERT_EQ(table->archs.size(), 2U);
  expect_refused("faas, compat32", *table, 2000);
}

TEST(SeccompProofMutants, OfAnEnginesProfile) {
  const auto table = request_table(samples::profile_of("docker.json"), Abi::kX8664);
  ASSERT_TRUE(table);
  expect_refused("docker", *table, 2000);
}

TEST(SeccompProofMutants, OfAMeet) {
  const auto request = request_table(samples::profile_of("docker.json"), Abi::kX8664, Abis::kNative);
  ASSERT_TRUE(request);
  expect_refused("docker under faas", meet(*request, faas()), 1000);
}

// The load of the wrong half of an argument, alone: what a dirty high word would get past.
TEST(SeccompProofMutants, AHighWordIsNotALowOne) {
  const FilterTable table = every_test();
  const auto good = emit(table);
  int tried = 0;
  for (std::size_t i = 0; i < good.size(); ++i) {
    if (good[i].code != (BPF_LD | BPF_W | BPF_ABS) || good[i].k < offsetof(seccomp_data, args)) continue;
    auto code = good;
    code[i].k ^= 4;
    EXPECT_FALSE(prove(code, table)) << "instruction " << i;
    ++tried;
  }
  EXPECT_GT(tried, 10);
}

// A table that grants more than a bound, in each of its answers in turn.
TEST(SeccompProofMutants, WiderThanABound) {
  const FilterTable bound = faas();
  const std::array no_wider{Bound{&bound, "the policy"}};
  int tried = 0;
  for (std::size_t i = 0; i < bound.archs[0].segments.size(); ++i) {
    FilterTable wider = bound;
    Decision& decision = wider.archs[0].segments[i].decision;
    if (decision.otherwise == SECCOMP_RET_ALLOW) continue;
    decision.otherwise = SECCOMP_RET_LOG;
    const auto proof = prove(emit(wider), wider, no_wider);
    ASSERT_FALSE(proof) << "segment " << i;
    EXPECT_NE(proof.error().message().find("want no more than the policy's "), std::string::npos);
    const bool was_stricter = stricter(bound.archs[0].segments[i].decision.otherwise, SECCOMP_RET_KILL_THREAD);
    decision.otherwise = SECCOMP_RET_KILL_THREAD;  // stricter than the bound, that is no fault
    EXPECT_EQ(prove(emit(wider), wider, no_wider).has_value(), !was_stricter) << "segment " << i;
    ++tried;
  }
  FilterTable foreign = bound;
  foreign.archs.push_back({AUDIT_ARCH_I386, {{0, {{}, SECCOMP_RET_ERRNO | 38}}}});
  EXPECT_FALSE(prove(emit(foreign), foreign, no_wider));
  EXPECT_GT(tried, 30);
}

}  // namespace
}  // namespace plan
