// copy_up: the contents of one directory into another.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "tests/init/sandbox.h"

namespace init {
namespace {

int open_dir(const std::string& path) { return ::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); }

long copy(const Bench& bench) { return copy_up(open_dir(bench.at("from")), open_dir(bench.at("to"))); }

void make_both(const Bench& bench) {
  make_dir_at(bench.at("from"));
  make_dir_at(bench.at("to"));
}

using CopyUp = InitTest;

TEST_F(CopyUp, TakesFilesWithContentModeAndOwner) {
  check_in_sandbox([](Bench& bench) {
    make_both(bench);
    const std::string big((3U << 20) + 17, 'x');
    write_file(bench.at("from/big"), big);
    write_file(bench.at("from/empty"), "", 0);
    write_file(bench.at("from/..dots"), "hidden");
    write_file(bench.at("from/setuid"), "#!");
    ASSERT_EQ(::chown(bench.at("from/setuid").c_str(), 1234, 5678), 0);
    ASSERT_EQ(::chmod(bench.at("from/setuid").c_str(), 04751), 0);
    ASSERT_EQ(copy(bench), 0);
    EXPECT_EQ(read_file(bench.at("to/big")), big);
    EXPECT_EQ(read_file(bench.at("to/..dots")), "hidden");
    EXPECT_EQ(info_of(bench.at("to/empty")).st_mode, static_cast<mode_t>(S_IFREG));
    const struct stat info = info_of(bench.at("to/setuid"));
    EXPECT_EQ(info.st_mode, S_IFREG | 04751U);
    EXPECT_EQ(info.st_uid, 1234U);
    EXPECT_EQ(info.st_gid, 5678U);
  });
}

TEST_F(CopyUp, TakesManyEntriesAndDirectories) {
  check_in_sandbox([](Bench& bench) {
    make_both(bench);
    make_dir_at(bench.at("from/sub"), 0711);
    ASSERT_EQ(::chown(bench.at("from/sub").c_str(), 7, 8), 0);
    const auto name = [](int i) { return "sub/a-name-that-fills-the-buffer-sooner-" + std::to_string(i); };
    for (int i = 0; i < 200; ++i) write_file(bench.at("from/" + name(i)), std::to_string(i));
    ASSERT_EQ(copy(bench), 0);
    for (int i = 0; i < 200; ++i) EXPECT_EQ(read_file(bench.at("to/" + name(i))), std::to_string(i));
    const struct stat info = info_of(bench.at("to/sub"));
    EXPECT_EQ(info.st_mode, S_IFDIR | 0711U);
    EXPECT_EQ(info.st_uid, 7U);
    EXPECT_EQ(info.st_gid, 8U);
  });
}

TEST_F(CopyUp, TakesLinksAsLinks) {
  check_in_sandbox([](Bench& bench) {
    make_both(bench);
    make_dir_at(bench.at("outside"));
    write_file(bench.at("outside/secret"), "canary");
    link_at(bench.at("outside"), bench.at("from/directory"));
    link_at("/nowhere/at/all", bench.at("from/dangling"));
    ASSERT_EQ(copy(bench), 0);
    EXPECT_TRUE(S_ISLNK(info_of(bench.at("to/directory")).st_mode));
    char target[64];
    const ssize_t n = ::readlink(bench.at("to/dangling").c_str(), target, sizeof(target));
    ASSERT_GT(n, 0);
    EXPECT_EQ(std::string(target, static_cast<std::size_t>(n)), "/nowhere/at/all");
  });
}

TEST_F(CopyUp, LeavesOutWhatIsNoData) {
  check_in_sandbox([](Bench& bench) {
    make_both(bench);
    ASSERT_EQ(::mkfifo(bench.at("from/fifo").c_str(), 0666), 0);
    ASSERT_EQ(::mknod(bench.at("from/null").c_str(), S_IFCHR | 0666, 0x103), 0);
    ASSERT_EQ(::mknod(bench.at("from/socket").c_str(), S_IFSOCK | 0666, 0), 0);
    write_file(bench.at("from/file"), "");
    ASSERT_EQ(copy(bench), 0);
    EXPECT_TRUE(exists(bench.at("to/file")));
    for (const char* name : {"to/fifo", "to/null", "to/socket"}) EXPECT_FALSE(exists(bench.at(name))) << name;
  });
}

TEST_F(CopyUp, GoesOnlySoDeep) {
  check_in_sandbox([](Bench& bench) {
    make_both(bench);
    std::string path = "from";
    for (int depth = 1; depth <= 32; ++depth) make_dir_at(bench.at(path += "/d"));
    ASSERT_EQ(copy(bench), 0);
    EXPECT_TRUE(exists(bench.at("to" + path.substr(4))));
    make_dir_at(bench.at(path += "/d"));
    make_dir_at(bench.at("to2"));
    EXPECT_EQ(copy_up(open_dir(bench.at("from")), open_dir(bench.at("to2"))), -ELOOP);
  });
}

TEST_F(CopyUp, OverwritesNothing) {
  check_in_sandbox([](Bench& bench) {
    make_both(bench);
    write_file(bench.at("from/file"), "theirs");
    write_file(bench.at("to/file"), "ours");
    EXPECT_EQ(copy(bench), -EEXIST);
    EXPECT_EQ(read_file(bench.at("to/file")), "ours");
  });
}

TEST_F(CopyUp, NeedsTwoDirectories) {
  check_in_sandbox([](Bench& bench) {
    make_both(bench);
    write_file(bench.at("file"), "");
    const int file = ::open(bench.at("file").c_str(), O_PATH | O_CLOEXEC);
    EXPECT_EQ(copy_up(file, open_dir(bench.at("to"))), -ENOTDIR);
    EXPECT_EQ(copy_up(open_dir(bench.at("from")), file), -ENOTDIR);
    EXPECT_EQ(copy_up(-1, open_dir(bench.at("to"))), -EBADF);
  });
}

TEST_F(CopyUp, ReportsAFullFileSystem) {
  check_in_sandbox([](Bench& bench) {
    make_both(bench);
    write_file(bench.at("from/file"), std::string(1U << 20, 'x'));
    EXPECT_EQ(copy_up(open_dir(bench.at("from")), bench.new_mount("tmpfs", {"size=64k"})), -ENOSPC);
  });
}

}  // namespace
}  // namespace init
