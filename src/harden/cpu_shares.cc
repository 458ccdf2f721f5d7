// A share of the processors: a ceiling, and less than others have where nothing is asked for.
#include "harden/cpu_shares.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/text.h"
#include "harden/work.h"

namespace harden {

namespace {

constexpr std::uint64_t kMostWeight = 10'000;
constexpr std::int64_t kLeastNice = -20;

// sched_prio_to_weight[] of kernel/sched/core.c, from nice -20 to 19: what cpu.weight.nice becomes, where 1024 is a weight of 100.
constexpr std::uint64_t kNiceWeights[] = {88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904,
                                          3906,  3121,  2501,  1991,  1586,  1277,  1024,  820,   655,   526,   423,  335,  272,  215,
                                          172,   137,   110,   87,    70,    56,    45,    36,    29,    23,    18,   15};

base::Error not_understood(std::string_view file, std::string_view want, std::string_view value) {
  return base::Error::policy(base::cat("config.json: /linux/resources/unified/", file, ": want ", want, ", have ", base::quote(value)))
      .hint("the policy sets a limit here, and must understand what is asked for");
}

// The highest priority that has no more than this weight.
std::int64_t nice_within(std::uint64_t weight) {
  const auto* fits = std::find_if(std::begin(kNiceWeights), std::end(kNiceWeights), [&](std::uint64_t own) { return own * 100 <= weight * 1024; });
  return kLeastNice + std::min<std::int64_t>(fits - std::begin(kNiceWeights), std::size(kNiceWeights) - 1);
}

// The value as it may be.
base::Result<std::string> lower_weight(const std::string& value, std::uint64_t most) {
  const auto weight = base::parse_u64(value);
  const bool octal = value.size() > 1 && value.front() == '0';
  if (!weight || octal || *weight == 0 || *weight > kMostWeight) return not_understood("cpu.weight", "1 to 10000", value);
  return std::to_string(std::min(*weight, most));
}

base::Result<std::string> lower_nice(const std::string& value, std::uint64_t most) {
  const auto nice = base::parse_i64(value);
  if (!nice || *nice < kLeastNice || *nice > 19 || value != std::to_string(*nice)) return not_understood("cpu.weight.nice", "-20 to 19", value);
  return std::to_string(std::max(*nice, nice_within(most)));
}

void tell(Work& work, const policy::Setting<policy::Limit>& rule, std::string where, std::string requested, std::string effective) {
  decide(work, rule,
         {.control = "resources.cpuShares",
          .where = std::move(where),
          .requested = std::move(requested),
          .effective = std::move(effective),
          .why = "when all compute at once, no function may take the others' turns"});
}

// Says whether `unified` asks for a share.
base::Result<bool> lower_unified(Work& work, const policy::Setting<policy::Limit>& rule) {
  if (!work.spec.linux.resources) return false;
  const auto most = rule.value.max ? *cpu_weight(*rule.value.max) : kMostWeight;
  bool asked = false;
  for (auto& [name, value] : work.spec.linux.resources->unified) {
    if (name != "cpu.weight" && name != "cpu.weight.nice") continue;
    asked = true;
    auto lowered = TRY(name == "cpu.weight" ? lower_weight(value, most) : lower_nice(value, most));
    if (lowered == value) continue;
    tell(work, rule, "/linux/resources/unified/" + name, base::cat(name, " ", value), base::cat(name, " ", lowered));
    value = std::move(lowered);
  }
  return asked;
}

}  // namespace

// A quadratic in log2(shares) through (2, 1), (1024, 100) and (262144, 10000), as Kubernetes computes it; the
// straight line of earlier years made 39 of the normal 1024.
std::optional<std::uint64_t> cpu_weight(std::uint64_t shares) {
  if (shares == 0) return std::nullopt;
  if (shares <= 2) return 1;
  if (shares >= 262144) return 10000;
  const double l = std::log2(static_cast<double>(shares));
  const double exponent = (l * l + 125 * l) / 612.0 - 7.0 / 34.0;
  return static_cast<std::uint64_t>(std::ceil(std::pow(10, exponent)));
}

// Nobody who asks for nothing gets more than what every cgroup has.
base::Result<void> harden_cpu_shares(Work& work) {
  const auto& rule = work.policy.resources.cpu_shares;
  if (!rule) return base::ok();
  const bool by_file = TRY(lower_unified(work, *rule));
  constexpr const char* kWhere = "/linux/resources/cpu/shares";
  auto& resources = work.spec.linux.resources;
  const auto asked = resources && resources->cpu ? resources->cpu->shares.value_or(0) : 0;
  const auto most = rule->value.max.value_or(~std::uint64_t{0});
  if (asked != 0) {
    if (asked <= most) return base::ok();
    resources->cpu->shares = most;
    tell(work, *rule, kWhere, std::to_string(asked), std::to_string(most));
    return base::ok();
  }
  const auto wanted = std::min(rule->value.standard.value_or(most), most);
  if (by_file || wanted >= kStandardCpuShares) return base::ok();
  if (!resources) resources.emplace();
  if (!resources->cpu) resources->cpu.emplace();
  resources->cpu->shares = wanted;
  tell(work, *rule, kWhere, "absent", base::cat(wanted, " where others have ", kStandardCpuShares));
  return base::ok();
}

}  // namespace harden
