#include "policy/prefix.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/text.h"

namespace policy {

std::optional<Prefix> parse_prefix(std::string_view text) {
  const auto slash = text.find('/');
  const std::string address(text.substr(0, slash));
  Prefix out{.six = address.find(':') != std::string::npos};
  if (address.find('\0') != std::string::npos) return std::nullopt;
  if (::inet_pton(out.six ? AF_INET6 : AF_INET, address.c_str(), out.address.data()) != 1) return std::nullopt;
  out.length = out.most();
  if (slash == std::string_view::npos) return out;
  const auto length = base::parse_u64(text.substr(slash + 1));
  if (!length || *length > out.most()) return std::nullopt;
  out.length = static_cast<unsigned>(*length);
  return out;
}

std::string prefix_text(const Prefix& prefix) {
  char text[INET6_ADDRSTRLEN];
  const std::string address = ::inet_ntop(prefix.six ? AF_INET6 : AF_INET, prefix.address.data(), text, sizeof text);
  return prefix.length == prefix.most() ? address : base::cat(address, "/", prefix.length);
}

bool has_bits_behind(const Prefix& prefix) {
  for (unsigned bit = prefix.length; bit < prefix.most(); ++bit) {
    if ((prefix.address[bit / 8] >> (7 - bit % 8) & 1) != 0) return true;
  }
  return false;
}

bool is_mapped(const Prefix& prefix) {
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return prefix.six && prefix.length >= 96 && std::equal(kMapped.begin(), kMapped.end(), prefix.address.begin());
}

}  // namespace policy
