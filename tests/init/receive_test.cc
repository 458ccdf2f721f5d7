// The parent's descriptors, and what init does with anything that is not what the parent sends.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/fd.h"
#include "tests/init/sandbox.h"
#include "tests/support/in_child.h"

namespace init {
namespace {

// As launch sends it, and as it never would.
struct Part {
  std::vector<std::int32_t> slots;
  std::vector<int> fds;
  bool more = false;
  MessageKind kind = MessageKind::kDescriptors;
  std::uint32_t claimed = 0;  // how many slots the message says it has; 0: the truth
};

void send_part(int socket, const Part& part) {
  Descriptors content{};
  const auto count = part.claimed != 0 ? part.claimed : static_cast<std::uint32_t>(part.slots.size());
  content.message = {part.kind, count, 0, part.more ? 1U : 0U};
  std::copy(part.slots.begin(), part.slots.end(), content.slots);
  iovec vector{&content, sizeof(Message) + part.slots.size() * sizeof(std::int32_t)};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxDescriptors)] = {};
  if (!part.fds.empty()) {
    const cmsghdr head{CMSG_LEN(sizeof(int) * part.fds.size()), SOL_SOCKET, SCM_RIGHTS};
    std::memcpy(control, &head, sizeof(head));
    std::memcpy(control + CMSG_LEN(0), part.fds.data(), sizeof(int) * part.fds.size());
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * part.fds.size());
  }
  ASSERT_EQ(::sendmsg(socket, &message, MSG_NOSIGNAL), static_cast<ssize_t>(vector.iov_len));
}

// Eight slots, all empty, and what take_descriptors makes of these messages.
class Receive : public testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 8; ++i) bench_.add_slot(i);
    for (int i = 0; i < 8; ++i) bench_.ctx.image.slots[i] = -1;
    parent_ = base::UniqueFd(bench_.connect_report());
    file_ = base::UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  void TearDown() override {
    for (int i = 0; i < 8; ++i) ::close(bench_.ctx.image.slots[i]);
    ::close(bench_.ctx.report);
  }
  long take(const std::vector<Part>& parts) {
    for (const auto& part : parts) send_part(parent_.get(), part);
    parent_.reset();
    return take_descriptors(bench_.ctx, bench_.op());
  }
  std::int32_t slot(int index) const { return bench_.ctx.image.slots[index]; }

  Bench bench_;
  base::UniqueFd parent_, file_;
};

TEST_F(Receive, FillsTheSlots) {
  const int file = file_.get();
  ASSERT_EQ(take({{{1, 5}, {file, file}, true}, {{2}, {file}}}), 0);
  for (const int index : {1, 2, 5}) EXPECT_EQ(::fcntl(slot(index), F_GETFD), FD_CLOEXEC) << index;
  EXPECT_NE(slot(1), slot(5));
  for (const int index : {0, 3, 4, 6, 7}) EXPECT_EQ(slot(index), -1) << index;
}

TEST_F(Receive, TakesAPlanWithoutDescriptors) { EXPECT_EQ(take({{}}), 0); }

TEST_F(Receive, GoesWithTheParent) { EXPECT_EQ(take({}), -EPIPE); }

TEST_F(Receive, GoesWithTheParentHalfWay) { EXPECT_EQ(take({{{1}, {file_.get()}, true}}), -EPIPE); }

TEST_F(Receive, AcceptsNoOtherWord) { EXPECT_EQ(take({{{}, {}, false, MessageKind::kStart}}), -EPIPE); }

TEST_F(Receive, RefusesASlotThatThereIsNot) {
  EXPECT_EQ(take({{{64}, {file_.get()}}}), -EBADMSG);
}

TEST_F(Receive, RefusesANegativeSlot) { EXPECT_EQ(take({{{-1}, {file_.get()}}}), -EBADMSG); }

TEST_F(Receive, RefusesFewerDescriptorsThanSlots) { EXPECT_EQ(take({{{1, 2}, {file_.get()}}}), -EBADMSG); }

TEST_F(Receive, RefusesSlotsWithoutDescriptors) { EXPECT_EQ(take({{{1}, {}}}), -EBADMSG); }

TEST_F(Receive, RefusesAWrongCount) {
  EXPECT_EQ(take({{{1}, {file_.get()}, false, MessageKind::kDescriptors, 2}}), -EBADMSG);
}

TEST_F(Receive, RefusesTooHighACount) {
  EXPECT_EQ(take({{{1}, {file_.get()}, false, MessageKind::kDescriptors, kMaxDescriptors + 1}}), -EBADMSG);
}

TEST_F(Receive, SaysWhenTheLimitOnDescriptorsIsReached) {
  EXPECT_EQ(support::in_child([&] {
              const int next = ::dup(file_.get());
              const struct ::rlimit few{static_cast<rlim_t>(next + 1), static_cast<rlim_t>(next + 1)};
              ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
              EXPECT_EQ(take({{{1, 2}, {file_.get(), file_.get()}}}), -EMFILE);
            }),
            0);
}

}  // namespace
}  // namespace init
