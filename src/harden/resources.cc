// Limits of the cgroup: a standard where none is asked for, and a ceiling. `unified` can name the same limits in
// the kernel's own words and would overrule the others, so both are looked at.
#include <algorithm>
#include <limits>

#include "base/text.h"
#include "harden/work.h"

namespace harden {

namespace {

constexpr std::uint64_t kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

struct Amount {
  std::string_view control, where, file, why;
};

constexpr Amount kPids{.control = "resources.pids",
                       .where = "/linux/resources/pids",
                       .file = "pids.max",
                       .why = "a process that forks without end takes the whole host down"};
constexpr Amount kMemory{.control = "resources.memory",
                         .where = "/linux/resources/memory",
                         .file = "memory.max",
                         .why = "without a limit one function can push all others out of memory"};
constexpr Amount kMemoryHigh{.control = "resources.memoryHigh",
                             .where = "/linux/resources/unified/memory.high",
                             .file = "memory.high",
                             .why = "what grows without end is slowed down, and gives back what it can, before anything is killed"};

// A request: a number, or unlimited.
struct Asked {
  std::optional<std::uint64_t> number;
};

// What becomes of a request that is absent, unlimited or a number; absent again where the rule says nothing. Unlimited is as
// absent: were it the rule's maximum, a rule with a default alone would leave less than the same one with a maximum too.
std::optional<std::uint64_t> meet(const std::optional<Asked>& asked, const policy::Limit& rule) {
  if (asked && asked->number) return rule.max ? std::min(*asked->number, *rule.max) : *asked->number;
  return rule.standard ? rule.standard : rule.max;
}

std::string text(const std::optional<Asked>& asked) {
  if (!asked) return "absent";
  return asked->number ? std::to_string(*asked->number) : "unlimited";
}

// -1 asks for no limit, and 0 is what callers write for "not set".
std::optional<Asked> from_config(std::optional<std::int64_t> value) {
  if (!value) return std::nullopt;
  if (*value <= 0) return Asked{};
  return Asked{static_cast<std::uint64_t>(*value)};
}

// "max", or a number as the kernel's memparse() reads it, but without its octal and hexadecimal forms.
base::Result<Asked> from_unified(std::string_view value, std::string_view file) {
  if (value == "max") return Asked{};
  constexpr std::string_view kSuffixes = "KMGT";
  unsigned shift = 0;
  auto digits = value;
  if (!digits.empty()) {
    const auto suffix = kSuffixes.find(static_cast<char>(digits.back() & ~0x20));
    if (suffix != std::string_view::npos && file != kPids.file) {
      shift = 10 * (static_cast<unsigned>(suffix) + 1);
      digits.remove_suffix(1);
    }
  }
  const auto number = base::parse_u64(digits);
  const bool octal = digits.size() > 1 && digits.front() == '0';
  if (!number || octal || *number > (kLargest >> shift)) {
    return base::Error::policy(base::cat("config.json: /linux/resources/unified/", file,
                                         ": want \"max\" or a number, have ", base::quote(value)))
        .hint("the policy sets a limit here, and must understand what is asked for");
  }
  return Asked{*number << shift};
}

// Calls `store` with the new value, and records it, if the request is not as it should be.
void harden_limit(Work& work, const policy::Setting<policy::Limit>& rule, const Amount& amount, std::string where,
                  const std::optional<Asked>& asked, std::uint64_t at_most, auto&& store) {
  auto effective = meet(asked, rule.value);
  if (!effective) return;
  effective = std::min({*effective, at_most, kLargest});
  if (asked && asked->number == effective) return;
  store(*effective);
  decide(work, rule,
         {.control = std::string(amount.control),
          .where = std::move(where),
          .requested = text(asked),
          .effective = std::to_string(*effective),
          .why = amount.why});
}

// The entry of `unified`, if there is one. Says whether there is.
base::Result<bool> harden_unified(Work& work, const policy::Setting<policy::Limit>& rule, const Amount& amount) {
  if (!work.spec.linux.resources) return false;
  for (auto& entry : work.spec.linux.resources->unified) {
    if (entry.first != amount.file) continue;
    const auto asked = TRY(from_unified(entry.second, amount.file));
    harden_limit(work, rule, amount, base::cat("/linux/resources/unified/", amount.file), asked, kLargest,
                 [&](std::uint64_t v) { entry.second = std::to_string(v); });
    return true;
  }
  return false;
}

oci::Resources& made(oci::Linux& config) { return config.resources ? *config.resources : config.resources.emplace(); }

base::Result<void> harden_pids(Work& work) {
  const auto& rule = work.policy.resources.pids;
  if (!rule) return base::ok();
  auto& config = work.spec.linux;
  const bool unified = TRY(harden_unified(work, *rule, kPids));
  const auto asked = from_config(config.resources ? config.resources->pids_limit : std::nullopt);
  if (unified && !asked) return base::ok();
  harden_limit(work, *rule, kPids, std::string(kPids.where), asked, kLargest,
               [&](std::uint64_t v) { made(config).pids_limit = static_cast<std::int64_t>(v); });
  return base::ok();
}

base::Result<void> harden_memory(Work& work) {
  const auto& rule = work.policy.resources.memory;
  if (!rule) return base::ok();
  auto& config = work.spec.linux;
  const bool unified = TRY(harden_unified(work, *rule, kMemory));
  const oci::Memory memory = config.resources && config.resources->memory ? *config.resources->memory : oci::Memory{};
  const auto asked = from_config(memory.limit);
  if (unified && !asked) return base::ok();
  // memory.swap is memory and swap together: a limit above it is refused by the kernel.
  const auto swap = memory.swap.value_or(-1);
  harden_limit(work, *rule, kMemory, std::string(kMemory.where), asked,
               swap > 0 ? static_cast<std::uint64_t>(swap) : kLargest, [&](std::uint64_t v) {
                 auto& resources = made(config);
                 if (!resources.memory) resources.memory.emplace();
                 resources.memory->limit = static_cast<std::int64_t>(v);
               });
  return base::ok();
}

// config.json has no word for it but the kernel's own.
base::Result<void> harden_memory_high(Work& work) {
  const auto& rule = work.policy.resources.memory_high;
  if (!rule || TRY(harden_unified(work, *rule, kMemoryHigh))) return base::ok();
  const auto wanted = meet({}, rule->value);
  const auto& unable = work.abilities.memory_v2_unable;
  if (wanted && !unable.empty()) {
    decide(work, *rule,
           {.control = std::string(kMemoryHigh.control),
            .where = std::string(kMemoryHigh.where),
            .requested = "absent",
            .effective = "none",
            .why = kMemoryHigh.why,
            .note = "; not possible here: " + unable,
            .degraded = true});
    return base::ok();
  }
  harden_limit(work, *rule, kMemoryHigh, std::string(kMemoryHigh.where), {}, kLargest,
               [&](std::uint64_t v) { made(work.spec.linux).unified.emplace_back(kMemoryHigh.file, std::to_string(v)); });
  return base::ok();
}

}  // namespace

base::Result<void> harden_resources(Work& work) {
  TRY(harden_pids(work));
  TRY(harden_memory(work));
  return harden_memory_high(work);
}

}  // namespace harden
