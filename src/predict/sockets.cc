// Which sockets can be made: the filter's answer to exactly these numbers, then the kernel's, which has a family and a
// protocol or has not.

#include <asm/unistd.h>
#include <linux/capability.h>
#include <linux/sched.h>

#include <string_view>

#include "base/text.h"
#include "predict/sandbox.h"

namespace predict {
namespace {

struct Kind {
  std::string_view name;
  std::uint64_t domain, type, protocol;
};

constexpr std::uint64_t DIRTY = 1ULL << 32;
#define SOCKET(name, domain, type, protocol) {#name, domain, type, protocol},
constexpr Kind kKinds[] = {
#include "probe/sockets.inc"
};
#undef SOCKET

struct Rule {
  std::string_view name, attempt;
  bool raw;  // takes CAP_NET_RAW
  std::string_view with;
};

constexpr Rule kRules[] = {
    {"unix", "UNIX stream", false, "ok"},
    {"inet_stream", "TCP", false, "ok"},
    {"inet_datagram", "UDP", false, "ok"},
    {"inet6_stream", "TCP on IPv6", false, "ok|EAFNOSUPPORT"},
    {"inet_raw", "raw IPv4", true, "ok"},
    {"inet_raw_dirty", "raw IPv4, with dirty high bits", true, "ok"},
    {"inet_icmp_datagram", "ping", false, "ok|EACCES"},
    {"mptcp", "MPTCP", false, "ok|EPROTONOSUPPORT|ENOPROTOOPT"},
    {"sctp", "SCTP", false, "ok|EPROTONOSUPPORT|ESOCKTNOSUPPORT"},
    {"packet", "packets of the link", true, "ok|EAFNOSUPPORT"},
    {"netlink_route", "netlink, interfaces and routes", false, "ok"},
    {"netlink_audit", "netlink, audit", false, "ok|EPROTONOSUPPORT"},
    {"netlink_netfilter", "netlink, netfilter", false, "ok|EPROTONOSUPPORT"},
    {"alg", "the kernel's ciphers (AF_ALG)", false, "ok|EAFNOSUPPORT"},
    {"alg_dirty", "AF_ALG, with dirty high bits", false, "ok|EAFNOSUPPORT"},
    {"vsock", "the hypervisor (AF_VSOCK)", false, "ok|EAFNOSUPPORT"},
    {"vsock_dirty", "AF_VSOCK, with dirty high bits", false, "ok|EAFNOSUPPORT"},
    {"can", "CAN bus", false, "ok|EAFNOSUPPORT|EPROTONOSUPPORT"},
    {"bluetooth", "Bluetooth", false, "ok|EAFNOSUPPORT|EPROTONOSUPPORT|EPERM"},
    {"tipc", "TIPC", false, "ok|EAFNOSUPPORT"},
    {"xdp", "XDP", true, "ok|EAFNOSUPPORT"},
};
static_assert(std::size(kRules) == std::size(kKinds));

// Over the network namespace, whose owner is the container's user namespace or the host's.
bool may_be_raw(const Sandbox& box) {
  return box.cap(CAP_NET_RAW) && (!box.user_namespace || box.has_namespace(CLONE_NEWNET));
}

std::string without_raw(std::string_view with) {
  return with.starts_with("ok|") ? base::cat("EPERM|", with.substr(3)) : "EPERM";
}

}  // namespace

void expect_sockets(const Sandbox& box, Expectations& out) {
  for (const auto& rule : kRules) {
    const bool denied = rule.raw && !may_be_raw(box);
    Expectation row{"sockets", base::cat("socket: ", rule.attempt), base::cat("sockets.", rule.name),
                    denied ? without_raw(rule.with) : std::string(rule.with),
                    denied ? "no CAP_NET_RAW" : "not filtered"};
    for (const auto& kind : kKinds) {
      if (kind.name == rule.name) box.apply_filter(row, {{plan::kNativeAbi, __NR_socket, {{kind.domain, kind.type, kind.protocol}}}});
    }
    out.push_back(std::move(row));
  }
}

}  // namespace predict
