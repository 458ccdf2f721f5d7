// The words for a failed op: what engines and people read, and what the tests of docker and podman match.
#include "launch/failure.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <cerrno>

namespace launch {
namespace {

using init::Message;
using init::MessageKind;

plan::LaunchPlan plan_of(plan::Op op, const char* because) {
  plan::LaunchPlan plan;
  plan.argv = {"app", "--serve"};
  plan.rootfs = "/bundle/rootfs";
  plan.fds.resize(4);
  plan.steps.push_back({plan::Keyring{}, "runtime"});
  plan.steps.push_back({std::move(op), because});
  return plan;
}

base::Error failure(const plan::LaunchPlan& plan, int err, std::uint32_t detail = 0) {
  return describe_failure(plan, Message{MessageKind::kFailure, 1, err, detail});
}

TEST(Failure, OfAProgramThatIsNotThere) {
  plan::LaunchPlan plan = plan_of(plan::FindExecutable{{"/usr/bin/app", "/bin/app"}}, "/process/args/0");
  EXPECT_EQ(failure(plan, ENOENT).message(), "exec: \"app\": executable file not found in $PATH");
  EXPECT_EQ(failure(plan, EACCES).message(), "exec: \"app\": permission denied");
  EXPECT_EQ(failure(plan, EISDIR).message(), "exec: \"app\": is a directory");
  EXPECT_EQ(failure(plan, EACCES).sys(), EACCES);
  plan.argv = {"/opt/app"};
  EXPECT_EQ(failure(plan, ENOENT).message(), "exec: \"/opt/app\": stat /opt/app: no such file or directory");
  // The index of the candidate is no Detail.
  EXPECT_EQ(failure(plan, EACCES, init::kMismatch).message(), "exec: \"/opt/app\": permission denied");
}

TEST(Failure, OfTheExecItself) {
  const plan::LaunchPlan plan = plan_of(plan::Exec{}, "/process/args");
  EXPECT_EQ(
      failure(plan, ENOENT, init::kExecFailed).message(),
      "exec \"app\": no such file or directory; hint: its interpreter (ELF or #!) is missing in the root file system");
  EXPECT_EQ(failure(plan, ENOEXEC, init::kExecFailed).message(),
            "exec \"app\": exec format error; hint: it is not a program for this machine, or a script without #!");
  EXPECT_EQ(failure(plan, EACCES, init::kExecFailed).message(), "exec \"app\": permission denied");
}

TEST(Failure, OfTheWorkingDirectory) {
  const plan::LaunchPlan plan = plan_of(plan::Chdir{"/no\nwhere", false}, "/process/cwd");
  EXPECT_EQ(failure(plan, ENOENT).message(),
            "chdir to cwd (\"/no\\nwhere\") set in config.json failed: no such file or directory");
}

TEST(Failure, BeforeInitWalksThePlan) {
  const auto early = [](int err, std::uint32_t detail) {
    return describe_failure({}, Message{MessageKind::kFailure, init::kNoOp, err, detail}).message();
  };
  EXPECT_EQ(early(EPERM, init::kNoCapabilities), "keep capabilities in user namespace: operation not permitted");
  EXPECT_EQ(early(EBADF, init::kNoDescriptors), "pass descriptors to init: bad file descriptor");
  EXPECT_EQ(early(ENOEXEC, init::kNoInit), "execute init: exec format error");
  EXPECT_EQ(early(EINVAL, init::kBadImage), "init: invalid argument");
}

TEST(Failure, OfANamespaceAndOfDescriptorsNamesTheLimit) {
  EXPECT_EQ(failure(plan_of(plan::Unshare{CLONE_NEWNET}, "/linux/namespaces/1"), ENOSPC).message(),
            "unshare network (/linux/namespaces/1): no space left on device; hint: a limit in /proc/sys/user is reached");
  EXPECT_EQ(failure(plan_of(plan::TakeDescriptors{}, "runtime"), EMFILE).message(),
            "descriptors take from the parent (runtime): too many open files; hint: the limit on open descriptors of this "
            "process is too low");
}

TEST(Failure, NamesTheStepAndItsReason) {
  const plan::LaunchPlan plan = plan_of(plan::Hostname{"web1"}, "/hostname");
  EXPECT_EQ(failure(plan, EPERM).message(), "hostname web1 (/hostname): operation not permitted");
  EXPECT_EQ(failure(plan, EPERM).sys(), EPERM);
  const plan::LaunchPlan bare = plan_of(plan::NoNewPrivs{}, "/process/noNewPrivileges");
  EXPECT_EQ(failure(bare, EINVAL).message(), "no-new-privs (/process/noNewPrivileges): invalid argument");
}

TEST(Failure, ExplainsWhereAMountMayNotLand) {
  const plan::LaunchPlan plan =
      plan_of(plan::Attach{plan::Slot{0}, "/data", "bind /srv", false, false, false, false, 0}, "/mounts/3");
  const auto hint = [&](int err, std::uint32_t detail) { return failure(plan, err, detail).hint_text(); };
  EXPECT_EQ(hint(EACCES, init::kTargetOnProc),
            "the path leads into /proc, where only files like /proc/cpuinfo may be replaced");
  EXPECT_EQ(hint(EBUSY, init::kTargetIsRoot), "the path leads to the root itself");
  EXPECT_EQ(hint(EROFS, 0), "the root file system is read-only and the path is not there yet");
  EXPECT_EQ(hint(ELOOP, 0), "a symbolic link is in the way, where none is followed");
  EXPECT_EQ(hint(EINVAL, 0), "a directory cannot be mounted on a file, nor a file on a directory");
  EXPECT_EQ(hint(EIO, 0), "");
  EXPECT_EQ(failure(plan, EIO).message(), "mount bind /srv on /data (/mounts/3): input/output error");
}

TEST(Failure, ExplainsAWrongNode) {
  const plan::LaunchPlan plan = plan_of(plan::Node{"/dev/null", 020666, 1ULL << 32 | 3, 0, 0}, "/linux/devices/0");
  EXPECT_EQ(failure(plan, EEXIST, init::kWrongNode).hint_text(),
            "something else is in its place in the root file system");
}

TEST(Failure, NamesTheOptionOfAFileSystem) {
  const plan::LaunchPlan plan =
      plan_of(plan::NewMount{plan::Slot{0}, "tmpfs", {"a=1", "b", "c", "d", "e=\x1b[31m"}, 0}, "/mounts/1");
  // None of these numbers is taken for a Detail.
  const char* names[] = {"a=1", "b", "c", "d", "e=\\x1b[31m"};
  for (std::uint32_t option = 1; option <= 5; ++option) {
    const base::Error error = failure(plan, EINVAL, option);
    EXPECT_EQ(error.kind(), base::Kind::kSystem);
    EXPECT_NE(error.message().find("filesystem tmpfs a=1,b,c,d,"), std::string::npos) << error.message();
    EXPECT_NE(error.message().find("(/mounts/1): invalid argument"), std::string::npos) << error.message();
    EXPECT_EQ(error.hint_text(), std::string("its option \"") + names[option - 1] + "\" is refused by the kernel");
  }
  EXPECT_EQ(failure(plan, EINVAL, 0).hint_text(), "");
  EXPECT_EQ(failure(plan, EINVAL, 6).hint_text(), "");
  EXPECT_EQ(failure(plan, ENODEV, 0).hint_text(), "this kernel has no such file system");
  EXPECT_EQ(failure(plan, ENOSPC, 0).hint_text(), "a limit on mounts or their memory is reached");
  EXPECT_NE(failure(plan, EPERM, 0).hint_text(), "");
}

TEST(Failure, ExplainsAPivotOnAnInitramfs) {
  const plan::LaunchPlan plan = plan_of(plan::Pivot{plan::Slot{0}, false}, "/root/path");
  EXPECT_NE(failure(plan, EINVAL).hint_text().find("--no-pivot"), std::string::npos);
  EXPECT_EQ(failure(plan, EPERM).hint_text(), "");
}

TEST(Failure, OfAVerificationIsItsOwnKind) {
  const plan::LaunchPlan plan = plan_of(plan::VerifyMask{"/proc/kcore"}, "/linux/maskedPaths/2");
  const base::Error error = failure(plan, EPERM, init::kMismatch);
  EXPECT_EQ(error.kind(), base::Kind::kUnsupported);
  EXPECT_EQ(
      error.message(),
      "verification failed: verify mask /proc/kcore (/linux/maskedPaths/2): what is in force differs from the plan");
}

TEST(Failure, OutsideOfAnyStep) {
  const plan::LaunchPlan plan = plan_of(plan::Exec{}, "/process/args");
  for (const std::uint32_t op : {2U, init::kNoOp}) {
    const Message message{MessageKind::kFailure, op, EINVAL, init::kBadImage};
    EXPECT_EQ(describe_failure(plan, message).message(), "init: invalid argument");
    EXPECT_EQ(describe_warning(plan, message), "invalid argument");
  }
}

TEST(Warning, SaysWhatWasNotDone) {
  oci::Rlimit limit;
  limit.type = "RLIMIT_NOFILE";
  limit.soft = 1000;
  limit.hard = 2000;
  const plan::LaunchPlan clamped = plan_of(plan::SetRlimit{limit}, "/process/rlimits/0");
  EXPECT_EQ(
      describe_warning(clamped, Message{MessageKind::kWarning, 1, EPERM, init::kClamped}),
      "rlimit RLIMIT_NOFILE 1000:2000 (/process/rlimits/0): above the hard limit of this process, which it may not "
      "raise; lowered to that");
  const plan::LaunchPlan ignored = plan_of(plan::Loopback{}, "runtime: new network namespace");
  EXPECT_EQ(describe_warning(ignored, Message{MessageKind::kWarning, 1, EPERM, 0}),
            "network lo up (runtime: new network namespace): operation not permitted");
}

}  // namespace
}  // namespace launch
