// A range of addresses, "169.254.169.254" or "fd00:ec2::/32": as a policy writes it, and as the kernel's routes have it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace policy {

struct Prefix {
  bool six = false;                         // IPv6
  std::array<std::uint8_t, 16> address{};   // in network order; of IPv4 the first four
  unsigned length = 0;                      // in bits
  unsigned most() const { return six ? 128 : 32; }
};

// Nothing if it is none. Without a length it is a single address.
std::optional<Prefix> parse_prefix(std::string_view text);

// The one way to write it, so that two lists can be compared as texts: a single address has no length.
std::string prefix_text(const Prefix& prefix);

// An address within it may have bits behind the length; a route's may not.
bool has_bits_behind(const Prefix& prefix);

// ::ffff:a.b.c.d stands for an address of IPv4 (ip(7), ipv6(7)), to which no route of IPv6 leads.
bool is_mapped(const Prefix& prefix);

}  // namespace policy
