// Limits of the cgroup beyond pids and memory: processors, swap, and what `unified` may say at all.
#include <algorithm>

#include "base/text.h"
#include "harden/work.h"

namespace harden {

namespace {

constexpr std::uint64_t kPeriod = 100'000;  // microseconds: the kernel's own (cgroup-v2.rst, cpu.max)
constexpr std::uint64_t kMostPeriod = 1'000'000, kMostQuota = std::uint64_t{1} << 40;  // what is more is as good as none
constexpr std::string_view kCpuFile = "cpu.max", kOomGroupFile = "memory.oom.group", kMemoryHighFile = "memory.high";

// The value of an entry of `unified`; nullptr if there is none.
std::string* unified_entry(oci::Spec& spec, std::string_view name) {
  if (!spec.linux.resources) return nullptr;
  for (auto& [key, value] : spec.linux.resources->unified) {
    if (key == name) return &value;
  }
  return nullptr;
}

oci::Resources& made(oci::Linux& config) { return config.resources ? *config.resources : config.resources.emplace(); }

std::string processors(std::uint64_t thousandths) {
  return thousandths % 1000 == 0 ? base::cat(thousandths / 1000, " processors") : base::cat(thousandths, "m");
}

// What a share of a processor becomes: as large as asked for, if that is known, and no larger than the rule's maximum.
std::optional<std::uint64_t> meet(std::optional<std::uint64_t> asked, const policy::Limit& rule) {
  if (asked) return rule.max ? std::min(*asked, *rule.max) : *asked;
  return rule.standard ? rule.standard : rule.max;
}

// "MAX PERIOD" in the kernel's words; absent: "max".
base::Result<std::optional<std::uint64_t>> from_unified(std::string_view value) {
  const auto words = base::split(value, ' ');
  if (!words.empty() && words[0] == "max") return std::optional<std::uint64_t>();
  const auto quota = words.empty() ? std::nullopt : base::parse_u64(words[0]);
  const auto period = words.size() > 1 ? base::parse_u64(words[1]) : std::optional(kPeriod);
  if (words.size() > 2 || !quota || !period || *period == 0 || *quota > kMostQuota) {
    return base::Error::policy(base::cat("config.json: /linux/resources/unified/cpu.max: want \"max\" or two numbers, have ", base::quote(value)))
        .hint("the policy sets a limit here, and must understand what is asked for");
  }
  return std::optional(*quota * 1000 / *period);
}

void tell(Work& work, const policy::Setting<policy::Limit>& rule, std::string where, std::optional<std::uint64_t> asked, std::uint64_t effective) {
  decide(work, rule,
         {.control = "resources.cpu",
          .where = std::move(where),
          .requested = asked ? processors(*asked) : "absent or unlimited",
          .effective = processors(effective),
          .why = "one function that computes without end must leave the others their turn"});
}

base::Result<bool> harden_unified_cpu(Work& work, const policy::Setting<policy::Limit>& rule) {
  if (!work.spec.linux.resources) return false;
  for (auto& [name, value] : work.spec.linux.resources->unified) {
    if (name != kCpuFile) continue;
    const auto asked = TRY(from_unified(value));
    const auto effective = meet(asked, rule.value);
    if (effective && effective != asked) {
      value = base::cat(*effective * kPeriod / 1000, " ", kPeriod);
      tell(work, rule, base::cat("/linux/resources/unified/", kCpuFile), asked, *effective);
    }
    return true;
  }
  return false;
}

base::Result<void> harden_cpu(Work& work) {
  const auto& rule = work.policy.resources.cpu;
  if (!rule) return base::ok();
  if (TRY(harden_unified_cpu(work, *rule))) return base::ok();
  auto& config = work.spec.linux;
  const oci::Cpu cpu = config.resources && config.resources->cpu ? *config.resources->cpu : oci::Cpu{};
  const auto wanted = cpu.period.value_or(0);
  const std::uint64_t period = wanted == 0 || wanted > kMostPeriod ? kPeriod : wanted;
  std::optional<std::uint64_t> asked;
  if (const auto quota = cpu.quota.value_or(0); quota > 0 && static_cast<std::uint64_t>(quota) <= kMostQuota) asked = static_cast<std::uint64_t>(*cpu.quota) * 1000 / period;
  const auto effective = meet(asked, rule->value);
  if (!effective || effective == asked) return base::ok();
  // At least the kernel's least: a thousandth of a second.
  const auto quota = static_cast<std::int64_t>(std::max<std::uint64_t>(*effective * period / 1000, 1000));
  if (cpu.period == period && cpu.quota == quota) return base::ok();
  auto& resources = made(config);
  if (!resources.cpu) resources.cpu.emplace();
  resources.cpu->period = period;
  resources.cpu->quota = quota;
  tell(work, *rule, "/linux/resources/cpu", asked, *effective);
  return base::ok();
}

// memory.swap is memory and swap together (runtime-spec config-linux.md): as much as memory alone is no swap.
void harden_swap(Work& work) {
  const auto& rule = work.policy.resources.swap;
  if (!rule || rule->value || !work.spec.linux.resources) return;
  auto& resources = *work.spec.linux.resources;
  constexpr std::string_view kWhy = "what is swapped out is slow for all, and on a disk that outlives the function";
  for (auto& [name, value] : resources.unified) {
    if (name != "memory.swap.max" || value == "0") continue;
    decide(work, *rule, {.control = "resources.swap", .where = "/linux/resources/unified/memory.swap.max", .requested = value, .effective = "0", .why = kWhy});
    value = "0";
  }
  if (!resources.memory || resources.memory->limit.value_or(0) <= 0) return;
  auto& memory = *resources.memory;
  // Less than memory alone is refused by plan, as ever; more memory than was asked for together would be given otherwise.
  const bool too_little = memory.swap.value_or(-1) > 0 && memory.swap < memory.limit;
  if (memory.swap == memory.limit || too_little) return;
  decide(work, *rule,
         {.control = "resources.swap",
          .where = "/linux/resources/memory",
          .requested = memory.swap ? std::to_string(*memory.swap) : "absent",
          .effective = base::cat(*memory.limit, ", memory and swap together"),
          .why = kWhy});
  memory.swap = memory.limit;
}

// Documentation/admin-guide/cgroup-v1/memory.rst, 10: with the killer off, who needs more memory sleeps.
void harden_oom_killer(Work& work) {
  const auto& rule = work.policy.resources.oom_killer;
  if (!is_on(rule) || !work.spec.linux.resources || !work.spec.linux.resources->memory) return;
  auto& off = work.spec.linux.resources->memory->disable_oom_killer;
  if (!off.value_or(false)) return;
  off = false;
  decide(work, *rule,
         {.control = "resources.oomKiller",
          .where = "/linux/resources/memory/disableOOMKiller",
          .requested = "true",
          .effective = "false",
          .why = "at its limit the function would hang instead of ending, with all that it holds"});
}

void harden_oom_group(Work& work) {
  const auto& rule = work.policy.resources.oom_group;
  if (!is_on(rule)) return;
  Change change{.control = "resources.oomGroup",
                .where = base::cat("/linux/resources/unified/", kOomGroupFile),
                .requested = "absent",
                .effective = "1: all of the container is killed at once",
                .why = "half a function answers wrongly, or not at all, and nobody starts it anew"};
  auto* asked = unified_entry(work.spec, kOomGroupFile);
  if (asked != nullptr && *asked == "1") return;
  if (asked != nullptr) {
    change.requested = *asked;
    *asked = "1";
  } else if (const auto& unable = work.abilities.memory_v2_unable; !unable.empty()) {
    change.effective = "one process is killed";
    change.note = "; not possible here: " + unable;
    change.degraded = change.expected = true;
  } else {
    made(work.spec.linux).unified.emplace_back(kOomGroupFile, "1");
  }
  decide(work, *rule, std::move(change));
}

// Whatever its value, it leaves the container no more than there is without it: rules of the policy set it, too.
bool only_takes(std::string_view name) { return name == kOomGroupFile || name == kMemoryHighFile; }

}  // namespace

// A path that is not absolute, or none, leads to wherever the caller is.
base::Result<void> check_cgroup_place(const Work& work) {
  const auto& rule = work.policy.resources.cgroup_below;
  if (!rule) return base::ok();
  const auto& asked = work.spec.linux.cgroups_path;
  const auto path = clean_path(asked);
  const bool fits = std::any_of(rule->value.begin(), rule->value.end(), [&](const auto& place) { return base::path_within(path, place); });
  if (asked.starts_with('/') && fits) return base::ok();
  return base::Error::policy(base::cat("policy ", base::quote(work.policy.id()), " refuses: config.json: /linux/cgroupsPath: want a cgroup in ",
                                       list(rule->value, "no place at all"), ", have ", asked.empty() ? "none" : base::quote(asked), " (",
                                       rule->origin.text(), ")"))
      .hint("an absolute path");
}

// Names that the policy does not know could set what another of its rules lowers. Before the limits: one that is removed
// here limits nothing.
void harden_unified_names(Work& work) {
  const auto& rule = work.policy.resources.unified;
  if (!rule || !work.spec.linux.resources) return;
  std::vector<std::string> removed;
  std::erase_if(work.spec.linux.resources->unified, [&](const auto& entry) {
    const bool known = only_takes(entry.first) ||
                       std::any_of(rule->value.begin(), rule->value.end(), [&](const auto& pattern) { return base::fits(pattern, entry.first); });
    if (!known) removed.push_back(base::cat(entry.first, "=", entry.second));
    return !known;
  });
  if (removed.empty()) return;
  decide(work, *rule,
         {.control = "resources.unified",
          .where = "/linux/resources/unified",
          .requested = "also: " + list(removed),
          .effective = "removed",
          .why = "it writes to the kernel's own files, and so past every other limit"});
}

// config.json has no word for it.
std::uint64_t harden_wall_clock(Work& work) {
  const auto& rule = work.policy.resources.wall_clock;
  if (!rule) return 0;
  decide(work, *rule,
         {.control = "resources.wallClock",
          .where = "",
          .requested = "unlimited",
          .effective = base::cat(base::duration(rule->value.seconds), ": then SIGTERM, and SIGKILL to all that is left ", kWallClockGrace, " s later"),
          .why = "a function that never ends is paid for, and holds what an attacker has got"});
  return rule->value.seconds;
}

base::Result<void> harden_more_resources(Work& work) {
  TRY(harden_cpu(work));
  harden_swap(work);
  harden_oom_killer(work);
  harden_oom_group(work);
  return base::ok();
}

}  // namespace harden
