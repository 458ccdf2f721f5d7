#include "container/kept.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "temp_dir.h"

namespace container {
namespace {

class KeptTest : public TempDir {
 protected:
  void SetUp() override {
    TempDir::SetUp();
    fd_.reset(::open(path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  base::UniqueFd fd_;
};

TEST_F(KeptTest, GivesBackWhatItWasGiven) {
  auto none = read_kept(fd_.get());
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  const Kept kept{"{}\n", std::string("a\0b", 3), "{\"process\": 1}"};
  ASSERT_TRUE(save_kept(fd_.get(), kept));
  struct stat info {};
  ASSERT_EQ(::stat(path(kKeptFile).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
  const auto read = read_kept(fd_.get());
  ASSERT_TRUE(read && *read);
  EXPECT_EQ((*read)->facts, kept.facts);
  EXPECT_EQ((*read)->policy, kept.policy);
  EXPECT_EQ((*read)->config, kept.config);
}

TEST_F(KeptTest, WhatIsAuditedIsKeptToo) {
  ASSERT_TRUE(save_kept(fd_.get(), {"1", "2", "3", "4\n5"}));
  const auto back = read_kept(fd_.get());
  ASSERT_TRUE(back && *back);
  EXPECT_EQ((*back)->config, "3");
  EXPECT_EQ((*back)->audited, "4\n5");
  const std::string text = read(path(kKeptFile));
  for (std::size_t size = 0; size < text.size(); ++size) {
    write(path(kKeptFile), text.substr(0, size));
    EXPECT_FALSE(read_kept(fd_.get())) << size;
  }
  write(path(kKeptFile), "bulkhead-kept 1 1 1 1\n123");
  EXPECT_EQ((*read_kept(fd_.get()))->audited, "") << "of an older version";
  write(path(kKeptFile), "bulkhead-kept 1 1 1 1 1 1\n12345");
  EXPECT_FALSE(read_kept(fd_.get()));
}

TEST_F(KeptTest, DamageIsAnError) {
  ASSERT_TRUE(save_kept(fd_.get(), {"12", "345", "6"}));
  const std::string text = read(path(kKeptFile));
  for (std::size_t size = 0; size < text.size(); ++size) {
    write(path(kKeptFile), text.substr(0, size));
    EXPECT_FALSE(read_kept(fd_.get())) << size;
  }
  for (const auto* other : {"bulkhead-kept 1 1 1\nab", "bulkhead-kept 1 -1 1 1\nabc", "bulkhead-kept 1 1 1 1\nabcd", "bulkhead-kept 1 99999999999999999999 1 1\n"}) {
    write(path(kKeptFile), other);
    EXPECT_FALSE(read_kept(fd_.get())) << other;
  }
}

TEST_F(KeptTest, IsWaitedFor) {
  const auto self = kernel::PidFd::open(::getpid());
  ASSERT_TRUE(self);
  std::thread later([&] { EXPECT_TRUE(save_kept(fd_.get(), {"1", "2", "3"})); });
  const auto came = await_kept(fd_.get(), *self);
  later.join();
  ASSERT_TRUE(came);
  EXPECT_TRUE(*came);
}

}  // namespace
}  // namespace container
