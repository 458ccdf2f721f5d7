// Masked and read-only paths: the request's and the policy's together, never fewer.
#include <algorithm>
#include <iterator>
#include <unordered_set>

#include "base/text.h"
#include "harden/work.h"

namespace harden {

namespace {

// A path in /sys, which is the host's, may be a pattern: for a directory of every processor, as it may be.
bool is_pattern(std::string_view path) { return path.starts_with("/sys/") && path.find('*') != std::string_view::npos; }

// With what is there of a pattern in its place.
std::vector<std::string> expanded(const std::vector<std::string>& paths, const std::vector<std::string>& there) {
  std::vector<std::string> out;
  out.reserve(paths.size() + there.size());
  for (const auto& entry : paths) {
    auto path = clean_path(entry);
    if (!is_pattern(path)) {
      out.push_back(std::move(path));
      continue;
    }
    std::copy_if(there.begin(), there.end(), std::back_inserter(out), [&](const auto& found) { return base::fits(path, found); });
  }
  return out;
}

void unite(Work& work, const policy::Rule<std::vector<std::string>>& rule, std::vector<std::string>& paths,
           std::string_view name, std::string_view why) {
  if (!rule) return;
  std::vector<std::string> asked;
  asked.reserve(paths.size());
  for (const auto& path : paths) asked.push_back(clean_path(path));
  const auto wanted = expanded(rule->value, work.abilities.matching_paths);
  std::unordered_set<std::string_view> known(asked.begin(), asked.end(), asked.size() + wanted.size());
  const auto before = paths.size();
  paths.reserve(before + wanted.size());
  for (const auto& path : wanted) {
    if (known.insert(path).second) paths.push_back(path);
  }
  if (paths.size() == before) return;
  const std::vector<std::string> added(paths.begin() + static_cast<std::ptrdiff_t>(before), paths.end());
  decide(work, *rule,
         {.control = base::cat("filesystem.", name),
          .where = base::cat("/linux/", name),
          .requested = before == 0 ? "none" : base::cat(before, " paths"),
          .effective = base::cat(paths.size(), " paths, added: ", list(added)),
          .why = why});
}

}  // namespace

void harden_paths(Work& work) {
  unite(work, work.policy.filesystem.masked_paths, work.spec.linux.masked_paths, "maskedPaths",
        "these files of /proc and /sys are the host's, and tell of it or change it");
  unite(work, work.policy.filesystem.readonly_paths, work.spec.linux.readonly_paths, "readonlyPaths",
        "these directories of /proc hold the host's settings");
}

}  // namespace harden
