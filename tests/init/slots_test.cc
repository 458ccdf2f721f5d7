// What init holds of the host once it is ready: nothing but its report socket, and the gate.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

#include "tests/init/sandbox.h"
#include "tests/support/in_child.h"

namespace init {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

// In whatever order and with whatever gaps the slots have their descriptors, those between are left alone.
TEST(Slots, AreClosedAndNothingElse) {
  for (const std::vector<int>& slots : {std::vector<int>{100, 101, 102}, {102, 101, 100}, {100, 102, 101, 104}, {104, -1, 100}, {101}}) {
    support::check_in_child([&] {
      Bench bench;
      const int parent = bench.connect_report();
      say(parent, MessageKind::kStart);
      for (int fd = 99; fd <= 105; ++fd) ASSERT_EQ(::dup3(parent, fd, O_CLOEXEC), fd);
      std::vector<bool> wanted(106, true);
      for (const int fd : slots) {
        bench.add_slot(fd);
        if (fd >= 0) wanted[static_cast<std::size_t>(fd)] = false;
      }
      ASSERT_EQ(ready(bench.ctx, bench.op()), 0);
      for (int fd = 99; fd <= 105; ++fd) EXPECT_EQ(is_open(fd), wanted[static_cast<std::size_t>(fd)]) << fd;
      EXPECT_TRUE(is_open(bench.ctx.report));
    });
  }
}

}  // namespace
}  // namespace init
