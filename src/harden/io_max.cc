// How fast disks may be read and written: what is asked for, and what a policy says of disks that nothing is asked of.
#include <algorithm>

#include "base/text.h"
#include "harden/io_lines.h"
#include "harden/work.h"
#include "policy/io_ceiling.h"

namespace harden {

namespace {

constexpr std::string_view kUnified = "io.max";
using Disk = std::pair<std::int64_t, std::int64_t>;

std::vector<oci::ThrottleDevice>& throttles(oci::BlockIo& io, std::size_t rate) {
  std::vector<oci::ThrottleDevice>* const all[] = {&io.throttle_read_bps, &io.throttle_write_bps, &io.throttle_read_iops, &io.throttle_write_iops};
  return *all[rate];
}

std::string rate_text(std::uint64_t rate) { return rate == policy::kNoIoLimit ? "max" : std::to_string(rate); }

struct Rates {
  Work& work;
  const policy::IoCeilings& rule;
  IoChange change = {};
  std::vector<std::pair<Disk, std::size_t>> asked = {};  // of which disk and rate something is asked for

  std::uint64_t most(Disk disk, std::size_t rate) const {
    return policy::ceiling_of(rule, disk.first, disk.second, policy::kIoRates[rate]);
  }
  bool is_asked(Disk disk, std::size_t rate) const { return std::find(asked.begin(), asked.end(), std::pair(disk, rate)) != asked.end(); }
  // Lowers `value`, kNoIoLimit or a number, to what the rule leaves. Says whether that is less.
  bool lower(Disk disk, std::size_t rate, std::uint64_t& value) {
    asked.emplace_back(disk, rate);
    const auto ceiling = most(disk, rate);
    if (value <= ceiling) return false;
    const auto name = base::cat(disk.first, ":", disk.second, " ", policy::kIoRates[rate].name, "=");
    change.put(name + rate_text(value), name + rate_text(ceiling));
    value = ceiling;
    return true;
  }
};

// As the kernel's MKDEV() makes one of any two numbers: 0:8388608 is 8:0.
Disk real_disk(const oci::ThrottleDevice& entry) {
  constexpr unsigned kMinorBits = 20;
  const auto device = static_cast<std::uint32_t>(entry.major) << kMinorBits | static_cast<std::uint32_t>(entry.minor);
  return {device >> kMinorBits, device & ((1U << kMinorBits) - 1)};
}

void lower_asked(Rates& rates, oci::BlockIo& io) {
  for (std::size_t rate = 0; rate < policy::kIoRates.size(); ++rate) {
    for (auto& entry : throttles(io, rate)) {
      std::uint64_t value = entry.rate == 0 ? policy::kNoIoLimit : entry.rate;  // 0 takes a limit away
      if (rates.lower(real_disk(entry), rate, value)) entry.rate = value;
    }
  }
}

// "rbps=max", "wiops=200".
base::Result<void> lower_word(Rates& rates, Disk disk, std::string& word, const std::vector<std::string>& line) {
  constexpr std::string_view kWant = "a disk as in \"8:0\", and rbps=, wbps=, riops= or wiops= with a number or \"max\"";
  const auto equals = word.find('=');
  const auto text = equals == std::string::npos ? std::string_view() : std::string_view(word).substr(equals + 1);
  const auto number = text == "max" ? std::optional(policy::kNoIoLimit) : io_number(text);
  for (std::size_t rate = 0; number && rate < policy::kIoRates.size(); ++rate) {
    const auto& name = policy::kIoRates[rate].name;
    if (word.compare(0, equals, name) != 0) continue;
    std::uint64_t value = *number;
    if (rates.lower(disk, rate, value)) word = base::cat(name, "=", value);
    return base::ok();
  }
  return io_not_understood(kUnified, kWant, line);
}

base::Result<void> lower_unified(Rates& rates, std::string& value) {
  auto lines = io_lines(value);
  const auto before = rates.change.after.size();
  for (auto& line : lines) {
    const auto disk = policy::parse_device(line[0]);
    if (!disk) return io_not_understood(kUnified, "a disk as in \"8:0\"", line);
    const auto whole = line;
    for (std::size_t i = 1; i < line.size(); ++i) TRY(lower_word(rates, *disk, line[i], whole));
  }
  if (rates.change.after.size() == before) return base::ok();
  rates.change.also.push_back(base::cat("/linux/resources/unified/", kUnified));
  value = io_text(lines);
  return base::ok();
}

// The disks that the rule says something of: those that it names, and where it speaks of every other one, the host's.
std::vector<Disk> disks_of(const policy::IoCeilings& rule, const std::map<std::string, std::string>& host) {
  std::vector<Disk> out;
  for (const auto& entry : rule) {
    if (!entry.is_any()) out.emplace_back(entry.major, entry.minor);
  }
  const bool others = std::any_of(rule.begin(), rule.end(), [](const auto& entry) { return entry.is_any(); });
  for (const auto& [name, unable] : host) {
    const auto disk = policy::parse_device(name);
    if (others && disk && unable.empty() && std::find(out.begin(), out.end(), *disk) == out.end()) out.push_back(*disk);
  }
  std::sort(out.begin(), out.end());
  return out;
}

// The disk's rates of which nothing is asked, as io.max has them: they are limited if they can be.
std::string limit_disk(Rates& rates, Disk disk, bool can) {
  std::string words;
  for (std::size_t rate = 0; rate < policy::kIoRates.size(); ++rate) {
    const auto most = rates.most(disk, rate);
    if (most == policy::kNoIoLimit || rates.is_asked(disk, rate)) continue;
    words += base::cat(" ", policy::kIoRates[rate].name, "=", most);
    if (can) throttles(made_block_io(rates.work.spec.linux), rate).push_back({.major = disk.first, .minor = disk.second, .rate = most});
  }
  return words;
}

// A disk that is not there cannot be read; but it may be that the policy means another one.
void limit_others(Rates& rates) {
  const auto& able = rates.work.abilities;
  std::vector<std::string> unable, missing;
  for (const auto& disk : disks_of(rates.rule, able.disks)) {
    const auto name = base::cat(disk.first, ":", disk.second);
    const auto host = able.disks.find(name);
    const bool there = host != able.disks.end(), can = there && host->second.empty() && able.io_max_unable.empty();
    auto words = limit_disk(rates, disk, can);
    if (words.empty()) continue;
    if (can) {
      rates.change.after.push_back(name + words);
    } else if (there) {
      unable.push_back(base::cat(name, ": ", host->second.empty() ? able.io_max_unable : host->second));
    } else {
      missing.push_back(name);
    }
  }
  auto& change = rates.change;
  if (!unable.empty()) change.note += "; not possible here: " + list(unable);
  if (!missing.empty()) change.note += base::cat("; not a disk of this host: ", list(missing));
  change.degraded = !unable.empty();
  change.warning = !missing.empty();
}

}  // namespace

base::Result<void> harden_io_max(Work& work) {
  const auto& rule = work.policy.resources.io_max;
  if (!rule) return base::ok();
  Rates rates{.work = work, .rule = rule->value};
  if (auto& resources = work.spec.linux.resources) {
    if (resources->block_io) lower_asked(rates, *resources->block_io);
    for (auto& [name, value] : resources->unified) {
      if (name == kUnified) TRY(lower_unified(rates, value));
    }
  }
  limit_others(rates);
  decide_io(work, *rule, "resources.ioMax", std::move(rates.change), "no limit", "what reads and writes as fast as a disk can leaves others none of it");
  return base::ok();
}

}  // namespace harden
