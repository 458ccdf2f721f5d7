// Device nodes and the cgroup's device rules: everything is denied but what policy and request both name. The
// default devices (null, zero, full, random, urandom, tty, ptmx) are the runtime's and not subject to either; what
// runtimes allow beside them, /dev/net/tun, is subject to the policy.
#include <algorithm>

#include "base/text.h"
#include "harden/work.h"

namespace harden {

namespace {

using Rules = std::vector<oci::DeviceRule>;

bool same_number(const std::optional<std::int64_t>& a, const std::optional<std::int64_t>& b) {
  return a.value_or(-1) == b.value_or(-1);
}

// An "a" rule is about every device and every access, whatever else it says.
bool same(const oci::DeviceRule& a, const oci::DeviceRule& b) {
  if (a.allow != b.allow || a.type != b.type) return false;
  if (a.type == 'a') return true;
  return same_number(a.major, b.major) && same_number(a.minor, b.minor) && a.access == b.access;
}

bool covers(const oci::DeviceRule& rule, const policy::DeviceCeiling& device, char access) {
  if (rule.type == 'a') return true;
  const auto number_matches = [](const std::optional<std::int64_t>& have, std::int64_t want) {
    return have.value_or(-1) == -1 || *have == want;
  };
  return rule.type == device.type && number_matches(rule.major, device.major) &&
         number_matches(rule.minor, device.minor) && rule.access.find(access) != std::string::npos;
}

// The rules are read in order and the last that fits decides; without any, nothing is allowed.
bool request_allows(const Rules& rules, const policy::DeviceCeiling& device, char access) {
  bool allowed = false;
  for (const auto& rule : rules)
    if (covers(rule, device, access)) allowed = rule.allow;
  return allowed;
}

Rules meet(const Rules& requested, const std::vector<policy::DeviceCeiling>& ceiling) {
  Rules out{{.allow = false, .type = 'a', .major = {}, .minor = {}, .access = "rwm"}};
  for (const auto& device : ceiling) {
    std::string access;
    for (const char c : device.access)
      if (request_allows(requested, device, c)) access += c;
    if (access.empty()) continue;
    out.push_back({.allow = true, .type = device.type, .major = device.major, .minor = device.minor, .access = access});
  }
  return out;
}

std::string number(const std::optional<std::int64_t>& n) { return n.value_or(-1) == -1 ? "*" : std::to_string(*n); }

std::string text(const Rules& rules) {
  std::vector<std::string> out;
  for (const auto& rule : rules) {
    out.push_back(rule.type == 'a' ? base::cat(rule.allow ? "allow" : "deny", " all")
                                   : base::cat(rule.allow ? "allow " : "deny ", rule.type, " ", number(rule.major), ":",
                                               number(rule.minor), " ", rule.access));
  }
  return list(out, "absent");
}

std::string tun_access(const std::vector<policy::DeviceCeiling>& ceiling) {
  constexpr std::int64_t kMisc = 10, kTun = 200;  // Documentation/admin-guide/devices.txt
  for (const auto& device : ceiling)
    if (device.type == 'c' && device.major == kMisc && device.minor == kTun) return device.access;
  return {};
}

}  // namespace

void harden_devices(Work& work) {
  const auto& rule = work.policy.devices.allow;
  if (!rule) return;
  auto& config = work.spec.linux;
  std::vector<std::string> dropped;
  std::erase_if(config.devices, [&](const oci::Device& device) {
    const bool keep = std::any_of(rule->value.begin(), rule->value.end(), [&](const policy::DeviceCeiling& c) {
      return c.type == device.type && c.major == device.major && c.minor == device.minor;
    });
    if (!keep) dropped.push_back(device.path);
    return !keep;
  });
  if (!dropped.empty()) {
    decide(work, *rule,
           {.control = "devices.allow",
            .where = "/linux/devices",
            .requested = "nodes: " + list(dropped),
            .effective = "not made",
            .why = "a device is the host's hardware, behind a driver that few have tested against malice"});
  }

  const Rules requested = config.resources ? config.resources->devices : Rules{};
  const Rules effective = meet(requested, rule->value);
  work.tun_access = tun_access(rule->value);
  std::vector<std::string> asked, left;
  if (!std::equal(requested.begin(), requested.end(), effective.begin(), effective.end(), same)) {
    asked.push_back(text(requested));
    left.push_back(text(effective));
    if (!config.resources) config.resources.emplace();
    config.resources->devices = effective;
  }
  if (work.tun_access != "rwm") {
    asked.emplace_back("/dev/net/tun, by default");
    left.push_back(work.tun_access.empty() ? "not /dev/net/tun" : base::cat("/dev/net/tun ", work.tun_access));
  }
  if (asked.empty()) return;
  decide(work, *rule,
         {.control = "devices.allow",
          .where = "/linux/resources/devices",
          .requested = base::join(asked, "; "),
          .effective = base::join(left, "; "),
          .why = "no device but the runtime's default ones can be opened, whoever made its node"});
}

}  // namespace harden
