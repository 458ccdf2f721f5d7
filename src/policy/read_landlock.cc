#include <algorithm>

#include "policy/sections.h"

namespace policy {

namespace {

base::Result<std::vector<std::string>> get_scopes(const oci::Cursor& value) {
  const Names known = {"abstract-unix-socket", "signal"};
  std::vector<std::string> out;
  for (const auto& element : TRY(value.get_array())) {
    const auto name = TRY(element.get_string());
    if (std::find(known.begin(), known.end(), name) == known.end()) return unknown(element, "scope", name, known);
    if (std::find(out.begin(), out.end(), name) == out.end()) out.emplace_back(name);
  }
  return out;
}

base::Result<Ports> get_ports(const oci::Cursor& value) {
  constexpr std::uint64_t kLast = 65535;
  Ports out;
  for (const auto& element : TRY(value.get_array())) {
    const auto port = static_cast<std::uint16_t>(TRY(element.get_u64(0, kLast)));
    if (std::find(out.begin(), out.end(), port) == out.end()) out.push_back(port);
  }
  return out;
}

}  // namespace

base::Result<void> read_landlock(const oci::Cursor& value, Landlock& out) {
  const auto section = TRY(Section::open(value, {"enable", "scopes", "bind", "connect"}));
  TRY(section.take("enable", out.enable, get_flag));
  TRY(section.take("scopes", out.scopes, get_scopes));
  TRY(section.take("bind", out.bind, get_ports));
  return section.take("connect", out.connect, get_ports);
}

}  // namespace policy
