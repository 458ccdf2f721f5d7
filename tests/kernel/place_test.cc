#include "kernel/place.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/fd.h"
#include "base/text.h"
#include "kernel/file.h"

namespace kernel {
namespace {

namespace fs = std::filesystem;

class Place : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/place_test.XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    top_ = fs::canonical(name);
    fs::create_directories(top_ / "a/b");
    std::ofstream(top_ / "a/file") << "x";
  }
  void TearDown() override { fs::remove_all(top_); }

  fs::path top_;
};

TEST_F(Place, FollowsLinksWhereverTheyAre) {
  fs::create_symlink("a", top_ / "relative");
  fs::create_symlink(top_ / "a/file", top_ / "absolute");
  fs::create_symlink("../absolute", top_ / "a/twice");
  const std::string file = top_ / "a/file";
  for (const auto* path : {"a/file", "a/b/../file", "a//./file", "relative/file", "absolute", "a/twice", "relative/twice"}) {
    EXPECT_EQ(place_of(top_ / path), file) << path;
  }
}

TEST_F(Place, LeadsNowhere) {
  fs::create_symlink("loop", top_ / "loop");
  fs::create_symlink("nonesuch", top_ / "dangling");
  for (const auto* path : {"nonesuch", "nonesuch/x", "a/file/x", "loop", "loop/x", "dangling", "a/b/..", "a/b/."}) {
    EXPECT_EQ(place_of(top_ / path), "") << path;
  }
  EXPECT_EQ(place_of(""), "");
}

TEST_F(Place, KeepsALinkOfProcfsAndGoesBehindNone) {
  const auto own = base::cat("/proc/", ::getpid());
  EXPECT_EQ(place_of("/proc/self/ns/ipc"), own + "/ns/ipc");
  fs::create_symlink("/proc/self/ns/ipc", top_ / "namespace");
  EXPECT_EQ(place_of(top_ / "namespace"), own + "/ns/ipc");
  EXPECT_EQ(place_of(base::cat("/proc/self/root", top_.string(), "/a/file")), "");
  EXPECT_EQ(place_of("/proc/self/cwd/x"), "");
}

TEST_F(Place, OfADescriptor) {
  const base::UniqueFd directory(::open((top_ / "a/b").c_str(), O_PATH | O_CLOEXEC));
  EXPECT_EQ(path_of(directory.get()), top_ / "a/b");
  int pipe[2];
  ASSERT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
  const base::UniqueFd one(pipe[0]), other(pipe[1]);
  EXPECT_EQ(path_of(one.get()), "") << "it has none";
  EXPECT_EQ(path_of(-1), "");
}

}  // namespace
}  // namespace kernel
