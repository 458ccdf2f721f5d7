#include "kernel/id_ranges.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "kernel/file.h"

namespace kernel {
namespace {

namespace fs = std::filesystem;

class IdRanges : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/id_ranges_test.XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    parent_ = name;
    auto dir = open_private_directory(parent_ / "ranges", "directory");
    ASSERT_TRUE(dir) << dir.error().message();
    dir_ = std::move(*dir);
  }
  void TearDown() override { fs::remove_all(parent_); }

  std::string owner(const char* name) const { return parent_ / name; }
  // A container whose state directory is there.
  std::string made(const char* name) const {
    fs::create_directory(owner(name));
    return owner(name);
  }
  IdRange claim(const std::string& owner, std::uint32_t first = 3, std::uint32_t count = 5) const {
    auto range = claim_id_range(dir_.get(), count, first, owner);
    EXPECT_TRUE(range) << range.error().message();
    return range ? *std::move(range) : IdRange{count, {}};
  }

  fs::path parent_;
  base::UniqueFd dir_;
};

TEST_F(IdRanges, NoTwoThatLiveHaveTheSame) {
  std::set<std::uint32_t> all;
  for (const auto* name : {"a", "b", "c", "d", "e"}) all.insert(claim(made(name)).index);
  EXPECT_EQ(all, (std::set<std::uint32_t>{0, 1, 2, 3, 4}));
  const auto none = claim_id_range(dir_.get(), 5, 0, made("f"));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message(), "all 5 ranges of ids are taken");
}

TEST_F(IdRanges, OneIsKeptAcrossRestarts) {
  EXPECT_EQ(claim(made("a")).index, 3U);
  EXPECT_EQ(claim(made("b")).index, 4U);
  EXPECT_EQ(claim(owner("b")).index, 4U);
  EXPECT_EQ(claim(owner("a")).index, 3U);
}

TEST_F(IdRanges, OneIsFreeWhenItsDirectoryIsGone) {
  EXPECT_EQ(claim(made("a")).index, 3U);
  fs::remove(owner("a"));
  EXPECT_EQ(claim(made("b")).index, 3U);
}

TEST_F(IdRanges, OneIsHeldBeforeItsDirectoryIsThere) {
  auto first = claim(owner("a"));
  EXPECT_EQ(first.index, 3U);
  EXPECT_EQ(claim(made("b")).index, 4U) << "a is still being made";
  first.lock.reset();
  EXPECT_EQ(claim(made("c")).index, 3U) << "whoever made it has been killed";
}

TEST_F(IdRanges, OneIsGivenBackWhenItsOwnerIsGone) {
  claim(made("a"));
  release_id_range(dir_.get(), 3);
  EXPECT_TRUE(fs::exists(parent_ / "ranges/3")) << "a is still there";
  fs::remove(owner("a"));
  auto other = claim(owner("b"));
  release_id_range(dir_.get(), 3);
  EXPECT_TRUE(fs::exists(parent_ / "ranges/3")) << "b is still being made";
  other.lock.reset();
  release_id_range(dir_.get(), 3);
  EXPECT_FALSE(fs::exists(parent_ / "ranges/3"));
  release_id_range(dir_.get(), 3);
}

TEST_F(IdRanges, AFileThatSaysNothingIsNobodys) {
  for (const auto* text : {"", "/no/such/place", "/tmp", "\n"}) {
    std::ofstream(parent_ / "ranges/3") << text;
    EXPECT_EQ(claim(made("a")).index, 3U) << text;
    fs::remove(parent_ / "ranges/3");
  }
}

TEST_F(IdRanges, ALinkIsNotFollowed) {
  fs::create_symlink(parent_ / "elsewhere", parent_ / "ranges/3");
  EXPECT_FALSE(claim_id_range(dir_.get(), 5, 3, owner("a")));
  EXPECT_FALSE(fs::exists(parent_ / "elsewhere"));
}

}  // namespace
}  // namespace kernel
