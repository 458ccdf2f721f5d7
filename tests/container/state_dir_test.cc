#include "container/state_dir.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "tests/container/temp_dir.h"

namespace container {
namespace {

namespace fs = std::filesystem;

class StateDirTest : public TempDir {
 protected:
  StateRoot open_root() { return *StateRoot::open_or_make(path("root")); }
  static mode_t mode_of(const std::string& file) {
    struct stat st {};
    EXPECT_EQ(::lstat(file.c_str(), &st), 0) << file;
    return st.st_mode & 07777;
  }
};

TEST_F(StateDirTest, MakesTheRootAndItsParentsForThisUserOnly) {
  ASSERT_TRUE(StateRoot::open_or_make(path("a/b/root")).has_value());
  for (const char* dir : {"a", "a/b", "a/b/root"}) EXPECT_EQ(mode_of(path(dir)), 0700U) << dir;
}

TEST_F(StateDirTest, AnAbsentRootIsNotMadeByReading) {
  const auto root = StateRoot::open(path("absent/root"));
  ASSERT_TRUE(root.has_value());
  EXPECT_FALSE(root->has_value());
  EXPECT_FALSE(fs::exists(path("absent")));
}

TEST_F(StateDirTest, RefusesARootThatOthersCanWriteTo) {
  for (const fs::perms perms : {fs::perms(0770), fs::perms(0707), fs::perms(01777)}) {
    fs::create_directory(path("shared"));
    fs::permissions(path("shared"), perms);
    const auto root = StateRoot::open(path("shared"));
    ASSERT_FALSE(root.has_value());
    EXPECT_NE(root.error().message().find("writable by others"), std::string::npos) << root.error().message();
  }
  fs::permissions(path("shared"), fs::perms(0755));  // as containerd makes it
  EXPECT_TRUE(StateRoot::open(path("shared")).has_value());
}

TEST_F(StateDirTest, RefusesARootOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a directory away";
  fs::create_directory(path("theirs"));
  ASSERT_EQ(::chown(path("theirs").c_str(), 12345, 0), 0);
  const auto root = StateRoot::open_or_make(path("theirs"));
  ASSERT_FALSE(root.has_value());
  EXPECT_NE(root.error().message().find("belongs to user 12345"), std::string::npos) << root.error().message();
}

TEST_F(StateDirTest, FollowsOwnSymlinksAndNobodyElses) {
  fs::create_directories(path("real/root"));
  fs::permissions(path("real/root"), fs::perms(0700));
  fs::create_directory_symlink(path("real"), path("absolute"));
  fs::create_directory_symlink("../real", path("real/up"));
  EXPECT_TRUE(StateRoot::open(path("absolute/root")).value().has_value());
  EXPECT_TRUE(StateRoot::open(path("real/up/root")).value().has_value());
  fs::create_directory_symlink("loop", path("loop"));
  EXPECT_EQ(StateRoot::open(path("loop")).error().sys(), ELOOP);

  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a symlink away";
  ASSERT_EQ(::lchown(path("absolute").c_str(), 12345, 12345), 0);
  const auto root = StateRoot::open(path("absolute/root"));
  ASSERT_FALSE(root.has_value());
  EXPECT_EQ(root.error().sys(), EPERM);
}

TEST_F(StateDirTest, AFileIsNoRoot) {
  write(path("file"), "");
  EXPECT_EQ(StateRoot::open_or_make(path("file")).error().sys(), ENOTDIR);
  EXPECT_EQ(StateRoot::open_or_make(path("file/root")).error().sys(), ENOTDIR);
}

TEST_F(StateDirTest, CreateIsTheLock) {
  const StateRoot root = open_root();
  const mode_t old = ::umask(0077);
  ASSERT_TRUE(root.create("web1").has_value());
  ::umask(old);
  EXPECT_EQ(mode_of(path("root/web1")), 0711U);
  const auto second = root.create("web1");
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().message(), "container with given ID already exists");
  EXPECT_EQ(root.create("../web2").error().message(), "invalid container ID format");
  EXPECT_FALSE(fs::exists(path("web2")));
}

TEST_F(StateDirTest, OfRacingCreatesExactlyOneWins) {
  open_root();
  for (int round = 0; round < 20; ++round) {
    const std::string id = "race" + std::to_string(round);
    std::vector<pid_t> children;
    for (int i = 0; i < 4; ++i) {
      const pid_t pid = ::fork();
      ASSERT_GE(pid, 0);
      if (pid == 0) ::_exit(StateRoot::open_or_make(path("root"))->create(id).has_value() ? 1 : 0);
      children.push_back(pid);
    }
    int winners = 0;
    for (const pid_t pid : children) {
      int status = 0;
      ASSERT_EQ(::waitpid(pid, &status, 0), pid);
      ASSERT_TRUE(WIFEXITED(status));
      winners += WEXITSTATUS(status);
    }
    EXPECT_EQ(winners, 1);
  }
}

TEST_F(StateDirTest, OpensOnlyDirectories) {
  const StateRoot root = open_root();
  EXPECT_FALSE(root.open_container("absent").value().has_value());
  write(path("root/file"), "");
  EXPECT_FALSE(root.open_container("file").value().has_value());
  fs::create_directory(path("elsewhere"));
  fs::create_directory_symlink(path("elsewhere"), path("root/link"));
  EXPECT_FALSE(root.open_container("link").value().has_value());
  EXPECT_FALSE(root.open_container(std::string(1000, 'a')).value().has_value());
  EXPECT_FALSE(root.open_container("..").has_value());
}

TEST_F(StateDirTest, RemovesEverythingButFollowsNothing) {
  const StateRoot root = open_root();
  const ContainerDir dir = *root.create("web1");
  fs::create_directories(path("root/web1/deep/er"));
  write(path("root/web1/deep/er/file"), "x");
  fs::create_directory(path("precious"));
  write(path("precious/file"), "x");
  fs::create_directory_symlink(path("precious"), path("root/web1/link"));
  ASSERT_TRUE(root.remove(dir).has_value());
  EXPECT_FALSE(fs::exists(path("root/web1")));
  EXPECT_TRUE(fs::exists(path("precious/file")));
  EXPECT_TRUE(root.remove(dir).has_value()) << "removing twice is no error";
}

TEST_F(StateDirTest, ALateDeleterSeesThatTheDirectoryWasReplaced) {
  const StateRoot root = open_root();
  const ContainerDir late = *root.create("web1");
  {
    const auto first = *root.open_container("web1");
    ASSERT_TRUE(*root.lock_for_delete(*first));
    ASSERT_TRUE(root.remove(*first).has_value());
  }
  {
    const auto dir = root.open_container("web1");
    EXPECT_FALSE(dir->has_value());
    EXPECT_FALSE(*root.lock_for_delete(late));
  }
  ASSERT_TRUE(root.create("web1").has_value());
  EXPECT_FALSE(*root.lock_for_delete(late)) << "this is another container's directory";
}

TEST_F(StateDirTest, TheDeleteLockKeepsASecondDeleterWaiting) {
  const StateRoot root = open_root();
  ASSERT_TRUE(root.create("web1").has_value());
  auto first = *root.open_container("web1");
  ASSERT_TRUE(*root.lock_for_delete(*first));
  int result[2];
  ASSERT_EQ(::pipe(result), 0);
  const pid_t pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    first.reset();  // inherited: the lock would be held by this process as well
    const auto second = *root.open_container("web1");
    (void)!::write(result[1], "w", 1);
    const char answer = *root.lock_for_delete(*second) ? 'y' : 'n';
    (void)!::write(result[1], &answer, 1);
    ::_exit(0);
  }
  char answer = 0;
  ASSERT_EQ(::read(result[0], &answer, 1), 1);  // the child has opened the directory
  ASSERT_TRUE(root.remove(*first).has_value());
  first.reset();
  ASSERT_EQ(::read(result[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'n') << "the directory was removed while it waited";
  ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
  ::close(result[0]);
  ::close(result[1]);
}

TEST_F(StateDirTest, ListsValidIdsInOrder) {
  const StateRoot root = open_root();
  for (const char* id : {"b", "a", ".hidden"}) ASSERT_TRUE(root.create(id).has_value());
  fs::create_directory(path("root/not an id"));
  EXPECT_EQ(*root.ids(), (std::vector<std::string>{".hidden", "a", "b"}));
}

TEST(DefaultRoot, IsRunForRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "for root only";
  ::setenv("XDG_RUNTIME_DIR", "/run/user/0", 1);
  EXPECT_EQ(default_root(), "/run/bulkhead");
}

TEST(DefaultRoot, IsTheRuntimeDirectoryForOthers) {
  const pid_t pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    if (::geteuid() == 0 && ::setresuid(12345, 12345, 12345) != 0) ::_exit(1);
    ::setenv("XDG_RUNTIME_DIR", "/run/user/12345", 1);
    if (default_root() != "/run/user/12345/bulkhead") ::_exit(2);
    ::setenv("XDG_RUNTIME_DIR", "relative", 1);
    ::_exit(default_root() == "/run/bulkhead" ? 0 : 3);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace container
