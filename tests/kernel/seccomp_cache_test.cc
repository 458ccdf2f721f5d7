#include "kernel/seccomp_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "kernel/file.h"

namespace kernel {
namespace {

namespace fs = std::filesystem;

class SeccompCache : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/seccomp_cache_test.XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    parent_ = name;
    auto dir = open_private_directory(path(), "seccomp cache");
    ASSERT_TRUE(dir) << dir.error().message();
    dir_ = std::move(*dir);
  }
  void TearDown() override { fs::remove_all(parent_); }

  std::string path() const { return parent_ / "cache"; }
  fs::path file(std::string_view key) const { return fs::path(path()) / seccomp_cache_file(key); }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path()), fs::directory_iterator()));
  }
  std::optional<SeccompBlob> load(std::string_view key) const { return load_seccomp(dir_.get(), key); }
  void store(std::string_view key, const SeccompBlob& blob) const { store_seccomp(dir_.get(), key, blob); }

  fs::path parent_;
  base::UniqueFd dir_;
};

SeccompBlob blob(std::uint32_t answer) { return {{{0x20, 0, 0, 4}, {0x06, 0, 0, answer}}, 4}; }

bool same(const std::optional<SeccompBlob>& have, const SeccompBlob& want) {
  if (!have || have->flags != want.flags || have->code.size() != want.code.size()) return false;
  for (std::size_t i = 0; i < want.code.size(); ++i) {
    const auto& a = have->code[i];
    const auto& b = want.code[i];
    if (a.code != b.code || a.jt != b.jt || a.jf != b.jf || a.k != b.k) return false;
  }
  return true;
}

std::string refusal(const std::string& path) {
  const auto dir = open_private_directory(path, "seccomp cache");
  return dir ? "accepted" : dir.error().message();
}

std::string contents(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_F(SeccompCache, GivesBackWhatWasStored) {
  EXPECT_FALSE(load("key"));
  store("key", blob(1));
  store("other", blob(2));
  EXPECT_TRUE(same(load("key"), blob(1)));
  EXPECT_TRUE(same(load("other"), blob(2)));
  store("key", blob(3));
  EXPECT_TRUE(same(load("key"), blob(3)));
  EXPECT_EQ(files(), 2U);
}

TEST_F(SeccompCache, FilesAreTheOwnersAlone) {
  store("key", blob(1));
  struct stat st {};
  ASSERT_EQ(::stat(file("key").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0600U);
  ASSERT_EQ(::stat(path().c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0700U);
}

TEST_F(SeccompCache, ADirectoryOpenToOthersIsRefused) {
  for (const mode_t mode : {0755U, 0770U, 0701U, 0500U}) {
    ASSERT_EQ(::chmod(path().c_str(), mode), 0);
    EXPECT_EQ(refusal(path()), "seccomp cache \"" + path() + "\": is not of mode 0700");
  }
}

TEST_F(SeccompCache, ASymlinkOrAFileIsRefused) {
  const std::string link = parent_ / "link";
  fs::create_directory_symlink(path(), link);
  EXPECT_NE(refusal(link), "accepted");
  const std::string plain = parent_ / "file";
  std::ofstream(plain) << "x";
  EXPECT_NE(refusal(plain), "accepted");
  EXPECT_NE(refusal(parent_ / "missing" / "cache"), "accepted");
}

TEST_F(SeccompCache, AnothersDirectoryIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
  ASSERT_EQ(::chown(path().c_str(), 65534, 0), 0);
  EXPECT_EQ(refusal(path()), "seccomp cache \"" + path() + "\": belongs to another user");
}

// Every single changed byte, and every shorter or longer file.
TEST_F(SeccompCache, ADamagedFileIsNotThere) {
  store("key", blob(1));
  const std::string good = contents(file("key"));
  const auto with = [&](const std::string& bytes) {
    std::ofstream(file("key"), std::ios::binary | std::ios::trunc) << bytes;
    return load("key").has_value();
  };
  ASSERT_TRUE(with(good));
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_FALSE(with(bad)) << "byte " << i;
    EXPECT_FALSE(with(good.substr(0, i))) << "length " << i;
  }
  EXPECT_FALSE(with(good + "x"));
  EXPECT_FALSE(with(good + good));
  store("key", blob(1));
  EXPECT_TRUE(same(load("key"), blob(1)));
}

// A file with a right checksum in the place of another key: only the whole key decides.
TEST_F(SeccompCache, AnotherKeysFileIsNotBelieved) {
  store("key", blob(1));
  fs::copy_file(file("key"), file("kez"));
  EXPECT_FALSE(load("kez"));
  fs::copy_file(file("key"), file(std::string_view("key\0", 4)));
  EXPECT_FALSE(load(std::string_view("key\0", 4)));
}

TEST_F(SeccompCache, AnythingButAPlainFileOfOnesOwnIsNotThere) {
  store("key", blob(1));
  fs::rename(file("key"), parent_ / "elsewhere");
  fs::create_symlink(parent_ / "elsewhere", file("key"));
  EXPECT_FALSE(load("key"));
  fs::remove(file("key"));
  ASSERT_EQ(::mkfifo(file("key").c_str(), 0600), 0);
  EXPECT_FALSE(load("key"));  // and does not wait for a writer
  fs::remove(file("key"));
  fs::rename(parent_ / "elsewhere", file("key"));
  EXPECT_TRUE(load("key"));
  ASSERT_EQ(::chmod(file("key").c_str(), 0622), 0);
  EXPECT_FALSE(load("key"));
  store("key", blob(1));
  EXPECT_TRUE(load("key"));
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(file("key").c_str(), 65534, 0), 0);
    EXPECT_FALSE(load("key"));
  }
}

TEST_F(SeccompCache, TheOldestGoFirst) {
  for (std::size_t i = 0; i < kSeccompCacheEntries; ++i) {
    const std::string key = std::to_string(i);
    store(key, blob(1));
    const timespec times[2] = {{0, UTIME_OMIT}, {static_cast<time_t>(1000 + i), 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, file(key).c_str(), times, 0), 0);
  }
  EXPECT_TRUE(load("0"));
  store("new", blob(1));
  EXPECT_EQ(files(), kSeccompCacheEntries);
  EXPECT_FALSE(load("0"));
  EXPECT_TRUE(load("1"));
  EXPECT_TRUE(load("new"));
}

TEST_F(SeccompCache, WhatIsLeftOfAKilledWriterIsRemovedInTime) {
  for (std::size_t i = 0; i < kSeccompCacheEntries + 20; ++i)
    std::ofstream(fs::path(path()) / ("." + std::to_string(i)));
  store("key", blob(1));
  EXPECT_EQ(files(), kSeccompCacheEntries);
  EXPECT_TRUE(load("key"));
}

TEST_F(SeccompCache, NoProgramIsNotStored) {
  store("key", {});
  store("key", {std::vector<sock_filter>(BPF_MAXINSNS + 1), 0});
  EXPECT_EQ(files(), 0U);
}

TEST_F(SeccompCache, ADirectoryThatCannotBeWrittenIsNoError) {
  fs::remove_all(path());
  store("key", blob(1));
  EXPECT_FALSE(load("key"));
}

}  // namespace
}  // namespace kernel
