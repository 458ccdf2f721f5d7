#include "plan/device_rules.h"

#include <linux/bpf.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

#include "base/text.h"

namespace plan {

namespace {

constexpr std::uint32_t kMknod = BPF_DEVCG_ACC_MKNOD;
constexpr std::uint32_t kRead = BPF_DEVCG_ACC_READ;
constexpr std::uint32_t kWrite = BPF_DEVCG_ACC_WRITE;
constexpr std::uint32_t kAll = kMknod | kRead | kWrite;
constexpr const char* kRules = "/linux/resources/devices";
constexpr std::string_view kTun = "/dev/net/tun";

struct Default {
  char type;
  std::optional<std::uint32_t> major, minor;
  std::uint32_t access;
  std::string_view path;  // of the default node
};

// runtime-spec, config-linux.md "Default Devices", and what every engine expects beside them: making any node
// (opening it is another matter), pseudo-terminals, and /dev/net/tun.
constexpr std::array kDefaults = {
    Default{'c', std::nullopt, std::nullopt, kMknod, ""},
    Default{'b', std::nullopt, std::nullopt, kMknod, ""},
    Default{'c', 1, 3, kAll, "/dev/null"},
    Default{'c', 1, 8, kAll, "/dev/random"},
    Default{'c', 1, 7, kAll, "/dev/full"},
    Default{'c', 5, 0, kAll, "/dev/tty"},
    Default{'c', 1, 5, kAll, "/dev/zero"},
    Default{'c', 1, 9, kAll, "/dev/urandom"},
    Default{'c', 136, std::nullopt, kAll, ""},  // /dev/pts/*
    Default{'c', 5, 2, kAll, ""},               // /dev/ptmx
    Default{'c', 10, 200, kAll, kTun},          // no node is made of it
};

base::Result<std::optional<std::uint32_t>> number(const std::optional<std::int64_t>& value, const std::string& where) {
  if (!value || *value == -1) return std::optional<std::uint32_t>();
  if (*value < 0 || *value > std::numeric_limits<std::uint32_t>::max()) {
    return base::Error::config(base::cat(where, ": want a device number or -1 for all, have ", *value));
  }
  return std::optional(static_cast<std::uint32_t>(*value));
}

base::Result<std::uint32_t> access_bits(const std::string& access, const std::string& where) {
  std::uint32_t bits = 0;
  for (const char c : access) {
    const std::uint32_t bit = c == 'r' ? kRead : c == 'w' ? kWrite : c == 'm' ? kMknod : 0;
    if (bit == 0) return base::Error::config(base::cat(where, ": want letters of \"rwm\", have ", base::quote(access)));
    bits |= bit;
  }
  if (bits == 0) return base::Error::config(base::cat(where, ": device access cannot be empty"));
  return bits;
}

base::Result<DeviceAccess> read_rule(const oci::DeviceRule& rule, const std::string& where) {
  if (rule.type != 'a' && rule.type != 'b' && rule.type != 'c') {
    return base::Error::config(base::cat(where, "/type: want a, b or c, have ", base::quote({&rule.type, 1})));
  }
  DeviceAccess out{.allow = rule.allow, .type = rule.type, .because = where};
  out.access = TRY(access_bits(rule.access, where + "/access"));
  out.major = TRY(number(rule.major, where + "/major"));
  out.minor = TRY(number(rule.minor, where + "/minor"));
  return out;
}

// What v1 holds: a default and the exceptions to it, one for each (type, major, minor).
struct V1State {
  bool allow = false;
  std::vector<DeviceAccess> exceptions;
};

bool covers(const std::optional<std::uint32_t>& a, const std::optional<std::uint32_t>& b) { return !a || a == b; }
bool meets(const std::optional<std::uint32_t>& a, const std::optional<std::uint32_t>& b) { return !a || !b || a == b; }

base::Result<void> apply_v1(V1State& state, const DeviceAccess& rule) {
  if (rule.type == 'a') {
    state = {rule.allow, {}};
    return base::ok();
  }
  if (rule.allow != state.allow) {  // one more exception
    for (auto& have : state.exceptions) {
      if (have.type == rule.type && have.major == rule.major && have.minor == rule.minor) {
        have.access |= rule.access;
        return base::ok();
      }
    }
    state.exceptions.push_back(rule);
    return base::ok();
  }
  for (auto& have : state.exceptions) {  // back to the default, as far as exceptions were made
    if (have.type != rule.type || (have.access & rule.access) == 0) continue;
    if (covers(rule.major, have.major) && covers(rule.minor, have.minor)) {
      have.access &= ~rule.access;
    } else if (meets(rule.major, have.major) && meets(rule.minor, have.minor)) {
      // The kernel would ignore it without a word.
      return base::Error::unsupported(base::cat(rule.because, ": cgroup v1 cannot ", rule.allow ? "allow" : "deny",
                                                " part of the devices that ", have.because, " ",
                                                rule.allow ? "denies" : "allows"))
          .hint("list the devices one by one, or use cgroup v2");
    }
  }
  std::erase_if(state.exceptions, [](const DeviceAccess& have) { return have.access == 0; });
  return base::ok();
}

std::string line(const DeviceAccess& rule) {
  const auto text = [](const std::optional<std::uint32_t>& n) { return n ? std::to_string(*n) : std::string("*"); };
  return base::cat(rule.type, " ", text(rule.major), ":", text(rule.minor), " ", (rule.access & kRead) != 0 ? "r" : "",
                   (rule.access & kWrite) != 0 ? "w" : "", (rule.access & kMknod) != 0 ? "m" : "");
}

}  // namespace

base::Result<std::vector<DeviceAccess>> device_rules(const oci::Linux& config, const std::string& tun_access) {
  std::vector<DeviceAccess> out;
  if (config.resources) {
    for (std::size_t i = 0; i < config.resources->devices.size(); ++i) {
      out.push_back(TRY(read_rule(config.resources->devices[i], base::cat(kRules, "/", i))));
    }
  }
  for (const Default& rule : kDefaults) {
    if (rule.path == kTun) {
      if (!tun_access.empty()) out.push_back({true, rule.type, rule.major, rule.minor, TRY(access_bits(tun_access, kRules)), kRules});
      continue;
    }
    const bool redefined = std::any_of(config.devices.begin(), config.devices.end(), [&](const oci::Device& device) {
      return !rule.path.empty() && device.path == rule.path;
    });
    if (!redefined) out.push_back({true, rule.type, rule.major, rule.minor, rule.access, kRules});
  }
  return out;
}

base::Result<std::vector<kernel::CgroupWrite>> device_writes_v1(const std::vector<DeviceAccess>& rules) {
  V1State state;
  for (const auto& rule : rules) TRY(apply_v1(state, rule));
  // A new cgroup has its parent's rules, so the default is written in any case.
  std::vector<kernel::CgroupWrite> out;
  out.push_back({"devices", state.allow ? "devices.allow" : "devices.deny", "a", kRules});
  for (const auto& rule : state.exceptions) {
    out.push_back({"devices", rule.allow ? "devices.allow" : "devices.deny", line(rule), rule.because});
  }
  return out;
}

}  // namespace plan
