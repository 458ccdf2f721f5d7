#include <algorithm>

#include "base/text.h"
#include "policy/prefix.h"
#include "policy/sections.h"

namespace policy {

namespace {

constexpr std::size_t kMostPrefixes = 64;

base::Result<std::string> get_prefix(const oci::Cursor& value) {
  const auto prefix = parse_prefix(TRY(value.get_string()));
  if (!prefix) return value.mismatch("an address or prefix as in \"169.254.169.254\" or \"fd00:ec2::/32\"");
  if (has_bits_behind(*prefix)) return value.fault(base::cat("bits behind the length of ", prefix->length));
  if (is_mapped(*prefix)) return value.fault("an address of IPv4: want it written as one");
  // It would stand in the way of the route that an engine adds for all that the container may reach.
  if (prefix->length == 0) return value.fault("every address: want a length above 0").hint("a container without routes needs no such rule");
  return prefix_text(*prefix);
}

base::Result<std::vector<std::string>> get_prefixes(const oci::Cursor& value) {
  std::vector<std::string> out;
  for (const auto& element : TRY(value.get_array())) {
    auto prefix = TRY(get_prefix(element));
    if (std::find(out.begin(), out.end(), prefix) != out.end()) continue;
    if (out.size() == kMostPrefixes) return value.mismatch(base::cat(kMostPrefixes, " prefixes at most"));
    out.push_back(std::move(prefix));
  }
  return out;
}

}  // namespace

base::Result<void> read_network(const oci::Cursor& value, Network& out) {
  const auto section = TRY(Section::open(value, {"blackhole"}));
  return section.take("blackhole", out.blackhole, get_prefixes);
}

}  // namespace policy
