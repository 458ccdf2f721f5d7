#include "oci/names.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

#include <cstring>
#include <set>

namespace {

TEST(Names, CapabilitiesByEverySpelling) {
  EXPECT_EQ(oci::capability_number("CAP_CHOWN"), 0);
  EXPECT_EQ(oci::capability_number("net_raw"), 13);
  EXPECT_EQ(oci::capability_number("cap_Sys_Admin"), 21);
  EXPECT_EQ(oci::capability_number("CAP_CHECKPOINT_RESTORE"), 40);
  EXPECT_FALSE(oci::capability_number("CAP_").has_value());
  EXPECT_FALSE(oci::capability_number("").has_value());
  EXPECT_FALSE(oci::capability_number("CAP_CAP_KILL").has_value());
  EXPECT_FALSE(oci::capability_number("ALL").has_value());
}

TEST(Names, EveryCapabilityHasOneName) {
  std::set<std::string_view> seen;
  for (int n = 0; n <= 40; ++n) {
    const auto name = oci::capability_name(n);
    EXPECT_EQ(oci::capability_number(name), n);
    EXPECT_TRUE(seen.insert(name).second) << name;
  }
  EXPECT_EQ(oci::capability_name(41), "");
  EXPECT_EQ(oci::capability_name(-1), "");
  EXPECT_EQ(oci::capability_list(oci::kAllCaps).size(), 41U);
  EXPECT_EQ(oci::capability_list(1U << 5 | 1U), (std::vector<std::string>{"CAP_CHOWN", "CAP_KILL"}));
}

TEST(Names, Namespaces) {
  EXPECT_EQ(oci::namespace_type("mount"), std::uint64_t{CLONE_NEWNS});
  EXPECT_EQ(oci::namespace_type("network"), std::uint64_t{CLONE_NEWNET});
  EXPECT_EQ(oci::namespace_type("time"), std::uint64_t{CLONE_NEWTIME});
  EXPECT_FALSE(oci::namespace_type("net").has_value());
  EXPECT_FALSE(oci::namespace_type("Pid").has_value());
  EXPECT_EQ(oci::namespace_name(CLONE_NEWCGROUP), "cgroup");
  std::uint64_t all = 0;
  for (const auto& [name, type] : oci::namespace_types()) {
    EXPECT_EQ(all & type, 0U) << name;
    all |= type;
  }
}

TEST(Names, RlimitsAreAllOfTheKernels) {
  std::set<int> seen;
  for (const auto& [name, number] : oci::rlimit_types()) seen.insert(number);
  for (int n = 0; n < RLIM_NLIMITS; ++n) EXPECT_TRUE(seen.contains(n)) << n;
  EXPECT_EQ(oci::rlimit_type("RLIMIT_NOFILE"), int{RLIMIT_NOFILE});
  EXPECT_FALSE(oci::rlimit_type("NOFILE").has_value());
}

TEST(Names, SignalsByNumberAndName) {
  EXPECT_EQ(oci::parse_signal("9").value(), 9);
  EXPECT_EQ(oci::parse_signal("0").value(), 0);
  EXPECT_EQ(oci::parse_signal("64").value(), 64);
  EXPECT_EQ(oci::parse_signal("SIGTERM").value(), SIGTERM);
  EXPECT_EQ(oci::parse_signal("term").value(), SIGTERM);
  EXPECT_EQ(oci::parse_signal("sigUsr1").value(), SIGUSR1);
  EXPECT_EQ(oci::parse_signal("CLD").value(), SIGCHLD);
  EXPECT_EQ(oci::parse_signal("RTMIN").value(), 34);
  EXPECT_EQ(oci::parse_signal("SIGRTMIN+3").value(), 37);
  EXPECT_EQ(oci::parse_signal("rtmax-14").value(), 50);
  EXPECT_EQ(oci::parse_signal("RTMAX").value(), 64);
}

TEST(Names, UnknownSignalsAreRefusedInRuncsWords) {
  EXPECT_EQ(oci::parse_signal("BOGUS").error().message(), "unknown signal \"BOGUS\"");
  EXPECT_EQ(oci::parse_signal("BOGUS").error().kind(), base::Kind::kUsage);
  for (const auto* bad : {"", "65", "-9", "SIG", "SIGSIGTERM", "9 ", "+9", "RTMIN-1", "RTMIN+31", "RTMAX+1", "RTMIN+",
                          "99999999999999999999"})
    EXPECT_FALSE(oci::parse_signal(bad).has_value()) << bad;
}

TEST(Names, EverySignalOfTheSystemIsKnownByItsOwnName) {
  for (int n = 1; n <= 31; ++n) {
    const char* abbreviation = sigabbrev_np(n);
    ASSERT_NE(abbreviation, nullptr) << n;
    // signal(7) has two names for 29; glibc prefers POLL, kill(1) and runc IO.
    EXPECT_EQ(oci::signal_name(n), n == SIGIO ? "SIGIO" : std::string("SIG") + abbreviation);
    EXPECT_EQ(oci::parse_signal(abbreviation).value(), n);
  }
  EXPECT_EQ(oci::signal_name(34), "SIGRTMIN");
  EXPECT_EQ(oci::signal_name(37), "SIGRTMIN+3");
  EXPECT_EQ(oci::signal_name(32), "32");
}

TEST(Names, SeccompBothWays) {
  for (const auto& [name, action] : oci::seccomp_actions())
    if (name != "SCMP_ACT_KILL") {
      EXPECT_EQ(oci::seccomp_action_name(action), name);
    }
  EXPECT_EQ(oci::seccomp_action("SCMP_ACT_KILL"), oci::SeccompAction::kKillThread);
  EXPECT_EQ(oci::seccomp_action_name(oci::SeccompAction::kKillThread), "SCMP_ACT_KILL_THREAD");
  for (const auto& [name, op] : oci::seccomp_operators()) EXPECT_EQ(oci::seccomp_operator_name(op), name);
  EXPECT_EQ(oci::seccomp_flag("SECCOMP_FILTER_FLAG_LOG"), 2U);
  EXPECT_FALSE(oci::seccomp_flag("SECCOMP_FILTER_FLAG_NEW_LISTENER").has_value());
  EXPECT_EQ(oci::seccomp_architectures().size(), 23U);
}

}  // namespace
