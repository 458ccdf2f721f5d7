// Addresses for which the kernel has a route, or none: those of the rule network.blackhole, and one at which clouds give
// a node's credentials to whoever asks.

#include <asm/unistd.h>
#include <fcntl.h>
#include <linux/sched.h>

#include <algorithm>

#include "base/text.h"
#include "predict/sandbox.h"

namespace predict {
namespace {

using base::cat;

constexpr std::uint64_t kInet = 2, kInet6 = 10, kDatagram = 2;  // as in probe/sockets.inc
constexpr std::size_t kMostTried = 16;
constexpr const char* kMetadata = "169.254.169.254";

Call native(std::uint32_t number, plan::CallArgs args) { return {plan::kNativeAbi, number, args}; }

bool covers(const policy::Prefix& prefix, const policy::Prefix& address) {
  if (prefix.six != address.six) return false;
  for (unsigned bit = 0; bit < prefix.length; ++bit) {
    const unsigned byte = bit / 8, shift = 7 - bit % 8;
    if (((prefix.address[byte] ^ address.address[byte]) >> shift & 1) != 0) return false;
  }
  return true;
}

bool is_loopback(const policy::Prefix& prefix) {
  return prefix.six ? prefix.address[15] == 1 && std::all_of(prefix.address.begin(), prefix.address.end() - 1, [](auto byte) { return byte == 0; })
                    : prefix.address[0] == 127;
}

bool is_unspecified(const policy::Prefix& prefix) {
  return std::all_of(prefix.address.begin(), prefix.address.end(), [](auto byte) { return byte == 0; });
}

// One address of the range that stands for no other; nothing if there is none, or the way to it is the loopback's.
std::optional<policy::Prefix> one_of(policy::Prefix prefix) {
  if (prefix.length + 2 <= prefix.most()) prefix.address[prefix.most() / 8 - 1] |= 2;
  prefix.length = prefix.most();
  if (is_loopback(prefix) || is_unspecified(prefix)) return std::nullopt;
  return prefix;
}

std::vector<policy::Prefix> addresses(const Sandbox& box) {
  std::vector<policy::Prefix> out;
  for (const auto& prefix : box.hardened.blackhole()) {
    const auto address = one_of(prefix);
    if (address && out.size() < kMostTried) out.push_back(*address);
  }
  const auto metadata = policy::parse_prefix(kMetadata);
  const bool there = std::any_of(out.begin(), out.end(), [&](const auto& each) { return policy::prefix_text(each) == kMetadata; });
  if (metadata && !there) out.push_back(*metadata);
  return out;
}

bool is_shut(const Sandbox& box, const policy::Prefix& address) {
  const auto& shut = box.hardened.blackhole();
  return std::any_of(shut.begin(), shut.end(), [&](const auto& prefix) { return covers(prefix, address); });
}

bool has_hooks(const Sandbox& box) { return !box.hardened.hooks().empty(); }

void expect_route(const Sandbox& box, const policy::Prefix& address, Expectations& out) {
  constexpr const char* kAnything = "ok|ENETUNREACH|EHOSTUNREACH|EACCES|EINVAL";
  const auto text = policy::prefix_text(address);
  Expectation row{"network", cat("find a way to ", text), cat("reach.", text), "EINVAL", "network.blackhole"};
  if (!is_shut(box, address)) {
    const auto share = box.share(CLONE_NEWNET, "net");
    const bool own = share == Share::kOwn && !box.host.running;  // it may have got an interface since
    const bool empty = own && !has_hooks(box);
    row.predicted = empty ? "ENETUNREACH" : kAnything;
    row.because = empty ? "network namespace, and nobody has added an interface"
                  : own ? "what hooks make of its network"
                        : "a network that others can change";
  }
  box.apply_filter(row, {native(__NR_socket, {{address.six ? kInet6 : kInet, kDatagram | O_CLOEXEC, 0}}),
                         native(__NR_connect, {{3, kPointer, address.six ? 28U : 16U}})});
  out.push_back(std::move(row));
}

}  // namespace

void expect_network(const Sandbox& box, Expectations& out) {
  for (const auto& address : addresses(box)) expect_route(box, address, out);
}

std::vector<std::pair<std::string, std::string>> network_arguments(const Sandbox& box) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& address : addresses(box)) out.emplace_back("--reach", policy::prefix_text(address));
  return out;
}

}  // namespace predict
