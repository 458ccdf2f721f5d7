// The real init, started as a container's: from the clone to the program's exit status.
#include "launch/carrier.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <memory>

#include "base/text.h"
#include "init/protocol.h"
#include "kernel/memfd.h"
#include "launch/failure.h"
#include "launch/init_program.h"
#include "launch/sources.h"
#include "plan/encode.h"
#include "tests/support/in_child.h"

namespace launch {
namespace {

using init::Message;
using init::MessageKind;

// A plan that ends as every plan does, around the host's shell.
plan::LaunchPlan shell(const std::string& command) {
  plan::LaunchPlan plan;
  plan.argv = {"sh", "-c", command};
  plan.envp = {"PATH=/usr/bin:/bin"};
  plan.steps.push_back({plan::FindExecutable{{"/no/such/sh", "/bin/sh"}}, "/process/args/0"});
  plan.steps.push_back({plan::Ready{}, "runtime"});
  plan.steps.push_back({plan::CloseFds{3}, "runtime"});
  plan.steps.push_back({plan::Exec{}, "/process/args"});
  return plan;
}

class Carrier : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: clones into new namespaces";
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    report_.reset(pair[0]);
    child_.reset(pair[1]);
    program_ = memfd(init_program, true);
  }

  static base::UniqueFd memfd(std::string_view content, bool executable) {
    auto fd = kernel::sealed_memfd("test", content, executable);
    EXPECT_TRUE(fd.has_value());
    return fd ? std::move(*fd) : base::UniqueFd();
  }

  // What the child uses of this process lives as long as the test.
  base::Result<kernel::PidFd> start(const plan::LaunchPlan& plan, CarrierRequest request = {}) {
    auto image = plan::encode(plan);
    EXPECT_TRUE(image.has_value());
    return start_image(*image, std::move(request));
  }
  base::Result<kernel::PidFd> start_image(const std::string& image, CarrierRequest request = {}) {
    const base::UniqueFd image_fd = memfd(image, false);
    if (request.init_fd < 0) request.init_fd = program_.get();
    request.report_fd = child_.get();
    auto carried = start_init(request);
    child_.reset();
    if (!carried) return std::move(carried).error();
    const bool sent = send_plan(report_.get(), image_fd.get()).has_value();
    EXPECT_TRUE(sent || ends_early_);
    memory_ = std::move(carried->memory);
    return std::move(carried->process);
  }

  Message hear() const {
    Message message{};
    EXPECT_EQ(receive(&message, sizeof(message)), static_cast<ssize_t>(sizeof(message)));
    return message;
  }
  bool hears_end() const {
    char byte;
    return receive(&byte, 1) == 0;
  }
  // ECONNRESET, once: it went without reading its plan.
  ssize_t receive(void* data, std::size_t size) const {
    const ssize_t n = ::recv(report_.get(), data, size, 0);
    return n < 0 && errno == ECONNRESET ? ::recv(report_.get(), data, size, 0) : n;
  }
  void say(MessageKind kind) const {
    const Message message{kind, init::kNoOp, 0, 0};
    EXPECT_EQ(::send(report_.get(), &message, sizeof(message), MSG_NOSIGNAL), static_cast<ssize_t>(sizeof(message)));
  }
  static int status(const kernel::PidFd& process) {
    const auto exit = process.reap();
    EXPECT_TRUE(exit.has_value());
    return exit ? exit->shell_code() : -1;
  }
  // Lets it run and returns its exit status.
  int run(const kernel::PidFd& process) const {
    EXPECT_EQ(hear().kind, MessageKind::kReady);
    say(MessageKind::kStart);
    EXPECT_TRUE(hears_end());
    return status(process);
  }

  bool ends_early_ = false;  // perhaps before it has been sent what to do
  base::UniqueFd report_, child_, program_;
  std::shared_ptr<const void> memory_;
};

ino_t namespace_of(pid_t pid, const char* name) {
  struct stat info {};
  EXPECT_EQ(::stat(base::cat("/proc/", pid, "/ns/", name).c_str(), &info), 0) << name;
  return info.st_ino;
}

TEST_F(Carrier, RunsTheProgram) {
  const auto process = start(shell("exit 7"));
  ASSERT_TRUE(process.has_value()) << process.error().message();
  EXPECT_EQ(run(*process), 7);
}

TEST_F(Carrier, ProgramHasOnlyItsStandardDescriptors) {
  const base::UniqueFd leak(::open("/", O_PATH));  // not close-on-exec
  CarrierRequest request;
  const base::UniqueFd kept(::open("/usr", O_PATH | O_CLOEXEC));
  request.keep = {kept.get()};
  const auto process =
      start(shell("for fd in 3 4 5 6 7 8 9; do test ! -e /proc/self/fd/$fd || exit $fd; done"), request);
  ASSERT_TRUE(process.has_value());
  EXPECT_EQ(run(*process), 0);
  EXPECT_NE(::fcntl(kept.get(), F_GETFD) & FD_CLOEXEC, 0);  // this process's own stays close-on-exec
}

TEST_F(Carrier, MakesNewNamespaces) {
  CarrierRequest request;
  request.clone_flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;
  const auto process = start(shell("test $$ = 1 || exit 2"), request);
  ASSERT_TRUE(process.has_value()) << process.error().message();
  EXPECT_EQ(hear().kind, MessageKind::kReady);
  for (const char* name : {"pid", "mnt", "ipc", "uts"}) {
    EXPECT_NE(namespace_of(process->pid(), name), namespace_of(::getpid(), name)) << name;
  }
  EXPECT_EQ(namespace_of(process->pid(), "net"), namespace_of(::getpid(), "net"));
  say(MessageKind::kStart);
  EXPECT_TRUE(hears_end());
  EXPECT_EQ(status(*process), 0);
}

TEST_F(Carrier, BeginsBeforeItHasAPlan) {
  CarrierRequest request;
  request.init_fd = program_.get();
  request.report_fd = child_.get();
  request.begin = CLONE_NEWNET;
  auto carried = start_init(request);
  ASSERT_TRUE(carried.has_value()) << carried.error().message();
  child_.reset();
  while (namespace_of(carried->process.pid(), "net") == namespace_of(::getpid(), "net")) ::usleep(1000);
  plan::LaunchPlan plan = shell("exit 4");
  plan.steps.insert(plan.steps.begin(), {plan::Unshare{CLONE_NEWNET}, "/linux/namespaces/0"});
  ASSERT_TRUE(send_plan(report_.get(), memfd(plan::encode(plan).value(), false).get()).has_value());
  EXPECT_EQ(run(carried->process), 4);
}

TEST_F(Carrier, TellsOfABeginningThatFailed) {
  CarrierRequest request;
  request.begin = 1;  // no namespace
  plan::LaunchPlan plan = shell("exit 0");
  plan.steps.insert(plan.steps.begin() + 1, {plan::Unshare{1}, "/linux/namespaces/0"});
  const auto process = start(plan, request);
  ASSERT_TRUE(process.has_value());
  const Message said = hear();
  EXPECT_EQ(said.kind, MessageKind::kFailure);
  EXPECT_EQ(said.op, 1U);
  EXPECT_EQ(said.err, EINVAL);
  EXPECT_TRUE(hears_end());
  EXPECT_EQ(status(*process), 1);
}

TEST_F(Carrier, EndsWithoutAPlan) {
  CarrierRequest request;
  request.init_fd = program_.get();
  request.report_fd = child_.get();
  auto carried = start_init(request);
  ASSERT_TRUE(carried.has_value());
  child_.reset();
  report_.reset();
  EXPECT_EQ(status(carried->process), 1);
}

TEST_F(Carrier, MakesNamespacesBelowAnotherUserNamespace) {
  int ready[2], done[2];
  ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(done, O_CLOEXEC), 0);
  support::Forked owner([&] {
    ::close(done[1]);
    child_.reset();  // whose end of file this process waits for
    ASSERT_EQ(::unshare(CLONE_NEWUSER), 0);
    ASSERT_EQ(::write(ready[1], "u", 1), 1);
    char byte;
    EXPECT_EQ(::read(done[0], &byte, 1), 0);
  });
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  for (const char* name : {"uid_map", "gid_map"}) {
    std::ofstream(base::cat("/proc/", owner.pid(), "/", name)) << "0 0 1\n";
  }
  const base::UniqueFd userns(::open(base::cat("/proc/", owner.pid(), "/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
  CarrierRequest request;
  request.join_userns = userns.get();
  request.in_userns = true;
  request.clone_flags = CLONE_NEWUTS;
  const auto process = start(shell("exit 0"), request);
  ASSERT_TRUE(process.has_value()) << process.error().message();
  EXPECT_EQ(hear().kind, MessageKind::kReady);
  EXPECT_EQ(namespace_of(process->pid(), "user"), namespace_of(owner.pid(), "user"));
  EXPECT_NE(namespace_of(process->pid(), "uts"), namespace_of(owner.pid(), "uts"));
  say(MessageKind::kStart);
  EXPECT_TRUE(hears_end());
  EXPECT_EQ(status(*process), 0);
  ::close(done[1]);
  EXPECT_EQ(owner.wait(), 0);
}

TEST_F(Carrier, StartsFromDefaultSignals) {
  struct sigaction ignore {
  }, old{};
  ignore.sa_handler = SIG_IGN;
  ASSERT_EQ(::sigaction(SIGPIPE, &ignore, &old), 0);
  sigset_t blocked, before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &blocked, &before);
  const auto process = start(shell("kill -PIPE $$; exit 3"));
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  ::sigaction(SIGPIPE, &old, nullptr);
  ASSERT_TRUE(process.has_value());
  std::string status_text;
  EXPECT_EQ(hear().kind, MessageKind::kReady);
  std::ifstream file(base::cat("/proc/", process->pid(), "/status"));
  for (std::string line; std::getline(file, line);) status_text += line + "\n";
  EXPECT_NE(status_text.find("SigBlk:\t0000000000000000\n"), std::string::npos) << status_text;
  EXPECT_NE(status_text.find("SigIgn:\t0000000000000000\n"), std::string::npos) << status_text;
  say(MessageKind::kStart);
  EXPECT_TRUE(hears_end());
  EXPECT_EQ(status(*process), 128 + SIGPIPE);
}

TEST_F(Carrier, ReportsTheOpThatFailed) {
  plan::LaunchPlan plan = shell("exit 0");
  plan.steps.insert(plan.steps.begin() + 1,
                    {plan::Chdir{"/", false}, "/process/cwd"});  // there is no root before the pivot
  const auto process = start(plan);
  ASSERT_TRUE(process.has_value());
  const Message message = hear();
  EXPECT_EQ(message.kind, MessageKind::kFailure);
  EXPECT_EQ(message.op, 1U);
  EXPECT_EQ(message.err, EBADF);
  EXPECT_TRUE(hears_end());
  EXPECT_EQ(status(*process), 1);
}

TEST_F(Carrier, MayIgnoreAFailure) {
  plan::LaunchPlan plan = shell("exit 7");
  plan.steps.insert(plan.steps.begin(), {plan::Chdir{"/", false}, "/process/cwd", true});
  const auto process = start(plan);
  ASSERT_TRUE(process.has_value());
  const Message message = hear();
  EXPECT_EQ(message.kind, MessageKind::kWarning);
  EXPECT_EQ(message.op, 0U);
  EXPECT_EQ(message.err, EBADF);
  EXPECT_EQ(run(*process), 7);
}

TEST_F(Carrier, RefusesADamagedImage) {
  std::string image = *plan::encode(shell("exit 0"));
  image[0] = static_cast<char>(image[0] + 1);
  const auto process = start_image(image);
  ASSERT_TRUE(process.has_value());
  const Message message = hear();
  EXPECT_EQ(message.kind, MessageKind::kFailure);
  EXPECT_EQ(message.op, init::kNoOp);
  EXPECT_EQ(message.detail, init::kBadImage);
  EXPECT_EQ(status(*process), 1);
}

TEST_F(Carrier, RefusesAnImageThatDoesNotEndInExec) {
  plan::LaunchPlan plan = shell("exit 0");
  plan.steps.resize(1);
  const auto process = start(plan);
  ASSERT_TRUE(process.has_value());
  EXPECT_EQ(hear().detail, init::kBadImage);
  EXPECT_EQ(status(*process), 1);
}

TEST_F(Carrier, InitEndsWithItsParent) {
  const auto process = start(shell("exit 0"));
  ASSERT_TRUE(process.has_value());
  EXPECT_EQ(hear().kind, MessageKind::kReady);
  report_.reset();
  EXPECT_EQ(status(*process), 1);
}

TEST_F(Carrier, SaysThatInitCannotBeExecuted) {
  const base::UniqueFd text = memfd("this is no program", true);
  CarrierRequest request;
  request.init_fd = text.get();
  const auto process = start(shell("exit 0"), request);
  ASSERT_TRUE(process.has_value());
  EXPECT_EQ(describe_failure({}, hear()).message(), "execute init: exec format error");
  EXPECT_TRUE(hears_end());
  EXPECT_EQ(status(*process), 1);
}

TEST_F(Carrier, NamesADescriptorThatIsNotThere) {
  CarrierRequest request;
  request.keep = {9999};
  ends_early_ = true;
  const auto process = start(shell("exit 0"), request);
  ASSERT_TRUE(process.has_value());
  EXPECT_EQ(describe_failure({}, hear()).message(), "pass descriptors to init: bad file descriptor");
  EXPECT_TRUE(hears_end());
  EXPECT_EQ(status(*process), 1);
}

TEST_F(Carrier, NamesAUserNamespaceThatCannotBeJoined) {
  CarrierRequest request;
  request.join_userns = report_.get();
  request.clone_flags = CLONE_NEWUTS;
  const auto process = start(shell("exit 0"), request);
  ASSERT_FALSE(process.has_value());
  EXPECT_EQ(process.error().message(), "join user namespace: invalid argument");
  EXPECT_EQ(::waitpid(-1, nullptr, __WALL), -1);
}

}  // namespace
}  // namespace launch
