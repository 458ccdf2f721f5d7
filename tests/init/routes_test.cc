// Routes that lead nowhere, in a network namespace of the test's own.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

#include <cerrno>

#include "plan/routes.h"
#include "tests/init/sandbox.h"
#include "tests/support/in_child.h"

namespace init {
namespace {

using RoutesTest = InitTest;

// 0, or the errno of a connect(2), which for a datagram only looks for a route.
int route_error(const char* address) {
  sockaddr_in6 six{};
  sockaddr_in four{};
  six.sin6_family = AF_INET6;
  four.sin_family = AF_INET;
  six.sin6_port = four.sin_port = htons(80);
  const bool is_six = ::inet_pton(AF_INET6, address, &six.sin6_addr) == 1;
  EXPECT_TRUE(is_six || ::inet_pton(AF_INET, address, &four.sin_addr) == 1) << address;
  const int fd = ::socket(is_six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const int result = is_six ? ::connect(fd, reinterpret_cast<sockaddr*>(&six), sizeof six) : ::connect(fd, reinterpret_cast<sockaddr*>(&four), sizeof four);
  return result == 0 ? 0 : errno;
}

std::vector<std::uint32_t> requests(std::initializer_list<const char*> list) {
  std::vector<policy::Prefix> prefixes;
  for (const auto* text : list) prefixes.push_back(policy::parse_prefix(text).value());
  return plan::blackhole_requests(prefixes);
}

TEST_F(RoutesTest, LeadNowhere) {
  support::check_in_child([] {
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
    Bench bench;
    ASSERT_EQ(loopback(bench.ctx, bench.op()), 0);
    EXPECT_EQ(route_error("169.254.169.254"), ENETUNREACH) << "nothing leads anywhere yet";
    EXPECT_EQ(blackhole(bench.ctx, bench.with_words(requests({"169.254.169.254", "10.0.0.0/8", "192.0.2.0/25"}))), 0);
    for (const auto* shut : {"169.254.169.254", "10.1.2.3", "192.0.2.127"}) EXPECT_EQ(route_error(shut), EINVAL) << shut;
    for (const auto* open : {"169.254.169.253", "11.0.0.1", "192.0.2.128"}) EXPECT_EQ(route_error(open), ENETUNREACH) << open;
    EXPECT_EQ(route_error("127.0.0.1"), 0);
  });
}

TEST_F(RoutesTest, OfIPv6) {
  const int six = ::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (six < 0) GTEST_SKIP() << "this kernel has no IPv6";
  support::check_in_child([] {
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
    Bench bench;
    ASSERT_EQ(loopback(bench.ctx, bench.op()), 0);
    EXPECT_EQ(blackhole(bench.ctx, bench.with_words(requests({"169.254.169.254", "fd00:ec2::254", "2001:db8::/32"}))), 0);
    for (const auto* shut : {"169.254.169.254", "fd00:ec2::254", "2001:db8:1::1"}) EXPECT_EQ(route_error(shut), EINVAL) << shut;
    EXPECT_EQ(route_error("fd00:ec2::253"), ENETUNREACH);
  });
}

// Only the last of them is acknowledged: an error of another one must not be taken for that.
TEST_F(RoutesTest, OneThatFailsIsTold) {
  support::check_in_child([] {
    ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
    Bench bench;
    EXPECT_EQ(blackhole(bench.ctx, bench.with_words(requests({"10.0.0.0/8", "10.0.0.0/8", "192.0.2.1"}))), -EEXIST);
    ASSERT_EQ(::unshare(CLONE_NEWUSER), 0);
    EXPECT_EQ(blackhole(bench.ctx, bench.with_words(requests({"192.0.2.2"}))), -EPERM) << "a namespace of somebody else's";
    auto cut = requests({"192.0.2.3"});
    cut.resize(2);
    EXPECT_EQ(blackhole(bench.ctx, bench.with_words(cut)), -EAGAIN) << "no request, no answer";
  });
}

}  // namespace
}  // namespace init
