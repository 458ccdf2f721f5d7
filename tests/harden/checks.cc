// The checks themselves.
#include "checks.h"

#include <sys/resource.h>

#include <algorithm>
#include <cctype>
#include <limits>

#include "base/text.h"
#include "flatten.h"
#include "mutate.h"
#include "samples.h"

namespace harden_test {
namespace {

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
  if (!c.after.process->capabilities) return c.before.process->capabilities ? "the sets were forgotten" : "";
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
  const std::uint32_t umask = c.before.process->user.umask.value_or(0);
  if ((c.after.process->user.umask.value_or(0) & umask) != umask) return "new files are open to more";
  if (c.before.process->oom_score_adj && c.after.process->oom_score_adj.value_or(-1000) < *c.before.process->oom_score_adj)
    return "others are killed before it";
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

// Of an option and its opposite the last one holds.
bool has_option(const oci::Mount& mount, std::string_view option, std::string_view opposite) {
  for (auto it = mount.options.rbegin(); it != mount.options.rend(); ++it) {
    if (*it == option) return true;
    if (*it == opposite) return false;
  }
  return false;
}

// Bytes, of a tmpfs; without one it may hold any amount.
std::uint64_t size_of(const oci::Mount& mount) {
  constexpr std::string_view kSize = "size=";
  for (auto it = mount.options.rbegin(); it != mount.options.rend(); ++it) {
    if (!it->starts_with(kSize)) continue;
    auto text = std::string_view(*it).substr(kSize.size());
    const unsigned shift = text.ends_with('m') ? 20 : text.ends_with('k') ? 10 : 0;
    if (shift != 0) text.remove_suffix(1);
    return base::parse_u64(text).value_or(0) << shift;
  }
  return std::numeric_limits<std::uint64_t>::max();
}

std::string looser_option(const oci::Mount& before, const oci::Mount& after) {
  constexpr std::pair<std::string_view, std::string_view> kRestricting[] = {
      {"ro", "rw"}, {"nosuid", "suid"}, {"nodev", "dev"}, {"noexec", "exec"}, {"nosymfollow", "symfollow"}};
  for (const auto& [option, opposite] : kRestricting) {
    if (has_option(before, option, opposite) && !has_option(after, option, opposite)) return std::string(option);
  }
  for (const std::string propagation : {"shared", "rshared"}) {
    if (!includes(before.options, {propagation}) && includes(after.options, {propagation})) return propagation;
  }
  return size_of(after) > size_of(before) ? "size" : "";
}

// Every requested mount is there, in its place and with what it forbids, and the root no more writable.
std::string tighter_mounts(const Case& c) {
  if (c.before.root.readonly && !c.after.root.readonly) return "the root became writable";
  std::size_t at = 0;
  for (const auto& mount : c.before.mounts) {
    while (at < c.after.mounts.size() &&
           (c.after.mounts[at].destination != mount.destination || c.after.mounts[at].source != mount.source))
      ++at;
    if (at >= c.after.mounts.size()) return "mount " + mount.destination + " was dropped or moved";
    const auto option = looser_option(mount, c.after.mounts[at++]);
    if (!option.empty()) return "mount " + mount.destination + " is another by " + option;
  }
  return "";
}

// The policies that these are for all say that no mount event leaves.
std::string propagation_ends(const Case& c) {
  const auto shared = [](const std::string& option) { return option == "shared" || option == "rshared"; };
  if (shared(c.after.linux.rootfs_propagation)) return "the root is shared";
  for (const auto& mount : c.after.mounts) {
    if (std::any_of(mount.options.begin(), mount.options.end(), shared)) return mount.destination + " is shared";
  }
  return "";
}

bool is_under(std::string_view pointer, std::string_view place) {
  return pointer == place || (pointer.starts_with(place) && pointer[place.size()] == '/');
}

// A policy confines; it does not decide what runs.
std::string keeps_the_function(const Case& c) {
  for (const auto& pointer : difference(c.before, c.after)) {
    for (const auto* place : {"/process/args", "/process/cwd", "/process/user", "/hooks", "/annotations", "/hostname",
                              "/linux/cgroupsPath", "/linux/seccomp"}) {
      if (is_under(pointer, place) && !is_under(pointer, "/linux/seccomp/flags")) return pointer + " was changed";
    }
  }
  return "";
}

// Variables are taken away; one that is added only tells where the value of another went.
std::string tighter_environment(const Case& c) {
  const auto& before = c.before.process->env;
  for (const auto& entry : c.after.process->env) {
    if (std::find(before.begin(), before.end(), entry) != before.end()) continue;
    const auto name = entry.substr(0, entry.find('='));
    if (!name.ends_with("_FILE") || !c.secret_files) return "a variable was added: " + name;
    const auto original = name.substr(0, name.size() - std::string_view("_FILE").size());
    if (entry != name + "=" + c.secret_files->directory + "/" + original) return entry;
  }
  return "";
}

std::string tells_no_secret(const Case& c) {
  for (const auto& d : c.decisions) {
    for (const auto* text : {&d.where, &d.requested, &d.effective, &d.why, &d.source}) {
      auto small = *text;
      std::transform(small.begin(), small.end(), small.begin(), [](unsigned char ch) { return std::tolower(ch); });
      if (small.find(kCanary) != std::string::npos) return d.control + " tells a secret";
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
        !d.source.starts_with(c.policy->process.no_new_privileges->origin.file + ":/")) {
      return "an incomplete decision for " + d.control;
    }
  }
  return "";
}

std::string is_fixed_point(const Case& c) {
  // A second pass over the result finds nothing to change, whatever it still cannot do.
  const auto again = harden::harden(c.after, *c.policy, cannot_remap());
  if (!again) return again.error().message();
  const auto changed = difference(c.after, again->hardened.spec());
  if (!changed.empty()) return *changed.begin() + " changed again";
  for (const auto& d : again->decisions)
    if (!is_beside_config(d)) return d.control + " was decided again";
  return "";
}

}  // namespace

bool is_beside_config(const harden::Decision& d) {
  return d.degraded || d.warning || d.control == "filesystem.nosuid" || d.control == "filesystem.nodev" ||
         d.control == "seccomp" || d.control == "process.lockedSecureBits" ||
         d.control == "process.memoryDenyWriteExecute" || d.control == "process.memfdNoexec" ||
         d.control == "process.coreScheduling" || d.control == "namespaces.nested" || d.control == "process.speculation" ||
         d.control.starts_with("landlock.") || d.control == "network.blackhole" || d.control == "process.digests" ||
         d.control == "hooks.allow" || (d.control == "devices.allow" && d.effective == "not /dev/net/tun");
}

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
      {"umask", tighter_process,
       [](Case& c) {
         c.before.process->user.umask = 0027;
         c.after.process->user.umask = 0022;
       }},
      {"oomScoreAdj", tighter_process,
       [](Case& c) {
         c.before.process->oom_score_adj = 500;
         c.after.process->oom_score_adj = 499;
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
      {"mount option", tighter_mounts,
       [](Case& c) {
         c.before.mounts = {{.destination = "/m", .type = "", .source = "x", .options = {"noexec"}, .uid_mappings = {}, .gid_mappings = {}}};
         c.after.mounts = c.before.mounts;
         c.after.mounts.front().options.emplace_back("exec");
       }},
      {"mount size", tighter_mounts,
       [](Case& c) {
         c.before.mounts = {{.destination = "/m", .type = "tmpfs", .source = "x", .options = {"size=2m"}, .uid_mappings = {}, .gid_mappings = {}}};
         c.after.mounts = c.before.mounts;
         c.after.mounts.front().options = {"size=2049k"};
       }},
      {"mount propagation", tighter_mounts,
       [](Case& c) {
         c.before.mounts = {{.destination = "/m", .type = "", .source = "x", .options = {}, .uid_mappings = {}, .gid_mappings = {}}};
         c.after.mounts = c.before.mounts;
         c.after.mounts.front().options.emplace_back("rshared");
       }},
      {"swap", tighter_resources,
       [](Case& c) {
         c.before.linux.resources.emplace().memory.emplace().swap = 1000;
         c.after.linux.resources->memory.emplace().swap = -1;
       }},
      {"cpu", tighter_resources,
       [](Case& c) {
         c.before.linux.resources.emplace().cpu.emplace().quota = 50'000;
         c.after.linux.resources->cpu.emplace().quota = 60'000;
       }},
      {"propagation", propagation_ends, [](Case& c) { c.after.mounts.back().options.emplace_back("rshared"); }},
      {"root's propagation", propagation_ends, [](Case& c) { c.after.linux.rootfs_propagation = "shared"; }},
      {"resources", tighter_resources,
       [](Case& c) {
         c.before.linux.resources.emplace().pids_limit = 1;
         c.after.linux.resources->pids_limit = 2;
       }},
      {"shares", tighter_resources,
       [](Case& c) {
         c.before.linux.resources.emplace().cpu.emplace().shares = 500;
         c.after.linux.resources.emplace().cpu.emplace().shares = 501;
       }},
      {"killer", tighter_resources,
       [](Case& c) {
         c.before.linux.resources.reset();
         c.after.linux.resources.emplace().memory.emplace().disable_oom_killer = true;
       }},
      {"all at once", tighter_resources,
       [](Case& c) {
         c.before.linux.resources.emplace().unified = {{"memory.oom.group", "1"}};
         c.after.linux.resources.emplace().unified = {{"memory.oom.group", "0"}};
       }},
      {"slowed down", tighter_resources,
       [](Case& c) {
         c.before.linux.resources.emplace().unified = {{"memory.high", "5K"}};
         c.after.linux.resources.emplace().unified = {{"memory.high", "5121"}};
       }},
      {"weight", tighter_resources,
       [](Case& c) {
         c.before.linux.resources.emplace().block_io = oci::BlockIo{.weight = 10};
         c.after.linux.resources.emplace().block_io = oci::BlockIo{.weight = 11};
       }},
      {"weight of a disk", tighter_resources,
       [](Case& c) {
         c.before.linux.resources.emplace().block_io.emplace().weight_device = {{.major = 8, .minor = 0, .weight = 10, .leaf_weight = {}}};
         c.after.linux.resources.emplace().block_io.emplace().weight_device = {{.major = 8, .minor = 0, .weight = 11, .leaf_weight = {}}};
       }},
      {"speed of a disk", tighter_resources,
       [](Case& c) {
         c.before.linux.resources.emplace().block_io.emplace().throttle_read_bps = {{.major = 8, .minor = 0, .rate = 5}};
         c.after.linux.resources.emplace().block_io.emplace().throttle_read_bps = {{.major = 8, .minor = 0, .rate = 0}};
       }},
      {"function", keeps_the_function, [](Case& c) { c.after.process->args.emplace_back("--more"); }},
      {"environment", tighter_environment, [](Case& c) { c.after.process->env.emplace_back("A=1"); }},
      {"environment's files", tighter_environment,
       [](Case& c) {
         c.secret_files = harden::SecretFiles{.directory = "/run/secrets", .noswap = true, .files = {}};
         c.after.process->env.emplace_back("A_FILE=/etc/A");
       }},
      {"secrets", tells_no_secret, [](Case& c) { c.decisions.front().effective = "hunter2-canary"; }},
      {"variable recorded", everything_is_recorded,
       [](Case& c) { c.after.process->env.erase(c.after.process->env.begin()); }},
      {"recorded", everything_is_recorded, drop_decision},
      {"recorded elsewhere", everything_is_recorded, [](Case& c) { c.after.hostname += "x"; }},
      {"not recorded", nothing_else_is_recorded, [](Case& c) { c.after = c.before; }},
      {"whole", decisions_are_whole, [](Case& c) { c.decisions.push_back(c.decisions.front()); }},
      {"fixed point", is_fixed_point, [](Case& c) { c.after.process->no_new_privileges = false; }},
  };
}

}  // namespace harden_test
