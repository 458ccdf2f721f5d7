// How much each tmpfs may hold: without a size the kernel lets it have half of the host's memory (tmpfs(5)).
#include <algorithm>
#include <limits>

#include "base/text.h"
#include "harden/work.h"

namespace harden {

namespace {

constexpr std::string_view kSize = "size=", kBlocks = "nr_blocks=";
constexpr std::uint64_t kEndless = std::numeric_limits<std::uint64_t>::max();

// memparse() of the kernel's lib/cmdline.c, where it is plain: a decimal number and a letter. Whatever else there may be, as
// a share of the host's memory, may be any size.
std::uint64_t bytes_of(std::string_view text, std::uint64_t unit) {
  constexpr std::string_view kLetters = "kmgtpe";
  if (!text.empty()) {
    const auto letter = kLetters.find(static_cast<char>(text.back() | 0x20));
    if (letter != std::string_view::npos) {
      unit <<= 10 * (letter + 1);
      text.remove_suffix(1);
    }
  }
  const bool octal = text.size() > 1 && text.front() == '0';
  const auto number = base::parse_u64(text);
  if (!number || octal || *number == 0 || *number > kEndless / unit) return kEndless;
  return *number * unit;
}

bool is_size(std::string_view option) { return option.starts_with(kSize) || option.starts_with(kBlocks); }

// Of several options the last one counts; nothing: none is there.
std::optional<std::uint64_t> asked_size(const std::vector<std::string>& options) {
  constexpr std::uint64_t kPage = 4096;  // no page is smaller: on a machine with larger ones, what is asked for is more
  const auto last = std::find_if(options.rbegin(), options.rend(), is_size);
  if (last == options.rend()) return std::nullopt;
  const std::string_view text = *last;
  return text.starts_with(kSize) ? bytes_of(text.substr(kSize.size()), 1) : bytes_of(text.substr(kBlocks.size()), kPage);
}

std::optional<std::uint64_t> wanted_size(std::optional<std::uint64_t> asked, const policy::Limit& limit) {
  const auto most = limit.max.value_or(kEndless);
  if (asked) return *asked > most ? std::optional(most) : std::nullopt;
  const auto size = std::min(limit.standard.value_or(most), most);
  return size == kEndless ? std::nullopt : std::optional(size);
}

std::string size_text(std::uint64_t size) { return size % 1024 == 0 ? base::cat(size / 1024, "k") : std::to_string(size); }

// The runtime's own nodes are on that at /dev, and little else.
bool is_sized(const oci::Mount& mount) { return mount.type == "tmpfs" && clean_path(mount.destination) != "/dev"; }

}  // namespace

void harden_tmpfs_size(Work& work) {
  const auto& rule = work.policy.filesystem.tmpfs_size;
  if (!rule) return;
  std::vector<std::string> requested, effective;
  for (auto& mount : work.spec.mounts) {
    if (!is_sized(mount)) continue;
    const auto size = wanted_size(asked_size(mount.options), rule->value);
    if (!size) continue;
    const auto last = std::find_if(mount.options.rbegin(), mount.options.rend(), is_size);
    requested.push_back(base::cat(base::escape(mount.destination), " ", last == mount.options.rend() ? "without a size" : base::escape(*last)));
    std::erase_if(mount.options, is_size);
    mount.options.push_back(base::cat(kSize, size_text(*size)));
    effective.push_back(mount.options.back());
  }
  if (effective.empty()) return;
  decide(work, *rule,
         {.control = "filesystem.tmpfsSize",
          .where = "/mounts",
          .requested = list(requested),
          .effective = list(effective),
          .why = "a file system in memory without a size may take half of the host's"});
}

}  // namespace harden
