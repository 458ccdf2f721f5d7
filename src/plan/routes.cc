#include "plan/routes.h"

#include <linux/rtnetlink.h>

#include <cstring>

namespace plan {
namespace {

constexpr std::uint8_t kInet = 2, kInet6 = 10;  // AF_INET, AF_INET6

class Request {
 public:
  Request(const policy::Prefix& prefix, std::uint32_t sequence) {
    nlmsghdr header{};
    header.nlmsg_type = RTM_NEWROUTE;
    header.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL;
    header.nlmsg_seq = sequence;
    put(header);
    rtmsg route{};
    route.rtm_family = prefix.six ? kInet6 : kInet;
    route.rtm_dst_len = static_cast<unsigned char>(prefix.length);
    route.rtm_table = RT_TABLE_MAIN;
    route.rtm_protocol = RTPROT_STATIC;
    route.rtm_scope = RT_SCOPE_UNIVERSE;
    route.rtm_type = RTN_BLACKHOLE;
    put(route);
    attribute(RTA_DST, prefix.address.data(), prefix.most() / 8);
    // Of two routes to the same place the one with the lower metric counts. IPv4's are 0 unless somebody says otherwise,
    // and IPv6's 1024, so that one of an engine's could come before it.
    constexpr std::uint32_t kFirst = 1;
    if (prefix.six) attribute(RTA_PRIORITY, &kFirst, sizeof kFirst);
  }

  void append_to(std::vector<std::uint32_t>& out, bool acknowledged) {
    nlmsghdr header;
    std::memcpy(&header, words_.data(), sizeof header);
    header.nlmsg_len = static_cast<std::uint32_t>(words_.size() * sizeof words_[0]);
    if (acknowledged) header.nlmsg_flags |= NLM_F_ACK;
    std::memcpy(words_.data(), &header, sizeof header);
    out.insert(out.end(), words_.begin(), words_.end());
  }

 private:
  void put(const void* data, std::size_t size) {
    const std::size_t at = words_.size();
    words_.resize(at + (size + 3) / 4);
    std::memcpy(&words_[at], data, size);
  }
  template <typename T>
  void put(const T& value) { put(&value, sizeof value); }
  void attribute(std::uint16_t type, const void* data, std::size_t size) {
    put(rtattr{.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(size)), .rta_type = type});
    put(data, size);
  }

  std::vector<std::uint32_t> words_;
};

}  // namespace

std::vector<std::uint32_t> blackhole_requests(const std::vector<policy::Prefix>& prefixes) {
  std::vector<std::uint32_t> out;
  for (std::size_t i = 0; i < prefixes.size(); ++i) {
    Request(prefixes[i], static_cast<std::uint32_t>(i)).append_to(out, i + 1 == prefixes.size());
  }
  return out;
}

}  // namespace plan
