// A share of the disks: a ceiling, and less than others have where nothing is asked for.
#include "harden/io_weight.h"

#include <algorithm>

#include "base/text.h"
#include "harden/io_lines.h"
#include "harden/work.h"
#include "policy/io_ceiling.h"

namespace harden {

namespace {

constexpr std::uint64_t kMost = 10'000;                       // of a policy, and of io.weight
constexpr std::uint64_t kLeastConfig = 10, kMostConfig = 1000;  // of config.json

// From 100, which is `middle` there, in two straight lines.
std::uint64_t bend(std::uint64_t weight, std::uint64_t middle) {
  if (weight <= kStandardIoWeight) return std::max<std::uint64_t>(weight * middle / kStandardIoWeight, 1);
  return middle + (std::min(weight, kMost) - kStandardIoWeight) * (kMostConfig - middle) / (kMost - kStandardIoWeight);
}

struct Share {
  const policy::Limit& rule;
  IoChange change = {};
};

// "200", "default 200", "8:0 200" or "8:0 default". Its number, if it has one.
base::Result<std::optional<std::uint64_t>> weight_of(std::string_view file, const std::vector<std::string>& line) {
  const bool disk = line.size() == 2 && policy::parse_device(line[0]);
  if (disk && line[1] == "default") return std::optional<std::uint64_t>();
  const auto number = io_number(line.back());
  const bool shape = line.size() == 1 || disk || (line.size() == 2 && line[0] == "default");
  if (!shape || !number || *number == 0 || *number > kMost) return io_not_understood(file, "\"default\" or a disk, and a number up to 10000", line);
  return number;
}

// Says whether it sets the weight for every disk that has none of its own.
base::Result<bool> lower_unified(Share& share, const std::string& file, std::string& value) {
  const auto ceiling = share.rule.max ? file_weight(*share.rule.max, weight_file(file)) : kMost;
  bool for_all = false, lowered = false;
  auto lines = io_lines(value);
  for (auto& line : lines) {
    const auto weight = TRY(weight_of(file, line));
    if (!weight) continue;
    for_all = for_all || line.size() == 1 || line[0] == "default";
    if (*weight <= ceiling) continue;
    const auto before = base::join(line, " ");
    line.back() = std::to_string(ceiling);
    share.change.put(base::cat(file, " ", before), base::cat(file, " ", base::join(line, " ")));
    lowered = true;
  }
  if (lowered) {
    share.change.also.push_back(base::cat("/linux/resources/unified/", file));
    value = io_text(lines);
  }
  return for_all;
}

// What config.json asks for, also of single disks. Says whether it asks for all.
bool lower_asked(Share& share, oci::BlockIo& io, WeightFile file) {
  const bool asked = io.weight.value_or(0) != 0;
  if (!share.rule.max) return asked;
  const auto most = config_weight(*share.rule.max, file);
  const auto lower = [&](std::optional<std::uint16_t>& weight, const std::string& name) {
    if (weight.value_or(0) <= most) return;
    share.change.put(base::cat(name, *weight), base::cat(name, most));
    weight = most;
  };
  lower(io.weight, "");
  for (auto& disk : io.weight_device) lower(disk.weight, base::cat(disk.major, ":", disk.minor, " "));
  return asked;
}

}  // namespace

WeightFile weight_file(std::string_view name) {
  if (name == "io.weight") return WeightFile::kIo;
  if (name == "blkio.weight") return WeightFile::kBlkio;
  return name.empty() ? WeightFile::kUnknown : WeightFile::kBfq;
}

std::uint64_t file_weight(std::uint64_t weight, WeightFile file) {
  if (file == WeightFile::kBfq) return bend(weight, 100);
  if (file == WeightFile::kBlkio) return bend(weight, 500);
  return weight;
}

// io.weight gets 1 + (n - 10) * 9999 / 990, rounded down; the least of all where it is not known which file there is.
std::uint16_t config_weight(std::uint64_t weight, WeightFile file) {
  const bool is_same = file == WeightFile::kBfq || file == WeightFile::kBlkio;
  const auto number = is_same ? file_weight(weight, file) : kLeastConfig + (std::clamp<std::uint64_t>(weight, 1, kMost) * 990 - 1) / 9999;
  return static_cast<std::uint16_t>(std::clamp(number, kLeastConfig, kMostConfig));
}

namespace {

// A request that says nothing has what every cgroup has. A rule that would give it more gives nothing.
void lower_absent(Share& share, Work& work, WeightFile file) {
  const auto most = share.rule.max.value_or(kMost);
  const auto wanted = std::min(share.rule.standard.value_or(most), most);
  if (wanted >= kStandardIoWeight) return;
  const auto& unable = work.abilities.io_weight_unable;
  if (!unable.empty()) {
    share.change.note = "; not possible here: " + unable;
    share.change.degraded = true;
    return;
  }
  const auto weight = config_weight(wanted, file);
  made_block_io(work.spec.linux).weight = weight;
  share.change.after.push_back(base::cat(weight, ", ", wanted, " where others have ", kStandardIoWeight));
}

}  // namespace

base::Result<void> harden_io_weight(Work& work) {
  const auto& rule = work.policy.resources.io_weight;
  if (!rule) return base::ok();
  Share share{.rule = rule->value};
  const auto& used = work.abilities.io_weight_file;
  const auto file = weight_file(used);
  bool asked = false;
  if (auto& resources = work.spec.linux.resources) {
    for (auto& [name, value] : resources->unified) {
      if (name != "io.weight" && name != "io.bfq.weight") continue;
      const bool for_all = TRY(lower_unified(share, name, value));
      asked = asked || (for_all && name == used);
    }
    if (resources->block_io && lower_asked(share, *resources->block_io, file)) asked = true;
  }
  if (!asked) lower_absent(share, work, file);
  decide_io(work, *rule, "resources.ioWeight", std::move(share.change), "as much as others",
            "a function that reads and writes without end must leave the others their turn");
  return base::ok();
}

}  // namespace harden
