#include "container/destroy.h"

#include <memory>

#include "tests/container/child.h"
#include "tests/container/temp_dir.h"

namespace container {
namespace {

namespace fs = std::filesystem;

class DestroyTest : public TempDir {
 protected:
  void SetUp() override {
    TempDir::SetUp();
    root_ = std::make_unique<StateRoot>(*StateRoot::open_or_make(path("root")));
  }
  void save(const Record& record) { ASSERT_TRUE(save_record(root_->create(record.id)->fd(), record).has_value()); }
  // The error's message; empty for success.
  std::string del(const std::string& id, bool force = false) {
    const auto deleted = delete_container(path("root"), id, force);
    return deleted.has_value() ? "" : deleted.error().message();
  }
  std::string kill(const std::string& id, int signal, bool all = false) {
    const auto killed = kill_container(*load_container(*root_, id), signal, all);
    return killed.has_value() ? "" : killed.error().message();
  }
  bool exists(const std::string& id) { return fs::exists(path("root/" + id)); }
  StateRoot& root() { return *root_; }

 private:
  std::unique_ptr<StateRoot> root_;
};

TEST_F(DestroyTest, AnUnknownIdIsAnErrorUnlessForced) {
  EXPECT_EQ(del("nobody"), "container does not exist");
  EXPECT_EQ(del("nobody", true), "");
  EXPECT_TRUE(delete_container(path("no-root"), "nobody", true).has_value());
  EXPECT_EQ(delete_container(path("no-root"), "nobody", false).error().message(), "container does not exist");
  EXPECT_FALSE(fs::exists(path("no-root")));
  EXPECT_EQ(del("../x", true), "invalid container ID format");
}

TEST_F(DestroyTest, RunningIsRefusedAndLeftAlone) {
  Child child;
  save(child.record("web1"));
  EXPECT_EQ(del("web1"), "cannot delete container web1 that is not stopped: running");
  EXPECT_TRUE(exists("web1"));
  EXPECT_TRUE(*child.pidfd().is_alive());
}

TEST_F(DestroyTest, ForceKillsARunningOne) {
  Child child;
  save(child.record("web1"));
  EXPECT_EQ(del("web1", true), "");
  EXPECT_FALSE(exists("web1"));
  EXPECT_EQ(child.reap(), SIGKILL);
}

TEST_F(DestroyTest, CreatedIsKilledWithoutForce) {
  Child child;
  save(child.record("web1"));
  write(path("root/web1/start.sock"), "");
  EXPECT_EQ(del("web1"), "");
  EXPECT_FALSE(exists("web1"));
  EXPECT_EQ(child.reap(), SIGKILL);
}

TEST_F(DestroyTest, StoppedIsRemovedWhetherReapedOrNot) {
  Child zombie, reaped;
  save(zombie.record("zombie"));
  save(reaped.record("reaped"));
  zombie.kill_unreaped();
  reaped.kill_unreaped();
  reaped.reap();
  EXPECT_EQ(del("zombie"), "");
  EXPECT_EQ(del("reaped"), "");
  EXPECT_FALSE(exists("zombie") || exists("reaped"));
}

TEST_F(DestroyTest, NeverKillsAProcessThatOnlyHasThePid) {
  Child stranger;
  Record record = stranger.record("web1");
  record.init.start_time += 1;
  save(record);
  EXPECT_EQ(del("web1", true), "");
  EXPECT_FALSE(exists("web1"));
  EXPECT_TRUE(*stranger.pidfd().is_alive());
}

TEST_F(DestroyTest, ADirectoryWithoutRecordGoesEitherWay) {
  ASSERT_TRUE(root().create("torn").has_value());
  EXPECT_EQ(del("torn"), "container does not exist");
  EXPECT_FALSE(exists("torn"));
  ASSERT_TRUE(root().create("torn").has_value());
  EXPECT_EQ(del("torn", true), "");
  EXPECT_FALSE(exists("torn"));
}

TEST_F(DestroyTest, TheJournalOfAKilledCreateEndsItsInit) {
  Child child;
  {
    const ContainerDir dir = *root().create("torn");
    Journal journal;
    journal.init = *child.pidfd().identity();
    ASSERT_TRUE(save_journal(dir.fd(), journal).has_value());
  }
  EXPECT_EQ(del("torn", true), "");
  EXPECT_FALSE(exists("torn"));
  EXPECT_EQ(child.reap(), SIGKILL);
}

// For poststop, which whoever asked for the deletion runs.
TEST_F(DestroyTest, GivesBackWhatWasRemoved) {
  Child child;
  Record record = child.record("web1");
  record.poststop = {{.kind = "poststop", .pointer = "/hooks/poststop/0", .hook = {.path = "/bin/x", .args = {}, .env = {}, .timeout = {}}, .digests = {}}};
  save(record);
  const auto deleted = delete_container(path("root"), "web1", true);
  ASSERT_TRUE(deleted.has_value() && deleted->has_value());
  EXPECT_EQ((*deleted)->poststop, record.poststop);
  const auto again = delete_container(path("root"), "web1", true);
  ASSERT_TRUE(again.has_value());
  EXPECT_FALSE(again->has_value());
  for (const bool force : {true, false}) {
    ASSERT_TRUE(stage_record(root().create("torn")->fd(), record).has_value());
    const auto torn = delete_container(path("root"), "torn", force);
    ASSERT_TRUE(torn.has_value() && torn->has_value());
    EXPECT_EQ((*torn)->poststop, record.poststop);
    EXPECT_FALSE(exists("torn"));
  }
  record.poststop.clear();
  ASSERT_TRUE(stage_record(root().create("torn")->fd(), record).has_value());
  EXPECT_EQ(del("torn"), "container does not exist");
  ASSERT_TRUE(root().create("torn").has_value());
  write(path("root/torn/.state.json.tmp"), "{");
  EXPECT_EQ(del("torn", true), "");
}

TEST_F(DestroyTest, ADamagedRecordNeedsForce) {
  for (const char* text : {"", "{", "{}"}) {
    ASSERT_TRUE(root().create("bad").has_value());
    write(path("root/bad/state.json"), text);
    EXPECT_TRUE(del("bad").starts_with("state.json: ")) << del("bad");
    EXPECT_TRUE(exists("bad"));
    EXPECT_EQ(del("bad", true), "");
    EXPECT_FALSE(exists("bad"));
  }
}

TEST_F(DestroyTest, SignalsReachInit) {
  Child child;
  save(child.record("web1"));
  EXPECT_EQ(kill("web1", 0), "");
  EXPECT_TRUE(*child.pidfd().is_alive());
  EXPECT_EQ(kill("web1", SIGTERM), "");
  EXPECT_EQ(child.reap(), SIGTERM);
}

TEST_F(DestroyTest, KillingWhatHasStoppedIsAnErrorUnlessAllAreMeant) {
  Child child;
  save(child.record("web1"));
  child.kill_unreaped();
  EXPECT_EQ(kill("web1", SIGTERM), "container not running");
  EXPECT_EQ(kill("web1", SIGKILL), "container not running");
  EXPECT_EQ(kill("web1", SIGKILL, true), "");
  child.reap();
  EXPECT_EQ(kill("web1", SIGTERM), "container not running");
  EXPECT_EQ(kill("web1", SIGTERM, true), "");
}

// init may die between the look at its status and the signal.
TEST_F(DestroyTest, InitThatDiesMeanwhileIsNotRunning) {
  Child child;
  save(child.record("web1"));
  const Container container = *load_container(root(), "web1");
  ASSERT_EQ(container.status, Status::kRunning);
  child.kill_unreaped();
  child.reap();
  EXPECT_EQ(kill_container(container, SIGTERM, false).error().message(), "container not running");
  EXPECT_TRUE(kill_container(container, SIGTERM, true).has_value());
}

}  // namespace
}  // namespace container
