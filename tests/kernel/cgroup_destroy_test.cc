// Freezing, killing and removing cgroups.
#include <sys/stat.h>

#include <chrono>

#include "tests/kernel/cgroup_fixture.h"

namespace {

using namespace cgroup_test;

TEST_F(CgroupTest, FreezeAndThaw) {
  auto cgroup = kernel::create_cgroup(make_plan());
  ASSERT_TRUE(cgroup.has_value()) << cgroup.error().message();
  if (!has_v1("freezer") && cgroup->v2_fd() < 0) GTEST_SKIP() << "no freezer";
  const auto before = ::signal(SIGTERM, [](int) { ::_exit(7); });  // for the child, from its first moment
  const pid_t pid = spawn(*cgroup, sleep_for_ever);
  ::signal(SIGTERM, before);
  EXPECT_FALSE(*kernel::cgroup_is_frozen(cgroup->paths()));
  const auto frozen = kernel::cgroup_freeze(cgroup->paths());
  ASSERT_TRUE(frozen.has_value()) << frozen.error().message();
  EXPECT_TRUE(*kernel::cgroup_is_frozen(cgroup->paths()));
  // A signal that does not kill waits for the thaw, and leaves it frozen.
  ASSERT_TRUE(kernel::cgroup_kill_all(cgroup->paths(), SIGTERM).has_value());
  EXPECT_TRUE(*kernel::cgroup_is_frozen(cgroup->paths()));
  EXPECT_EQ(0, ::waitpid(pid, nullptr, WNOHANG));
  ASSERT_TRUE(kernel::cgroup_thaw(cgroup->paths()).has_value());
  EXPECT_EQ(7, WEXITSTATUS(reap(pid)));
  EXPECT_FALSE(*kernel::cgroup_is_frozen(cgroup->paths()));
}

TEST_F(CgroupTest, AFrozenCgroupIsRefusedAndCanBeKilled) {
  auto cgroup = kernel::create_cgroup(make_plan());
  ASSERT_TRUE(cgroup.has_value()) << cgroup.error().message();
  ASSERT_TRUE(kernel::cgroup_freeze(cgroup->paths()).has_value());
  const auto second = kernel::create_cgroup(make_plan());
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(std::string::npos, second.error().message().find("container's cgroup unexpectedly frozen"));
  ASSERT_TRUE(kernel::cgroup_thaw(cgroup->paths()).has_value());
  const pid_t pid = spawn(*cgroup, sleep_for_ever);
  ASSERT_TRUE(kernel::cgroup_freeze(cgroup->paths()).has_value());
  ASSERT_TRUE(kernel::cgroup_kill_all(cgroup->paths()).has_value());
  EXPECT_EQ(SIGKILL, WTERMSIG(reap(pid)));
}

TEST_F(CgroupTest, GoneIsThawedAndEmpty) {
  const CgroupPaths gone = make_plan().directories;
  EXPECT_FALSE(*kernel::cgroup_is_frozen(gone));
  EXPECT_TRUE(kernel::cgroup_thaw(gone).has_value());
  EXPECT_TRUE(kernel::cgroup_pids(gone)->empty());
  EXPECT_TRUE(kernel::cgroup_kill_all(gone, SIGTERM).has_value());
  EXPECT_TRUE(kernel::cgroup_destroy(gone).has_value());
  EXPECT_TRUE(kernel::cgroup_kill_all({}).has_value());
}

// Each process forks a successor and ends: a list of pids is out of date when it is read. Not for ever, should the
// test fail.
void hop() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (std::chrono::steady_clock::now() < end) {
    const pid_t next = ::fork();
    if (next > 0) ::_exit(0);
    if (next < 0) ::usleep(100);
  }
}

// Both ways to kill: cgroup.kill where there is v2, and the v1 freezer alone.
TEST_F(CgroupTest, NobodyEscapesTheKill) {
  struct Way {
    std::string name;
    bool v2;
  };
  for (const Way& way : {Way{"all", true}, Way{"v1", false}}) {
    CgroupPlan plan = make_plan();
    if (!way.v2 && layout_.v1_mounts.empty()) continue;
    if (has_v1("pids") || has_v2("pids")) plan.writes.push_back(pids_max("64"));
    auto cgroup = kernel::create_cgroup(plan);
    ASSERT_TRUE(cgroup.has_value()) << cgroup.error().message();
    std::vector<pid_t> pids;
    for (int i = 0; i < 4; ++i) pids.push_back(spawn(*cgroup, hop));
    pids.push_back(spawn(*cgroup, sleep_for_ever));
    ::usleep(20'000);
    CgroupPaths paths = cgroup->paths();
    if (!way.v2) paths.erase("");
    const auto killed = kernel::cgroup_kill_all(paths);
    EXPECT_TRUE(killed.has_value()) << killed.error().message();
    for (const pid_t pid : pids) reap(pid);
    const auto destroyed = kernel::cgroup_destroy(cgroup->paths(), 2000);
    EXPECT_TRUE(destroyed.has_value()) << way.name << ": " << destroyed.error().message();
    EXPECT_TRUE(kernel::cgroup_pids(cgroup->paths())->empty()) << way.name;
    EXPECT_FALSE(*kernel::cgroup_is_frozen(cgroup->paths())) << way.name;
  }
}

TEST_F(CgroupTest, DestroyWaitsForTheLastProcess) {
  for (const bool v2 : {true, false}) {
    auto cgroup = kernel::create_cgroup(make_plan());
    ASSERT_TRUE(cgroup.has_value()) << cgroup.error().message();
    const pid_t pid = spawn(*cgroup, [] { ::usleep(50'000); });
    CgroupPaths paths = cgroup->paths();
    if (!v2 && paths.size() > 1) paths.erase("");
    const auto destroyed = kernel::cgroup_destroy(paths);
    EXPECT_TRUE(destroyed.has_value()) << destroyed.error().message();
    EXPECT_EQ(0, reap(pid));
  }
}

TEST_F(CgroupTest, DestroyGivesUpInTimeAndSaysWhy) {
  auto cgroup = kernel::create_cgroup(make_plan());
  ASSERT_TRUE(cgroup.has_value()) << cgroup.error().message();
  const pid_t pid = spawn(*cgroup, sleep_for_ever);
  const auto start = std::chrono::steady_clock::now();
  const auto destroyed = kernel::cgroup_destroy(cgroup->paths(), 50);
  const auto took = std::chrono::steady_clock::now() - start;
  ASSERT_FALSE(destroyed.has_value());
  EXPECT_EQ(EBUSY, destroyed.error().sys());
  EXPECT_NE(std::string::npos, destroyed.error().message().find("1 process(es) still in it"));
  EXPECT_GE(took, std::chrono::milliseconds(50));
  ::kill(pid, SIGKILL);
  reap(pid);
}

// A workload's own cgroups, nested so deep that no path leads there any more.
TEST_F(CgroupTest, DestroyRemovesWhatIsBelow) {
  auto cgroup = kernel::create_cgroup(make_plan());
  ASSERT_TRUE(cgroup.has_value()) << cgroup.error().message();
  for (const auto& [controller, directory] : cgroup->paths()) {
    if (controller == "memory") continue;  // each of its cgroups takes memory of the kernel's for long
    base::UniqueFd dir(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const std::string name(200, 'd');
    for (int depth = 0; depth < 25 && dir; ++depth) {
      ASSERT_EQ(0, ::mkdirat(dir.get(), "leaf", 0755)) << directory << errno;
      ASSERT_EQ(0, ::mkdirat(dir.get(), name.c_str(), 0755)) << directory << errno;
      dir.reset(::openat(dir.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    }
  }
  const auto destroyed = kernel::cgroup_destroy(cgroup->paths());
  EXPECT_TRUE(destroyed.has_value()) << destroyed.error().message();
}

TEST_F(CgroupTest, PidsIncludeThoseBelow) {
  auto cgroup = kernel::create_cgroup(make_plan());
  auto below = kernel::create_cgroup(make_plan("/sub/sub"));
  ASSERT_TRUE(cgroup.has_value() && below.has_value());
  const pid_t pid = spawn(*below, sleep_for_ever);
  EXPECT_EQ(std::vector<pid_t>{pid}, *kernel::cgroup_pids(cgroup->paths()));
  ASSERT_TRUE(kernel::cgroup_kill_all(cgroup->paths()).has_value());
  reap(pid);
}

}  // namespace
