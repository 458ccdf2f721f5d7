// What `exec` starts in a container that is there already: the same rules as at its creation, over what the container was
// made of, and, where the policy says so, nothing that the container's own program does not have.
#include <algorithm>

#include "base/text.h"
#include "harden/work.h"
#include "oci/names.h"

namespace harden {

namespace {

constexpr const char* kWithin = "exec.withinContainer";
constexpr std::string_view kWhyWithin = "what is started later is no way around what the container was started with";

base::Error refusal(const policy::Policy& policy, std::string_view what, const std::string& origin) {
  return base::Error::policy(base::cat("policy ", base::quote(policy.id()), " refuses: ", what, " (", origin, ")"));
}

// As runc: what a process document does not say, the container's configuration does.
void take_absent(oci::Process& process, const oci::Process& own) {
  if (!process.capabilities) process.capabilities = own.capabilities;
  if (process.rlimits.empty()) process.rlimits = own.rlimits;
  if (process.apparmor_profile.empty()) process.apparmor_profile = own.apparmor_profile;
  if (process.selinux_label.empty()) process.selinux_label = own.selinux_label;
  if (!process.oom_score_adj) process.oom_score_adj = own.oom_score_adj;
  if (!process.exec_cpu_affinity) process.exec_cpu_affinity = own.exec_cpu_affinity;
}

// A user namespace cannot be made any more for a container that has none.
base::Result<void> check_root(const oci::Spec& container, const oci::Spec& asked, const policy::Policy& policy) {
  if (!is_host_root(asked) || is_host_root(container)) return base::ok();
  const auto& root = policy.process.root_user;
  const auto& within = policy.exec.within_container;
  const bool mapped = root && root->value != policy::RootUser::kDrop;
  if (!mapped && !is_on(within)) return base::ok();
  const auto& user = asked.process->user;
  return refusal(policy, base::cat("user ", user.uid, ":", user.gid, " is the host's root, and the container's own program is not"),
                 mapped ? root->origin.text() : within->origin.text())
      .hint("start the program as the container's user");
}

std::string caps_text(const oci::Capabilities& caps) {
  const auto names = oci::capability_list(caps.bounding | caps.effective | caps.permitted | caps.inheritable | caps.ambient);
  return list(names);
}

void limit_capabilities(Work& work, const policy::Setting<bool>& rule, const oci::Process& own) {
  const auto most = own.capabilities.value_or(oci::Capabilities{});
  auto& caps = work.spec.process->capabilities;
  if (!caps) return;
  const oci::Capabilities asked = *caps;
  for (const auto set : {&oci::Capabilities::bounding, &oci::Capabilities::effective, &oci::Capabilities::inheritable,
                         &oci::Capabilities::permitted, &oci::Capabilities::ambient}) {
    (*caps).*set &= most.*set;
  }
  if (*caps == asked) return;
  decide(work, rule,
         {.control = kWithin, .where = "/process/capabilities", .requested = caps_text(asked), .effective = caps_text(*caps), .why = kWhyWithin});
}

void limit_rlimits(Work& work, const policy::Setting<bool>& rule, const oci::Process& own) {
  auto& limits = work.spec.process->rlimits;
  std::vector<std::string> requested, effective;
  for (const auto& most : own.rlimits) {
    const auto same = std::find_if(limits.begin(), limits.end(), [&](const oci::Rlimit& limit) { return limit.resource == most.resource; });
    if (same == limits.end()) {
      requested.push_back(base::cat(most.type, " absent"));
      limits.push_back(most);
    } else if (same->hard > most.hard) {
      requested.push_back(base::cat(same->type, " ", same->hard));
      same->hard = most.hard;
      same->soft = std::min(same->soft, same->hard);
    } else {
      continue;
    }
    effective.push_back(base::cat(most.type, " ", most.hard));
  }
  if (effective.empty()) return;
  decide(work, rule,
         {.control = kWithin, .where = "/process/rlimits", .requested = list(requested), .effective = list(effective), .why = kWhyWithin});
}

void limit_label(Work& work, const policy::Setting<bool>& rule, std::string& asked, const std::string& own, const char* where) {
  if (own.empty() || asked == own) return;
  decide(work, rule, {.control = kWithin, .where = where, .requested = asked, .effective = own, .why = kWhyWithin});
  asked = own;
}

void keep_within(Work& work, const oci::Process& own) {
  const auto& rule = work.policy.exec.within_container;
  if (!is_on(rule)) return;
  auto& process = *work.spec.process;
  limit_capabilities(work, *rule, own);
  limit_rlimits(work, *rule, own);
  limit_label(work, *rule, process.apparmor_profile, own.apparmor_profile, "/process/apparmorProfile");
  limit_label(work, *rule, process.selinux_label, own.selinux_label, "/process/selinuxLabel");
  if (own.no_new_privileges && !process.no_new_privileges) {
    process.no_new_privileges = true;
    decide(work, *rule,
           {.control = kWithin, .where = "/process/noNewPrivileges", .requested = "false", .effective = "true", .why = kWhyWithin});
  }
  if (own.oom_score_adj && process.oom_score_adj.value_or(0) < *own.oom_score_adj) {
    decide(work, *rule,
           {.control = kWithin,
            .where = "/process/oomScoreAdj",
            .requested = process.oom_score_adj ? std::to_string(*process.oom_score_adj) : "absent",
            .effective = std::to_string(*own.oom_score_adj),
            .why = kWhyWithin});
    process.oom_score_adj = own.oom_score_adj;
  }
}

// Files with secrets are sealed when the container is made: one that it does not have cannot be added.
base::Result<void> check_secrets(const policy::Policy& policy, const std::optional<SecretFiles>& wanted, const std::optional<SecretFiles>& there) {
  if (!wanted) return base::ok();
  for (const auto& file : wanted->files) {
    const bool known = there && there->directory == wanted->directory &&
                       std::any_of(there->files.begin(), there->files.end(),
                                   [&](const SecretFile& own) { return own.name == file.name && own.value == file.value; });
    if (known) continue;
    return refusal(policy, base::cat(file.where, ": ", base::escape(file.name), " holds a secret, of which the container has no file"),
                   policy.environment.secrets->origin.text())
        .hint("give it to the program in another way; or list the name in \"keep\" if it is no secret");
  }
  return base::ok();
}

// Of the container's own nothing was decided here.
bool concerns_the_program(const Decision& decision) {
  return decision.where.starts_with("/process") || decision.where.starts_with("/linux/seccomp");
}

}  // namespace

base::Result<Outcome> harden_exec(const Hardened& container, const std::optional<SecretFiles>& secret_files, oci::Process process,
                                  const policy::Policy& policy, const Abilities& abilities) {
  const auto& allow = policy.exec.allow;
  if (allow && !allow->value) return refusal(policy, "exec starts no program in this container", allow->origin.text());
  if (!container.spec_.process) return base::Error::config("config.json: /process: want an object, have nothing");
  const oci::Process own = *container.spec_.process;
  oci::Spec spec = container.spec_;
  take_absent(process, own);
  spec.process = std::move(process);
  TRY(check_root(container.spec_, spec, policy));
  Abilities able = abilities;
  able.remap = false;
  able.remap_unable = "the container is there already";
  Outcome out = TRY(harden(std::move(spec), policy, able));
  std::erase_if(out.decisions, [](const Decision& decision) { return !concerns_the_program(decision); });

  Hardened& hardened = out.hardened;
  Work work{.spec = hardened.spec_, .policy = policy, .abilities = able, .decisions = out.decisions};
  keep_within(work, own);
  TRY(check_secrets(policy, hardened.secret_files_, secret_files));
  // What the container cannot do the program cannot: it could be asked to do it for the others.
  hardened.idmap_mounts_ = container.idmap_mounts_;
  hardened.locks_.secure_bits |= container.locks_.secure_bits;
  hardened.locks_.deny_write_execute |= container.locks_.deny_write_execute;
  hardened.locks_.core_scheduling = container.locks_.core_scheduling;
  hardened.locks_.no_spec_allow |= container.locks_.no_spec_allow;
  hardened.locks_.speculation |= container.locks_.speculation;
  hardened.locks_.no_nested_namespaces = container.locks_.no_nested_namespaces;
  hardened.locks_.memfd_noexec = container.locks_.memfd_noexec;
  hardened.landlock_ = container.landlock_;
  return out;
}

base::Result<Outcome> harden_exec(const Hardened& container, const std::optional<SecretFiles>& secret_files, oci::Process process,
                                  const policy::Effective& policy, const Abilities& abilities) {
  if (policy.audited.empty()) return harden_exec(container, secret_files, std::move(process), policy.policy, abilities);
  auto out = TRY(harden_exec(container, secret_files, process, policy.policy, abilities));
  policy::Policy audited = policy.audited.front();
  // The container would have files of its secrets, were that not only audited: of which they are nothing is known.
  const auto& rule = audited.environment.secrets;
  if (rule && rule->value == policy::Secrets::kRedirect && !secret_files) audited.environment.secrets = policy.policy.environment.secrets;
  add_audited(out.decisions, harden_exec(container, secret_files, std::move(process), audited, abilities), "a program", audited);
  return out;
}

}  // namespace harden
