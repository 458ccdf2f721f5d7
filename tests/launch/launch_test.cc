// The parent's side of a start, with the real init: what is said when init fails at one point or another.
#include "launch/launch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include "plan/encode.h"

namespace launch {
namespace {

plan::LaunchPlan plan_of(std::vector<plan::Op> ops) {
  plan::LaunchPlan plan;
  plan.argv = {"sh", "-c", "exit 7"};
  plan.envp = {"PATH=/usr/bin:/bin"};
  for (auto& op : ops) plan.steps.push_back({std::move(op), "/process/cwd"});
  plan.steps.push_back({plan::FindExecutable{{"/bin/sh"}}, "/process/args/0"});
  plan.steps.push_back({plan::Ready{}, "runtime"});
  plan.steps.push_back({plan::CloseFds{3}, "runtime"});
  plan.steps.push_back({plan::Exec{}, "/process/args"});
  return plan;
}

// There is no root before the pivot.
const plan::Chdir kFails{"/no/root/yet", false};
constexpr const char* kWhy = "chdir to cwd (\"/no/root/yet\") set in config.json failed: bad file descriptor";

class Launch : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: starts init";
  }
  static base::Result<Launched> begin(const plan::LaunchPlan& plan) {
    auto launched = launch(plan, kernel::CgroupHandle(), nullptr);
    if (!launched) return launched;
    TRY(launched->instruct(plan, plan::encode(plan).value()));
    return launched;
  }
  static void await_end(const Launched& launched) {
    pollfd end{launched.process().fd(), POLLIN, 0};
    EXPECT_EQ(::poll(&end, 1, 10'000), 1);
  }
};

TEST_F(Launch, StartsTheProgramWithoutWaiting) {
  const auto plan = plan_of({plan::TakeDescriptors{}, plan::Entered{}});
  auto launched = begin(plan);
  ASSERT_TRUE(launched.has_value()) << launched.error().message();
  ASSERT_TRUE(launched->provide(plan, {}, -1).has_value());
  ASSERT_TRUE(launched->await_entered(plan).has_value());
  ASSERT_TRUE(launched->allow_start().has_value());
  ASSERT_TRUE(launched->await_start(plan, {}).has_value());
  const auto status = launched->process().reap();
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->shell_code(), 7);
  launched->keep();
}

// More than one message carries.
TEST_F(Launch, HandsOverMoreDescriptorsThanOneMessageCarries) {
  auto plan = plan_of({plan::TakeDescriptors{}, plan::Entered{}});
  for (int i = 0; i < 300; ++i) {
    plan.fds.push_back({plan::NamespaceFile{CLONE_NEWNS, "/proc/self/ns/mnt"}, "/mounts"});
    plan.fds.push_back({plan::LocalMount{}, "/mounts"});
  }
  plan.steps.insert(plan.steps.begin() + 1, {plan::JoinMountNamespace{plan::Slot{598}}, "/mounts"});
  auto launched = begin(plan);
  ASSERT_TRUE(launched.has_value()) << launched.error().message();
  ASSERT_TRUE(launched->provide(plan, {}, -1).has_value());
  const auto entered = launched->await_entered(plan);
  EXPECT_TRUE(entered.has_value()) << entered.error().message();
}

TEST_F(Launch, SaysWhyInitWentBeforeItTookItsDescriptors) {
  const auto plan = plan_of({kFails, plan::TakeDescriptors{}, plan::Entered{}});
  auto launched = begin(plan);
  ASSERT_TRUE(launched.has_value());
  await_end(*launched);
  const auto provided = launched->provide(plan, {}, -1);
  ASSERT_FALSE(provided.has_value());
  EXPECT_EQ(provided.error().message(), kWhy);
}

TEST_F(Launch, SaysWhyInitWentWithoutReadingTheWordToStart) {
  const auto plan = plan_of({plan::TakeDescriptors{}, plan::Entered{}, kFails});
  for (const bool late : {false, true}) {
    auto launched = begin(plan);
    ASSERT_TRUE(launched.has_value());
    ASSERT_TRUE(launched->provide(plan, {}, -1).has_value());
    ASSERT_TRUE(launched->await_entered(plan).has_value());
    if (late) await_end(*launched);
    ASSERT_TRUE(launched->allow_start().has_value());
    if (!late) await_end(*launched);
    const auto started = launched->await_start(plan, {});
    ASSERT_FALSE(started.has_value());
    EXPECT_EQ(started.error().message(), kWhy);
  }
}

TEST_F(Launch, SaysThatInitWasKilled) {
  const auto plan = plan_of({plan::TakeDescriptors{}, plan::Entered{}});
  auto launched = begin(plan);
  ASSERT_TRUE(launched.has_value());
  ASSERT_TRUE(launched->process().send_signal(SIGKILL).has_value());
  await_end(*launched);
  const auto provided = launched->provide(plan, {}, -1);
  ASSERT_FALSE(provided.has_value());
  EXPECT_EQ(provided.error().message(), "init was killed by signal 9 during setup; hint: is the memory limit too low?");
}

}  // namespace
}  // namespace launch
