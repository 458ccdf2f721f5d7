// What must hold of every request under every set of policies: profiles, floors, deny files and exceptions put together
// at random. Each property takes the function that decides as an argument, and is also given one that decides wrongly,
// which it must tell from the right one.
#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <functional>

#include "chain_input.h"
#include "base/text.h"
#include "checks.h"
#include "flatten.h"
#include "policy/combine.h"
#include "policy/pack.h"
#include "policy/rules.h"
#include "policy/secure_bits.h"
#include "policy/subject.h"

namespace harden_test {
namespace {

#ifdef BULKHEAD_SANITIZED
constexpr int kPairs = 4'000;  // the others are checked by the plain build
#else
constexpr int kPairs = 100'000;
#endif
constexpr int kMutantRounds = 2'000;
constexpr std::uint32_t kSeed = 20261126;

using Decider = std::function<std::optional<Output>(const Input&)>;

std::optional<Output> decide(const Input& input) {
  const policy::Circumstances when{.now = input.now, .built = 1, .kernel_release = "6.1.0"};
  auto effective = policy::resolve(input.chain, input.profile, "faas", {}, when);
  if (!effective) {
    ADD_FAILURE() << effective.error().message();
    return std::nullopt;
  }
  auto outcome = harden::harden(input.spec, *effective, input.abilities);
  if (!outcome) return std::nullopt;  // refused: safe
  const auto& h = outcome->hardened;
  return Output{*std::move(effective), h.spec(), outcome->decisions, h.secret_files(), h.wall_clock(), h.locks(), h.landlock(), h.blackhole(), h.program(), h.hooks(), h.tun_access()};
}

// A property: what is wrong with how `decide` decides; empty: nothing.
using Property = std::function<std::string(const Input&, const Decider&, Random&)>;

Case case_of(const Input& input, const Output& output) {
  return {.policy = &output.policy.policy, .before = input.spec, .after = output.after, .decisions = output.decisions, .secret_files = output.secret_files};
}

std::string failing(const Case& c, const std::vector<std::string>& names) {
  for (const auto& [name, check, mutant] : checks()) {
    if (std::find(names.begin(), names.end(), name) == names.end()) continue;
    const auto fault = check(c);
    if (!fault.empty()) return std::string(name) + ": " + fault;
  }
  return "";
}

const std::vector<std::string> kTighter{"capabilities", "process", "sysctl", "root", "resources", "environment"};

// P1: no control leaves more than was asked for.
std::string deflates(const Input& input, const Decider& decide, Random&) {
  const auto out = decide(input);
  return out ? failing(case_of(input, *out), kTighter) : "";
}

// P2: what comes out is left as it is by each floor and deny file alone: no exception led beyond.
std::string keeps_below_every_layer(const Input& input, const Decider& decide, Random&) {
  const auto out = decide(input);
  if (!out) return "";
  for (const auto& document : input.chain.documents) {
    if (document.kind != policy::Kind::kFloor && document.kind != policy::Kind::kDeny) continue;
    auto limit = document.policy;
    if (limit.resources.wall_clock && (out->wall_clock == 0 || out->wall_clock > limit.resources.wall_clock->value.seconds)) return "may run longer";
    limit.resources.wall_clock.reset();  // not in config.json
    limit.seccomp.reset();
    limit.environment.secrets.reset();  // what was moved to a file is gone
    const auto again = harden::harden(out->after, limit, input.abilities);
    if (!again) continue;  // it refuses what another layer degraded
    for (const auto& decision : again->decisions) {
      if (!is_beside_config(decision)) return document.policy.name + " changes " + decision.control;
    }
  }
  return "";
}

bool is_subset(const std::optional<policy::Ports>& some, const policy::Ports& all) {
  return some && std::all_of(some->begin(), some->end(), [&](auto port) { return std::find(all.begin(), all.end(), port) != all.end(); });
}

bool runs_one_of(const Output& out, const std::vector<std::string>& digests) {
  return !out.program.empty() && std::all_of(out.program.begin(), out.program.end(), [&](const harden::HashedFile& file) {
    return std::find(digests.begin(), digests.end(), file.digest) != digests.end();
  });
}

bool shuts(const Output& out, const std::vector<std::string>& wanted, bool ipv6) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& text) {
    if (!ipv6 && text.find(':') != std::string::npos) return true;
    return std::any_of(out.blackhole.begin(), out.blackhole.end(), [&](const auto& prefix) { return policy::prefix_text(prefix) == text; });
  });
}

// Whether no filter kills them.
bool lets_32_bit_in(const policy::Policy& policy) {
  const auto& limits = policy.seccomp_limits;
  return (!policy.seccomp || policy.seccomp->value.compat32) &&
         std::all_of(limits.begin(), limits.end(), [](const auto& filter) { return filter.value.compat32; });
}

// Whether each file that may be run as a hook is one of `allowed`.
bool runs_no_other(const std::vector<oci::CheckedHook>& hooks, const std::vector<policy::HookProgram>& allowed) {
  return std::all_of(hooks.begin(), hooks.end(), [&](const oci::CheckedHook& hook) {
    const auto has = [&](const std::string& digest) {
      return std::any_of(allowed.begin(), allowed.end(), [&](const auto& p) { return p.path == hook.hook.path && (p.digest.empty() || p.digest == digest); });
    };
    return hook.digests.empty() ? has("") : std::all_of(hook.digests.begin(), hook.digests.end(), has);
  });
}

// Of one floor or deny file, on a kernel that can do it.
std::string lock_left_open(const policy::Policy& limit, const Input& input, const Output& out) {
  if (limit.seccomp && !limit.seccomp->value.compat32 && lets_32_bit_in(out.policy.policy)) return "32-bit programs out";
  const auto& able = input.abilities;
  const auto on = [](const policy::Rule<bool>& rule) { return rule && rule->value; };
  const auto& process = limit.process;
  if (process.locked_secure_bits && (policy::secure_bits(process.locked_secure_bits->value) & ~out.locks.secure_bits) != 0) return "secure bits";
  const auto execution = process.memory_deny_write_execute ? process.memory_deny_write_execute->value : policy::WriteExecute::kAllow;
  const bool denied = execution == policy::WriteExecute::kDeny ||
                      (execution == policy::WriteExecute::kByKind && !policy::may_make_code(able.entrypoint));
  if (denied && able.mdwe_unable.empty() && !out.locks.deny_write_execute) return "memory that is written and executed";
  const auto& namespaces = out.after.linux.namespaces;
  const bool own_pids = std::any_of(namespaces.begin(), namespaces.end(), [](const auto& ns) { return ns.type == CLONE_NEWPID && ns.path.empty(); });
  if (on(process.memfd_noexec) && own_pids && able.memfd_noexec_unable.empty() && !out.locks.memfd_noexec) return "files in memory";
  if (process.digests && !runs_one_of(out, process.digests->value)) return "the program";
  const auto& exec = out.policy.policy.exec;
  if (limit.exec.allow && !limit.exec.allow->value && (!exec.allow || exec.allow->value)) return "exec";
  if (on(limit.exec.within_container) && !on(exec.within_container)) return "exec beyond the container";
  const bool own_network = std::any_of(namespaces.begin(), namespaces.end(), [](const auto& ns) { return ns.type == CLONE_NEWNET && ns.path.empty(); });
  if (limit.network.blackhole && own_network && !shuts(out, limit.network.blackhole->value, able.ipv6)) return "addresses";
  const bool shared_cores = !able.one_thread_a_core && able.core_scheduling_unable.empty();
  if (on(process.core_scheduling) && shared_cores && !out.locks.core_scheduling) return "cores";
  const auto& flags = out.after.linux.seccomp ? out.after.linux.seccomp->flags : std::optional(std::vector<std::string>());
  const bool spec_allow = !flags || std::find(flags->begin(), flags->end(), "SECCOMP_FILTER_FLAG_SPEC_ALLOW") != flags->end();
  if (process.speculation && (spec_allow || !out.locks.no_spec_allow)) return "the filter's flags";
  if (process.speculation && process.speculation->value == policy::Speculation::kDeny && out.locks.speculation != able.speculation) return "speculation";
  if (limit.hooks.allow && !runs_no_other(out.hooks, limit.hooks.allow->value)) return "a hook";
  if (limit.devices.allow && !out.tun_access.empty()) return "the default device";  // no policy of the pool lists it
  const auto& joined = limit.namespaces.join_below;
  const auto fits = [&](const oci::Namespace& ns) {
    const auto in = [&](const auto& place) { return base::path_within(ns.path, place); };
    return ns.path.empty() || std::any_of(joined->value.begin(), joined->value.end(), in);
  };
  if (joined && !std::all_of(namespaces.begin(), namespaces.end(), fits)) return "a joined namespace";
  const auto& places = limit.resources.cgroup_below;
  if (places && std::none_of(places->value.begin(), places->value.end(), [&](const auto& p) { return base::path_within(out.after.linux.cgroups_path, p); })) return "the cgroup's place";
  const auto& landlock = limit.landlock;
  if (able.landlock_abi < 2) return "";
  if (on(landlock.enable) && !out.landlock) return "Landlock";
  if (!out.landlock) return "";
  if (able.landlock_abi >= 4 && landlock.bind && !is_subset(out.landlock->bind, landlock.bind->value)) return "ports to bind";
  if (able.landlock_abi >= 4 && landlock.connect && !is_subset(out.landlock->connect, landlock.connect->value)) return "ports to connect to";
  if (able.landlock_abi < 6 || !landlock.scopes) return "";
  for (const auto& scope : landlock.scopes->value) {
    if (!(scope == "signal" ? out.landlock->signals : out.landlock->abstract_sockets)) return scope;
  }
  return "";
}

// P2 for what config.json has no words for, so that it cannot be decided on again.
std::string keeps_every_lock(const Input& input, const Decider& decide, Random&) {
  const auto out = decide(input);
  if (!out || !out->after.process) return "";
  for (const auto& document : input.chain.documents) {
    if (document.kind != policy::Kind::kFloor && document.kind != policy::Kind::kDeny) continue;
    const auto open = lock_left_open(document.policy, input, *out);
    if (!open.empty()) return document.policy.name + " does not keep " + open;
  }
  return "";
}

// P3: once is enough.
std::string is_idempotent(const Input& input, const Decider& decide, Random&) {
  const auto out = decide(input);
  if (!out) return "";
  auto again = input;
  again.spec = out->after;
  const auto twice = decide(again);
  if (!twice) return "";
  const auto changed = difference(out->after, twice->after);
  return changed.empty() ? "" : *changed.begin();
}

// P4: one floor more never leaves more.
std::string is_monotone(const Input& input, const Decider& decide, Random& random) {
  auto tighter = input;
  tighter.chain.documents.push_back(layer(policy::Kind::kFloor, random_policy(random, "more", 2)));
  const auto less = decide(tighter), more = decide(input);
  if (!less || !more || less->after.linux.uid_mappings.size() != more->after.linux.uid_mappings.size()) return "";
  Case c = case_of(input, *less);
  c.before = more->after;
  return failing(c, kTighter);
}

// P5: what the files are called makes no difference.
std::string commutes(const Input& input, const Decider& decide, Random& random) {
  auto shuffled = input;
  std::shuffle(shuffled.chain.documents.begin(), shuffled.chain.documents.end(), random);
  const auto one = decide(input), other = decide(shuffled);
  if (one.has_value() != other.has_value()) return "refused in one order only";
  if (!one) return "";
  if (policy::pack(one->policy.policy) != policy::pack(other->policy.policy)) return "another policy";
  const auto changed = difference(one->after, other->after);
  return changed.empty() ? "" : *changed.begin();
}

// P6: an exception that has run out is none.
std::string exceptions_end(const Input& input, const Decider& decide, Random&) {
  auto late = input, without = input;
  late.now = 20'001 * kDay;
  std::erase_if(without.chain.documents, [](const auto& d) { return d.kind == policy::Kind::kExceptions; });
  const auto one = decide(late), other = decide(without);
  if (one.has_value() != other.has_value()) return "refused in one case only";
  if (!one) return "";
  const auto changed = difference(one->after, other->after);
  return changed.empty() ? "" : *changed.begin();
}

// P7: every change is told, and nothing is told that is none.
std::string tells_everything(const Input& input, const Decider& decide, Random&) {
  const auto out = decide(input);
  return out ? failing(case_of(input, *out), {"recorded", "not recorded", "secrets"}) : "";
}

// P9: the same in, the same out, to the letter.
std::string is_deterministic(const Input& input, const Decider& decide, Random&) {
  const auto one = decide(input), other = decide(input);
  if (one.has_value() != other.has_value()) return "refused once";
  if (!one) return "";
  if (policy::pack(one->policy.policy) != policy::pack(other->policy.policy)) return "another policy";
  return difference(one->after, other->after).empty() && texts(one->decisions) == texts(other->decisions) ? "" : "differs";
}

// P10: without one rule, the others decide what they decided. Those that look at what another did are named.
std::string rules_are_independent(const Input& input, const Decider& decide, Random& random) {
  const auto names = policy::control_names();
  const std::string gone(names[below(random, names.size())]);
  for (const auto* coupled : {"process.rootUser", "process.ownIds", "process.capabilities", "process.unprivilegedPorts", "sysctl.allow", "filesystem.tmpfs", "environment.secrets",
                              "environment.allow", "environment.strip", "environment.keep", "namespaces.own", "filesystem.maskedPaths",
                              "filesystem.nosuid", "filesystem.nodev", "resources.memory", "resources.unified", "landlock.enable"}) {
    if (gone == coupled) return "";
  }
  auto without = input;
  for (auto& document : without.chain.documents) {
    policy::for_each_rule([&](const policy::Control& c, auto& rule) { if (c.name == gone) rule.reset(); }, document.policy);
    for (auto& exception : document.exceptions) {
      policy::for_each_rule([&](const policy::Control& c, auto& rule) { if (c.name == gone) rule.reset(); }, exception.allow);
    }
  }
  const auto with = decide(input), less = decide(without);
  if (!with || !less) return "";
  const auto others = [&](const harden::Decisions& all) {
    std::vector<std::string> out;
    for (const auto& d : all) {
      if (d.control != gone) out.push_back(d.control + d.requested + d.effective);
    }
    return out;
  };
  return others(with->decisions) == others(less->decisions) ? "" : gone;
}

// P12: what is only audited changes nothing, and is told.
std::string audit_changes_nothing(const Input& input, const Decider& decide, Random&) {
  auto audited = input;
  for (auto& document : audited.chain.documents) document.policy.mode = policy::Mode::kAudit;
  const auto out = decide(audited);
  if (!out) return "refused";
  const auto changed = difference(input.spec, out->after);
  if (!changed.empty()) return *changed.begin();
  for (const auto& decision : out->decisions) {
    if (!decision.audited) return decision.control + " is not marked";
  }
  return "";
}

struct Row {
  const char* name;
  Property property;
  Decider mutant;  // decides wrongly, in a way that the property is about
};

std::optional<Output> with(const Input& input, const std::function<void(Output&)>& change) {
  auto out = decide(input);
  if (out) change(*out);
  return out;
}

std::optional<Output> with_input(Input input, const std::function<void(Input&)>& change) {
  change(input);
  return decide(input);
}

void drop(Input& input, policy::Kind kind) {
  auto& all = input.chain.documents;
  const auto last = std::find_if(all.rbegin(), all.rend(), [&](const auto& d) { return d.kind == kind; });
  if (last != all.rend()) all.erase(std::next(last).base());
}

std::vector<Row> rows() {
  return {
      {"P1 deflates", deflates, [](const Input& i) { return with(i, [](Output& o) { o.after.linux.sysctl["kernel.core_pattern"] = "x"; }); }},
      {"P2 keeps below every layer", keeps_below_every_layer, [](const Input& i) { return with_input(i, [](Input& in) { drop(in, policy::Kind::kFloor); }); }},
      {"P2 keeps every lock", keeps_every_lock, [](const Input& i) { return with(i, [](Output& o) { o.landlock.reset(); }); }},
      {"P3 is idempotent", is_idempotent,
       [](const Input& i) { return with(i, [](Output& o) { o.after.linux.masked_paths.emplace_back("/once/" + std::to_string(o.after.linux.masked_paths.size())); }); }},
      {"P4 is monotone", is_monotone, [](const Input& i) {
         return with(i, [&](Output& o) { if (o.policy.layers.size() > 1) o.after.process->capabilities = oci::Capabilities{~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL}; });
       }},
      {"P5 commutes", commutes, [](const Input& i) { return with_input(i, [](Input& in) { drop(in, policy::Kind::kFloor); }); }},
      {"P6 exceptions end", exceptions_end, [](const Input& i) { return with_input(i, [](Input& in) { in.now = 20'000 * kDay; }); }},
      {"P7 tells everything", tells_everything, [](const Input& i) { return with(i, [](Output& o) { if (!o.decisions.empty()) o.decisions.pop_back(); }); }},
      {"P9 is deterministic", is_deterministic, [n = 0](const Input& i) mutable { return with(i, [&](Output& o) { o.after.hostname += std::to_string(n++); }); }},
      {"P10 rules are independent", rules_are_independent, [](const Input& i) {
         return with(i, [](Output& o) { for (auto& d : o.decisions) d.effective += std::to_string(o.decisions.size()); });
       }},
      {"P12 audit changes nothing", audit_changes_nothing, [](const Input& i) {
         return with_input(i, [](Input& in) { for (auto& d : in.chain.documents) d.policy.mode = policy::Mode::kEnforce; });
       }},
  };
}

TEST(ChainProperty, HoldsForEveryPairOfRequestAndPolicies) {
  Random random(kSeed);
  const auto all = rows();
  for (int round = 0; round < kPairs; ++round) {
    const auto input = random_input(random);
    const auto& [name, property, mutant] = all[static_cast<std::size_t>(round) % all.size()];
    ASSERT_EQ(property(input, decide, random), "") << name << " in round " << round;
  }
}

TEST(ChainProperty, EachIsToldFromAWrongDecider) {
  for (const auto& [name, property, mutant] : rows()) {
    Random random(kSeed + 1);
    bool found = false;
    for (int round = 0; round < kMutantRounds && !found; ++round) found = !property(random_input(random), mutant, random).empty();
    EXPECT_TRUE(found) << name << " does not notice";
  }
}

// One wrong decider for each thing that keeps_every_lock() looks at, beside that of its row.
TEST(ChainProperty, EachLockThatIsLeftOpenIsNoticed) {
  using Open = void (*)(Output&);
  const std::pair<const char*, Open> all[] = {
      {"32-bit programs", [](Output& o) {
         if (o.policy.policy.seccomp) o.policy.policy.seccomp->value.compat32 = true;
         for (auto& filter : o.policy.policy.seccomp_limits) filter.value.compat32 = true;
       }},
      {"secure bits", [](Output& o) { o.locks.secure_bits = 0; }},
      {"written and executed", [](Output& o) { o.locks.deny_write_execute = false; }},
      {"files in memory", [](Output& o) { o.locks.memfd_noexec = false; }},
      {"the program", [](Output& o) { o.program.clear(); }},
      {"the program", [](Output& o) { for (auto& file : o.program) file.digest += "0"; }},
      {"exec", [](Output& o) { o.policy.policy.exec.allow.reset(); }},
      {"exec beyond the container", [](Output& o) { o.policy.policy.exec.within_container.reset(); }},
      {"addresses", [](Output& o) { if (!o.blackhole.empty()) o.blackhole.pop_back(); }},
      {"cores", [](Output& o) { o.locks.core_scheduling = false; }},
      {"speculation", [](Output& o) { o.locks.speculation = 0; }},
      {"the filter's flags", [](Output& o) { if (o.after.linux.seccomp) o.after.linux.seccomp->flags.reset(); }},
      {"a hook", [](Output& o) { for (auto& hook : o.hooks) hook.digests.clear(); }},
      {"a hook", [](Output& o) { for (auto& hook : o.hooks) hook.hook.path = "/bin/c"; }},
      {"the default device", [](Output& o) { o.tun_access = "r"; }},
      {"a joined namespace", [](Output& o) { for (auto& ns : o.after.linux.namespaces) ns.path = "/run/netnsx/a"; }},
      {"the cgroup's place", [](Output& o) { o.after.linux.cgroups_path = "/dockerx"; }},
      {"ports to bind", [](Output& o) { if (o.landlock) o.landlock->bind.reset(); }},
      {"ports to connect to", [](Output& o) { if (o.landlock) o.landlock->connect.reset(); }},
      {"signal", [](Output& o) { if (o.landlock) o.landlock->signals = false; }},
      {"abstract-unix-socket", [](Output& o) { if (o.landlock) o.landlock->abstract_sockets = false; }},
  };
  for (const auto& [name, open] : all) {
    Random random(kSeed + 2);
    const Decider mutant = [open = open](const Input& i) { return with(i, open); };
    bool found = false;
    for (int round = 0; round < kMutantRounds && !found; ++round) {
      found = keeps_every_lock(random_input(random), mutant, random).find(name) != std::string::npos;
    }
    EXPECT_TRUE(found) << name;
  }
}

}  // namespace
}  // namespace harden_test
