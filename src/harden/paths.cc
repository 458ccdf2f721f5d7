// Masked and read-only paths: the request's and the policy's together, never fewer.
#include <unordered_set>

#include "base/text.h"
#include "harden/work.h"

namespace harden {

namespace {

void unite(Work& work, const policy::Rule<std::vector<std::string>>& rule, std::vector<std::string>& paths,
           std::string_view name, std::string_view why) {
  if (!rule) return;
  std::vector<std::string> asked, wanted;
  asked.reserve(paths.size());
  wanted.reserve(rule->value.size());
  for (const auto& path : paths) asked.push_back(clean_path(path));
  for (const auto& path : rule->value) wanted.push_back(clean_path(path));
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
