// Which files may start the container's program, by what is in them.
#include <algorithm>

#include "base/text.h"
#include "harden/work.h"

namespace harden {

namespace {

base::Error refusal(const Work& work, const std::string& what) {
  const auto& rule = *work.policy.process.digests;
  return base::Error::policy(base::cat("policy ", base::quote(work.policy.id()), " refuses: /process/args/0: ", what, " (", rule.origin.text(), ")"));
}

}  // namespace

base::Result<std::vector<HashedFile>> harden_program(Work& work) {
  const auto& rule = work.policy.process.digests;
  if (!rule || !work.spec.process) return std::vector<HashedFile>();
  if (rule->value.empty()) return refusal(work, "no program has a digest that is allowed").hint("the list is empty, or what several lists have in common is");
  const auto& files = work.abilities.program;
  if (files.empty()) return refusal(work, base::cat("its digest cannot be told: ", work.abilities.program_unknown));
  std::vector<std::string> told;
  for (const auto& file : files) {
    if (std::find(rule->value.begin(), rule->value.end(), file.digest) == rule->value.end()) {
      return refusal(work, base::cat(base::quote(file.name), " is ", file.digest, ", which is not allowed"));
    }
    told.push_back(base::cat(base::escape(file.name), " ", file.digest));
  }
  // init finds what is changed until it is ready, and nobody what is changed after it.
  const bool writable = !work.spec.root.readonly;
  decide(work, *rule,
         {.control = "process.digests",
          .where = "/process/args",
          .requested = "any program",
          .effective = list(told),
          .why = "what is executed is the file that was looked at, not one that came into its place",
          .note = writable ? "; its root can be written: that holds for the start alone" : "",
          .warning = writable});
  return files;
}

}  // namespace harden
