// The file of the decision log: whole lines, a size that is kept, and no file that others could have written.
#include "monitor/decision_log.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace {

class DecisionLog : public testing::Test {
 protected:
  DecisionLog() {
    std::string pattern = testing::TempDir() + "decision-log-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }
  ~DecisionLog() override {
    for (const auto* name : {"/log", "/log.1", "/other"}) ::unlink((directory_ + name).c_str());
    ::rmdir(directory_.c_str());
  }
  std::string path() const { return directory_ + "/log"; }
  std::string sink() const { return "file:" + path(); }
  static std::string read(const std::string& path) {
    std::ostringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
  }

  std::string directory_;
};

TEST_F(DecisionLog, AppendsLinesToAPrivateFile) {
  for (const auto* line : {"one", "two"}) {
    const auto sink = monitor::DecisionSink::open(this->sink(), 65536);
    ASSERT_TRUE(sink) << sink.error().message();
    ASSERT_TRUE(sink->write(line, "id"));
  }
  EXPECT_EQ(read(path()), "one\ntwo\n");
  struct stat info {};
  ASSERT_EQ(::stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
}

TEST_F(DecisionLog, BeginsANewFileWhenOneIsFull) {
  const auto first = monitor::DecisionSink::open(sink(), 10), second = monitor::DecisionSink::open(sink(), 10);
  ASSERT_TRUE(first && second);
  ASSERT_TRUE(first->write("aaaa", "x"));
  ASSERT_TRUE(first->write("bbbb", "x"));
  ASSERT_TRUE(first->write("cccc", "x"));
  EXPECT_EQ(read(path()), "cccc\n");
  EXPECT_EQ(read(path() + ".1"), "aaaa\nbbbb\n");
  ASSERT_TRUE(second->write("dddd", "x")) << "whose file was renamed under it";
  EXPECT_EQ(read(path()), "cccc\ndddd\n");
  ASSERT_TRUE(second->write("longer than the limit", "x")) << "a line is never cut";
  EXPECT_EQ(read(path()), "longer than the limit\n");
}

TEST_F(DecisionLog, IsNoFileOfSomebodyElses) {
  std::ofstream(path()) << "";
  ASSERT_EQ(::chmod(path().c_str(), 0622), 0);
  EXPECT_FALSE(monitor::DecisionSink::open(sink(), 65536));
  ::unlink(path().c_str());
  std::ofstream(directory_ + "/other") << "";
  ASSERT_EQ(::symlink((directory_ + "/other").c_str(), path().c_str()), 0);
  EXPECT_FALSE(monitor::DecisionSink::open(sink(), 65536)) << "a link";
  ::unlink(path().c_str());
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  EXPECT_FALSE(monitor::DecisionSink::open(sink(), 65536)) << "a fifo, without waiting for its reader";
  EXPECT_FALSE(monitor::DecisionSink::open("file:" + directory_ + "/none/log", 65536));
}

// A limit on the size of files cuts a write short as a full disk does (setrlimit(2), RLIMIT_FSIZE).
TEST_F(DecisionLog, AFullDiskLeavesNoHalfLine) {
  const auto sink = monitor::DecisionSink::open(this->sink(), 65536);
  ASSERT_TRUE(sink && sink->write("before", "id"));
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{10, 10};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::_exit(sink->write("longer than what is left", "id") ? 1 : 0);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "the write is told to have failed";
  EXPECT_EQ(read(path()), "before\n");
  EXPECT_TRUE(sink->write("after", "id"));
  EXPECT_EQ(read(path()), "before\nafter\n");
}

}  // namespace
