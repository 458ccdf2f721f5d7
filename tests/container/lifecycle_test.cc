#include "container/lifecycle.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "kernel/file.h"
#include "kernel/memfd.h"
#include "tests/container/child.h"
#include "tests/container/temp_dir.h"

namespace container {
namespace {

TEST(DeriveStatus, FollowsTheTable) {
  struct Row {
    bool alive, frozen, socket;
    Status status;
  };
  const Row rows[] = {
      {false, false, false, Status::kStopped}, {false, false, true, Status::kStopped},
      {false, true, false, Status::kStopped},  {false, true, true, Status::kStopped},
      {true, false, false, Status::kRunning},  {true, false, true, Status::kCreated},
      {true, true, false, Status::kPaused},    {true, true, true, Status::kPaused},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(derive_status({row.alive, row.frozen, row.socket, false}), row.status)
        << row.alive << row.frozen << row.socket << status_name(row.status);
    const Status starting = row.status == Status::kRunning ? Status::kCreated : row.status;
    EXPECT_EQ(derive_status({row.alive, row.frozen, row.socket, true}), starting) << status_name(row.status);
  }
}

TEST(StatusName, IsTheSpecsWord) {
  EXPECT_EQ(status_name(Status::kCreated), "created");
  EXPECT_EQ(status_name(Status::kRunning), "running");
  EXPECT_EQ(status_name(Status::kPaused), "paused");
  EXPECT_EQ(status_name(Status::kStopped), "stopped");
}

class LoadTest : public TempDir {
 protected:
  void save(const std::string& id, const Child& child) {
    const auto root = StateRoot::open_or_make(path("root"));
    const ContainerDir dir = *root->create(id);
    ASSERT_TRUE(save_record(dir.fd(), child.record(id)).has_value());
  }
  std::string message_of(const std::string& id) { return load_container(path("root"), id).error().message(); }
};

TEST_F(LoadTest, WhatIsNotThereDoesNotExist) {
  EXPECT_EQ(message_of("web1"), "container does not exist") << "no root";
  ASSERT_TRUE(StateRoot::open_or_make(path("root")).has_value());
  EXPECT_EQ(message_of("web1"), "container does not exist") << "no directory";
  ASSERT_TRUE(StateRoot::open_or_make(path("root"))->create("web1").has_value());
  EXPECT_EQ(message_of("web1"), "container does not exist") << "no state.json";
  EXPECT_EQ(message_of("../web1"), "invalid container ID format");
}

TEST_F(LoadTest, FollowsInitThroughItsLife) {
  Child child;
  save("web1", child);
  write(path("root/web1/start.sock"), "");
  auto container = load_container(path("root"), "web1");
  ASSERT_TRUE(container.has_value()) << container.error().message();
  EXPECT_EQ(container->status, Status::kCreated);
  EXPECT_EQ(container->visible_pid(), child.pid());

  std::filesystem::remove(path("root/web1/start.sock"));
  container = load_container(path("root"), "web1");
  EXPECT_EQ(container->status, Status::kRunning);

  // A zombie, as between the exit and the caller's wait.
  child.kill_unreaped();
  container = load_container(path("root"), "web1");
  EXPECT_EQ(container->status, Status::kStopped);
  EXPECT_TRUE(container->init.has_value());
  EXPECT_EQ(container->visible_pid(), 0);

  child.reap();
  container = load_container(path("root"), "web1");
  EXPECT_EQ(container->status, Status::kStopped);
  EXPECT_FALSE(container->init.has_value());
  EXPECT_EQ(container->visible_pid(), 0);
}

// A child that is executed from init's file, as long as `run` has not executed the program.
TEST_F(LoadTest, WhatRunIsStillStartingIsCreated) {
  const auto text = kernel::read_file_at(AT_FDCWD, "/bin/sleep", std::size_t{1} << 20);
  ASSERT_TRUE(text.has_value());
  const auto file = kernel::sealed_memfd(kernel::kInitMemfd, *text, true);
  ASSERT_TRUE(file.has_value());
  Child init(base::cat("/proc/self/fd/", file->get())), other;
  save("init", init);
  save("other", other);
  const auto status = [&](const char* id) { return load_container(path("root"), id)->status; };
  EXPECT_EQ(status("init"), Status::kRunning);
  for (const char* id : {"init", "other"}) write(path(base::cat("root/", id, "/creating.json")), "{}");
  EXPECT_EQ(status("init"), Status::kCreated);
  EXPECT_EQ(status("other"), Status::kRunning);
}

TEST_F(LoadTest, AReusedPidIsNotInit) {
  Child child;
  const auto root = StateRoot::open_or_make(path("root"));
  for (const char* what : {"start_time", "pidfd_inode", "boot_id"}) {
    Record record = child.record(what);
    if (std::string(what) == "start_time") record.init.start_time += 1;
    if (std::string(what) == "boot_id") record.init.boot_id = "another";
    if (std::string(what) == "pidfd_inode") {
      if (record.init.pidfd_inode == 0) continue;  // before Linux 6.9
      record.init.pidfd_inode += 1;
    }
    ASSERT_TRUE(save_record(root->create(what)->fd(), record).has_value());
    EXPECT_EQ(load_container(*root, what)->status, Status::kStopped) << what;
  }
}

}  // namespace
}  // namespace container
