// The decision log's limit: so many lines a minute from all who write, and the number of those that it did not take.
#include "monitor/log_rate.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "base/fd.h"

namespace {

class LogRate : public testing::Test {
 protected:
  LogRate() {
    std::string pattern = testing::TempDir() + "log-rate-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
    directory_.reset(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  ~LogRate() override {
    ::unlink((path_ + "/turns").c_str());
    ::rmdir(path_.c_str());
  }
  monitor::Turn take(std::uint64_t minute, std::uint64_t per_minute = 2) const {
    return *monitor::take_turn(directory_.get(), per_minute, minute);
  }

  std::string path_;
  base::UniqueFd directory_;
};

TEST_F(LogRate, GrantsSoManyAMinuteAndTellsOfTheRest) {
  EXPECT_TRUE(take(7).granted);
  EXPECT_TRUE(take(7).granted);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(take(7).granted);
  const auto next = take(8);
  EXPECT_TRUE(next.granted);
  EXPECT_EQ(next.dropped, 3U);
  const auto last = take(8);
  EXPECT_TRUE(last.granted);
  EXPECT_EQ(last.dropped, 0U);  // told of once
  EXPECT_FALSE(take(8).granted);
}

TEST_F(LogRate, WhatCouldNotBeToldOfIsToldOfLater) {
  EXPECT_TRUE(take(0).granted);
  ASSERT_TRUE(monitor::count_dropped(directory_.get(), 4).has_value());
  EXPECT_EQ(take(0).dropped, 4U);
  EXPECT_FALSE(take(0).granted);
  ASSERT_TRUE(monitor::count_dropped(directory_.get(), 2).has_value());
  EXPECT_EQ(take(1).dropped, 3U);
}

TEST_F(LogRate, ALimitThatIsRaisedHoldsAtOnce) {
  EXPECT_TRUE(take(1, 1).granted);
  EXPECT_FALSE(take(1, 1).granted);
  EXPECT_TRUE(take(1, 5).granted);
}

TEST_F(LogRate, IsPrivateAndSurvivesAFileThatIsNotInOrder) {
  for (const auto& text : {std::string(), std::string("x"), std::string("1 2"), std::string("1 2 3 4"), std::string("1 99999999999999999999 0"),
                           std::string(5000, '1')}) {
    std::ofstream(path_ + "/turns") << text;
    EXPECT_TRUE(take(1).granted) << text;
  }
  ::unlink((path_ + "/turns").c_str());
  EXPECT_TRUE(take(1).granted);
  struct stat info {};
  ASSERT_EQ(::stat((path_ + "/turns").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
}

TEST_F(LogRate, DoesNotFollowALink) {
  ASSERT_EQ(::symlink("/dev/null", (path_ + "/turns").c_str()), 0);
  EXPECT_FALSE(monitor::take_turn(directory_.get(), 1, 1).has_value());
}

TEST_F(LogRate, CountsForAllProcessesTogether) {
  constexpr int kProcesses = 8, kEach = 25, kLimit = 60;
  for (int i = 0; i < kProcesses; ++i) {
    if (::fork() != 0) continue;
    int granted = 0;
    for (int n = 0; n < kEach; ++n) granted += monitor::take_turn(directory_.get(), kLimit, 3)->granted;
    ::_exit(granted);
  }
  int granted = 0;
  for (int i = 0; i < kProcesses; ++i) {
    int status = 0;
    ASSERT_GT(::wait(&status), 0);
    ASSERT_TRUE(WIFEXITED(status));
    granted += WEXITSTATUS(status);
  }
  EXPECT_EQ(granted, kLimit);
  EXPECT_EQ(take(4, kLimit).dropped, static_cast<std::uint64_t>(kProcesses * kEach - kLimit));
}

}  // namespace
