#include "mutate.h"

#include <array>

#include "oci/names.h"
#include "samples.h"

namespace harden_test {

namespace {

std::size_t below(Random& random, std::size_t n) {
  return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
}
bool coin(Random& random) { return below(random, 2) == 0; }

template <typename T, std::size_t N>
const T& pick(Random& random, const std::array<T, N>& from) {
  return from[below(random, N)];
}

oci::CapSet caps(Random& random) { return std::uniform_int_distribution<oci::CapSet>(0, oci::kAllCaps)(random); }

constexpr std::array<std::string_view, 13> kPlaces{
    "/tmp", "/tmp/a",        "/dev",    "/dev/shm",          "/proc", "/run", "/run/secrets", "/var", "/var/tmp",
    "/",    "/data/../tmp/", "//dev//", "/var/run/secrets/x"};
constexpr std::array<std::string_view, 21> kOptions{"ro",   "rw",     "rro",     "rrw",      "suid",    "nosuid",
                                                    "dev",  "nodev",  "rbind",   "bind",     "rsuid",   "rdev",
                                                    "exec", "noexec", "rnosuid", "mode=700", "rprivate",
                                                    "shared", "rshared", "size=9k", "size=3m"};
constexpr std::array<std::string_view, 6> kTypes{"tmpfs", "bind", "devpts", "proc", "sysfs", "none"};
constexpr std::array<std::string_view, 5> kSysctls{"net.ipv4.tcp_syncookies", "kernel.shmmax", "net.core.somaxconn",
                                                   "net.ipv4.ip_unprivileged_port_start", "kernel.shm_rmid_forced"};
constexpr std::array<std::uint32_t, 5> kIds{0, 0, 1000, 65534, 70000};
constexpr std::array<std::int64_t, 7> kLimits{-1, 0, 1, 64, 4096, 4097, 1LL << 40};

constexpr std::array<std::string_view, 18> kVariables{"LD_PRELOAD=/lib/x.so",
                                                      "LD_PRELOAD=",
                                                      "BASH_ENV=/etc/x",
                                                      "NODE_OPTIONS=--require=x",
                                                      "LD_LIBRARY_PATH=/x",
                                                      "DB_PASSWORD=hunter2-canary",
                                                      "DB_PASSWORD=",
                                                      "DB_PASSWORD_FILE=/own/file",
                                                      "PASSWORD_FILE=/x",
                                                      "A=b",
                                                      "HOME=/h",
                                                      "TOKEN=ghp_canaryB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0z",
                                                      "DATABASE_URL=postgres://a:hunter2-canary@db/x",
                                                      "A/B=AKIACANARYA2B3C4D5E6",
                                                      "X=aB3dE5gH7jK9mN1pQ2rS4tcanary",
                                                      "LC_ALL=C",
                                                      "OTEL_TOKEN=hunter2-canary",
                                                      "\x1b[31m_SECRET=hunter2-canary"};

oci::Mount mount(Random& random) {
  oci::Mount out{
      .destination = std::string(pick(random, kPlaces)), .type = std::string(pick(random, kTypes)), .source = "/x"};
  for (auto n = below(random, 5); n > 0; --n) out.options.emplace_back(pick(random, kOptions));
  if (below(random, 20) == 0) out.uid_mappings = {{.container_id = 0, .host_id = 5, .size = 1}};
  return out;
}

oci::DeviceRule device_rule(Random& random) {
  constexpr std::array<char, 3> kKinds{'a', 'c', 'b'};
  constexpr std::array<std::string_view, 4> kAccess{"r", "rw", "rwm", "m"};
  oci::DeviceRule out{
      .allow = coin(random), .type = pick(random, kKinds), .access = std::string(pick(random, kAccess))};
  if (coin(random)) out.major = coin(random) ? 10 : 1;
  if (coin(random)) out.minor = coin(random) ? 229 : 3;
  return out;
}

void namespaces(Random& random, oci::Spec& spec) {
  auto& all = spec.linux.namespaces;
  std::erase_if(all, [&](const oci::Namespace&) { return below(random, 3) == 0; });
  if (below(random, 4) != 0) return;
  std::erase_if(all, [&](const oci::Namespace& ns) { return ns.name == "user"; });
  const bool joined = coin(random);
  all.push_back({.type = *oci::namespace_type("user"), .name = "user", .path = joined ? "/proc/9/ns/user" : ""});
  if (joined) return;
  spec.linux.uid_mappings = {
      {.container_id = coin(random) ? 0U : 1000U, .host_id = coin(random) ? 0U : 7000U, .size = 65536}};
  spec.linux.gid_mappings = spec.linux.uid_mappings;
}

void process(Random& random, oci::Process& process) {
  process.user.uid = pick(random, kIds);
  process.user.gid = pick(random, kIds);
  if (coin(random)) process.user.additional_gids = {pick(random, kIds)};
  if (coin(random)) process.no_new_privileges = coin(random);
  if (below(random, 4) == 0)
    process.capabilities.reset();
  else
    process.capabilities = oci::Capabilities{caps(random), caps(random), caps(random), caps(random), caps(random)};
  if (coin(random)) process.scheduler = oci::Scheduler{.policy = static_cast<std::uint32_t>(below(random, 7))};
  if (coin(random)) process.io_priority = oci::IoPriority{.io_class = static_cast<std::uint32_t>(below(random, 4))};
}

void rlimits(Random& random, oci::Process& process) {
  process.rlimits.clear();
  for (const auto& type : oci::rlimit_types()) {
    if (below(random, 3) != 0) continue;
    const auto hard = static_cast<std::uint64_t>(pick(random, kLimits));
    process.rlimits.push_back({.type = std::string(type.name), .resource = type.value, .soft = hard / 2, .hard = hard});
  }
}

oci::BlockIo block_io(Random& random) {
  oci::BlockIo out;
  if (coin(random)) out.weight = static_cast<std::uint16_t>(10 * below(random, 60));
  if (coin(random)) out.weight_device = {{.major = 8, .minor = 0, .weight = static_cast<std::uint16_t>(10 + below(random, 900)), .leaf_weight = {}}};
  for (auto* list : {&out.throttle_read_bps, &out.throttle_write_bps, &out.throttle_read_iops, &out.throttle_write_iops}) {
    if (coin(random)) list->push_back({.major = coin(random) ? 8 : 9, .minor = 0, .rate = 100 * below(random, 30)});
  }
  return out;
}

void resources(Random& random, oci::Spec& spec) {
  if (below(random, 5) == 0) {
    spec.linux.resources.reset();
    return;
  }
  auto& out = spec.linux.resources.emplace();
  for (auto n = below(random, 4); n > 0; --n) out.devices.push_back(device_rule(random));
  if (coin(random)) out.pids_limit = pick(random, kLimits);
  if (coin(random)) out.memory = oci::Memory{.limit = pick(random, kLimits)};
  if (coin(random) && out.memory) out.memory->swap = pick(random, kLimits);
  if (coin(random) && out.memory) out.memory->disable_oom_killer = coin(random);
  if (coin(random)) out.cpu.emplace().shares = 700 * below(random, 9);
  if (below(random, 4) == 0) out.unified.emplace_back(coin(random) ? "cpu.weight" : "cpu.weight.nice", coin(random) ? "19" : "2");
  if (below(random, 4) == 0) out.unified.emplace_back("memory.high", coin(random) ? "max" : "7K");
  if (below(random, 4) == 0) out.unified.emplace_back("memory.oom.group", coin(random) ? "0" : "1");
  if (below(random, 4) == 0) out.unified.emplace_back("pids.max", coin(random) ? "max" : "9999");
  if (below(random, 4) == 0) out.unified.emplace_back("memory.max", coin(random) ? "max" : "2G");
  if (below(random, 4) == 0) out.unified.emplace_back("io.max", coin(random) ? "8:0 rbps=max wiops=7\n9:9 wbps=800" : "8:0 rbps=300\n254:0 wbps=9000");
  if (below(random, 4) == 0) out.unified.emplace_back("io.weight", coin(random) ? "default 900" : "8:0 30\n254:0 default");
  if (coin(random)) out.block_io = block_io(random);
}

void mutate_once(Random& random, oci::Spec& spec) {
  switch (below(random, 10)) {
    case 0: return namespaces(random, spec);
    case 1: return process(random, *spec.process);
    case 2: return rlimits(random, *spec.process);
    case 3: return resources(random, spec);
    case 4: {
      const auto at = static_cast<std::ptrdiff_t>(below(random, spec.mounts.size() + 1));
      spec.mounts.insert(spec.mounts.begin() + at, mount(random));
      return;
    }
    case 5:
      if (!spec.mounts.empty())
        spec.mounts.erase(spec.mounts.begin() + static_cast<std::ptrdiff_t>(below(random, spec.mounts.size())));
      return;
    case 6: spec.linux.sysctl[std::string(pick(random, kSysctls))] = std::to_string(below(random, 3)); return;
    case 7: spec.linux.devices.push_back({.type = 'c', .path = "/dev/fuse", .major = 10, .minor = 229}); return;
    case 8: return add_variable(random, spec);
    default:
      constexpr std::array<std::string_view, 4> kPropagation{"", "shared", "rshared", "rslave"};
      spec.root.readonly = coin(random);
      spec.linux.rootfs_propagation = pick(random, kPropagation);
      if (coin(random)) spec.linux.masked_paths.clear();
      if (coin(random)) spec.linux.readonly_paths = {"/proc/sys/", "/own"};
  }
}

}  // namespace

void add_variable(Random& random, oci::Spec& spec) {
  auto& env = spec.process->env;
  const auto at = static_cast<std::ptrdiff_t>(below(random, env.size() + 1));
  env.insert(env.begin() + at, std::string(pick(random, kVariables)));
}

oci::Spec mutated(Random& random) {
  static const std::array<oci::Spec, 3> kSamples{docker(), kubernetes(), faasd()};
  oci::Spec spec = pick(random, kSamples);
  for (auto n = 1 + below(random, 8); n > 0; --n) mutate_once(random, spec);
  return spec;
}

}  // namespace harden_test
