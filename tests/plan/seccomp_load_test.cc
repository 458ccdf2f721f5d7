// The programs in the running kernel: each in a child of its own, which loads it and tries.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "plan/seccomp_program.h"
#include "plan/syscall_names.h"

namespace plan {
namespace {

constexpr int kCannotLoad = 120;

// Loads the program and runs `body` in a child; its wait status.
template <typename Body>
int in_child(const SeccompProgram& program, const Body& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    const sock_fprog filter{static_cast<unsigned short>(program.code.size()),
                            const_cast<sock_filter*>(program.code.data())};  // NOLINT: the kernel only reads
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, program.flags, &filter) != 0)
      ::syscall(SYS_exit_group, kCannotLoad);
    ::syscall(SYS_exit_group, body());
  }
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

// The errno of a call under the program, 0 if it succeeded.
template <typename... Args>
int errno_of(const SeccompProgram& program, long number, Args... args) {
  const int status = in_child(program, [&] {
    errno = 0;
    return ::syscall(number, args...) < 0 ? errno : 0;
  });
  EXPECT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
  return WEXITSTATUS(status);
}

policy::SeccompPolicy policy() {
  policy::SeccompPolicy out;
  out.allow = {"exit_group", "getpid", "close", "write", "umask"};
  out.conditional = {{"clone", {{{0, 0x7e020000, {0}}}}, EPERM},
                     {"socket", {{{0, 0xffffffff, {AF_UNIX, AF_INET}}, {1, 0xf, {1, 2}}}}, EAFNOSUPPORT}};
  out.errnos = {{"mount", EPERM}};
  return out;
}

SeccompProgram built(const oci::Seccomp* request, const policy::SeccompPolicy* wanted) {
  auto program = build_seccomp(request, wanted);
  EXPECT_TRUE(program) << program.error().message();
  return program ? *program : SeccompProgram{};
}

TEST(SeccompLoad, ThePolicysListHolds) {
  const auto wanted = policy();
  const auto program = built(nullptr, &wanted);
  EXPECT_EQ(errno_of(program, SYS_getpid), 0);
  EXPECT_EQ(errno_of(program, SYS_getppid), ENOSYS);
  EXPECT_EQ(errno_of(program, 999), ENOSYS);
  EXPECT_EQ(errno_of(program, SYS_mount, 0, 0, 0, 0, 0), EPERM);
  EXPECT_EQ(errno_of(program, SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0), EPERM);
  EXPECT_EQ(errno_of(program, SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 0);
  EXPECT_EQ(errno_of(program, SYS_socket, AF_VSOCK, SOCK_STREAM, 0), EAFNOSUPPORT);
  EXPECT_EQ(errno_of(program, SYS_socket, AF_INET, SOCK_RAW, 1), EAFNOSUPPORT);
}

// The kernel cuts the domain to 32 bits, so a filter that looks at 64 could be walked around.
TEST(SeccompLoad, ADirtyHighWordOpensNothing) {
  const auto wanted = policy();
  const auto program = built(nullptr, &wanted);
  const long dirt = 1L << 32;
  EXPECT_EQ(errno_of(program, SYS_socket, dirt | AF_VSOCK, SOCK_STREAM, 0), EAFNOSUPPORT);
  EXPECT_EQ(errno_of(program, SYS_socket, dirt | AF_ALG, 5, 0), EAFNOSUPPORT);
  EXPECT_EQ(errno_of(program, SYS_socket, dirt | AF_UNIX, SOCK_STREAM, 0), 0);
}

#if defined(__x86_64__)
int killed_by(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }

long i386_getpid() {
  long result = 20;  // __NR_getpid of i386
  asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
  return result;
}

TEST(SeccompLoad, OtherEntriesToTheKernelKill) {
  const auto wanted = policy();
  const auto program = built(nullptr, &wanted);
  EXPECT_EQ(killed_by(in_child(program, [] { return ::syscall(kX32Bit | 39) > 0 ? 1 : 2; })), SIGSYS);
  const pid_t probe = ::fork();
  if (probe == 0) ::_exit(i386_getpid() > 0 ? 0 : 1);
  int status = 0;
  ASSERT_EQ(::waitpid(probe, &status, 0), probe);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) GTEST_SKIP() << "this kernel has no i386 entry";
  EXPECT_EQ(killed_by(in_child(program, [] { return i386_getpid() > 0 ? 1 : 2; })), SIGSYS);
}
#endif

oci::Seccomp deny_list() {
  oci::Seccomp request;
  request.default_action = oci::SeccompAction::kAllow;
  request.syscalls = {
      {{"getpid"}, oci::SeccompAction::kErrno, 77, {}},
      {{"umask"}, oci::SeccompAction::kErrno, 78, {{0, std::uint64_t{1} << 32 | 5, 0, oci::SeccompOperator::kGe}}}};
  return request;
}

TEST(SeccompLoad, TheRequestHoldsAlone) {
  const auto request = deny_list();
  const auto program = built(&request, nullptr);
  EXPECT_EQ(program.flags, SECCOMP_FILTER_FLAG_SPEC_ALLOW);
  EXPECT_EQ(errno_of(program, SYS_getpid), 77);
  EXPECT_EQ(errno_of(program, SYS_getppid), 0);
  EXPECT_EQ(errno_of(program, SYS_umask, (1L << 32) | 4), 0);
  EXPECT_EQ(errno_of(program, SYS_umask, (1L << 32) | 5), 78);
  EXPECT_EQ(errno_of(program, SYS_umask, 7L), 0);
}

TEST(SeccompLoad, BothHoldTogether) {
  const auto request = deny_list();
  const auto wanted = policy();
  const auto program = built(&request, &wanted);
  EXPECT_EQ(errno_of(program, SYS_getpid), 77);
  EXPECT_EQ(errno_of(program, SYS_getppid), ENOSYS);
  EXPECT_EQ(errno_of(program, SYS_umask, (1L << 32) | 5), 78);
  EXPECT_EQ(errno_of(program, SYS_umask, 7L), 0);
  EXPECT_EQ(errno_of(program, SYS_socket, AF_VSOCK, SOCK_STREAM, 0), EAFNOSUPPORT);
}

// That the filter is what stops the calls: without it they get through, or fail differently.
TEST(SeccompLoad, WithoutItTheCallsGoThrough) {
  oci::Seccomp request;
  request.default_action = oci::SeccompAction::kAllow;
  const auto program = built(&request, nullptr);
  EXPECT_EQ(errno_of(program, SYS_getppid), 0);
  EXPECT_NE(errno_of(program, SYS_mount, 0, 0, 0, 0, 0), ENOSYS);
  EXPECT_EQ(errno_of(program, SYS_umask, (1L << 32) | 5), 0);
}

}  // namespace
}  // namespace plan
