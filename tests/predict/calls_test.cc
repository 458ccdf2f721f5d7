// Predictions of system calls and sockets: first the filter's word, then the kernel's for these capabilities.

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sys/socket.h>

#include <cerrno>

#include "tests/predict/samples.h"

namespace {

using predict_samples::add_namespace;
using predict_samples::expectations;
using predict_samples::row;
using predict_samples::wide_open;
using predict_samples::word;

oci::Spec filtered(oci::SeccompAction action, std::vector<std::string> names, std::optional<std::uint32_t> err = {}) {
  oci::Spec spec = wide_open();
  spec.linux.seccomp.emplace();
  spec.linux.seccomp->default_action = oci::SeccompAction::kAllow;
  spec.linux.seccomp->syscalls.push_back({std::move(names), action, err, {}});
  return spec;
}

TEST(Calls, WideOpenEverythingIsPossible) {
  const auto rows = expectations(wide_open());
  EXPECT_EQ(word(rows, "attempts.mount"), "ENODEV");  // past the rights: there is no such file system
  EXPECT_EQ(word(rows, "attempts.fsopen"), "ok");
  EXPECT_EQ(word(rows, "attempts.unshare_mount"), "ok");
  EXPECT_EQ(word(rows, "attempts.chroot"), "ok");
  EXPECT_EQ(word(rows, "attempts.settimeofday"), "ok");
  EXPECT_EQ(word(rows, "attempts.setuid_0"), "ok");
  EXPECT_EQ(word(rows, "sockets.inet_raw"), "ok");
  EXPECT_EQ(row(rows, "attempts.fsopen").because, "not filtered, and has CAP_SYS_ADMIN");
}

TEST(Calls, WithoutCapabilitiesTheKernelRefuses) {
  oci::Spec spec = samples::minimal();
  spec.process->user.uid = 1000;
  const auto rows = expectations(spec);
  for (const char* call : {"mount", "fsopen", "unshare_net", "chroot", "reboot", "setuid_0", "settimeofday",
                           "sethostname", "setns", "core_limit", "realtime"}) {
    EXPECT_EQ(word(rows, std::string("attempts.") + call), "EPERM") << call;
  }
  EXPECT_EQ(row(rows, "attempts.mount").because, "no CAP_SYS_ADMIN");
  EXPECT_EQ(word(rows, "sockets.inet_raw"), "EPERM");
  EXPECT_EQ(word(rows, "sockets.packet"), "EPERM|EAFNOSUPPORT");
  EXPECT_EQ(word(rows, "attempts.unshare_user"), "ok");
  EXPECT_EQ(word(rows, "attempts.syslog"), "EPERM");
}

TEST(Calls, InAUserNamespaceNothingIsOverTheHost) {
  oci::Spec spec = wide_open();
  add_namespace(spec, CLONE_NEWUSER);
  spec.linux.uid_mappings = spec.linux.gid_mappings = {{0, 100000, 1000}};
  const auto rows = expectations(spec);
  EXPECT_EQ(word(rows, "attempts.fsopen"), "ok");
  EXPECT_EQ(word(rows, "attempts.settimeofday"), "EPERM");
  EXPECT_EQ(row(rows, "attempts.settimeofday").because, "CAP_SYS_TIME is not over the host");
  EXPECT_EQ(word(rows, "attempts.sethostname"), "EPERM");  // the host's uts namespace
  EXPECT_EQ(word(rows, "sockets.inet_raw"), "EPERM");      // and its network
  add_namespace(spec, CLONE_NEWUTS);
  add_namespace(spec, CLONE_NEWNET);
  const auto own = expectations(spec);
  EXPECT_EQ(word(own, "attempts.sethostname"), "ok");
  EXPECT_EQ(word(own, "sockets.inet_raw"), "ok");
}

TEST(Calls, TheFiltersWordComesFirst) {
  using oci::SeccompAction;
  EXPECT_EQ(word(expectations(filtered(SeccompAction::kErrno, {"chroot"}, EXDEV)), "attempts.chroot"), "EXDEV");
  EXPECT_EQ(word(expectations(filtered(SeccompAction::kErrno, {"chroot"}, 0)), "attempts.chroot"), "ok");
  EXPECT_EQ(word(expectations(filtered(SeccompAction::kKillProcess, {"chroot"})), "attempts.chroot"), "SIGSYS");
  EXPECT_EQ(word(expectations(filtered(SeccompAction::kKillThread, {"chroot"})), "attempts.chroot"), "SIGSYS");
  EXPECT_EQ(word(expectations(filtered(SeccompAction::kTrap, {"chroot"})), "attempts.chroot"), "SIGSYS");
  EXPECT_EQ(word(expectations(filtered(SeccompAction::kTrace, {"chroot"})), "attempts.chroot"), "ENOSYS");
  const auto rows = expectations(filtered(SeccompAction::kLog, {"chroot"}));
  EXPECT_EQ(word(rows, "attempts.chroot"), "ok");
  EXPECT_EQ(row(expectations(filtered(SeccompAction::kErrno, {"chroot"})), "attempts.chroot").because,
            "seccomp filter");
}

TEST(Calls, OfSeveralCallsTheFirstRefusalCounts) {
  using oci::SeccompAction;
  EXPECT_EQ(
      word(expectations(filtered(SeccompAction::kErrno, {"name_to_handle_at"}, EXDEV)), "attempts.open_by_handle_at"),
      "EXDEV");
  EXPECT_EQ(word(expectations(filtered(SeccompAction::kErrno, {"memfd_create"}, EXDEV)), "attempts.exec_memfd"),
            "EXDEV");
  EXPECT_EQ(word(expectations(filtered(SeccompAction::kErrno, {"pidfd_open"}, EXDEV)), "attempts.pidfd_getfd"),
            "EBADF");
  EXPECT_EQ(word(expectations(filtered(SeccompAction::kKillProcess, {"pidfd_open"})), "attempts.pidfd_getfd"),
            "SIGSYS");
}

// The bug of filters that compare all 64 bits: the prediction is of the call that is made, dirty bits and all.
TEST(Calls, ArgumentsAreThoseOfTheAttempt) {
  oci::Spec spec = filtered(oci::SeccompAction::kErrno, {"socket"}, EXDEV);
  spec.linux.seccomp->syscalls[0].args.push_back({0, AF_VSOCK, 0, oci::SeccompOperator::kEq});
  const auto rows = expectations(spec);
  EXPECT_EQ(word(rows, "sockets.vsock"), "EXDEV");
  EXPECT_EQ(word(rows, "sockets.vsock_dirty"), "ok|EAFNOSUPPORT");
  EXPECT_EQ(word(rows, "sockets.unix"), "ok");
  EXPECT_EQ(word(expectations(samples::spec("docker"), "faas"), "sockets.vsock_dirty"), "EAFNOSUPPORT");
}

TEST(Calls, UnderFaas) {
  const auto rows = expectations(samples::spec("runc-spec"), "faas");
  EXPECT_EQ(word(rows, "attempts.mount"), "EPERM");
  EXPECT_EQ(word(rows, "attempts.clone_user"), "EPERM");
  EXPECT_EQ(word(rows, "attempts.clone3"), "ENOSYS");
  EXPECT_EQ(word(rows, "attempts.io_uring_setup"), "ENOSYS");
  EXPECT_EQ(word(rows, "attempts.int80"), "SIGSYS");
  EXPECT_EQ(word(rows, "attempts.x32"), "SIGSYS");
  EXPECT_EQ(word(rows, "sockets.mptcp"), "EAFNOSUPPORT");
  EXPECT_EQ(word(rows, "attempts.getpid"), "ok");
  EXPECT_EQ(word(rows, "capabilities.securebits"), "239");  // all but no-keep-caps itself, and all locks
  EXPECT_EQ(word(rows, "attempts.exec_memfd"), "EACCES");
  EXPECT_EQ(word(rows, "attempts.mprotect_x"), "ok");
  const auto go = expectations(samples::spec("runc-spec"), "faas-python");
  EXPECT_EQ(word(go, "attempts.mmap_wx"), "EACCES");
  EXPECT_EQ(word(go, "attempts.mprotect_x"), "EACCES");
}

TEST(Calls, SettingsOfTheHostCount) {
  predict::Host host = predict_samples::host();
  host.sysctls = {{"user/max_user_namespaces", "0"},    {"kernel/dmesg_restrict", "0"},
                  {"kernel/yama/ptrace_scope", "3"},    {"kernel/io_uring_disabled", "2"},
                  {"vm/unprivileged_userfaultfd", "1"}, {"vm/memfd_noexec", "1"},
                  {"kernel/perf_event_paranoid", "1"}};
  oci::Spec spec = samples::minimal();
  const auto rows = expectations(predict_samples::made(spec, "passthrough", host));
  EXPECT_EQ(word(rows, "attempts.unshare_user"), "ENOSPC");
  EXPECT_EQ(word(rows, "attempts.clone_user"), "ENOSPC");
  EXPECT_EQ(word(rows, "attempts.clone_user"), "ENOSPC");
  EXPECT_EQ(word(rows, "attempts.syslog"), "ok");
  EXPECT_EQ(word(rows, "attempts.ptrace"), "EPERM");
  EXPECT_EQ(word(rows, "attempts.ptrace_child"), "EPERM");
  EXPECT_EQ(word(rows, "attempts.io_uring_setup"), "EPERM|ENOSYS");
  EXPECT_EQ(word(rows, "attempts.userfaultfd"), "ok|ENOSYS");
  EXPECT_EQ(word(rows, "attempts.exec_memfd"), "EACCES");
  EXPECT_EQ(word(rows, "attempts.perf_event_open"), "ok|ENOSYS|ENOENT");
}

TEST(Calls, AProfileOfASecurityModuleMayRefuseMore) {
  oci::Spec spec = wide_open();
  spec.process->apparmor_profile = "container-default";
  EXPECT_EQ(word(expectations(spec), "attempts.mount"), "ENODEV|EACCES|EPERM");
  EXPECT_EQ(word(expectations(spec), "uid"), "0 0 0");
  spec.process->capabilities.reset();
  EXPECT_EQ(word(expectations(spec), "attempts.mount"), "EPERM|EACCES|ENODEV") << "it looks first";
  spec.process->capabilities = wide_open().process->capabilities;
  spec.process->apparmor_profile = "unconfined";
  EXPECT_EQ(word(expectations(spec), "attempts.mount"), "ENODEV");
}

TEST(Calls, TheIdsOfAUserNamespaceThatIsJoinedAreNotKnown) {
  oci::Spec spec = wide_open();
  spec.process->user.uid = 5;
  add_namespace(spec, CLONE_NEWUSER, "/run/userns");
  EXPECT_EQ(word(expectations(spec), "attempts.setuid_0"), "ok|EINVAL");
  EXPECT_EQ(word(expectations(spec), "in./.chown"), "ok|EACCES|EINVAL");
}

TEST(Calls, AnAgentsAnswersAreNotPredicted) {
  oci::Spec spec = filtered(oci::SeccompAction::kNotify, {"chroot"});
  spec.linux.seccomp->listener_path = "/run/agent.sock";
  const auto from = predict_samples::made(spec);
  const auto rows = predict::predict(from.outcome.hardened, from.plan, from.host);
  ASSERT_FALSE(rows.has_value());
  EXPECT_EQ(rows.error().kind(), base::Kind::kUnsupported);
}

}  // namespace
