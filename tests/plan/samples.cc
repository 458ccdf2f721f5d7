#include "samples.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>

#include <cstdio>
#include <cstdlib>

#include "oci/read.h"
#include "policy/builtin.h"
#include "policy/find.h"

namespace samples {

std::vector<std::string> bundle_names() {
  return {"containerd-cri-pause", "containerd-cri-queue-proxy", "containerd-cri-user", "cri-userns", "crio",
          "docker",               "faasd",                      "podman",              "runc-spec"};
}

std::string bundle_text(const std::string& name) {
  const std::string path = std::string(TEST_BUNDLES) + "/" + name + ".json";
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) {
    ADD_FAILURE() << "no bundle " << path;
    return "";
  }
  std::string text;
  char buffer[4096];
  for (std::size_t n; (n = std::fread(buffer, 1, sizeof(buffer), file)) > 0;) text.append(buffer, n);
  std::fclose(file);
  return text;
}

oci::Spec spec(const std::string& name) {
  auto read = oci::read_spec(bundle_text(name));
  EXPECT_TRUE(read.has_value()) << name << ": " << (read ? "" : read.error().message());
  if (!read) return minimal();
  read->process->terminal = false;
  read->process->console_size.reset();
  // "slice:prefix:name" is for the systemd driver; the directory that it would become is planned instead.
  for (char& c : read->linux.cgroups_path) c = c == ':' ? '/' : c;
  return *std::move(read);
}

oci::Spec minimal() {
  oci::Spec spec;
  spec.oci_version = "1.2.0";
  spec.root.path = "rootfs";
  spec.process.emplace();
  spec.process->args = {"/bin/true"};
  spec.process->env = {"PATH=/bin:/usr/bin"};
  spec.process->cwd = "/";
  for (const auto& [type, name] : {std::pair{std::uint64_t{CLONE_NEWNS}, "mount"}, {std::uint64_t{CLONE_NEWPID}, "pid"}}) {
    oci::Namespace ns;
    ns.type = type;
    ns.name = name;
    spec.linux.namespaces.push_back(ns);
  }
  oci::Mount proc;
  proc.destination = "/proc";
  proc.type = "proc";
  proc.source = "proc";
  spec.mounts.push_back(proc);
  return spec;
}

kernel::Facts facts(kernel::CgroupMode mode) {
  kernel::Facts facts;
  facts.kernel_major = 6;
  facts.kernel_minor = 1;
  facts.kernel_release = "6.1.0";
  facts.effective_caps = (1ULL << (CAP_LAST_CAP + 1)) - 1;
  facts.has_kcore = true;
  facts.apparmor = true;
  facts.landlock_abi = harden::kNewestLandlock;
  facts.cgroup.mode = mode;
  if (mode == kernel::CgroupMode::kUnified) {
    facts.cgroup.v2_mount = "/sys/fs/cgroup";
    facts.cgroup.own[""] = "/";
    facts.cgroup.v2_controllers = {"cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma", "misc"};
  } else {
    for (const char* controller : {"blkio", "cpu", "cpuacct", "cpuset", "devices", "freezer", "memory", "pids", "name=systemd"}) {
      const std::string name = controller;
      facts.cgroup.v1_mounts[name] = "/sys/fs/cgroup/" + (name.starts_with("name=") ? name.substr(5) : name);
      facts.cgroup.own[name] = "/";
    }
  }
  return facts;
}

namespace {

harden::Abilities host(bool can_remap, bool noswap) {
  harden::Abilities abilities;
  abilities.noswap = noswap;
  if (!noswap) abilities.noswap_unable = "Linux 6.1.0 has no tmpfs without swap";
  abilities.remap = can_remap;
  if (!can_remap) abilities.remap_unable = "the root's file system cannot be idmapped by this kernel";
  abilities.remap_base = 0x70000000;
  abilities.landlock_abi = harden::kNewestLandlock;
  return abilities;
}

harden::Outcome hardened_by(oci::Spec spec, const policy::Policy& policy, bool can_remap, bool noswap) {
  auto outcome = harden::harden(std::move(spec), policy, host(can_remap, noswap));
  EXPECT_TRUE(outcome.has_value()) << (outcome ? "" : outcome.error().message());
  if (!outcome) std::abort();
  return *std::move(outcome);
}

policy::Policy loaded(const std::string& name) {
  auto policy = policy::load_policy(name);
  EXPECT_TRUE(policy.has_value()) << (policy ? "" : policy.error().message());
  return *std::move(policy);
}

}  // namespace

harden::Outcome hardened(oci::Spec spec, const std::string& name, bool can_remap) {
  return hardened_by(std::move(spec), loaded(name), can_remap, true);
}

base::Result<harden::Outcome> hardened_or_refused(oci::Spec spec, const std::string& policy) {
  return harden::harden(std::move(spec), loaded(policy), host(true, true));
}

std::vector<std::string> builtin_names() {
  std::vector<std::string> out;
  for (const auto name : policy::builtin_policy_names()) out.emplace_back(name);
  return out;
}

policy::Policy redirecting() {
  auto policy = loaded("faas");
  policy.environment.secrets->value = policy::Secrets::kRedirect;
  policy.environment.secrets->why.clear();
  return policy;
}

oci::Spec with_secrets() {
  oci::Spec made = spec("docker");
  made.process->env.emplace_back("DB_PASSWORD=hunter2-canary");
  made.process->env.emplace_back("DATABASE_URL=postgres://app:canary-2@db/app");
  return made;
}

harden::Outcome redirected(oci::Spec spec, bool can_remap, bool noswap) {
  return hardened_by(std::move(spec), redirecting(), can_remap, noswap);
}

harden::Outcome landlocked(const TcpPorts& ports, int abi) {
  auto policy = redirecting();
  const auto rule = [](const policy::Ports& value) { return policy::Setting<policy::Ports>{value, {.file = "x.json", .pointer = "/landlock"}, ""}; };
  if (ports.bind) policy.landlock.bind = rule(*ports.bind);
  if (ports.connect) policy.landlock.connect = rule(*ports.connect);
  using Texts = std::vector<std::string>;
  policy.network.blackhole = policy::Setting<Texts>{{"169.254.169.254", "fd00:ec2::/32"}, {.file = "x.json", .pointer = "/network"}, ""};
  policy.process.digests = policy::Setting<Texts>{{"sha256:1", "sha256:2"}, {.file = "x.json", .pointer = "/process"}, ""};
  policy.namespaces.nested = policy::Setting<bool>{false, {.file = "x.json", .pointer = "/namespaces"}, ""};
  auto abilities = host(true, true);
  abilities.landlock_abi = abi;
  abilities.program = {{.path = "", .name = "app", .digest = "sha256:1", .device = 8, .inode = 12, .changed = 1ULL << 40},
                       {.path = "/bin/sh", .name = "/bin/sh", .digest = "sha256:2", .device = 8, .inode = 13, .changed = 5}};
  auto spec = with_secrets();
  for (auto& ns : spec.linux.namespaces) {
    if (ns.type == CLONE_NEWNET) ns.path.clear();
  }
  auto outcome = harden::harden(std::move(spec), policy, abilities);
  EXPECT_TRUE(outcome.has_value());
  return *std::move(outcome);
}

policy::Policy builtin(const std::string& name) { return loaded(name); }

harden::Outcome executed(const harden::Outcome& container, const policy::Policy& policy, oci::Process process, int abi) {
  auto abilities = host(true, true);
  abilities.landlock_abi = abi;
  if (policy.process.digests) abilities.program = {{.path = "", .name = "sh", .digest = "sha256:1", .device = 8, .inode = 12, .changed = 7}};
  auto outcome = harden::harden_exec(container.hardened, container.hardened.secret_files(), std::move(process), policy, abilities);
  EXPECT_TRUE(outcome.has_value()) << (outcome ? "" : outcome.error().message());
  if (!outcome) std::abort();
  return *std::move(outcome);
}

plan::CreateOptions options() {
  plan::CreateOptions options;
  options.id = "web1";
  options.bundle = "/bundle";
  return options;
}

plan::LaunchPlan plan_of(const harden::Outcome& outcome, const kernel::Facts& facts) {
  auto made = plan::plan_create(outcome.hardened, facts, options());
  EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().message());
  return made ? *std::move(made) : plan::LaunchPlan{};
}

base::Error refusal(oci::Spec spec, const std::string& policy) {
  const auto outcome = hardened(std::move(spec), policy);
  auto made = plan::plan_create(outcome.hardened, facts(), options());
  EXPECT_FALSE(made.has_value()) << "this plan must be refused";
  return made ? base::Error::usage("nothing was refused") : std::move(made).error();
}

}  // namespace samples
