// The second layer: what of the policy's wishes this kernel can do. The versions are those of landlock(7), "Landlock ABI".
#include <linux/capability.h>

#include <algorithm>

#include "base/text.h"
#include "harden/work.h"
#include "policy/lattice.h"

namespace harden {

namespace {

constexpr int kRenames = 2, kTruncation = 3, kPorts = 4, kDeviceRequests = 5, kScopes = 6;

// Version 1 forbids every rename and link between two directories: more than the mounts forbid.
std::string obstacle(int abi) {
  if (abi == 0) return "this kernel has no Landlock, or it is turned off";
  return abi < kRenames ? "version 1 of Landlock forbids renaming between directories" : "";
}

constexpr std::string_view kNotHere = "; not possible here: ";

std::string missing(int abi, std::string_view what) {
  const auto nothing = obstacle(abi);
  return nothing.empty() ? base::cat(kNotHere, "version ", abi, " of Landlock does not restrict ", what) : base::cat(kNotHere, nothing);
}

bool keeps_admin(const Work& work) {
  const auto& caps = work.spec.process->capabilities;
  if (!caps) return false;
  return ((caps->bounding | caps->permitted | caps->ambient) >> CAP_SYS_ADMIN & 1) != 0;
}

void tell_enabled(Work& work, int abi) {
  std::string note;
  if (abi < kTruncation) {
    note = missing(abi, "truncating files and requests to devices");
  } else if (abi < kDeviceRequests) {
    note = missing(abi, "requests to devices");
  }
  const bool degraded = !note.empty();
  const bool admin = keeps_admin(work);
  if (admin) note += "; CAP_SYS_ADMIN is left to it, and mounting is refused all the same";
  decide(work, *work.policy.landlock.enable,
         {.control = "landlock.enable",
          .where = "/root/path",
          .requested = "absent",
          .effective = base::cat("files as the mounts leave them, Landlock version ", abi),
          .why = "a second layer over the mounts: a way around the one is not a way around the other",
          .note = std::move(note),
          .degraded = degraded,
          .warning = admin});
}

void limit_scopes(Work& work, Landlock& out) {
  const auto& rule = work.policy.landlock.scopes;
  if (!rule || rule->value.empty()) return;
  const bool able = out.abi >= kScopes;
  const auto wanted = [&](std::string_view name) {
    return able && std::find(rule->value.begin(), rule->value.end(), name) != rule->value.end();
  };
  out.signals = wanted("signal");
  out.abstract_sockets = wanted("abstract-unix-socket");
  decide(work, *rule,
         {.control = "landlock.scopes",
          .where = "/process/args",
          .requested = "absent",
          .effective = able ? list(rule->value) : "none",
          .why = "no signal or connection leaves the container by a namespace that it shares",
          .note = able ? "" : missing(out.abi, "either"),
          .degraded = !able});
}

void limit_ports(Work& work, const policy::Rule<policy::Ports>& rule, const char* control, int abi,
                 std::optional<policy::Ports>& out) {
  if (!rule) return;
  const bool able = abi >= kPorts;
  if (able) out = rule->value;
  decide(work, *rule,
         {.control = control,
          .where = "/process/args",
          .requested = "any TCP port",
          .effective = able ? policy::lattice::text(rule->value) : "any TCP port",
          .why = "a function that was taken over serves, and reaches, nothing else",
          .note = able ? "" : missing(abi, "ports"),
          .degraded = !able});
}

}  // namespace

std::optional<Landlock> harden_landlock(Work& work) {
  const auto& rules = work.policy.landlock;
  if (!is_on(rules.enable) || !work.spec.process) return std::nullopt;
  Landlock out{.abi = std::min(work.abilities.landlock_abi, kNewestLandlock)};
  if (const auto unable = obstacle(out.abi); !unable.empty()) {
    decide(work, *rules.enable,
           {.control = "landlock.enable",
            .where = "/root/path",
            .requested = "absent",
            .effective = "none",
            .why = "a second layer over the mounts: a way around the one is not a way around the other",
            .note = base::cat(kNotHere, unable),
            .degraded = true});
  } else {
    tell_enabled(work, out.abi);
  }
  limit_scopes(work, out);
  limit_ports(work, rules.bind, "landlock.bind", out.abi, out.bind);
  limit_ports(work, rules.connect, "landlock.connect", out.abi, out.connect);
  return out.abi < kRenames ? std::nullopt : std::optional(std::move(out));
}

}  // namespace harden
