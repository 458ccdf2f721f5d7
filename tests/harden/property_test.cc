// What must hold for every request: thousands of random ones. Each check is also shown to fail, on an outcome
// broken on purpose: a check that passes everything proves nothing.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <functional>

#include "base/text.h"
#include "flatten.h"
#include "mutate.h"
#include "samples.h"

namespace harden_test {
namespace {

constexpr int kRounds = 5000;
constexpr std::uint32_t kSeed = 20261123;

// What a check looks at. `after` and `decisions` are copies, so that a mutant can break them.
struct Case {
  oci::Spec before, after;
  harden::Decisions decisions;
};

using Check = std::function<std::string(const Case&)>;  // empty: holds; else what does not
using Mutant = std::function<void(Case&)>;

template <typename T>
bool includes(const std::vector<T>& all, const std::vector<T>& some) {
  return std::all_of(some.begin(), some.end(),
                     [&](const T& one) { return std::find(all.begin(), all.end(), one) != all.end(); });
}

bool allows(const std::vector<oci::DeviceRule>& rules, std::int64_t minor, char access) {
  bool allowed = false;
  for (const auto& rule : rules) {
    const bool number = (rule.type == 'c') && rule.major.value_or(10) == 10 && rule.minor.value_or(minor) == minor;
    if (rule.type == 'a' || (number && rule.access.find(access) != std::string::npos)) allowed = rule.allow;
  }
  return allowed;
}

std::vector<oci::DeviceRule> rules(const oci::Spec& spec) {
  return spec.linux.resources ? spec.linux.resources->devices : std::vector<oci::DeviceRule>{};
}

std::string tighter_capabilities(const Case& c) {
  if (!c.before.process->capabilities)
    return c.after.process->capabilities->bounding == 0 ? "" : "capabilities from nothing";
  const auto& a = *c.after.process->capabilities;
  const auto& b = *c.before.process->capabilities;
  const bool subset = (a.bounding & ~b.bounding) == 0 && (a.effective & ~b.effective) == 0 &&
                      (a.permitted & ~b.permitted) == 0 && (a.inheritable & ~b.inheritable) == 0 &&
                      (a.ambient & ~b.ambient) == 0;
  return subset ? "" : "a capability was added";
}

std::string tighter_process(const Case& c) {
  if (c.before.process->no_new_privileges && !c.after.process->no_new_privileges)
    return "noNewPrivileges was taken away";
  if (!c.before.process->scheduler && c.after.process->scheduler) return "a scheduler was added";
  for (const auto& b : c.before.process->rlimits) {
    const auto same = [&](const oci::Rlimit& a) {
      return a.resource == b.resource && a.hard <= b.hard && a.soft <= b.soft;
    };
    if (std::none_of(c.after.process->rlimits.begin(), c.after.process->rlimits.end(), same))
      return "a limit was raised";
  }
  return "";
}

std::string tighter_kernel(const Case& c) {
  for (const auto& [name, value] : c.after.linux.sysctl) {
    const auto asked = c.before.linux.sysctl.find(name);
    const bool compensation = name == "net.ipv4.ip_unprivileged_port_start" && value == "0";
    if (asked == c.before.linux.sysctl.end() ? !compensation : asked->second != value) return "sysctl " + name;
  }
  if (c.after.linux.devices.size() > c.before.linux.devices.size()) return "a device was added";
  for (const std::int64_t minor : {3, 229}) {
    for (const char access : {'r', 'w', 'm'}) {
      if (allows(rules(c.after), minor, access) && !allows(rules(c.before), minor, access))
        return "a device was allowed";
    }
  }
  if (!includes(c.after.linux.masked_paths, c.before.linux.masked_paths)) return "a masked path was uncovered";
  if (!includes(c.after.linux.readonly_paths, c.before.linux.readonly_paths)) return "a path became writable";
  for (const auto& ns : c.before.linux.namespaces) {
    const auto same = [&](const oci::Namespace& a) { return a.type == ns.type && a.path == ns.path; };
    if (std::none_of(c.after.linux.namespaces.begin(), c.after.linux.namespaces.end(), same))
      return "a namespace was dropped";
  }
  return "";
}

// Every requested mount is there, in its place, and the root no more writable.
std::string tighter_mounts(const Case& c) {
  if (c.before.root.readonly && !c.after.root.readonly) return "the root became writable";
  std::size_t at = 0;
  for (const auto& mount : c.before.mounts) {
    while (at < c.after.mounts.size() &&
           (c.after.mounts[at].destination != mount.destination || c.after.mounts[at].source != mount.source))
      ++at;
    if (at++ >= c.after.mounts.size()) return "mount " + mount.destination + " was dropped or moved";
  }
  return "";
}

std::string tighter_resources(const Case& c) {
  const auto pids = [](const oci::Spec& s) {
    return s.linux.resources ? s.linux.resources->pids_limit.value_or(-1) : -1;
  };
  const auto memory = [](const oci::Spec& s) {
    return s.linux.resources && s.linux.resources->memory ? s.linux.resources->memory->limit.value_or(-1) : -1;
  };
  if (pids(c.before) > 0 && (pids(c.after) > pids(c.before) || pids(c.after) <= 0)) return "pids";
  if (memory(c.before) > 0 && (memory(c.after) > memory(c.before) || memory(c.after) <= 0)) return "memory";
  return "";
}

bool is_under(std::string_view pointer, std::string_view place) {
  return pointer == place || (pointer.starts_with(place) && pointer[place.size()] == '/');
}

// A policy confines; it does not decide what runs.
std::string keeps_the_function(const Case& c) {
  for (const auto& pointer : difference(c.before, c.after)) {
    for (const auto* place : {"/process/args", "/process/env", "/process/cwd", "/process/user", "/hooks",
                              "/annotations", "/hostname", "/linux/cgroupsPath", "/linux/seccomp"}) {
      if (is_under(pointer, place)) return pointer + " was changed";
    }
  }
  return "";
}

std::vector<std::string> places(const harden::Decision& d) {
  auto out = d.also;
  out.push_back(d.where);
  return out;
}

std::string everything_is_recorded(const Case& c) {
  for (const auto& pointer : difference(c.before, c.after)) {
    const bool told = std::any_of(c.decisions.begin(), c.decisions.end(), [&](const harden::Decision& d) {
      const auto all = places(d);
      return std::any_of(all.begin(), all.end(), [&](const std::string& place) { return is_under(pointer, place); });
    });
    if (!told) return pointer + " changed without a decision";
  }
  return "";
}

// What is in force beside config.json: the root's flags, the filter, and what could not be done.
bool is_beside_config(const harden::Decision& d) {
  return d.degraded || d.control == "filesystem.nosuid" || d.control == "filesystem.nodev" || d.control == "seccomp";
}

std::string nothing_else_is_recorded(const Case& c) {
  const auto changed = difference(c.before, c.after);
  for (const auto& d : c.decisions) {
    const auto all = places(d);
    const bool real = std::any_of(changed.begin(), changed.end(), [&](const std::string& pointer) {
      return std::any_of(all.begin(), all.end(), [&](const std::string& place) { return is_under(pointer, place); });
    });
    if (!real && !is_beside_config(d)) return d.control + " says it changed something";
  }
  return "";
}

std::string decisions_are_whole(const Case& c) {
  std::vector<std::string> seen;
  for (const auto& d : c.decisions) {
    if (std::find(seen.begin(), seen.end(), d.control) != seen.end()) return "two decisions for " + d.control;
    seen.push_back(d.control);
    if (d.control.empty() || !d.where.starts_with('/') || d.requested.empty() || d.effective.empty() || d.why.empty() ||
        !d.source.starts_with("faas.json:/")) {
      return "an incomplete decision for " + d.control;
    }
  }
  return "";
}

std::string is_fixed_point(const Case& c) {
  // A second pass over the result finds nothing to change, whatever it still cannot do.
  const auto again = harden::harden(c.after, faas(), cannot_remap());
  if (!again) return again.error().message();
  const auto changed = difference(c.after, again->hardened.spec());
  if (!changed.empty()) return *changed.begin() + " changed again";
  for (const auto& d : again->decisions)
    if (!is_beside_config(d)) return d.control + " was decided again";
  return "";
}

struct Named {
  const char* name;
  Check check;
  Mutant mutant;
};

std::vector<Named> checks() {
  const auto drop_decision = [](Case& c) {
    std::erase_if(c.decisions, [](const auto& d) { return d.control == "process.noNewPrivileges"; });
  };
  return {
      {"capabilities", tighter_capabilities,
       [](Case& c) {
         c.after.process->capabilities->ambient = ~c.before.process->capabilities.value_or(oci::Capabilities{}).ambient;
       }},
      {"process", tighter_process,
       [](Case& c) {
         c.before.process->no_new_privileges = true;
         c.after.process->no_new_privileges = false;
       }},
      {"rlimits", tighter_process,
       [](Case& c) {
         c.before.process->rlimits = {{.type = "RLIMIT_NOFILE", .resource = RLIMIT_NOFILE, .soft = 1, .hard = 1}};
       }},
      {"sysctl", tighter_kernel, [](Case& c) { c.after.linux.sysctl["kernel.core_pattern"] = "x"; }},
      {"device", tighter_kernel,
       [](Case& c) {
         c.after.linux.devices = c.before.linux.devices;
         c.after.linux.devices.emplace_back();
       }},
      {"device rule", tighter_kernel,
       [](Case& c) {
         if (c.before.linux.resources) c.before.linux.resources->devices.clear();
         c.after.linux.resources->devices = {{.allow = true, .type = 'a', .access = "rwm"}};
       }},
      {"masked", tighter_kernel, [](Case& c) { c.before.linux.masked_paths.emplace_back("/secret"); }},
      {"read-only", tighter_kernel, [](Case& c) { c.before.linux.readonly_paths.emplace_back("/secret"); }},
      {"namespace", tighter_kernel,
       [](Case& c) { c.before.linux.namespaces.push_back({.type = 1, .name = "x", .path = ""}); }},
      {"root", tighter_mounts,
       [](Case& c) {
         c.before.root.readonly = true;
         c.after.root.readonly = false;
       }},
      {"mount", tighter_mounts, [](Case& c) { c.before.mounts.push_back({.destination = "/gone", .source = "x"}); }},
      {"resources", tighter_resources,
       [](Case& c) {
         c.before.linux.resources.emplace().pids_limit = 1;
         c.after.linux.resources->pids_limit = 2;
       }},
      {"function", keeps_the_function, [](Case& c) { c.after.process->env.emplace_back("A=1"); }},
      {"recorded", everything_is_recorded, drop_decision},
      {"recorded elsewhere", everything_is_recorded, [](Case& c) { c.after.hostname += "x"; }},
      {"not recorded", nothing_else_is_recorded, [](Case& c) { c.after = c.before; }},
      {"whole", decisions_are_whole, [](Case& c) { c.decisions.push_back(c.decisions.front()); }},
      {"fixed point", is_fixed_point, [](Case& c) { c.after.process->no_new_privileges = false; }},
  };
}

Case run(const oci::Spec& spec, const harden::Abilities& abilities) {
  const auto out = hardened(spec, faas(), abilities);
  return {.before = spec, .after = out.hardened.spec(), .decisions = out.decisions};
}

TEST(Property, HoldsForEveryRequest) {
  Random random(kSeed);
  const auto all = checks();
  for (int round = 0; round < kRounds; ++round) {
    const auto spec = mutated(random);
    const auto c = run(spec, round % 3 == 0 ? cannot_remap() : can_remap());
    for (const auto& [name, check, mutant] : all) {
      const auto fault = check(c);
      ASSERT_EQ(fault, "") << name << " in round " << round;
    }
  }
}

TEST(Property, EachCheckCatchesItsMutant) {
  for (const auto& [name, check, mutant] : checks()) {
    auto c = run(docker(), can_remap());
    ASSERT_EQ(check(c), "") << name;
    mutant(c);
    EXPECT_NE(check(c), "") << name << " lets its mutant through";
  }
}

TEST(Property, IsDeterministic) {
  Random random(kSeed + 1);
  for (int round = 0; round < 500; ++round) {
    const auto spec = mutated(random);
    const auto first = run(spec, can_remap());
    const auto second = run(spec, can_remap());
    ASSERT_TRUE(difference(first.after, second.after).empty());
    ASSERT_EQ(first.decisions.size(), second.decisions.size());
    for (std::size_t i = 0; i < first.decisions.size(); ++i) {
      const auto& a = first.decisions[i];
      const auto& b = second.decisions[i];
      ASSERT_TRUE(a.control == b.control && a.where == b.where && a.also == b.also && a.requested == b.requested &&
                  a.effective == b.effective && a.why == b.why && a.source == b.source && a.degraded == b.degraded);
    }
  }
}

TEST(Property, PassthroughIsTheIdentity) {
  Random random(kSeed + 2);
  std::size_t changed_by_faas = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto spec = mutated(random);
    const auto out = hardened(spec, passthrough());
    ASSERT_TRUE(difference(spec, out.hardened.spec()).empty()) << *difference(spec, out.hardened.spec()).begin();
    ASSERT_TRUE(out.decisions.empty());
    if (round % 100 == 0 && !difference(spec, run(spec, can_remap()).after).empty()) ++changed_by_faas;
  }
  // The same comparison, where it must see something.
  EXPECT_EQ(changed_by_faas, static_cast<std::size_t>(kRounds / 100));
}

// The rules are independent: without one, the others decide what they decided.
TEST(Property, OneRuleLessIsOneDecisionLess) {
  using Off = std::pair<const char*, std::function<void(policy::Policy&)>>;
  const std::vector<Off> rules = {
      {"process.noNewPrivileges", [](policy::Policy& p) { p.process.no_new_privileges.reset(); }},
      {"process.rootUser", [](policy::Policy& p) { p.process.root_user.reset(); }},
      {"process.rlimits", [](policy::Policy& p) { p.process.rlimits.reset(); }},
      {"process.realtime", [](policy::Policy& p) { p.process.realtime.reset(); }},
      {"namespaces.own", [](policy::Policy& p) { p.namespaces.own.reset(); }},
      {"filesystem.readonlyRoot", [](policy::Policy& p) { p.filesystem.readonly_root.reset(); }},
      {"filesystem.recursiveReadonly", [](policy::Policy& p) { p.filesystem.recursive_readonly.reset(); }},
      {"filesystem.nosuid", [](policy::Policy& p) { p.filesystem.nosuid.reset(); }},
      {"filesystem.nodev", [](policy::Policy& p) { p.filesystem.nodev.reset(); }},
      {"filesystem.privatePropagation", [](policy::Policy& p) { p.filesystem.private_propagation.reset(); }},
      {"filesystem.maskedPaths", [](policy::Policy& p) { p.filesystem.masked_paths.reset(); }},
      {"filesystem.readonlyPaths", [](policy::Policy& p) { p.filesystem.readonly_paths.reset(); }},
      {"devices.allow", [](policy::Policy& p) { p.devices.allow.reset(); }},
      {"sysctl.allow", [](policy::Policy& p) { p.sysctl.allow.reset(); }},
      {"seccomp", [](policy::Policy& p) { p.seccomp.reset(); }},
      {"resources.pids", [](policy::Policy& p) { p.resources.pids.reset(); }},
      {"resources.memory", [](policy::Policy& p) { p.resources.memory.reset(); }},
  };
  auto spec = docker();
  spec.linux.rootfs_propagation = "shared";
  spec.process->scheduler = oci::Scheduler{.policy = 2};
  const auto all = run(spec, can_remap());
  for (const auto& [control, off] : rules) {
    auto policy = faas();
    off(policy);
    const auto out = hardened(spec, policy);
    std::vector<std::string> expected, have;
    for (const auto& d : all.decisions)
      if (d.control != control) expected.push_back(d.control + " " + d.effective);
    for (const auto& d : out.decisions) have.push_back(d.control + " " + d.effective);
    EXPECT_EQ(have, expected) << control;
    EXPECT_EQ(have.size() + 1, all.decisions.size()) << control << " decides nothing about this request";
  }
}

}  // namespace
}  // namespace harden_test
