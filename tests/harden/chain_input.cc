#include "chain_input.h"

#include <algorithm>

#include "policy/find.h"
#include "policy/io_ceiling.h"
#include "policy/rules.h"
#include "samples.h"

namespace harden_test {

std::size_t below(Random& random, std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); }

namespace {

constexpr const char* kScript = "sha256:script";
constexpr const char* kInterpreter = "sha256:interpreter";

const std::vector<policy::Policy>& pool() {
  static const auto kPool = [] {
    std::vector<policy::Policy> out;
    for (const auto* name : {"faas", "compat", "baseline", "faas-restricted", "faas-java", "sandbox", "faas-python"}) out.push_back(*policy::load_policy(name));
    out.push_back(environmental());
    out.back().seccomp->value.compat32 = true;
    out.back().resources.wall_clock = policy::Setting<policy::WallClock>{.value = {900}, .origin = {.file = "x.json", .pointer = "/resources/wallClock"}, .why = ""};
    out.back().process.core_scheduling = policy::Setting<bool>{.value = true, .origin = {.file = "x.json", .pointer = "/process/coreScheduling"}, .why = ""};
    out.back().process.speculation = policy::Setting<policy::Speculation>{.value = policy::Speculation::kDeny, .origin = {.file = "x.json", .pointer = "/process/speculation"}, .why = ""};
    out.back().namespaces.join_below = policy::Setting<std::vector<std::string>>{.value = {"/proc/77", "/run/netns"}, .origin = {.file = "x.json", .pointer = "/namespaces/joinBelow"}, .why = ""};
    out.back().resources.cgroup_below = policy::Setting<std::vector<std::string>>{.value = {"/docker", "/kubepods/burstable", "/openfaas-fn"}, .origin = {.file = "x.json", .pointer = "/resources/cgroupBelow"}, .why = ""};
    out.back().process.own_ids = policy::Setting<bool>{.value = true, .origin = {.file = "x.json", .pointer = "/process/ownIds"}, .why = ""};
    out.back().resources.memory_high = policy::Setting<policy::Limit>{.value = {.standard = 2000, .max = 9000}, .origin = {.file = "x.json", .pointer = "/resources/memoryHigh"}, .why = ""};
    out.back().filesystem.tmpfs_size = policy::Setting<policy::Limit>{.value = {.standard = 4096, .max = 1U << 20}, .origin = {.file = "x.json", .pointer = "/filesystem/tmpfsSize"}, .why = ""};
    out.back().resources.cpu_shares = policy::Setting<policy::Limit>{.value = {.standard = 500, .max = 3000}, .origin = {.file = "x.json", .pointer = "/resources/cpuShares"}, .why = ""};
    out.back().resources.io_weight = policy::Setting<policy::Limit>{.value = {.standard = 50, .max = 200}, .origin = {.file = "x.json", .pointer = "/resources/ioWeight"}, .why = ""};
    out.back().resources.io_max = policy::Setting<policy::IoCeilings>{
        .value = {{.wbps = 800, .riops = 90}, {.major = 8, .minor = 0, .rbps = 500, .riops = 200}}, .origin = {.file = "x.json", .pointer = "/resources/ioMax"}, .why = ""};
    out.back().landlock.bind = policy::Setting<policy::Ports>{.value = {0, 8, 8080}, .origin = {.file = "x.json", .pointer = "/landlock/bind"}, .why = ""};
    out.back().network.blackhole = policy::Setting<std::vector<std::string>>{
        .value = {"169.254.169.254", "10.0.0.0/8", "fd00:ec2::254"}, .origin = {.file = "x.json", .pointer = "/network/blackhole"}, .why = ""};
    out.back().process.digests = policy::Setting<std::vector<std::string>>{
        .value = {kScript, kInterpreter, "sha256:other"}, .origin = {.file = "x.json", .pointer = "/process/digests"}, .why = ""};
    out.back().hooks.allow = policy::Setting<std::vector<policy::HookProgram>>{
        .value = {{"/bin/a", "sha256:1"}, {"/bin/a", "sha256:2"}, {"/bin/b", ""}}, .origin = {.file = "x.json", .pointer = "/hooks/allow"}, .why = ""};
    out.back().landlock.connect = policy::Setting<policy::Ports>{.value = {5432}, .origin = {.file = "x.json", .pointer = "/landlock/connect"}, .why = ""};
    return out;
  }();
  return kPool;
}

// A value that no file of the pool has.
void vary(Random& random, oci::CapSet& value) { value ^= oci::CapSet{1} << below(random, 40); }
void vary(Random& random, policy::Limit& value) {
  if (value.max) value.max = 1 + below(random, 5000);
  if (value.standard) value.standard = std::min(value.max.value_or(~std::uint64_t{0}), std::uint64_t{1} + below(random, 300));
}
void vary(Random& random, policy::WallClock& value) { value.seconds = 1 + below(random, 5000); }
void vary(Random& random, policy::RootUser& value) { value = static_cast<policy::RootUser>(below(random, 3)); }
void vary(Random& random, policy::WriteExecute& value) { value = static_cast<policy::WriteExecute>(below(random, 3)); }
void vary(Random& random, policy::Speculation& value) { value = static_cast<policy::Speculation>(below(random, 2)); }
void vary(Random& random, std::vector<std::string>& value) {
  if (!value.empty()) value.erase(value.begin() + static_cast<std::ptrdiff_t>(below(random, value.size())));
}
void vary(Random& random, std::vector<policy::RlimitCeiling>& value) {
  for (auto& limit : value) limit.soft = limit.hard = below(random, 100'000);
}
void vary(Random& random, policy::Ports& value) {
  if (below(random, 2) == 0) value.push_back(static_cast<std::uint16_t>(below(random, 9)));
}
void vary(Random& random, std::vector<policy::HookProgram>& value) {
  for (const char* path : {"/bin/a", "/bin/b"}) {
    for (const char* digest : {"", "sha256:1", "sha256:2"}) {
      if (below(random, 3) == 0) value.push_back({path, digest});
    }
  }
}
void vary(Random& random, policy::IoCeilings& value) {
  value.push_back({.major = 254, .minor = 0});
  for (auto& entry : value) {
    for (const auto& rate : policy::kIoRates) {
      if (below(random, 3) == 0) entry.*rate.member = below(random, 5) == 0 ? policy::kNoIoLimit : 2 + below(random, 2000);
    }
  }
  value = policy::canonical(value);
}
void vary(Random&, auto&) {}

}  // namespace

policy::Policy random_policy(Random& random, const std::string& name, std::size_t absent_of_four) {
  policy::Policy out;
  out.name = name;
  out.version = "1";
  const auto& from = pool();
  policy::for_each_rule(
      [&](const policy::Control&, auto& rule, const auto&... choices) {
        if (below(random, 4) < absent_of_four) return;
        const std::remove_cvref_t<decltype(rule)>* all[] = {&choices...};
        rule = *all[below(random, sizeof...(choices))];
        if (rule && below(random, 3) == 0) vary(random, rule->value);
      },
      out, from[0], from[1], from[2], from[3], from[4], from[5], from[6], from[7]);
  return out;
}

policy::Document layer(policy::Kind kind, policy::Policy rules) {
  rules.filesystem.tmpfs.reset();  // only a profile has these
  rules.environment.allow.reset();
  if (rules.seccomp && kind == policy::Kind::kDeny) rules.seccomp.reset();
  return {.kind = kind, .policy = std::move(rules)};
}

namespace {

policy::Document exceptions(Random& random) {
  policy::Exception one{.id = "EX", .allow = random_policy(random, "EX", 3), .expires = 20'001 * kDay};
  policy::Document out{.kind = policy::Kind::kExceptions};
  out.policy.name = "e";
  out.exceptions.push_back(std::move(one));
  return out;
}

}  // namespace

Input random_input(Random& random) {
  Input out{.spec = mutated(random), .chain = {}, .abilities = below(random, 3) == 0 ? cannot_remap() : can_remap()};
  out.abilities.ipv6 = below(random, 3) != 0;
  out.abilities.disks = {{"8:0", ""}, {"254:0", ""}, {"8:1", "a partition"}};
  const char* const files[] = {"", "io.weight", "io.bfq.weight", "blkio.bfq.weight", "blkio.weight"};
  out.abilities.io_weight_file = files[below(random, std::size(files))];
  if (below(random, 4) == 0) out.abilities.io_weight_unable = out.abilities.io_max_unable = "no such file";
  if (below(random, 3) == 0) out.abilities.memory_v2_unable = "cgroup v1";
  out.abilities.program = {{.path = "", .name = "app", .digest = kScript}, {.path = "/bin/sh", .name = "/bin/sh", .digest = kInterpreter}};
  for (const auto& ns : out.spec.linux.namespaces) {
    if (!ns.path.empty()) out.abilities.joined[ns.path] = ns.path;
  }
  if (below(random, 6) == 0) out.spec.hooks.create_runtime = {{.path = below(random, 2) == 0 ? "/bin/a" : "/bin/b", .args = {}, .env = {}, .timeout = {}}};
  auto& documents = out.chain.documents;
  documents.push_back({.kind = policy::Kind::kProfile, .policy = random_policy(random, "p", 1)});
  for (const char* name : {"f1", "f2"}) {
    if (below(random, 2) == 0) documents.push_back(layer(policy::Kind::kFloor, random_policy(random, name, 2)));
  }
  if (below(random, 2) == 0) documents.push_back(layer(policy::Kind::kDeny, random_policy(random, "d", 3)));
  if (below(random, 3) == 0) documents.push_back(exceptions(random));
  return out;
}

}  // namespace harden_test
