// Labels of the host's security module: a request may not ask to be left out, nor, where the policy says so, have none.
#include "base/text.h"
#include "harden/work.h"

namespace harden {

namespace {

// One module, and what the request says to it.
struct Module {
  std::string_view name;
  std::string_view pointer;
  bool active;
  const std::string& label;
  bool unconfined;
};

// "user:role:type:level"; the types by which policies of SELinux leave a process alone (unconfined_selinux(8),
// container_selinux(8)).
bool is_unconfined_type(std::string_view label) {
  const auto parts = base::split(label, ':');
  if (parts.size() < 3) return false;
  const std::string& type = parts[2];
  return type == "spc_t" || type.starts_with("unconfined_") || type == "initrc_t" || type == "kernel_t";
}

base::Error refusal(const Work& work, const Module& module, std::string_view what, const policy::Setting<bool>& rule) {
  return base::Error::policy(base::cat("policy ", base::quote(work.policy.id()), " refuses: ", what, " (", rule.origin.text(), ")"))
      .hint(base::cat("set ", module.pointer, " in config.json to a profile of ", module.name));
}

// Nobody can have what the host has not: told, and refused where the control itself is required.
void tell_without_module(Work& work, const policy::Setting<bool>& rule) {
  decide(work, rule,
         {.control = "lsm.required",
          .where = "/process/apparmorProfile",
          .requested = "absent",
          .effective = "no label",
          .why = "a label of the host's security module holds where a mistake in everything else would not",
          .note = "; not possible here: this host has neither AppArmor nor SELinux on",
          .degraded = true});
}

}  // namespace

// Only where the module is on: elsewhere there is nothing that a label could do, and plan refuses one.
base::Result<void> harden_lsm(Work& work) {
  if (!work.spec.process) return base::ok();
  const auto& process = *work.spec.process;
  const auto& rules = work.policy.lsm;
  const Module modules[] = {
      {"AppArmor", "/process/apparmorProfile", work.abilities.apparmor, process.apparmor_profile, process.apparmor_profile == "unconfined"},
      {"SELinux", "/process/selinuxLabel", work.abilities.selinux, process.selinux_label, is_unconfined_type(process.selinux_label)},
  };
  if (!work.abilities.apparmor && !work.abilities.selinux && is_on(rules.required)) tell_without_module(work, *rules.required);
  for (const auto& module : modules) {
    if (!module.active) continue;
    if (module.unconfined && rules.unconfined && !rules.unconfined->value) {
      return refusal(work, module, base::cat(module.pointer, " is ", base::quote(module.label)), *rules.unconfined);
    }
    if (is_on(rules.required) && (module.label.empty() || module.unconfined)) {
      return refusal(work, module, base::cat(module.pointer, module.label.empty() ? " is absent" : " confines nothing",
                                             ", and this host has ", module.name), *rules.required);
    }
  }
  return base::ok();
}

}  // namespace harden
