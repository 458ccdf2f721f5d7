// Signals and deletion of containers that have a cgroup: a directory of its own in the v2 hierarchy of this host.
#include "kernel/cgroup.h"

#include <memory>

#include "container/destroy.h"
#include "kernel/cgroup_layout.h"
#include "tests/container/child.h"
#include "tests/container/temp_dir.h"

namespace container {
namespace {

namespace fs = std::filesystem;

class CgroupTest : public TempDir {
 protected:
  void SetUp() override {
    TempDir::SetUp();
    const auto layout = kernel::probe_cgroup_layout();
    if (!layout.has_value() || layout->v2_mount.empty()) GTEST_SKIP() << "this host has no cgroup v2 mount";
    const std::string name = fs::path(path()).filename();  // unique
    std::error_code error;
    if (!fs::create_directory(layout->v2_mount + "/" + name, error)) {
      GTEST_SKIP() << "cannot make a cgroup here: " << error.message();
    }
    cgroup_ = layout->v2_mount + "/" + name;
    root_ = std::make_unique<StateRoot>(*StateRoot::open_or_make(path("root")));
  }
  void TearDown() override {
    if (!cgroup_.empty()) {
      EXPECT_TRUE(kernel::cgroup_kill_all(paths()).has_value());
      EXPECT_TRUE(kernel::cgroup_destroy(paths()).has_value());
    }
    TempDir::TearDown();
  }

  CgroupPaths paths() const { return {{"", cgroup_}}; }
  void join(const Child& child) const {
    write(cgroup_ + "/cgroup.procs", std::to_string(child.pid()));
    ASSERT_NE(read(cgroup_ + "/cgroup.procs").find(std::to_string(child.pid())), std::string::npos);
  }
  // A container of this id whose init is `init`, in the cgroup.
  void save(const Child& init, bool own_pid_namespace = true) const {
    join(init);
    Record record = init.record("web1");
    record.cgroup_paths = paths();
    record.own_pid_namespace = own_pid_namespace;
    ASSERT_TRUE(save_record(root_->create("web1")->fd(), record).has_value());
  }
  Container load() const { return *load_container(*root_, "web1"); }
  std::string del(bool force) const {
    const auto deleted = delete_container(path("root"), "web1", force);
    return deleted.has_value() ? "" : deleted.error().message();
  }
  bool all_gone() const { return !fs::exists(cgroup_) && !fs::exists(path("root/web1")); }
  static bool alive(const Child& child) { return *child.pidfd().is_alive(); }
  const StateRoot& root() const { return *root_; }

 private:
  std::string cgroup_;
  std::unique_ptr<StateRoot> root_;
};

TEST_F(CgroupTest, DeleteOfAStoppedContainerKillsWhatItLeft) {
  Child init, left;
  save(init);
  join(left);
  init.kill_unreaped();
  init.reap();
  EXPECT_EQ(del(false), "");
  EXPECT_TRUE(all_gone());
  EXPECT_EQ(left.reap(), SIGKILL);
}

TEST_F(CgroupTest, OtherSignalsAreForInitAlone) {
  Child init, other;
  save(init, false);
  join(other);
  ASSERT_TRUE(kill_container(load(), SIGTERM, false).has_value());
  EXPECT_EQ(init.reap(), SIGTERM);
  EXPECT_TRUE(alive(other));
}

TEST_F(CgroupTest, SigkillOfInitIsSigkillOfAllWithoutAPidNamespace) {
  Child init, other;
  save(init, false);
  join(other);
  ASSERT_TRUE(kill_container(load(), SIGKILL, false).has_value());
  EXPECT_EQ(init.reap(), SIGKILL);
  EXPECT_EQ(other.reap(), SIGKILL);
}

TEST_F(CgroupTest, WithAPidNamespaceTheKernelDoesThat) {
  Child init, other;  // not in init's pid namespace, which is how the test tells
  save(init, true);
  join(other);
  ASSERT_TRUE(kill_container(load(), SIGKILL, false).has_value());
  EXPECT_EQ(init.reap(), SIGKILL);
  EXPECT_TRUE(alive(other));
}

TEST_F(CgroupTest, AllIsEveryProcessAlsoOfAStoppedContainer) {
  Child init, one, two;
  save(init);
  join(one);
  ASSERT_TRUE(kill_container(load(), SIGTERM, true).has_value());
  EXPECT_EQ(init.reap(), SIGTERM);
  EXPECT_EQ(one.reap(), SIGTERM);
  join(two);
  ASSERT_EQ(load().status, Status::kStopped);
  ASSERT_TRUE(kill_container(load(), SIGUSR1, true).has_value());
  EXPECT_EQ(two.reap(), SIGUSR1);
}

TEST_F(CgroupTest, AFrozenContainerIsPausedAndNotDeleted) {
  Child init;
  save(init);
  ASSERT_TRUE(kernel::cgroup_freeze(paths()).has_value());
  EXPECT_EQ(load().status, Status::kPaused);
  EXPECT_EQ(load().visible_pid(), init.pid());
  write(path("root/web1/start.sock"), "");
  EXPECT_EQ(load().status, Status::kPaused) << "its init would not answer `start`";
  EXPECT_EQ(del(false), "cannot delete container web1 that is not stopped: paused");
  EXPECT_EQ(del(true), "");
  EXPECT_TRUE(all_gone());
  EXPECT_EQ(init.reap(), SIGKILL);
}

TEST_F(CgroupTest, SigkillReachesAFrozenInit) {
  Child init;
  save(init);
  ASSERT_TRUE(kernel::cgroup_freeze(paths()).has_value());
  ASSERT_TRUE(kill_container(load(), SIGKILL, false).has_value());
  EXPECT_EQ(init.reap(), SIGKILL);
  EXPECT_FALSE(*kernel::cgroup_is_frozen(paths()));
}

TEST_F(CgroupTest, AFrozenCgroupWhoseInitIsDeadIsStopped) {
  Child init, other;
  save(init);
  join(other);
  init.kill_unreaped();
  ASSERT_TRUE(kernel::cgroup_freeze(paths()).has_value());
  EXPECT_EQ(load().status, Status::kStopped);
  EXPECT_EQ(del(false), "");
  EXPECT_TRUE(all_gone());
  EXPECT_EQ(other.reap(), SIGKILL);
}

// Killed before it had made its cgroup, a create may have planned one that is somebody else's.
TEST_F(CgroupTest, APlannedCgroupIsNotTakenForItsOwn) {
  Child stranger;
  join(stranger);
  {
    const ContainerDir dir = *root().create("web1");
    ASSERT_TRUE(save_journal(dir.fd(), {.cgroup_paths = paths(), .planned = true, .init = {}}).has_value());
  }
  EXPECT_EQ(del(true), "");
  EXPECT_FALSE(all_gone());
  EXPECT_TRUE(kernel::cgroup_kill_all(paths(), SIGKILL).has_value());
  EXPECT_EQ(stranger.reap(), SIGKILL);
}

TEST_F(CgroupTest, TheJournalOfAKilledCreateEndsItsCgroup) {
  Child unknown;
  join(unknown);
  {
    const ContainerDir dir = *root().create("web1");
    ASSERT_TRUE(save_journal(dir.fd(), {.cgroup_paths = paths(), .planned = false, .init = {}}).has_value());
  }
  EXPECT_EQ(del(true), "");
  EXPECT_TRUE(all_gone());
  EXPECT_EQ(unknown.reap(), SIGKILL);
}

TEST_F(CgroupTest, AVanishedCgroupIsNoObstacle) {
  Child init;
  Record record = init.record("web1");
  record.cgroup_paths = {{"", paths().at("") + "-gone"}};
  ASSERT_TRUE(save_record(root().create("web1")->fd(), record).has_value());
  EXPECT_EQ(load().status, Status::kRunning);
  EXPECT_EQ(del(true), "");
  EXPECT_FALSE(fs::exists(path("root/web1")));
  EXPECT_EQ(init.reap(), SIGKILL);
}

}  // namespace
}  // namespace container
