// Which programs config.json may name as hooks. What is in their files is looked at when they are opened, to be executed
// (launch/hooks, init/hooks).
#include <algorithm>

#include "base/text.h"
#include "harden/work.h"

namespace harden {

namespace {

using Programs = std::vector<policy::HookProgram>;

std::string text(const oci::CheckedHook& hook) {
  const std::string digests = hook.digests.empty() ? "" : base::cat(" ", base::join(hook.digests, " or "));
  const std::string program = hook.program.empty() ? "" : base::cat(", which is ", base::escape(hook.program));
  return base::cat(base::escape(hook.hook.path), program, digests);
}

// Where its path is on no list, what that leads to may be. Of a path that is there with and without a digest, each content
// will do.
base::Result<void> check(const Work& work, const policy::Setting<Programs>& rule, oci::CheckedHook& hook) {
  const auto allows = [&](const std::string& path) {
    return std::any_of(rule.value.begin(), rule.value.end(), [&](const auto& program) { return program.path == path; });
  };
  const auto link = work.abilities.hook_programs.find(hook.hook.path);
  const bool has_link = link != work.abilities.hook_programs.end();
  if (has_link && !allows(hook.hook.path)) hook.program = link->second;
  const std::string& path = hook.program.empty() ? hook.hook.path : hook.program;
  bool known = false, any = false;
  for (const auto& program : rule.value) {
    if (program.path != path) continue;
    known = true;
    any = any || program.digest.empty();
    hook.digests.push_back(program.digest);
  }
  if (any) hook.digests.clear();
  if (known) return base::ok();
  return base::Error::policy(base::cat("policy ", base::quote(work.policy.id()), " refuses: config.json: ", hook.pointer, "/path: hook ",
                                       base::quote(hook.hook.path), has_link ? base::cat(", that is ", base::quote(link->second)) : "",
                                       ", which is not allowed (", rule.origin.text(), ")"))
      .hint("a hook runs on the host, as root; \"hooks\": {\"allow\": [{\"path\": …, \"sha256\": …}]} of a policy names those that may");
}

}  // namespace

base::Result<std::vector<oci::CheckedHook>> harden_hooks(Work& work) {
  std::vector<oci::CheckedHook> out;
  const auto& rule = work.policy.hooks.allow;
  std::vector<std::string> asked, told;
  for (const auto& kind : oci::kHookKinds) {
    const auto& hooks = work.spec.hooks.*kind.list;
    for (std::size_t i = 0; i < hooks.size(); ++i) {
      oci::CheckedHook hook{.kind = kind.name, .pointer = base::cat("/hooks/", kind.name, "/", i), .hook = hooks[i], .digests = {}};
      if (rule) TRY(check(work, *rule, hook));
      asked.push_back(base::escape(hook.hook.path));
      told.push_back(text(hook));
      out.push_back(std::move(hook));
    }
  }
  if (rule && !told.empty()) {
    decide(work, *rule,
           {.control = "hooks.allow",
            .where = "/hooks",
            .requested = list(asked),
            .effective = list(told),
            .why = "they run on the host with the runtime's rights: these alone, and with a digest only as they were looked at"});
  }
  return out;
}

// Those in the container's root are looked at before there is a container; that init finds the same file there, it tells.
base::Result<std::map<std::string, HashedFile>> check_start_hooks(const Work& work, const std::vector<oci::CheckedHook>& hooks) {
  std::map<std::string, HashedFile> out;
  for (const auto& hook : hooks) {
    if (hook.kind != "startContainer" || hook.digests.empty()) continue;
    const auto refusal = [&](const std::string& what) {
      return base::Error::policy(base::cat("policy ", base::quote(work.policy.id()), " refuses: config.json: ", hook.pointer, ": hook ",
                                           base::quote(hook.hook.path), what, " (", work.policy.hooks.allow->origin.text(), ")"));
    };
    const auto file = work.abilities.start_hooks.find(hook.hook.path);
    if (file == work.abilities.start_hooks.end()) return refusal(" cannot be read in the root");
    const auto& digest = file->second.digest;
    if (std::find(hook.digests.begin(), hook.digests.end(), digest) == hook.digests.end()) {
      return refusal(base::cat(" is ", digest, ", which is not allowed"));
    }
    out.emplace(hook.pointer, file->second);
  }
  return out;
}

}  // namespace harden
