// The in-root walker against a process that swaps directories for links while it walks (CVE-2018-15664 and its like).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/fd.h"
#include "kernel/inroot.h"
#include "tests/support/in_child.h"

namespace kernel {
namespace {

namespace fs = std::filesystem;

constexpr int kRounds = 500;
constexpr int kRoundsInMaking = 20000;  // the window is narrower

// base/root/a/b is a directory, base/root/link a link to base/outside; a child exchanges the two for as long as a walk
// goes on. Whatever is opened or made must be below base/root, and base/outside stays empty.
class InRootRace : public testing::Test {
 protected:
  void SetUp() override {
    // In memory, where many renames fit into one walk.
    const fs::path parent = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : fs::temp_directory_path();
    std::string pattern = (parent / "bulkhead-race-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    base_ = pattern;
    fs::create_directories(base_ / "root" / "a" / "b" / "c");
    fs::create_directories(base_ / "outside");
    root_.reset(::open((base_ / "root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  void TearDown() override {
    if (base_.empty()) return;
    EXPECT_TRUE(fs::is_empty(base_ / "outside")) << "something was made outside";
    EXPECT_EQ(std::distance(fs::directory_iterator(base_), {}), 2) << "something was made beside the root";
    fs::remove_all(base_);
  }

  // Calls `attempt` while a child calls `attack` over and over.
  static void race_with(const std::function<void(int)>& attack, const std::function<void(int)>& attempt,
                        int rounds = kRounds) {
    int started[2];
    ASSERT_EQ(::pipe2(started, O_CLOEXEC), 0);
    support::Forked renamer([&] {
      for (int k = 0;; ++k) {
        attack(k);
        if (k == 0) {
          ASSERT_EQ(::write(started[1], "s", 1), 1);
        }
      }
    });
    char byte;
    ASSERT_EQ(::read(started[0], &byte, 1), 1);
    for (int i = 0; i < rounds; ++i) attempt(i);
    ::kill(renamer.pid(), SIGKILL);
    EXPECT_EQ(renamer.wait(), 128 + SIGKILL);
    ::close(started[0]);
    ::close(started[1]);
  }
  // The attack: root/`x` and root/`y` change places.
  void race(const std::string& x, const std::string& y, const std::function<void(int)>& attempt) const {
    const std::string from = (base_ / "root" / x).string(), to = (base_ / "root" / y).string();
    race_with(
        [&](int) {
          ASSERT_EQ(::syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE), 0);
        },
        attempt);
  }

  void expect_inside(long fd) const {
    const base::UniqueFd owner(static_cast<int>(fd));
    const std::string real = fs::read_symlink("/proc/self/fd/" + std::to_string(fd)).string();
    EXPECT_TRUE(real.starts_with((base_ / "root").string())) << real;
  }

  fs::path base_;
  base::UniqueFd root_;
};

TEST_F(InRootRace, WalkStaysInside) {
  fs::create_symlink("../../outside", base_ / "root" / "link");
  int opened = 0;
  race("a/b", "link", [&](int) {
    const long fd = open_in_root(root_.get(), "/a/b/../b/c/..", {.flags = O_PATH});
    if (fd >= 0) {
      ++opened;
      expect_inside(fd);
    } else {
      EXPECT_TRUE(fd == -ENOENT || fd == -EAGAIN || fd == -ENOTDIR) << fd;
    }
  });
  RecordProperty("opened", opened);
}

class InRootRaceMaking : public InRootRace, public testing::WithParamInterface<const char*> {};

TEST_P(InRootRaceMaking, HappensInside) {
  fs::create_symlink(GetParam(), base_ / "root" / "link");
  race("a/b", "link", [&](int i) {
    const std::string path = "/a/b/new" + std::to_string(i % 50) + "/file" + std::to_string(i);
    const long fd = open_in_root(root_.get(), path.c_str(), {.flags = O_PATH, .make = Make::kFile});
    if (fd >= 0) {
      expect_inside(fd);
    } else {
      EXPECT_TRUE(fd == -ENOENT || fd == -EAGAIN || fd == -ENOTDIR || fd == -ELOOP) << fd;
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Links, InRootRaceMaking,
                         testing::Values("../../outside", "../outside", "/../outside", "gone"));

TEST_F(InRootRace, AbsoluteLinkToTheOutsideIsNoWayOut) {
  fs::create_symlink(base_ / "outside", base_ / "root" / "link");
  race("a", "link", [&](int i) {
    const std::string path = "/a/made" + std::to_string(i);
    const long fd = open_in_root(root_.get(), path.c_str(), {.flags = O_PATH, .make = Make::kDirectory});
    if (fd >= 0) expect_inside(fd);
  });
}

// The directory that is being made is replaced by a link before it can be opened.
TEST_F(InRootRace, WhatIsBeingMadeMayBeReplaced) {
  const std::string made = (base_ / "root" / "made").string();
  fs::create_directory(base_ / "root" / "old");
  race_with(
      [&](int k) {
        ::rename(made.c_str(), (base_ / "root" / "old" / std::to_string(k)).c_str());
        if (::symlink("../outside", made.c_str()) == 0) ::unlink(made.c_str());
      },
      [&](int i) {
        const std::string path = "/made/file" + std::to_string(i);
        const long fd =
            open_in_root(root_.get(), path.c_str(), {.flags = O_PATH, .no_symlinks = true, .make = Make::kFile});
        if (fd >= 0) expect_inside(fd);
      },
      kRoundsInMaking);
  EXPECT_FALSE(fs::exists(base_ / "root" / "outside"));
}

TEST_F(InRootRace, NoSymlinksNeverEndsBehindALink) {
  fs::create_directory(base_ / "root" / "elsewhere");
  fs::create_symlink("elsewhere", base_ / "root" / "link");
  race("a", "link", [&](int i) {
    const std::string path = "/a/made" + std::to_string(i);
    const long fd =
        open_in_root(root_.get(), path.c_str(), {.flags = O_PATH, .no_symlinks = true, .make = Make::kDirectory});
    if (fd >= 0) {
      expect_inside(fd);
    } else {
      EXPECT_TRUE(fd == -ELOOP || fd == -EAGAIN) << fd;
    }
  });
  EXPECT_TRUE(fs::is_empty(base_ / "root" / "elsewhere"));
}

}  // namespace
}  // namespace kernel
