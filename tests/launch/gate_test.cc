// `start` at the gate: who is let through, what is said, what stays behind.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>

#include "init/protocol.h"
#include "launch/launch.h"
#include "launch/sources.h"
#include "tests/support/in_child.h"

namespace launch {
namespace {

// Nothing here announces a listener, so whose init it is does not matter.
base::Result<void> open_gate_here(int directory) {
  const kernel::PidFd self = *kernel::PidFd::open(::getpid());
  return launch::open_gate(directory, self, {});
}

using init::Message;
using init::MessageKind;

class Gate : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = "/tmp/bulkhead-gate-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
    dir_.reset(::open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(dir_.valid());
  }
  void TearDown() override {
    if (path_.empty()) return;
    ::unlinkat(dir_.get(), kGateSocket, 0);
    ::rmdir(path_.c_str());
  }

  base::UniqueFd listen() {
    base::UniqueFd gate(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = path_ + "/" + kGateSocket;
    std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
    EXPECT_EQ(::bind(gate.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(gate.get(), 4), 0);
    return gate;
  }

  bool socket_exists() const { return ::faccessat(dir_.get(), kGateSocket, F_OK, 0) == 0; }

  // open_gate with `init` playing the container's part in a child.
  base::Result<void> open_with(const std::function<void(int client)>& init) {
    const base::UniqueFd gate = listen();
    support::Forked child([&] {
      const base::UniqueFd client(::accept4(gate.get(), nullptr, nullptr, SOCK_CLOEXEC));
      Message message{};
      ASSERT_EQ(::recv(client.get(), &message, sizeof(message), 0), static_cast<ssize_t>(sizeof(message)));
      EXPECT_EQ(message.kind, MessageKind::kStart);
      EXPECT_FALSE(socket_exists());  // the name is gone before the word is said
      init(client.get());
    });
    auto result = open_gate_here(dir_.get());
    EXPECT_EQ(child.wait(), 0);
    return result;
  }

  static void say(int client, MessageKind kind, int err, std::uint32_t detail) {
    const Message message{kind, 40, err, detail};
    EXPECT_EQ(::send(client, &message, sizeof(message), MSG_NOSIGNAL), static_cast<ssize_t>(sizeof(message)));
  }

  std::string path_;
  base::UniqueFd dir_;
};

TEST_F(Gate, WithoutASocketTheContainerRunsAlready) {
  const auto result = open_gate_here(dir_.get());
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind(), base::Kind::kState);
  EXPECT_EQ(result.error().message(), "cannot start an already running container");
}

TEST_F(Gate, WithNobodyBehindItTheContainerHasStopped) {
  listen().reset();
  ASSERT_TRUE(socket_exists());
  const auto result = open_gate_here(dir_.get());
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().message(), "cannot start a container that has stopped");
  EXPECT_TRUE(socket_exists());
}

TEST_F(Gate, EndOfFileMeansThatTheProgramRuns) {
  const auto result = open_with([](int) {});
  EXPECT_TRUE(result.has_value());
  EXPECT_FALSE(socket_exists());
}

TEST_F(Gate, OpensOnce) {
  ASSERT_TRUE(open_with([](int) {}).has_value());
  EXPECT_EQ(open_gate_here(dir_.get()).error().message(), "cannot start an already running container");
}

TEST_F(Gate, WarningsAreNoFailure) {
  EXPECT_TRUE(open_with([](int client) { say(client, MessageKind::kWarning, EPERM, 0); }).has_value());
}

TEST_F(Gate, SaysWhyTheProgramDoesNotRun) {
  const auto exec = [&](int err) {
    const auto result = open_with([&](int client) { say(client, MessageKind::kFailure, err, init::kExecFailed); });
    return result ? std::string() : result.error().message();
  };
  EXPECT_EQ(exec(EACCES), "exec container process: permission denied");
  EXPECT_EQ(exec(ENOENT),
            "exec container process: no such file or directory; hint: its interpreter (ELF or #!) is missing "
            "in the root file system");
  const auto filter = open_with([](int client) { say(client, MessageKind::kFailure, EINVAL, 0); });
  ASSERT_FALSE(filter.has_value());
  EXPECT_EQ(filter.error().message(), "start container process: invalid argument");
}

TEST_F(Gate, RefusesHalfAMessage) {
  const auto result = open_with([](int client) { EXPECT_EQ(::send(client, "xy", 2, MSG_NOSIGNAL), 2); });
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().sys(), EPROTO);
}

}  // namespace
}  // namespace launch
