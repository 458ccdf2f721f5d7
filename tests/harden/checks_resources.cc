// The check of what a cgroup gives.
#include <map>
#include <string>
#include <utility>

#include "base/text.h"
#include "checks.h"

namespace harden_test {
namespace {

// Of every disk and rate, the last word: 0 is no limit.
using Rates = std::map<std::pair<std::string, std::size_t>, std::uint64_t>;
Rates rates_of(const oci::BlockIo& io) {
  Rates out;
  std::size_t kind = 0;
  for (const auto* list : {&io.throttle_read_bps, &io.throttle_write_bps, &io.throttle_read_iops, &io.throttle_write_iops}) {
    for (const auto& t : *list) out[{base::cat(t.major, ":", t.minor), kind}] = t.rate == 0 ? ~std::uint64_t{0} : t.rate;
    ++kind;
  }
  return out;
}

std::string tighter_io(const Case& c) {
  const auto io = [](const oci::Spec& s) { return s.linux.resources && s.linux.resources->block_io ? *s.linux.resources->block_io : oci::BlockIo{}; };
  const auto before = io(c.before), after = io(c.after);
  const auto weight = [](const std::optional<std::uint16_t>& w) { return w.value_or(0); };
  if (weight(before.weight) != 0 && (weight(after.weight) == 0 || weight(after.weight) > weight(before.weight))) return "weight";
  if (before.weight_device.size() != after.weight_device.size()) return "weights of disks";
  for (std::size_t i = 0; i < before.weight_device.size(); ++i) {
    if (weight(after.weight_device[i].weight) > weight(before.weight_device[i].weight)) return "the weight of a disk";
  }
  const auto left = rates_of(after);
  for (const auto& [what, rate] : rates_of(before)) {
    const auto now = left.find(what);
    if (rate != ~std::uint64_t{0} && (now == left.end() || now->second > rate)) return "the speed of " + what.first;
  }
  return "";
}

// Of `unified`, where it is still there: a policy may take the name away.
std::string value_of(const oci::Spec& spec, std::string_view name) {
  if (!spec.linux.resources) return "";
  for (const auto& [key, value] : spec.linux.resources->unified) {
    if (key == name) return value;
  }
  return "";
}

std::string tighter_memory(const Case& c) {
  const auto never_killed = [](const oci::Spec& s) {
    return s.linux.resources && s.linux.resources->memory && s.linux.resources->memory->disable_oom_killer.value_or(false);
  };
  if (never_killed(c.after) && !never_killed(c.before)) return "the killer is off";
  if (value_of(c.before, "memory.oom.group") == "1" && value_of(c.after, "memory.oom.group") == "0") return "half of it is killed";
  const auto bytes = [](std::string text) {
    const bool thousands = text.ends_with('K');
    if (thousands) text.pop_back();
    return base::parse_u64(text).value_or(0) << (thousands ? 10 : 0);
  };
  const auto before = bytes(value_of(c.before, "memory.high")), after = bytes(value_of(c.after, "memory.high"));
  return before != 0 && after > before ? "memory.high" : "";
}

}  // namespace

std::string tighter_resources(const Case& c) {
  const auto pids = [](const oci::Spec& s) {
    return s.linux.resources ? s.linux.resources->pids_limit.value_or(-1) : -1;
  };
  const auto memory = [](const oci::Spec& s) {
    return s.linux.resources && s.linux.resources->memory ? s.linux.resources->memory->limit.value_or(-1) : -1;
  };
  if (pids(c.before) > 0 && (pids(c.after) > pids(c.before) || pids(c.after) <= 0)) return "pids";
  if (memory(c.before) > 0 && (memory(c.after) > memory(c.before) || memory(c.after) <= 0)) return "memory";
  const auto swap = [](const oci::Spec& s) {
    return s.linux.resources && s.linux.resources->memory ? s.linux.resources->memory->swap.value_or(-1) : -1;
  };
  if (swap(c.before) > 0 && (swap(c.after) > swap(c.before) || swap(c.after) <= 0)) return "swap";
  // Of processors; 0: any number.
  const auto processors = [](const oci::Spec& s) {
    constexpr double kPeriod = 100'000;
    if (!s.linux.resources || !s.linux.resources->cpu) return 0.0;
    const auto& cpu = *s.linux.resources->cpu;
    const auto quota = static_cast<double>(cpu.quota.value_or(0));
    return quota <= 0 ? 0.0 : quota / (cpu.period.value_or(0) == 0 ? kPeriod : static_cast<double>(*cpu.period));
  };
  const double asked = processors(c.before), given = processors(c.after);
  if (asked > 0 && (given <= 0 || given > asked * 1.001)) return "cpu";
  const auto shares = [](const oci::Spec& s) { return s.linux.resources && s.linux.resources->cpu ? s.linux.resources->cpu->shares.value_or(0) : 0; };
  if (shares(c.before) != 0 && (shares(c.after) == 0 || shares(c.after) > shares(c.before))) return "shares of processors";
  if (auto fault = tighter_memory(c); !fault.empty()) return fault;
  return tighter_io(c);
}

}  // namespace harden_test
