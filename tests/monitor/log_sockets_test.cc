// The decision log's lines as syslog and the journal get them: sockets of the test's own, where those daemons have theirs.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "base/fd.h"
#include "monitor/decision_log.h"
#include "tests/support/in_child.h"

namespace {

using support::check_in_child;

constexpr const char* kSyslog = "/dev/log";
constexpr const char* kJournal = "/run/systemd/journal/socket";

// What a daemon would get.
struct Received {
  std::string text;
  base::UniqueFd file;
};

class Daemon {
 public:
  explicit Daemon(const char* path) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0) << path;
  }

  Received receive() const {
    std::string buffer(65536, 0);
    iovec part{buffer.data(), buffer.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    const ssize_t size = ::recvmsg(fd_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    EXPECT_GE(size, 0) << "nothing came";
    Received out;
    out.text = buffer.substr(0, size > 0 ? static_cast<std::size_t>(size) : 0);
    if (const auto* message = CMSG_FIRSTHDR(&header); message != nullptr && message->cmsg_type == SCM_RIGHTS) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(message), sizeof fd);
      out.file.reset(fd);
    }
    return out;
  }

 private:
  base::UniqueFd fd_;
};

// In a mount namespace with an empty /dev and /run of its own.
void in_empty_places(const std::function<void()>& body) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root: mounts over /dev and /run";
  check_in_child([&] {
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    for (const auto* place : {"/dev", "/run"}) ASSERT_EQ(::mount("none", place, "tmpfs", 0, "mode=0755"), 0) << place;
    for (const auto* directory : {"/run/systemd", "/run/systemd/journal"}) ASSERT_EQ(::mkdir(directory, 0755), 0);
    body();
  });
}

monitor::DecisionSink open(const char* name) {
  auto sink = monitor::DecisionSink::open(name, 0);
  EXPECT_TRUE(sink) << sink.error().message();
  return *std::move(sink);
}

TEST(LogSockets, SyslogGetsAHeadAndTheLine) {
  in_empty_places([] {
    const Daemon daemon(kSyslog);
    ASSERT_TRUE(open("syslog").write(R"({"id":"web1"})", "web1"));
    const auto got = daemon.receive();
    // RFC 3164: "<85>" is authpriv, notice.
    EXPECT_EQ(got.text.substr(0, 4), "<85>") << got.text;
    const std::string end = " bulkhead[" + std::to_string(::getpid()) + R"(]: {"id":"web1"})";
    ASSERT_GT(got.text.size(), end.size());
    EXPECT_EQ(got.text.substr(got.text.size() - end.size()), end);
    EXPECT_EQ(got.text.size(), std::string("<85>Nov 26 10:00:00").size() + end.size());
  });
}

TEST(LogSockets, TheJournalGetsFields) {
  in_empty_places([] {
    const Daemon daemon(kJournal);
    ASSERT_TRUE(open("journald").write(R"({"id":"web1"})", "web1"));
    const auto got = daemon.receive();
    EXPECT_EQ(got.text,
              "MESSAGE={\"id\":\"web1\"}\nPRIORITY=5\nSYSLOG_FACILITY=10\nSYSLOG_IDENTIFIER=bulkhead\nBULKHEAD_EVENT=decision\n"
              "CONTAINER_ID=web1\n");
    EXPECT_FALSE(got.file.valid());
  });
}

TEST(LogSockets, TheJournalGetsALongLineAsASealedFile) {
  in_empty_places([] {
    const Daemon daemon(kJournal);
    const std::string line(2U << 20, 'x');
    ASSERT_TRUE(open("journald").write(line, "web1"));
    const auto got = daemon.receive();
    EXPECT_EQ(got.text, "");
    ASSERT_TRUE(got.file.valid());
    constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
    EXPECT_EQ(::fcntl(got.file.get(), F_GET_SEALS) & kSeals, kSeals);
    struct stat info {};
    ASSERT_EQ(::fstat(got.file.get(), &info), 0);
    std::string text(static_cast<std::size_t>(info.st_size), 0);
    ASSERT_EQ(::pread(got.file.get(), text.data(), text.size(), 0), info.st_size);
    EXPECT_TRUE(text.starts_with("MESSAGE=" + line + "\nPRIORITY=5\n"));
    EXPECT_TRUE(text.ends_with("CONTAINER_ID=web1\n"));
  });
}

TEST(LogSockets, NobodyWhoListensIsAnError) {
  in_empty_places([] {
    for (const auto* name : {"syslog", "journald"}) EXPECT_FALSE(monitor::DecisionSink::open(name, 0)) << name;
  });
}

TEST(LogSockets, AFullQueueIsNotWaitedFor) {
  in_empty_places([] {
    const Daemon daemon(kSyslog);
    const auto sink = open("syslog");
    bool refused = false;
    for (int i = 0; i < 100'000 && !refused; ++i) refused = !sink.write("line", "web1");
    EXPECT_TRUE(refused);
  });
}

}  // namespace
