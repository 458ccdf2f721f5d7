// wait_maps, bounding, identity, capabilities, no_new_privs, not_dumpable, and the verification of each.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "tests/init/sandbox.h"
#include "tests/support/in_child.h"

namespace init {
namespace {

using support::check_in_child;

constexpr std::uint64_t bit(int cap) { return 1ULL << cap; }
constexpr std::uint64_t kSet = bit(CAP_KILL) | bit(CAP_NET_BIND_SERVICE);

std::uint64_t caps_field(std::string_view name) { return std::stoull(status_field(name), nullptr, 16); }

std::uint64_t last_cap() { return std::stoull(read_file("/proc/sys/kernel/cap_last_cap")); }

long bound_to(Bench& bench, std::uint64_t set) {
  auto op = bench.op();
  op.a = set;
  op.b = last_cap();
  return bounding(bench.ctx, op);
}

Bench::Op ids(Bench& bench, std::uint64_t uid, std::uint64_t gid, std::initializer_list<std::uint32_t> groups) {
  auto op = bench.with_words(groups);
  op.a = uid;
  op.b = gid;
  return op;
}

Bench::Op caps(Bench& bench, std::uint64_t effective, std::uint64_t permitted, std::uint64_t inheritable,
               std::uint64_t ambient, std::uint64_t bounding_set = 0) {
  const auto lo = [](std::uint64_t v) { return static_cast<std::uint32_t>(v); };
  const auto hi = [](std::uint64_t v) { return static_cast<std::uint32_t>(v >> 32); };
  return bench.with_words({lo(effective), hi(effective), lo(permitted), hi(permitted), lo(inheritable), hi(inheritable),
                           lo(ambient), hi(ambient), lo(bounding_set), hi(bounding_set)});
}

using Identity = InitTest;

TEST_F(Identity, BoundingSetKeepsWhatItIsToldTo) {
  check_in_child([] {
    Bench bench;
    EXPECT_EQ(bound_to(bench, kSet), 0);
    EXPECT_EQ(caps_field("CapBnd"), kSet);
  });
}

TEST_F(Identity, UserKeepsExactlyTheCapabilitiesOfThePlan) {
  check_in_child([] {
    Bench bench;
    ASSERT_EQ(bound_to(bench, kSet), 0);
    ASSERT_EQ(init::identity(bench.ctx, ids(bench, 1234, 5678, {7, 8})), 0);
    EXPECT_EQ(::prctl(PR_GET_DUMPABLE), 0);
    ASSERT_EQ(capabilities(bench.ctx, caps(bench, bit(CAP_KILL), kSet, kSet, bit(CAP_NET_BIND_SERVICE))), 0);
    EXPECT_EQ(status_field("Uid"), "1234\t1234\t1234\t1234");
    EXPECT_EQ(status_field("Gid"), "5678\t5678\t5678\t5678");
    EXPECT_EQ(status_field("Groups"), "7 8 ");
    EXPECT_EQ(caps_field("CapEff"), bit(CAP_KILL));
    EXPECT_EQ(caps_field("CapPrm"), kSet);
    EXPECT_EQ(caps_field("CapInh"), kSet);
    EXPECT_EQ(caps_field("CapAmb"), bit(CAP_NET_BIND_SERVICE));
    EXPECT_EQ(caps_field("CapBnd"), kSet);
    EXPECT_EQ(::prctl(PR_GET_KEEPCAPS), 0);
  });
}

TEST_F(Identity, MayKeepTheGroups) {
  check_in_child([] {
    Bench bench;
    ASSERT_EQ(init::identity(bench.ctx, ids(bench, 0, 0, {3, 4})), 0);
    auto op = ids(bench, 1, 1, {});
    op.flags = plan::image::kKeepGroups;
    ASSERT_EQ(init::identity(bench.ctx, op), 0);
    EXPECT_EQ(status_field("Groups"), "3 4 ");
  });
}

TEST_F(Identity, EmptyGroupsAreEmptied) {
  check_in_child([] {
    Bench bench;
    ASSERT_EQ(init::identity(bench.ctx, ids(bench, 0, 0, {3, 4})), 0);
    ASSERT_EQ(init::identity(bench.ctx, ids(bench, 0, 0, {})), 0);
    EXPECT_EQ(::getgroups(0, nullptr), 0);
  });
}

TEST_F(Identity, AmbientCapabilitiesOfTheCallerAreDropped) {
  check_in_child([] {
    Bench bench;
    ASSERT_EQ(capabilities(bench.ctx, caps(bench, kSet, kSet, kSet, kSet)), 0);
    ASSERT_EQ(capabilities(bench.ctx, caps(bench, kSet, kSet, kSet, bit(CAP_KILL))), 0);
    EXPECT_EQ(caps_field("CapAmb"), bit(CAP_KILL));
  });
}

TEST_F(Identity, CapabilitiesThatCannotBeHadAreAnError) {
  check_in_child([] {
    Bench bench;
    // Ambient needs permitted and inheritable; permitted cannot grow.
    EXPECT_EQ(capabilities(bench.ctx, caps(bench, kSet, kSet, 0, kSet)), -EPERM);
    EXPECT_EQ(capabilities(bench.ctx, caps(bench, 0, kSet | bit(CAP_CHOWN), 0, 0)), -EPERM);
  });
}

TEST_F(Identity, SecureBitsAreLockedOnceTheAmbientSetIsRaised) {
  check_in_child([] {
    Bench bench;
    constexpr std::uint64_t kBits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
                                    SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
    // One that the caller locked stays.
    constexpr unsigned long kCallers = SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED;
    auto locks = bench.op();
    locks.a = kBits;
    EXPECT_EQ(verify_locks(bench.ctx, locks), -EPERM);
    EXPECT_EQ(bench.ctx.detail, kMismatch);
    ASSERT_EQ(::prctl(PR_SET_SECUREBITS, kCallers), 0);
    ASSERT_EQ(init::identity(bench.ctx, ids(bench, 1234, 5678, {})), 0);
    auto op = caps(bench, bit(CAP_KILL), kSet, kSet, bit(CAP_NET_BIND_SERVICE));
    op.a = kBits;
    ASSERT_EQ(capabilities(bench.ctx, op), 0);
    EXPECT_EQ(::prctl(PR_GET_SECUREBITS), static_cast<int>(kBits | kCallers));
    EXPECT_EQ(caps_field("CapEff"), bit(CAP_KILL)) << "not the one that it took";
    EXPECT_EQ(caps_field("CapPrm"), kSet);
    EXPECT_EQ(caps_field("CapAmb"), bit(CAP_NET_BIND_SERVICE));
    EXPECT_EQ(::prctl(PR_SET_SECUREBITS, 0), -1);
    EXPECT_EQ(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0), -1);
    EXPECT_EQ(::prctl(PR_SET_KEEPCAPS, 1), -1);
    EXPECT_EQ(verify_locks(bench.ctx, locks), 0);
  });
}

TEST_F(Identity, SecureBitsOfAnotherUserWithoutCapabilities) {
  check_in_child([] {
    Bench bench;
    ASSERT_EQ(init::identity(bench.ctx, ids(bench, 1234, 5678, {})), 0);
    auto op = caps(bench, 0, 0, 0, 0);
    op.a = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED;
    ASSERT_EQ(capabilities(bench.ctx, op), 0);
    EXPECT_EQ(caps_field("CapPrm"), 0U);
    EXPECT_EQ(::prctl(PR_GET_SECUREBITS), SECBIT_NOROOT | SECBIT_NOROOT_LOCKED);
  });
}

TEST_F(Identity, WhatWasWritableIsNotExecuted) {
  check_in_child([] {
    Bench bench;
    auto op = bench.op();
    op.flags = plan::image::kWriteExecute;
    const long before = verify_locks(bench.ctx, op);
    if (before == -EINVAL) return;  // Linux before 6.3: harden() knows
    EXPECT_EQ(before, -EPERM);
    EXPECT_EQ(bench.ctx.detail, kMismatch);
    ASSERT_EQ(deny_write_execute(bench.ctx, bench.op()), 0);
    EXPECT_EQ(verify_locks(bench.ctx, op), 0);
    void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(page, MAP_FAILED);
    EXPECT_EQ(::mprotect(page, 4096, PROT_READ | PROT_EXEC), -1);
    EXPECT_EQ(errno, EACCES);
  });
}

TEST_F(Identity, ACookieThatIsNotTheCallers) {
  check_in_child([] {
    Bench bench;
    auto verify = bench.op();
    verify.flags = plan::image::kCookie;
    const long before = verify_locks(bench.ctx, verify);
    if (before == -ENODEV || before == -EINVAL) {  // no core with two threads, or a kernel without: harden() knows
      EXPECT_EQ(core_scheduling(bench.ctx, bench.op()), before);
      return;
    }
    EXPECT_EQ(before, -EPERM);
    EXPECT_EQ(bench.ctx.detail, kMismatch);
    ASSERT_EQ(core_scheduling(bench.ctx, bench.op()), 0);
    EXPECT_EQ(verify_locks(bench.ctx, verify), 0);
    std::uint64_t mine = 0, childs = 0;
    ASSERT_EQ(get_cookie(mine), 0);
    check_in_child([&] {
      ASSERT_EQ(get_cookie(childs), 0);
      EXPECT_EQ(childs, mine) << "kept by fork";
      Bench other;
      ASSERT_EQ(core_scheduling(other.ctx, other.op()), 0);
      EXPECT_EQ(other.ctx.cookie, mine);
      EXPECT_EQ(verify_locks(other.ctx, verify), 0);
    });
    bench.ctx.cookie = mine;
    expect_mismatch(bench, verify_locks(bench.ctx, verify));
  });
}

TEST_F(Identity, SpeculationIsGivenUpForGood) {
  for (const int control : {PR_SPEC_STORE_BYPASS, PR_SPEC_INDIRECT_BRANCH}) {
    const int answer = ::prctl(PR_GET_SPECULATION_CTRL, control, 0, 0, 0);
    const auto state = static_cast<unsigned long>(answer);
    if (answer < 0 || (state & PR_SPEC_PRCTL) == 0) continue;  // not for a process to give up: harden() knows
    check_in_child([&] {
      Bench bench;
      auto give_up = bench.op(), verify = bench.op();
      give_up.a = verify.b = std::uint64_t{1} << control;
      if ((state & PR_SPEC_FORCE_DISABLE) == 0) expect_mismatch(bench, verify_locks(bench.ctx, verify));
      ASSERT_EQ(speculation(bench.ctx, give_up), 0);
      EXPECT_EQ(verify_locks(bench.ctx, verify), 0);
      EXPECT_EQ(::prctl(PR_SET_SPECULATION_CTRL, control, PR_SPEC_ENABLE, 0, 0), -1);
      check_in_child([&] { EXPECT_EQ(verify_locks(bench.ctx, verify), 0) << "kept by fork"; });
    });
  }
  check_in_child([] {
    Bench bench;
    auto op = bench.op();
    op.a = std::uint64_t{1} << 40;  // no such control
    EXPECT_EQ(speculation(bench.ctx, op), -ENODEV);
  });
}

TEST_F(Identity, NoNewPrivsAndNotDumpable) {
  check_in_child([] {
    Bench bench;
    EXPECT_EQ(verify_no_new_privs(bench.ctx, bench.op()), -EPERM);
    EXPECT_EQ(bench.ctx.detail, kMismatch);
    EXPECT_EQ(no_new_privs(bench.ctx, bench.op()), 0);
    EXPECT_EQ(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
    EXPECT_EQ(verify_no_new_privs(bench.ctx, bench.op()), 0);
    ASSERT_EQ(::prctl(PR_SET_DUMPABLE, 1), 0);
    EXPECT_EQ(not_dumpable(bench.ctx, bench.op()), 0);
    EXPECT_EQ(::prctl(PR_GET_DUMPABLE), 0);
  });
}

using Verify = InitTest;

TEST_F(Verify, IdentityInForce) {
  check_in_child([] {
    Bench bench;
    ASSERT_EQ(init::identity(bench.ctx, ids(bench, 1234, 5678, {7, 8})), 0);
    EXPECT_EQ(verify_identity(bench.ctx, ids(bench, 1234, 5678, {7, 8})), 0);
    EXPECT_EQ(verify_identity(bench.ctx, ids(bench, 1234, 5678, {8, 7})), 0);
    expect_mismatch(bench, verify_identity(bench.ctx, ids(bench, 1235, 5678, {7, 8})));
    expect_mismatch(bench, verify_identity(bench.ctx, ids(bench, 1234, 5679, {7, 8})));
    expect_mismatch(bench, verify_identity(bench.ctx, ids(bench, 1234, 5678, {7})));
    expect_mismatch(bench, verify_identity(bench.ctx, ids(bench, 1234, 5678, {7, 9})));
    expect_mismatch(bench, verify_identity(bench.ctx, ids(bench, 1234, 5678, {})));
    auto kept = ids(bench, 1234, 5678, {});
    kept.flags = plan::image::kKeepGroups;
    EXPECT_EQ(verify_identity(bench.ctx, kept), 0);
  });
}

TEST_F(Verify, EveryUserAndGroupIdCounts) {
  const std::function<int()> changes[] = {
      [] { return ::setresuid(0, 1234, 0); }, [] { return ::setresuid(0, 0, 1234); },
      [] { return ::setresuid(1234, 0, 0); }, [] { return ::setresgid(0, 1234, 0); },
      [] { return ::setresgid(0, 0, 1234); }, [] { return ::setresgid(1234, 0, 0); },
  };
  for (const auto& change : changes) {
    check_in_child([&] {
      Bench bench;
      auto op = ids(bench, 0, 0, {});
      op.flags = plan::image::kKeepGroups;
      ASSERT_EQ(verify_identity(bench.ctx, op), 0);
      ASSERT_EQ(change(), 0);
      expect_mismatch(bench, verify_identity(bench.ctx, op));
    });
  }
}

TEST_F(Verify, CapabilitiesInForce) {
  check_in_child([] {
    Bench bench;
    ASSERT_EQ(bound_to(bench, kSet), 0);
    ASSERT_EQ(capabilities(bench.ctx, caps(bench, bit(CAP_KILL), kSet, kSet, bit(CAP_KILL))), 0);
    const auto verify = [&](std::uint64_t e, std::uint64_t p, std::uint64_t i, std::uint64_t a, std::uint64_t b) {
      return verify_caps(bench.ctx, caps(bench, e, p, i, a, b));
    };
    const std::uint64_t kill = bit(CAP_KILL), high = bit(CAP_BPF);
    EXPECT_EQ(verify(kill, kSet, kSet, kill, kSet), 0);
    EXPECT_EQ(verify(kill, kSet, kSet, kill, kSet | high), 0);  // less than wanted can be the runtime's own lack
    expect_mismatch(bench, verify(kSet, kSet, kSet, kill, kSet));
    expect_mismatch(bench, verify(kill, kill, kSet, kill, kSet));
    expect_mismatch(bench, verify(kill, kSet, 0, kill, kSet));
    expect_mismatch(bench, verify(kill, kSet, kSet, 0, kSet));
    expect_mismatch(bench, verify(kill, kSet, kSet, kSet, kSet));
    expect_mismatch(bench, verify(kill, kSet, kSet, kill, kill));
    expect_mismatch(bench, verify(kill | high, kSet, kSet, kill, kSet));
    expect_mismatch(bench, verify(kill, kSet | high, kSet, kill, kSet));
    expect_mismatch(bench, verify(kill, kSet, kSet | high, kill, kSet));
  });
}

// In a new user namespace, once its id maps are written.
void with_userns(const std::function<void(Bench&)>& child_body) {
  int pair[2], ready[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
  ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
  support::Forked child([&] {
    ::close(pair[1]);
    ASSERT_EQ(::unshare(CLONE_NEWUSER), 0);
    ASSERT_EQ(::write(ready[1], "u", 1), 1);
    EXPECT_EQ(hear(pair[0]).kind, MessageKind::kDescriptors);
    Bench bench;
    child_body(bench);
  });
  ::close(pair[0]);
  ::close(ready[1]);
  char byte;
  EXPECT_EQ(::read(ready[0], &byte, 1), 1);
  ::close(ready[0]);
  const std::string proc = "/proc/" + std::to_string(child.pid());
  for (const char* name : {"/uid_map", "/gid_map"}) {
    const int fd = ::open((proc + name).c_str(), O_WRONLY | O_CLOEXEC);
    EXPECT_EQ(::write(fd, "0 100000 1000\n", 14), 14) << name;
    ::close(fd);
  }
  say(pair[1], MessageKind::kDescriptors);
  ::close(pair[1]);
  EXPECT_EQ(child.wait(), 0);
}

using SetupIdentity = InitTest;

TEST_F(SetupIdentity, BecomesTheMappedUser) {
  with_userns([](Bench& bench) {
                auto op = bench.op();
                op.a = 5;
                op.b = 6;
                EXPECT_EQ(setup_identity(bench.ctx, op), 0);
                EXPECT_EQ(status_field("Uid"), "5\t5\t5\t5");
                EXPECT_EQ(status_field("Gid"), "6\t6\t6\t6");
                EXPECT_EQ(::prctl(PR_GET_DUMPABLE), 0);
              });
}

TEST_F(SetupIdentity, CannotBecomeAnUnmappedUser) {
  with_userns([](Bench& bench) {
                auto op = bench.op();
                op.a = 1000;
                EXPECT_EQ(setup_identity(bench.ctx, op), -EINVAL);
              });
}

}  // namespace
}  // namespace init
