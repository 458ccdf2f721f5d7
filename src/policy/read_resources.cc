#include <algorithm>

#include "base/text.h"
#include "policy/io_ceiling.h"
#include "policy/sections.h"

namespace policy {

namespace {

constexpr std::uint64_t kMostWallClock = std::uint64_t{3660} * 24 * 60 * 60;

// "500m", or a number of whole processors: in thousandths.
base::Result<std::uint64_t> get_processors(const oci::Cursor& value) {
  constexpr std::string_view kWant = "processors as in \"500m\" or 2";
  constexpr std::uint64_t kMost = 1 << 20;
  if (!value.is_string()) return TRY(value.get_u64(1, kMost)) * 1000;
  const auto text = TRY(value.get_string());
  const auto number = text.ends_with('m') ? base::parse_u64(text.substr(0, text.size() - 1)) : base::parse_u64(text);
  if (!number || *number == 0 || *number > kMost * 1000) return value.mismatch(kWant);
  return text.ends_with('m') ? *number : *number * 1000;
}

base::Result<Limit> get_limit_of(const oci::Cursor& value, auto&& get) {
  TRY(check_members(value, {"default", "max"}));
  Limit out;
  for (const auto& [name, target] : {std::pair{"default", &out.standard}, std::pair{"max", &out.max}}) {
    const auto member = value.find(name);
    if (!member) continue;
    *target = TRY(get(*member));
    if (**target == 0) return member->mismatch("more than 0");
  }
  if (out.standard && out.max && *out.standard > *out.max) return value.fault("\"default\" is above \"max\"");
  return out;
}

base::Result<Limit> get_cpu(const oci::Cursor& value) { return get_limit_of(value, get_processors); }

// "90s", "15m", "2h", "7d", or a number of seconds.
base::Result<WallClock> get_wall_clock(const oci::Cursor& value) {
  constexpr std::string_view kWant = "a time as in \"90s\", \"15m\", \"2h\" or \"7d\", 3660 days at most";
  std::optional<std::uint64_t> seconds;
  if (value.is_string()) {
    seconds = base::parse_duration(TRY(value.get_string()));
  } else if (value.type() == oci::JsonType::kInteger) {
    seconds = TRY(value.get_u64());
  }
  if (!seconds || *seconds == 0 || *seconds > kMostWallClock) return value.mismatch(kWant);
  return WallClock{*seconds};
}

// What config.json's own may be, in cgroup v1's scale.
base::Result<Limit> get_cpu_shares(const oci::Cursor& value) {
  auto out = TRY(get_limit_of(value, [](const oci::Cursor& v) { return v.get_u64(2, 262'144); }));
  if (out.standard.value_or(0) > 1024) return value.fault("\"default\" is above 1024, which is what a cgroup has that nobody asks for");
  return out;
}

// In config.json's blockIO.weight the least is 10; cgroup v2's own is 1.
base::Result<Limit> get_io_weight(const oci::Cursor& value) {
  auto out = TRY(get_limit_of(value, [](const oci::Cursor& v) { return v.get_u64(10, 10'000); }));
  if (out.standard.value_or(0) > 100) return value.fault("\"default\" is above 100, which is what a cgroup has that nobody asks for");
  return out;
}

// The kernel takes no 1 for "rbps" and its like, and of "riops" and "wiops" no more than 32 bits.
base::Result<IoCeiling> get_io_ceiling(std::string_view device, const oci::Cursor& value) {
  IoCeiling out;
  if (device != "*") {
    const auto numbers = parse_device(device);
    if (!numbers) return value.fault(base::cat("not a disk: ", base::quote(device), ": want its numbers as in \"8:0\", or \"*\" for every other one"));
    out.major = numbers->first;
    out.minor = numbers->second;
  }
  TRY(check_members(value, {"rbps", "wbps", "riops", "wiops"}));
  for (const auto& rate : kIoRates) {
    const auto member = value.find(rate.name);
    if (!member) continue;
    const auto most = TRY(get_amount(*member));
    const bool count = rate.name.ends_with("iops");
    if (most < 2 || (count && most != kNoIoLimit && most > 0xffff'ffff)) return member->mismatch(count ? "2 to 4294967295, or \"unlimited\"" : "2 or more");
    out.*rate.member = most;
  }
  return out;
}

base::Result<IoCeilings> get_io_ceilings(const oci::Cursor& value) {
  constexpr std::size_t kMostDevices = 64;
  IoCeilings out;
  for (const auto& [device, rates] : TRY(value.object_members())) {
    if (device == "$comment") continue;
    if (out.size() == kMostDevices) return value.mismatch(base::cat(kMostDevices, " disks at most"));
    out.push_back(TRY(get_io_ceiling(device, rates)));
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return std::pair(a.major, a.minor) < std::pair(b.major, b.minor); });
  return out;
}

}  // namespace

base::Result<Limit> get_limit(const oci::Cursor& value) { return get_limit_of(value, get_amount); }

base::Result<void> read_resources(const oci::Cursor& value, Resources& out) {
  const auto section = TRY(Section::open(value, {"pids", "memory", "cpu", "cpuShares", "ioWeight", "ioMax", "swap", "oomKiller", "oomGroup", "memoryHigh", "unified", "wallClock", "cgroupBelow"}));
  TRY(section.take("pids", out.pids, get_limit));
  TRY(section.take("memory", out.memory, get_limit));
  TRY(section.take("cpu", out.cpu, get_cpu));
  TRY(section.take("cpuShares", out.cpu_shares, get_cpu_shares));
  TRY(section.take("ioWeight", out.io_weight, get_io_weight));
  TRY(section.take("ioMax", out.io_max, get_io_ceilings));
  TRY(section.take("swap", out.swap, get_flag));
  TRY(section.take("oomKiller", out.oom_killer, get_flag));
  TRY(section.take("oomGroup", out.oom_group, get_flag));
  TRY(section.take("memoryHigh", out.memory_high, get_limit));
  TRY(section.take("cgroupBelow", out.cgroup_below, get_clean_paths));
  TRY(section.take("wallClock", out.wall_clock, get_wall_clock));
  return section.take("unified", out.unified, [](const oci::Cursor& list) { return list.get_strings(); });
}

}  // namespace policy
