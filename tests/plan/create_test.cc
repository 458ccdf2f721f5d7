// The recipe's rules, one at a time: what is refused and with which words, what is computed.

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>

#include <algorithm>

#include "plan/builder.h"
#include "samples.h"

namespace {

template <typename T>
const T* find(const plan::LaunchPlan& p) {
  for (const auto& step : p.steps) {
    if (const auto* op = std::get_if<T>(&step.op)) return op;
  }
  return nullptr;
}

void add_namespace(oci::Spec& spec, std::uint64_t type, const char* name, const char* path = "") {
  oci::Namespace ns;
  ns.type = type;
  ns.name = name;
  ns.path = path;
  spec.linux.namespaces.push_back(ns);
}

plan::LaunchPlan passthrough(const oci::Spec& spec) { return samples::plan_of(samples::hardened(spec, "passthrough")); }

TEST(CreatePlan, RefusesWhatIsNotThereYet) {
  oci::Spec spec = samples::minimal();
  spec.process->terminal = true;
  EXPECT_EQ(samples::refusal(spec).message(), "config.json: /process/terminal: terminals are not supported yet");
  spec = samples::minimal();
  spec.linux.intel_rdt.emplace();
  EXPECT_EQ(samples::refusal(spec).kind(), base::Kind::kUnsupported);
  spec = samples::minimal();
  spec.linux.namespaces.clear();
  EXPECT_EQ(samples::refusal(spec).message(),
            "config.json: /linux/namespaces: a container without a mount namespace of its own is not supported");
}

TEST(CreatePlan, RefusesDestinationsInProcAndOnTheRoot) {
  for (const auto& [destination, words] :
       {std::pair{"/proc/self", "inside /proc"}, {"/proc/../proc/sys", "inside /proc"}, {"/", "below the root"}, {"/a/..", "below the root"}}) {
    oci::Spec spec = samples::minimal();
    oci::Mount mount;
    mount.destination = destination;
    mount.type = "tmpfs";
    spec.mounts.push_back(mount);
    const std::string message = samples::refusal(spec).message();
    EXPECT_NE(message.find("config.json: /mounts/1/destination"), std::string::npos) << message;
    EXPECT_NE(message.find(words), std::string::npos) << message;
  }
}

TEST(CreatePlan, LetsFilesLikeCpuinfoBeReplaced) {
  oci::Spec spec = samples::minimal();
  oci::Mount mount;
  mount.destination = "/proc/cpuinfo";
  mount.source = "/var/lib/lxcfs/proc/cpuinfo";
  mount.options = {"bind"};
  spec.mounts.push_back(mount);
  const auto p = passthrough(spec);
  const auto& attach = std::get<plan::Attach>(std::find_if(p.steps.begin(), p.steps.end(), [](const plan::Step& s) {
                                                const auto* a = std::get_if<plan::Attach>(&s.op);
                                                return a != nullptr && a->target == "/proc/cpuinfo";
                                              })->op);
  EXPECT_TRUE(attach.in_proc);
}

TEST(CreatePlan, SysctlsNeedTheirNamespace) {
  oci::Spec spec = samples::minimal();
  spec.linux.sysctl["net.ipv4.ip_forward"] = "1";
  EXPECT_NE(samples::refusal(spec).message().find("/linux/sysctl/net.ipv4.ip_forward: sysctl \"net.ipv4.ip_forward\" is not "
                                                  "allowed without a network namespace"),
            std::string::npos);
  add_namespace(spec, CLONE_NEWNET, "network");
  const auto* sysctl = find<plan::Sysctl>(passthrough(spec));
  EXPECT_NE(sysctl, nullptr);
  for (const char* key : {"kernel.core_pattern", "vm.swappiness", "kernel.hostname", "kernel.shmmaxx", "fs.file-max"}) {
    oci::Spec host = samples::minimal();
    add_namespace(host, CLONE_NEWIPC, "ipc");
    add_namespace(host, CLONE_NEWUTS, "uts");
    host.linux.sysctl[key] = "1";
    EXPECT_NE(samples::refusal(host).message().find("not in a separate kernel namespace"), std::string::npos) << key;
  }
}

TEST(CreatePlan, SysctlSeparators) {
  for (const auto& [key, path] : {std::pair{"net.ipv4.conf.eth0/1.forwarding", "net/ipv4/conf/eth0.1/forwarding"},
                                  {"net/ipv4/conf/eth0.1/forwarding", "net/ipv4/conf/eth0.1/forwarding"}}) {
    oci::Spec spec = samples::minimal();
    add_namespace(spec, CLONE_NEWNET, "network");
    spec.linux.sysctl[key] = "1";
    const auto p = passthrough(spec);
    ASSERT_NE(find<plan::Sysctl>(p), nullptr);
    EXPECT_EQ(find<plan::Sysctl>(p)->path, path);
  }
}

TEST(CreatePlan, ProgramIsLookedUpInTheContainersPath) {
  oci::Spec spec = samples::minimal();
  spec.process->args = {"server"};
  spec.process->env = {"PATH=/first", "PATH=/a::/b"};
  EXPECT_EQ(find<plan::FindExecutable>(passthrough(spec))->candidates,
            (std::vector<std::string>{"/a/server", "./server", "/b/server"}));
  spec.process->args = {"./bin/server"};
  EXPECT_EQ(find<plan::FindExecutable>(passthrough(spec))->candidates, (std::vector<std::string>{"./bin/server"}));
}

TEST(CreatePlan, EnvironmentIsTheConfigurationsOnly) {
  oci::Spec spec = samples::minimal();
  spec.process->env = {"A=1", "B=2", "A=3", "HOME="};
  const auto p = passthrough(spec);
  EXPECT_EQ(p.envp, (std::vector<std::string>{"A=3", "B=2", "HOME=/"}));
}

TEST(CreatePlan, CapabilitiesThatTheRuntimeLacksAreNotPromised) {
  oci::Spec spec = samples::minimal();
  spec.process->capabilities.emplace();
  spec.process->capabilities->bounding = spec.process->capabilities->permitted = 1ULL << CAP_SYS_RESOURCE | 1ULL << CAP_KILL;
  kernel::Facts facts = samples::facts();
  facts.effective_caps &= ~(1ULL << CAP_SYS_RESOURCE);
  const auto p = samples::plan_of(samples::hardened(spec, "passthrough"), facts);
  EXPECT_EQ(find<plan::Bounding>(p)->set, 1ULL << CAP_KILL);
  ASSERT_EQ(p.warnings.size(), 1U);
  EXPECT_NE(p.warnings[0].find("CAP_SYS_RESOURCE"), std::string::npos);
  // In a user namespace init has them all.
  add_namespace(spec, CLONE_NEWUSER, "user");
  spec.linux.uid_mappings = spec.linux.gid_mappings = {{0, 100000, 65536}};
  EXPECT_EQ(find<plan::Bounding>(samples::plan_of(samples::hardened(spec, "passthrough"), facts))->set,
            1ULL << CAP_SYS_RESOURCE | 1ULL << CAP_KILL);
}

TEST(CreatePlan, WithoutNoNewPrivsTheFilterIsStillLast) {
  oci::Spec spec = samples::minimal();
  spec.linux.seccomp.emplace();
  spec.linux.seccomp->default_action = oci::SeccompAction::kAllow;
  spec.linux.seccomp->syscalls.push_back({{"mount"}, oci::SeccompAction::kErrno, 1, {}});
  const auto p = passthrough(spec);
  EXPECT_TRUE(std::holds_alternative<plan::Seccomp>(p.steps[p.steps.size() - 2].op));
  EXPECT_EQ(find<plan::SetCaps>(p)->caps.permitted, 1ULL << CAP_SYS_ADMIN);
  EXPECT_EQ(find<plan::SetCaps>(p)->caps.inheritable, 0U);
  EXPECT_EQ(find<plan::Bounding>(p)->set, 0U);
  spec.process->no_new_privileges = true;
  EXPECT_EQ(find<plan::SetCaps>(passthrough(spec))->caps.permitted, 0U);
}

TEST(CreatePlan, UserNamespaceNeedsMappings) {
  oci::Spec spec = samples::minimal();
  add_namespace(spec, CLONE_NEWUSER, "user");
  EXPECT_NE(samples::refusal(spec).message().find("/linux/namespaces/2: want /linux/uidMappings"), std::string::npos);
  spec.linux.namespaces.pop_back();
  spec.linux.uid_mappings = {{0, 1000, 1}};
  EXPECT_NE(samples::refusal(spec).message().find("want a user namespace"), std::string::npos);
}

TEST(CreatePlan, NamespacesAreMadeOrJoinedInTheRightPlace) {
  oci::Spec spec = samples::minimal();
  add_namespace(spec, CLONE_NEWNET, "network", "/run/netns/x");
  add_namespace(spec, CLONE_NEWCGROUP, "cgroup");
  add_namespace(spec, CLONE_NEWTIME, "time");
  const auto p = passthrough(spec);
  EXPECT_EQ(p.clone_flags, static_cast<std::uint64_t>(CLONE_NEWNS | CLONE_NEWPID));
  EXPECT_EQ(p.unshare_flags, static_cast<std::uint64_t>(CLONE_NEWCGROUP));
  EXPECT_TRUE(p.new_time_namespace);
  ASSERT_EQ(p.joins.size(), 1U);
  EXPECT_EQ(p.joins[0].because, "/linux/namespaces/2");
  EXPECT_EQ(find<plan::Loopback>(p), nullptr);  // the network belongs to whoever made it
}

TEST(CreatePlan, NewNetworkIsMadeBeforeTheParentIsWaitedFor) {
  oci::Spec spec = samples::minimal();
  add_namespace(spec, CLONE_NEWNET, "network");
  const auto p = passthrough(spec);
  EXPECT_EQ(p.clone_flags & CLONE_NEWNET, 0U);
  EXPECT_EQ(p.unshare_flags, static_cast<std::uint64_t>(CLONE_NEWNET));
  ASSERT_TRUE(std::holds_alternative<plan::Unshare>(p.steps[0].op));
  EXPECT_EQ(std::get<plan::Unshare>(p.steps[0].op).flags, static_cast<std::uint64_t>(CLONE_NEWNET));
  EXPECT_EQ(p.steps[0].because, "/linux/namespaces/2");
}

oci::Mount mount_of(const char* type, const char* destination) {
  oci::Mount mount;
  mount.type = type;
  mount.destination = destination;
  return mount;
}

const plan::Attach* attached(const plan::LaunchPlan& p, std::string_view target) {
  for (const auto& step : p.steps) {
    const auto* op = std::get_if<plan::Attach>(&step.op);
    if (op != nullptr && op->target == target) return op;
  }
  return nullptr;
}

// What lies in the root of a tmpfs of the plan's own need not be looked for; anything else does.
TEST(CreatePlan, KnowsWhatLiesInItsOwnFileSystems) {
  oci::Spec spec = samples::minimal();
  spec.mounts = {mount_of("tmpfs", "/early/below"), mount_of("tmpfs", "/early"), mount_of("tmpfs", "/dev"), mount_of("devpts", "/dev/pts"),
                 mount_of("tmpfs", "/dev/pts/deep"), mount_of("tmpfs", "/run"), mount_of("tmpfs", "/run/a/b")};
  const plan::LaunchPlan p = passthrough(spec);
  const int dev = attached(p, "/dev")->mount.index;
  EXPECT_EQ(attached(p, "/dev/pts")->below.index, dev);
  EXPECT_FALSE(attached(p, "/early/below")->below.valid());   // not there yet
  EXPECT_FALSE(attached(p, "/dev")->below.valid());           // in the image
  EXPECT_FALSE(attached(p, "/dev/pts/deep")->below.valid());  // no tmpfs
  EXPECT_FALSE(attached(p, "/run/a/b")->below.valid());       // not in its root
  for (const auto& step : p.steps) {
    const auto* node = std::get_if<plan::Node>(&step.op);
    EXPECT_TRUE(node == nullptr || node->below.index == dev);
    const auto* link = std::get_if<plan::Symlink>(&step.op);
    EXPECT_TRUE(link == nullptr || link->below.index == dev);
  }
  spec.mounts.push_back(mount_of("tmpfs", "/dev"));  // covers the first
  spec.mounts.push_back(mount_of("tmpfs", "/dev/shm"));
  const plan::LaunchPlan twice = passthrough(spec);
  EXPECT_EQ(attached(twice, "/dev/shm")->below.index, dev + 5);
}

// On their own, they are a good part of what init does; but only so many at the cost of whoever calls the runtime.
TEST(CreatePlan, FewFileSystemsAreMadeBeforeTheCgroup) {
  for (const std::size_t count : {plan::kMostEarlyMounts, plan::kMostEarlyMounts + 1}) {
    oci::Spec spec = samples::minimal();
    spec.mounts.clear();
    while (spec.mounts.size() < count) spec.mounts.push_back(mount_of("tmpfs", "/tmp"));
    const plan::LaunchPlan p = passthrough(spec);
    const auto is = [&p](auto matches) { return std::find_if(p.steps.begin(), p.steps.end(), [&](const auto& step) { return matches(step.op); }); };
    const auto made = is([](const plan::Op& op) { return std::holds_alternative<plan::NewMount>(op); });
    const auto taken = is([](const plan::Op& op) { return std::holds_alternative<plan::TakeDescriptors>(op); });
    EXPECT_EQ(made < taken, count <= plan::kMostEarlyMounts) << count;
  }
}

TEST(CreatePlan, DataOnABindIsAnError) {
  oci::Spec spec = samples::minimal();
  oci::Mount mount;
  mount.destination = "/data";
  mount.source = "/srv";
  mount.options = {"bind", "size=1m"};
  spec.mounts.push_back(mount);
  EXPECT_NE(samples::refusal(spec).message().find("/mounts/1/options"), std::string::npos);
}

TEST(CreatePlan, RemappedRootIsIdmappedAndItsDevicesAreBound) {
  const auto outcome = samples::hardened(samples::spec("docker"), "faas");
  const auto p = samples::plan_of(outcome);
  EXPECT_TRUE(p.idmap_root);
  EXPECT_EQ(find<plan::Node>(p), nullptr);  // nodes cannot be made in a user namespace
  const auto degraded = samples::hardened(samples::spec("docker"), "faas", false);
  EXPECT_FALSE(samples::plan_of(degraded).idmap_root);
  EXPECT_NE(find<plan::Node>(samples::plan_of(degraded)), nullptr);
}

TEST(CleanPath, IsLexical) {
  EXPECT_EQ(plan::clean_path("a/./b//../c/"), "/a/c");
  EXPECT_EQ(plan::clean_path("/../../x"), "/x");
  EXPECT_EQ(plan::clean_path(""), "/");
  EXPECT_TRUE(plan::path_within("/proc/x", "/proc"));
  EXPECT_FALSE(plan::path_within("/process", "/proc"));
}

}  // namespace
