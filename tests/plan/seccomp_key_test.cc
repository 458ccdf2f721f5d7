#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "base/sha256.h"
#include "plan/seccomp_emit.h"
#include "plan/seccomp_program.h"
#include "plan/seccomp_samples.h"
#include "plan/seccomp_sources.h"

namespace plan {
namespace {

oci::Seccomp request() {
  oci::Seccomp out;
  out.default_action = oci::SeccompAction::kErrno;
  out.default_errno_ret = 1;
  out.architectures = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"};
  out.flags = {"SECCOMP_FILTER_FLAG_LOG"};
  out.listener_path = "/run/agent";
  out.listener_metadata = "meta";
  out.syscalls = {{{"mkdir", "mkdirat"}, oci::SeccompAction::kErrno, 38, {}},
                  {{"clone"}, oci::SeccompAction::kAllow, {}, {{0, 7, 8, oci::SeccompOperator::kMaskedEq}}}};
  return out;
}

policy::SeccompPolicy policy() {
  return {{"read", "write"}, {{"socket", {{{0, 0xff, {1, 2}}, {1, 0xf, {3}}}, {{2, 1, {0}}}}, 97}}, {{"mount", 1}}, 38};
}

// Every way to change one field of either, or to move a border between two of them.
const std::vector<std::function<void(oci::Seccomp&, policy::SeccompPolicy&)>>& changes() {
  using R = oci::Seccomp;
  using P = policy::SeccompPolicy;
  static const std::vector<std::function<void(R&, P&)>> all{
      [](R& r, P&) { r.default_action = oci::SeccompAction::kTrap; },
      [](R& r, P&) { r.default_errno_ret = 0; },
      [](R& r, P&) { r.default_errno_ret.reset(); },
      [](R& r, P&) { r.architectures.pop_back(); },
      [](R& r, P&) { r.architectures = {"SCMP_ARCH_X86_64SCMP_ARCH_X86"}; },
      [](R& r, P&) { r.flags.reset(); },
      [](R& r, P&) { r.flags->clear(); },
      [](R& r, P&) { r.flags->push_back(""); },
      [](R& r, P&) { r.listener_path += "m"; },
      [](R& r, P&) { r.listener_path = "/run/agentme", r.listener_metadata = "ta"; },
      [](R& r, P&) { r.listener_metadata.clear(); },
      [](R& r, P&) { r.syscalls.pop_back(); },
      [](R& r, P&) { std::swap(r.syscalls[0], r.syscalls[1]); },
      [](R& r, P&) {
        r.syscalls[0].names = {"mkdi", "rmkdirat"};
      },
      [](R& r, P&) { r.syscalls[0].names = {"mkdirmkdirat"}; },
      [](R& r, P&) { r.syscalls[0].errno_ret = 1; },
      [](R& r, P&) { r.syscalls[0].errno_ret.reset(); },
      [](R& r, P&) { r.syscalls[0].action = oci::SeccompAction::kTrace; },
      [](R& r, P&) { r.syscalls[0].names.push_back("clone"), r.syscalls[1].names.clear(); },
      [](R& r, P&) { r.syscalls[0].args = std::move(r.syscalls[1].args); },
      [](R& r, P&) { r.syscalls[1].args[0].index = 1; },
      [](R& r, P&) { r.syscalls[1].args[0].value = std::uint64_t{7} << 32; },
      [](R& r, P&) { r.syscalls[1].args[0].value_two = 7; },
      [](R& r, P&) { r.syscalls[1].args[0].op = oci::SeccompOperator::kEq; },
      [](R&, P& p) { p.allow = {"readwrite"}; },
      [](R&, P& p) { p.allow = {"rea", "dwrite"}; },
      [](R&, P& p) { p.conditional[0].name = "bind"; },
      [](R&, P& p) { p.conditional[0].errno_otherwise = 1; },
      [](R&, P& p) {
        p.conditional[0].any_of = {{{0, 0xff, {1, 2}}}, {{1, 0xf, {3}}, {2, 1, {0}}}};
      },
      [](R&, P& p) { p.conditional[0].any_of[0][0].index = 1; },
      [](R&, P& p) { p.conditional[0].any_of[0][0].mask = 0xf; },
      [](R&, P& p) { p.conditional[0].any_of[0][0].values = {1}; },
      [](R&, P& p) {
        p.errnos[0] = {"mount", 2};
      },
      [](R&, P& p) {
        p.errnos[0] = {"umount2", 1};
      },
      [](R&, P& p) { p.default_errno = 1; },
      [](R&, P& p) { p.others_allowed = true; },
      [](R&, P& p) { p.compat32 = true; },
  };
  return all;
}

TEST(SeccompKey, DiffersWithEveryField) {
  std::map<std::string, int> seen;
  const auto add = [&](const oci::Seccomp* r, const policy::SeccompPolicy* p, int change) {
    const auto [at, added] = seen.emplace(seccomp_cache_key(r, p), change);
    EXPECT_TRUE(added) << "changes " << change << " and " << at->second << " have one key";
  };
  const oci::Seccomp r = request();
  const policy::SeccompPolicy p = policy();
  add(&r, &p, -1);
  add(&r, nullptr, -2);
  add(nullptr, &p, -3);
  add(nullptr, nullptr, -4);
  for (std::size_t i = 0; i < changes().size(); ++i) {
    oci::Seccomp changed_r = request();
    policy::SeccompPolicy changed_p = policy();
    changes()[i](changed_r, changed_p);
    add(&changed_r, &changed_p, static_cast<int>(i));
  }
}

TEST(SeccompKey, IsTheSameForTheSame) {
  const oci::Seccomp r = request();
  const oci::Seccomp same = request();
  const policy::SeccompPolicy p = policy();
  EXPECT_EQ(seccomp_cache_key(&r, &p), seccomp_cache_key(&same, &p));
}

// Two ways in which a key that strings everything together goes wrong.
TEST(SeccompKey, ErrnoAndBordersOfNamesCount) {
  oci::Seccomp a = request();
  oci::Seccomp b = request();
  b.syscalls[0].errno_ret = 1;
  EXPECT_NE(seccomp_cache_key(&a, nullptr), seccomp_cache_key(&b, nullptr));
  b = request();
  b.syscalls[0].names = {"mkdi", "rmkdirat"};
  EXPECT_NE(seccomp_cache_key(&a, nullptr), seccomp_cache_key(&b, nullptr));
}

TEST(SeccompKey, RandomInputsNeverCollide) {
  samples::Dice dice(1);
  std::map<std::string, std::vector<sock_filter>> seen;
  int repeated = 0;
  for (int i = 0; i < 2'000; ++i) {
    const auto r = samples::random_profile(dice, samples::Constants::kAny);
    const auto p = samples::random_policy(dice);
    repeated += !seen.emplace(seccomp_cache_key(&r, &p), emit(*request_table(r, kNativeAbi))).second;
  }
  EXPECT_EQ(repeated, 0);
}

// Cached programs outlive this one: whoever changes what is emitted also raises kFormat in seccomp_key.cc,
// and then the digest here.
TEST(SeccompKey, SameInputsSameProgram) {
  oci::Seccomp r = request();
  r.listener_metadata.clear();
  const auto code = emit(*request_table(r, Abi::kX8664));
  const auto more = emit(*policy_table(policy(), Abi::kX8664));
  base::Sha256 hash;
  for (const auto* each : {&code, &more})
    hash.update({reinterpret_cast<const char*>(each->data()), each->size() * sizeof(sock_filter)});
  EXPECT_EQ(base::hex(hash.finish()), "e981831598735123fccfce04791e111283d12a6faa705c2e4596becbae4b1336");
}

}  // namespace
}  // namespace plan
