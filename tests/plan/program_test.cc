// A program of the runtime's own in place of the container's: how it gets in, and that nothing else changes.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>

#include "plan/builder.h"
#include "plan/encode.h"
#include "plan/image.h"
#include "plan/print.h"
#include "plan/seccomp_answer.h"
#include "samples.h"

namespace {

base::Result<plan::LaunchPlan> own_program(oci::Spec spec, const char* policy) {
  auto options = samples::options();
  options.program = "/usr/libexec/bulkhead/probe";
  return plan::plan_create(samples::hardened(std::move(spec), policy).hardened, samples::facts(), options);
}

const plan::Exec& exec_of(const plan::LaunchPlan& p) { return std::get<plan::Exec>(p.steps.back().op); }

oci::Spec denying(std::vector<std::string> names, oci::SeccompAction action = oci::SeccompAction::kErrno) {
  oci::Spec spec = samples::minimal();
  spec.linux.seccomp.emplace();
  spec.linux.seccomp->default_action = oci::SeccompAction::kAllow;
  spec.linux.seccomp->syscalls.push_back({std::move(names), action, {}, {}});
  return spec;
}

TEST(OwnProgram, ComesAsADescriptor) {
  for (const char* policy : {"faas", "passthrough"}) {
    const auto p = own_program(samples::spec("docker"), policy).value();
    ASSERT_TRUE(exec_of(p).program.valid());
    EXPECT_FALSE(exec_of(p).by_path);
    const auto& source = p.fds[static_cast<std::size_t>(exec_of(p).program.index)].source;
    EXPECT_EQ(std::get<plan::ProgramFile>(source).path, "/usr/libexec/bulkhead/probe");
    EXPECT_EQ(p.argv, std::vector<std::string>{"probe"});
    EXPECT_EQ(plan::describe(p.steps.back(), p).detail, "probe by descriptor");
  }
}

TEST(OwnProgram, ChangesNothingElse) {
  for (const char* policy : {"faas", "passthrough"}) {
    const auto outcome = samples::hardened(samples::spec("docker"), policy);
    auto usual = samples::plan_of(outcome);
    auto p = own_program(samples::spec("docker"), policy).value();
    std::erase_if(usual.steps, [](const plan::Step& s) { return std::holds_alternative<plan::FindExecutable>(s.op); });
    ASSERT_EQ(p.steps.size(), usual.steps.size());
    for (std::size_t i = 0; i + 1 < p.steps.size(); ++i) {
      EXPECT_EQ(plan::describe(p.steps[i], p).name, plan::describe(usual.steps[i], usual).name);
      EXPECT_EQ(plan::describe(p.steps[i], p).detail, plan::describe(usual.steps[i], usual).detail);
    }
    EXPECT_EQ(p.envp, usual.envp);
    ASSERT_EQ(p.seccomp.code.size(), usual.seccomp.code.size());
    EXPECT_TRUE(std::equal(p.seccomp.code.begin(), p.seccomp.code.end(), usual.seccomp.code.begin(),
                           [](const sock_filter& a, const sock_filter& b) { return a.code == b.code && a.k == b.k; }));
  }
}

TEST(OwnProgram, UnderAFilterWithoutExecveatIsExecutedByWayOfProc) {
  const auto p = own_program(denying({"execveat"}), "passthrough").value();
  EXPECT_TRUE(exec_of(p).by_path);
  EXPECT_EQ(plan::describe(p.steps.back(), p).detail, "probe by /proc/self/fd");
}

TEST(OwnProgram, IsRefusedRatherThanTheFilterWidened) {
  oci::Spec without_proc = denying({"execveat"});
  without_proc.mounts.clear();
  for (const auto& spec : {denying({"execveat", "execve"}), without_proc,
                           denying({"execveat", "execve"}, oci::SeccompAction::kKillProcess)}) {
    const auto refused = own_program(spec, "passthrough");
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind(), base::Kind::kUnsupported);
    EXPECT_NE(refused.error().message().find("the seccomp filter refuses execveat(2)"), std::string::npos);
  }
}

TEST(OwnProgram, IsInTheImage) {
  for (const bool by_path : {false, true}) {
    const auto p = own_program(by_path ? denying({"execveat"}) : samples::minimal(), "passthrough").value();
    std::string text = plan::encode(p).value();
    std::vector<std::uint64_t> bytes((text.size() + 7) / 8);
    std::copy(text.begin(), text.end(), reinterpret_cast<char*>(bytes.data()));
    plan::image::View view{};
    ASSERT_TRUE(plan::image::check_image(bytes.data(), text.size(), view));
    const auto& op = view.ops[view.header->op_count - 1];
    EXPECT_EQ(op.kind, plan::image::OpKind::kExec);
    EXPECT_EQ(op.slot, exec_of(p).program.index);
    EXPECT_EQ((op.flags & plan::image::kByPath) != 0, by_path);
  }
}

TEST(SeccompAnswer, IsTheFilters) {
  const auto p = own_program(denying({"ptrace"}), "passthrough").value();
  using plan::kNativeAbi;
  EXPECT_EQ(plan::seccomp_answer(p.seccomp, kNativeAbi, SYS_ptrace, {}), SECCOMP_RET_ERRNO | EPERM);
  EXPECT_FALSE(plan::passes(SECCOMP_RET_ERRNO));
  EXPECT_TRUE(plan::passes(plan::seccomp_answer(p.seccomp, kNativeAbi, SYS_getpid, {})));
  EXPECT_EQ(plan::seccomp_answer({}, kNativeAbi, SYS_ptrace, {}), SECCOMP_RET_ALLOW);
  const plan::SeccompProgram broken{{{0xffff, 0, 0, 0}}, 0, {}};
  EXPECT_EQ(plan::seccomp_answer(broken, kNativeAbi, SYS_getpid, {}), SECCOMP_RET_KILL_PROCESS);
}

TEST(SeccompAnswer, LooksAtAll64BitsOfAnArgument) {
  oci::Spec spec = denying({"personality"});
  spec.linux.seccomp->syscalls[0].args.push_back({0, (1ULL << 32) | 8, 0, oci::SeccompOperator::kEq});
  const auto p = own_program(spec, "passthrough").value();
  const auto answer = [&](std::uint64_t arg) {
    return plan::seccomp_answer(p.seccomp, plan::kNativeAbi, SYS_personality, {{arg}});
  };
  EXPECT_EQ(answer((1ULL << 32) | 8), SECCOMP_RET_ERRNO | EPERM);
  EXPECT_EQ(answer(8), SECCOMP_RET_ALLOW);
}

}  // namespace
