// A rendered section against the policies it was made of: proven for every call, and tried by some at random.
#include "plan/seccomp_section.h"

#include <gtest/gtest.h>
#include <linux/seccomp.h>

#include <fstream>
#include <sstream>

#include "oci/read.h"
#include "plan/seccomp_boxes.h"
#include "plan/seccomp_emit.h"
#include "plan/seccomp_meet.h"
#include "plan/seccomp_program.h"
#include "plan/seccomp_proof.h"
#include "plan/seccomp_samples.h"
#include "plan/seccomp_sources.h"
#include "policy/builtin.h"
#include "policy/find.h"

namespace plan {
namespace {

using samples::Dice;

oci::Seccomp request_of(const std::string& bundle) {
  std::ifstream file(std::string(SOURCE_DIR) + "/tests/bundles/" + bundle + ".json");
  std::stringstream text;
  text << file.rdbuf();
  auto spec = oci::read_spec(text.str());
  EXPECT_TRUE(spec && spec->linux.seccomp) << bundle;
  return *spec->linux.seccomp;
}

// What is made of the section alone answers as the table does.
std::string differs(const oci::Seccomp& section, const FilterTable& want) {
  const auto program = build_seccomp(&section, {});
  if (!program) return program.error().message();
  const auto proof = prove(program->code, want);
  return proof ? "" : proof.error().message();
}

policy::SeccompPolicy policy_of(std::string_view name) {
  const auto policy = policy::load_policy("builtin:" + std::string(name));
  EXPECT_TRUE(policy) << policy.error().message();
  return policy && policy->seccomp ? policy->seccomp->value : policy::SeccompPolicy{};
}

bool answers_with_errno(const policy::SeccompPolicy& policy) { return policy.default_errno != 38; }

TEST(SeccompSection, EveryBuiltInPolicyAnswersTheSame) {
  int seen = 0;
  for (const auto name : policy::builtin_policy_names()) {
    const auto policy = policy_of(name);
    if (policy.allow.empty()) continue;
    ++seen;
    const auto out = render_seccomp(nullptr, as_list(&policy));
    ASSERT_TRUE(out) << name << ": " << out.error().message();
    EXPECT_EQ(out->section.architectures, std::vector<std::string>{"SCMP_ARCH_X86_64"}) << name;
    EXPECT_EQ(build_seccomp(&out->section, {})->flags, 0U) << name;
    const auto wrong = differs(out->section, *policy_table(policy, kNativeAbi));
    if (answers_with_errno(policy)) {
      ASSERT_EQ(out->lost.size(), 1U) << name;
      EXPECT_NE(out->lost[0].find("newer than"), std::string::npos) << out->lost[0];
      EXPECT_NE(wrong.find("errno 38"), std::string::npos) << wrong;
    } else {
      EXPECT_EQ(out->lost, std::vector<std::string>{}) << name;
      EXPECT_EQ(wrong, "") << name;
    }
  }
  EXPECT_GE(seen, 6);
}

TEST(SeccompSection, PoliciesMeetARequest) {
  for (const auto* bundle : {"docker", "podman", "containerd-cri-user"}) {
    const auto request = request_of(bundle);
    for (const auto* name : {"faas", "compat", "sandbox"}) {
      const policy::SeccompPolicy all[] = {policy_of(name), policy_of("baseline").allow.empty() ? policy_of("faas") : policy_of("baseline")};
      const auto out = render_seccomp(&request, all);
      ASSERT_TRUE(out) << bundle << " " << name << ": " << out.error().message();
      // "socket" is allowed but for one family by the request, and by three arguments by the policy.
      const auto want = *effective_table(&request, all);
      const auto have = *request_table(out->section, kNativeAbi);
      std::size_t others = 0;
      for (const auto& what : out->lost) others += what.starts_with("the errno of \"socket\"") ? 0U : 1U;
      // Its own two conditions on two arguments are too many with those of the policy.
      if (std::string_view(bundle) == "podman" && std::string_view(name) == "compat") {
        EXPECT_EQ(others, 1U) << "nothing is left out any more: good";
        continue;
      }
      EXPECT_EQ(others, 0U) << bundle << " " << name << ": " << out->lost.front();
      EXPECT_TRUE(!out->lost.empty() || differs(out->section, want).empty()) << bundle << " " << name << differs(out->section, want);
      for (std::uint32_t domain : {0U, 1U, 2U, 10U, 16U, 38U, 40U}) {
        for (std::uint32_t type : {1U, 2U, 3U, 0x80001U}) {
          const CallArgs args{{domain, type, 0}};
          const auto wanted = evaluate(want, audit_arch(kNativeAbi), 41, args), answer = evaluate(have, audit_arch(kNativeAbi), 41, args);
          EXPECT_EQ(wanted >> 16, answer >> 16) << bundle << " " << name << " socket " << domain << " " << type;
        }
      }
      EXPECT_EQ(build_seccomp(&out->section, {})->flags, build_seccomp(&request, all)->flags);
    }
  }
}

TEST(SeccompSection, WithoutPoliciesTheRequestIsKept) {
  const auto request = request_of("docker");
  const auto out = render_seccomp(&request, {});
  ASSERT_TRUE(out);
  EXPECT_TRUE(out->section == request);
}

TEST(SeccompSection, ADenyListHoldsForEveryAbi) {
  policy::SeccompPolicy deny;
  deny.others_allowed = true;
  deny.compat32 = true;
  deny.errnos = {{"io_uring_setup", 1}, {"ptrace", 1}};
  deny.conditional = {{"socket", {{{0, 0xffffffff, {38, 40}, false}}}, 97}};
  const auto out = render_seccomp(nullptr, as_list(&deny));
  ASSERT_TRUE(out) << out.error().message();
  EXPECT_EQ(out->lost, std::vector<std::string>{});
  EXPECT_EQ(out->section.architectures.size(), 3U);
  EXPECT_EQ(out->section.default_action, oci::SeccompAction::kAllow);
  EXPECT_EQ(differs(out->section, *policy_table(deny, kNativeAbi)), "");
}

// A runtime opens socketcall where a section names one of its calls, unless it names socketcall with an answer that is not
// the default: where that is ENOSYS, the section cannot let 32-bit programs in, and that is told.
TEST(SeccompSection, ThirtyTwoBitProgramsToo) {
  auto compat = policy_of("compat"), faas = policy_of("faas");
  compat.compat32 = faas.compat32 = true;
  const auto request = request_of("docker");
  const auto both = render_seccomp(&request, as_list(&compat));
  ASSERT_TRUE(both) << both.error().message();
  EXPECT_EQ(both->section.architectures, (std::vector<std::string>{"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"}));
  for (const auto& what : both->lost) EXPECT_EQ(what.find("other ABIs"), std::string::npos) << what;
  const auto table = *request_table(both->section, Abi::kX8664);
  for (std::uint64_t call = 0; call <= 24; ++call) {
    EXPECT_EQ(evaluate(table, audit_arch(Abi::kX86), 102, {{call}}), SECCOMP_RET_ERRNO | 38U) << "socketcall " << call;
  }
  EXPECT_EQ(evaluate(table, audit_arch(Abi::kX86), 359, {{38}}), SECCOMP_RET_ERRNO | 97U);
  EXPECT_EQ(evaluate(table, audit_arch(Abi::kX86), 197, {}), SECCOMP_RET_ALLOW);

  const auto native = render_seccomp(nullptr, as_list(&faas));
  ASSERT_TRUE(native) << native.error().message();
  EXPECT_EQ(native->section.architectures, std::vector<std::string>{"SCMP_ARCH_X86_64"});
  EXPECT_EQ(native->lost, std::vector<std::string>{"the calls of other ABIs than the machine's own: they kill"});
}

TEST(SeccompSection, AWrongOneIsNoticed) {
  const auto policy = policy_of("faas");
  const auto want = *policy_table(policy, kNativeAbi);
  const auto good = render_seccomp(nullptr, as_list(&policy))->section;
  for (std::size_t i = 0; i < good.syscalls.size(); i += 1 + good.syscalls.size() / 8) {
    auto bad = good;
    bad.syscalls.erase(bad.syscalls.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_NE(differs(bad, want), "") << "without rule " << i;
  }
  auto bad = good;
  bad.default_errno_ret = 1;
  EXPECT_NE(differs(bad, want), "");
}

// Where it is not the same, that is told, and nothing is milder.
TEST(SeccompSection, RandomPoliciesAndRequests) {
  Dice dice(7);
  for (int i = 0; i < 12; ++i) {
    auto policy = samples::random_policy(dice);
    if (i % 2 == 0) policy.default_errno = 38;
    const auto profile = samples::random_profile(dice, samples::Constants::kAny);
    const auto* request = dice.one_in(2) ? &profile : nullptr;
    const auto out = render_seccomp(request, as_list(&policy));
    ASSERT_TRUE(out) << i << ": " << out.error().message();
    const auto want = *effective_table(request, as_list(&policy));
    const auto have = *request_table(out->section, kNativeAbi);
    const auto values = samples::interesting(want);
    bool differ = false;
    for (const auto token : samples::tokens()) {
      for (const auto number : samples::numbers_and_often(samples::conditional(want))) {
        const auto args = samples::random_args(dice, values);
        const auto wanted = evaluate(want, token, number, args), answer = evaluate(have, token, number, args);
        differ |= wanted != answer;
        ASSERT_FALSE(stricter(wanted, answer)) << i << ": call " << number << " of " << token;
      }
    }
    ASSERT_TRUE(!differ || !out->lost.empty()) << i;
  }
}

bool within(const Box& box, const CallArgs& args) {
  for (std::size_t i = 0; i < box.size(); ++i)
    if ((args.at[i] & box[i].mask) != box[i].value) return false;
  return true;
}

// A rule answers every call that is in its boxes, and boxes of different answers share none.
TEST(SeccompBoxes, CoverEachCallOnce) {
  Dice dice(8);
  for (int i = 0; i < 60; ++i) {
    const auto table = request_table(samples::random_profile(dice, samples::Constants::kAny), Abi::kX8664);
    ASSERT_TRUE(table);
    const auto values = samples::interesting(*table);
    for (const auto& segment : table->archs.front().segments) {
      const std::uint32_t otherwise = dice.one_in(2) ? segment.decision.otherwise : std::uint32_t{SECCOMP_RET_ALLOW};
      const auto pieces = pieces_of(shortened(segment.decision), otherwise, 64);
      if (!pieces) continue;
      for (int n = 0; n < 50; ++n) {
        const auto args = samples::random_args(dice, values);
        std::uint32_t have = otherwise;
        for (const auto& piece : *pieces) {
          if (!within(piece.box, args)) continue;
          ASSERT_TRUE(have == otherwise || have == piece.answer) << i;
          have = piece.answer;
        }
        ASSERT_EQ(have, evaluate(segment.decision, args)) << i;
      }
    }
  }
}

}  // namespace
}  // namespace plan
