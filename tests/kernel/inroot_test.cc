// The in-root walker: whatever a hostile root file system holds, nothing outside of it is reached or made.
#include "kernel/inroot.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/fd.h"

namespace kernel {
namespace {

namespace fs = std::filesystem;

// base/root is the root, base/outside what must stay untouched.
class InRootTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "bulkhead-inroot-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    base_ = pattern;
    fs::create_directories(base_ / "root" / "dir" / "sub");
    fs::create_directories(base_ / "outside");
    std::ofstream(base_ / "outside" / "canary") << "canary";
    std::ofstream(base_ / "root" / "file") << "inside";
    root_.reset(::open((base_ / "root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(root_.valid());
    old_umask_ = ::umask(0);
  }
  void TearDown() override {
    ::umask(old_umask_);
    if (base_.empty()) return;
    EXPECT_EQ(std::distance(fs::directory_iterator(base_ / "outside"), {}), 1) << "something was made outside";
    EXPECT_EQ(std::distance(fs::directory_iterator(base_), {}), 2) << "something was made beside the root";
    fs::remove_all(base_);
  }

  void link(const std::string& target, const std::string& name) const {
    fs::create_symlink(target, base_ / "root" / name);
  }
  // What `path` resolves to, relative to the root ("/dir"); or the negative errno as text.
  std::string resolve(const std::string& path, InRoot how = {}) const {
    how.flags |= O_PATH;
    const long result = open_in_root(root_.get(), path.c_str(), how);
    if (result < 0) return std::to_string(result);
    const base::UniqueFd fd(static_cast<int>(result));
    const std::string real = fs::read_symlink("/proc/self/fd/" + std::to_string(fd.get())).string();
    const std::string root = (base_ / "root").string();
    if (!real.starts_with(root)) return "outside: " + real;
    return real.size() == root.size() ? "/" : real.substr(root.size());
  }
  std::string make(const std::string& path, Make kind = Make::kDirectory, bool no_symlinks = false,
                   std::uint32_t mode = 0) const {
    return resolve(path, {.no_symlinks = no_symlinks, .make = kind, .mode = mode});
  }
  static std::string failure(int err) { return std::to_string(-err); }
  bool is_directory(const std::string& name) const {
    return fs::is_directory(fs::symlink_status(base_ / "root" / name));
  }
  mode_t mode_of(const std::string& name) const {
    struct stat info {};
    EXPECT_EQ(::lstat((base_ / "root" / name).c_str(), &info), 0) << name;
    return info.st_mode;
  }

  fs::path base_;
  base::UniqueFd root_;
  mode_t old_umask_ = 0;
};

TEST_F(InRootTest, ResolvesBelowTheRoot) {
  EXPECT_EQ(resolve("/file"), "/file");
  EXPECT_EQ(resolve("dir/sub"), "/dir/sub");
  EXPECT_EQ(resolve("//dir/.//sub/."), "/dir/sub");
  for (const char* root : {"/", "", ".", "//", "./."}) EXPECT_EQ(resolve(root), "/") << root;
  EXPECT_EQ(resolve("/missing"), failure(ENOENT));
  EXPECT_EQ(resolve("/file/below"), failure(ENOTDIR));
}

TEST_F(InRootTest, DotDotStopsAtTheRoot) {
  EXPECT_EQ(resolve(".."), "/");
  EXPECT_EQ(resolve("/../../../dir/../dir/sub/../.."), "/");
  EXPECT_EQ(resolve("../outside/canary"), failure(ENOENT));
  EXPECT_EQ(resolve("/dir/../../outside"), failure(ENOENT));
}

TEST_F(InRootTest, LinksStayInside) {
  link((base_ / "outside").string(), "absolute");
  link("../outside", "relative");
  link("../../../../../../../../etc", "up");
  link("/", "slash");
  link("/dir/sub", "dir/in");
  link("in", "dir/in2");
  EXPECT_EQ(resolve("absolute/canary"), failure(ENOENT));
  EXPECT_EQ(resolve("relative"), failure(ENOENT));
  EXPECT_EQ(resolve("up/passwd"), failure(ENOENT));
  EXPECT_EQ(resolve("slash"), "/");
  EXPECT_EQ(resolve("slash/../slash/dir/in2/../.."), "/");
  EXPECT_EQ(resolve("dir/in2"), "/dir/sub");
}

TEST_F(InRootTest, NoSymlinksMeansNone) {
  link("dir", "link");
  link("file", "dir/link");
  const InRoot strict{.no_symlinks = true};
  EXPECT_EQ(resolve("dir/sub", strict), "/dir/sub");
  EXPECT_EQ(resolve("link", strict), failure(ELOOP));
  EXPECT_EQ(resolve("link/sub", strict), failure(ELOOP));
  EXPECT_EQ(resolve("dir/link", strict), failure(ELOOP));
}

TEST_F(InRootTest, FollowsFortyLinksAndNoMore) {
  link("dir", "l0");
  for (int i = 1; i <= 45; ++i) link("l" + std::to_string(i - 1), "l" + std::to_string(i));
  EXPECT_EQ(resolve("l39"), "/dir");
  EXPECT_EQ(resolve("l40"), failure(ELOOP));
  EXPECT_EQ(resolve("l45"), failure(ELOOP));
  link("self", "self");
  EXPECT_EQ(resolve("self"), failure(ELOOP));
}

TEST_F(InRootTest, FollowsNoMagicLinks) {
  const base::UniqueFd host(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const std::string leak = "/self/fd/" + std::to_string(root_.get());
  for (const std::string& path :
       {std::string("/self/cwd"), std::string("/self/root"), std::string("/self/exe"), leak, leak + "/dir"}) {
    const long result = open_in_root(host.get(), path.c_str(), {.flags = O_PATH});
    EXPECT_EQ(result, -ELOOP) << path;
    EXPECT_EQ(open_in_root(host.get(), path.c_str(), {.flags = O_PATH, .make = Make::kDirectory}), -ELOOP) << path;
  }
}

TEST_F(InRootTest, LongPathsAreAnErrorAndNoOverflow) {
  std::string longest;  // 4095 characters: what PATH_MAX allows
  while (longest.size() + 10 < 4095) longest += "/directory";
  longest += "/" + std::string(4095 - longest.size() - 1, 'x');
  ASSERT_EQ(longest.size(), 4095U);
  EXPECT_EQ(resolve(longest), failure(ENOENT));
  EXPECT_EQ(resolve(longest + "x"), failure(ENAMETOOLONG));
  EXPECT_EQ(make(longest + "x"), failure(ENAMETOOLONG));
  EXPECT_EQ(resolve(std::string(9000, '/') + "dir"), "/dir");
  EXPECT_EQ(make("/" + std::string(255, 'n')), "/" + std::string(255, 'n'));
  EXPECT_EQ(make("/" + std::string(256, 'n')), failure(ENAMETOOLONG));
  // A dangling link whose target does not fit together with the rest.
  link("/gone/" + std::string(200, 'a'), "dangling");
  std::string rest = "dangling";
  while (rest.size() + 100 < 4090) rest += "/" + std::string(99, 'b');
  EXPECT_EQ(make(rest), failure(ENAMETOOLONG));
}

TEST_F(InRootTest, MakesDirectoriesAndFiles) {
  EXPECT_EQ(make("/a/b/c"), "/a/b/c");
  EXPECT_EQ(mode_of("a/b/c"), S_IFDIR | 0755U);
  EXPECT_EQ(make("/x/y/file", Make::kFile), "/x/y/file");
  EXPECT_EQ(mode_of("x/y/file"), S_IFREG | 0644U);
  EXPECT_EQ(mode_of("x/y"), S_IFDIR | 0755U);
  EXPECT_EQ(make("/p/q", Make::kDirectory, false, 0700), "/p/q");
  EXPECT_EQ(mode_of("p/q"), S_IFDIR | 0700U);
  EXPECT_EQ(mode_of("p"), S_IFDIR | 0755U);
  EXPECT_EQ(make("/p/secret", Make::kFile, false, 0600), "/p/secret");
  EXPECT_EQ(mode_of("p/secret"), S_IFREG | 0600U);
}

TEST_F(InRootTest, LeavesWhatIsThere) {
  EXPECT_EQ(make("/file", Make::kFile), "/file");
  EXPECT_EQ(make("/file"), "/file");  // of another kind: the caller finds out
  EXPECT_EQ(fs::file_size(base_ / "root" / "file"), 6U);
  EXPECT_EQ(make("/file/below"), failure(ENOTDIR));
}

TEST_F(InRootTest, OpensWhatItMakesAsAsked) {
  const long result = open_in_root(root_.get(), "/new/file", {.flags = O_RDWR, .make = Make::kFile});
  ASSERT_GE(result, 0);
  const base::UniqueFd fd(static_cast<int>(result));
  EXPECT_EQ(::write(fd.get(), "x", 1), 1);
  EXPECT_NE(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(fs::file_size(base_ / "root" / "new" / "file"), 1U);
}

TEST_F(InRootTest, DotDotInWhatIsMissingIsRefused) {
  EXPECT_EQ(make("/missing/../other"), failure(ENOENT));
  EXPECT_EQ(make("/dir/missing/../../../outside/x"), failure(ENOENT));
  EXPECT_EQ(make("/dir/sub/../new"), "/dir/new");
}

TEST_F(InRootTest, DanglingLinksAreMadeGoodInside) {
  link((base_ / "outside" / "made").string(), "absolute");
  link("../../outside/made", "dir/relative");
  link("later/sub", "dir/plain");
  EXPECT_EQ(make("absolute"), (base_ / "outside" / "made").string());
  EXPECT_EQ(make("dir/relative/deep"), "/outside/made/deep");
  EXPECT_EQ(make("dir/plain/file", Make::kFile), "/dir/later/sub/file");
  EXPECT_TRUE(is_directory("dir/later/sub"));
  EXPECT_TRUE(fs::is_symlink(base_ / "root" / "absolute"));
}

TEST_F(InRootTest, ChainsOfDanglingLinksEnd) {
  link("missing", "d0");
  for (int i = 1; i <= 45; ++i) link("d" + std::to_string(i - 1), "d" + std::to_string(i));
  EXPECT_EQ(make("d45"), failure(ELOOP));
  EXPECT_FALSE(fs::exists(base_ / "root" / "missing"));
  EXPECT_EQ(make("d39/x"), "/missing/x");
  link("loop/x", "loop");
  EXPECT_EQ(make("loop"), failure(ELOOP));
  EXPECT_EQ(make("loop/y"), failure(ELOOP));
}

TEST_F(InRootTest, NoSymlinksMakesNothingThroughALink) {
  link("missing", "dangling");
  link("dir", "link");
  EXPECT_EQ(make("dangling", Make::kDirectory, true), failure(ELOOP));
  EXPECT_EQ(make("dangling/x", Make::kFile, true), failure(ELOOP));
  EXPECT_EQ(make("link/new", Make::kDirectory, true), failure(ELOOP));
  EXPECT_FALSE(fs::exists(base_ / "root" / "missing"));
  EXPECT_FALSE(fs::exists(base_ / "root" / "dir" / "new"));
  EXPECT_EQ(make("dir/new", Make::kDirectory, true), "/dir/new");
}

TEST_F(InRootTest, NeedsARoot) {
  EXPECT_EQ(open_in_root(-1, "/x", {.flags = O_PATH}), -EBADF);
  const base::UniqueFd file(::open((base_ / "root" / "file").c_str(), O_PATH | O_CLOEXEC));
  EXPECT_EQ(open_in_root(file.get(), "/x", {.flags = O_PATH}), -ENOTDIR);
}

}  // namespace
}  // namespace kernel
