// Predictions of what lies outside: a process, a socket without a file, addresses; and of what procfs shows of it.

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/sched.h>

#include <algorithm>

#include "tests/predict/samples.h"

namespace {

using predict_samples::add_namespace;
using predict_samples::row;
using predict_samples::wide_open;
using predict_samples::word;
using Strings = std::vector<std::string>;

constexpr const char* kProcess = "masked./proc/4711";
constexpr const char* kSignal = "signal.4711";
constexpr const char* kSocket = "abstract.outside";
constexpr const char* kMetadata = "reach.169.254.169.254";

predict::Host host() {
  auto host = predict_samples::host();
  host.facts.landlock_abi = harden::kNewestLandlock;
  host.pid = 4711;
  host.abstract_socket = "outside";
  return host;
}

template <typename T>
policy::Rule<T> rule(T value) {
  return policy::Setting<T>{std::move(value), {.file = "x.json", .pointer = "/x"}, ""};
}

policy::Policy none() {
  policy::Policy policy;
  policy.name = "alone";
  policy.version = "1";
  return policy;
}

predict_samples::Case made(oci::Spec spec, const policy::Policy& policy = none(), const predict::Host& on = host()) {
  harden::Abilities abilities;
  abilities.landlock_abi = harden::kNewestLandlock;
  auto outcome = harden::harden(std::move(spec), policy, abilities);
  EXPECT_TRUE(outcome.has_value());
  auto options = samples::options();
  options.program = "/usr/libexec/bulkhead/probe";
  auto plan = plan::plan_create(outcome->hardened, on.facts, options);
  EXPECT_TRUE(plan.has_value()) << (plan ? "" : plan.error().message());
  return {*std::move(outcome), *std::move(plan), on};
}

predict::Expectations rows(oci::Spec spec, const policy::Policy& policy = none(), const predict::Host& on = host()) {
  return expectations(made(std::move(spec), policy, on));
}

oci::Spec sharing(std::uint64_t type) {
  auto spec = wide_open();
  std::erase_if(spec.linux.namespaces, [type](const oci::Namespace& ns) { return ns.type == type; });
  return spec;
}

bool is_predicted(const predict::Expectations& all, const std::string& key) {
  return std::any_of(all.begin(), all.end(), [&](const auto& each) { return each.key == key; });
}

// The values of an option of the probe's.
Strings told(const predict_samples::Case& from, const std::string& option) {
  const auto all = predict::probe_arguments(from.outcome.hardened, from.plan, from.host);
  Strings out;
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    if (all[i] == option) out.push_back(all[i + 1]);
  }
  return out;
}

TEST(Outside, NamespacesLeadNowhere) {
  auto spec = wide_open();
  add_namespace(spec, CLONE_NEWNET);
  const auto all = rows(spec);
  EXPECT_EQ(word(all, kSignal), "ESRCH");
  EXPECT_EQ(row(all, kSignal).because, "pid namespace");
  EXPECT_EQ(word(all, kSocket), "ECONNREFUSED");
  EXPECT_EQ(row(all, kSocket).because, "network namespace");
  EXPECT_EQ(word(all, kProcess), "ENOENT");
  EXPECT_EQ(told(made(spec), "--signal"), Strings{"4711"});
  EXPECT_EQ(told(made(spec), "--abstract"), Strings{"outside"});
}

TEST(Outside, ASharedNamespaceLeadsOut) {
  const auto all = rows(sharing(CLONE_NEWPID));
  EXPECT_EQ(word(all, kSignal), "ok");
  EXPECT_EQ(word(all, kSocket), "ok") << "it has no network namespace either";
  EXPECT_EQ(word(all, kProcess), "shown");
}

TEST(Outside, ScopesEndAtTheContainer) {
  auto policy = none();
  policy.landlock.enable = rule(true);
  for (const auto& [scope, signal, socket] : {std::tuple{"signal", "EPERM", "ok"}, {"abstract-unix-socket", "ok", "EPERM"}}) {
    policy.landlock.scopes = rule(Strings{scope});
    const auto all = rows(sharing(CLONE_NEWPID), policy);
    EXPECT_EQ(word(all, kSignal), signal);
    EXPECT_EQ(word(all, kSocket), socket);
    EXPECT_EQ(row(all, *signal == 'E' ? kSignal : kSocket).because, "landlock.scopes");
  }
}

TEST(Outside, SignalsNeedTheUserOrTheCapability) {
  auto spec = sharing(CLONE_NEWPID);
  const oci::CapSet kill = oci::CapSet{1} << CAP_KILL;
  spec.process->user.uid = 1000;
  spec.process->capabilities.reset();
  EXPECT_EQ(word(rows(spec), kSignal), "EPERM");
  EXPECT_EQ(row(rows(spec), kSignal).because, "another user");
  auto same = host();
  same.uid = 1000;
  EXPECT_EQ(word(rows(spec, none(), same), kSignal), "ok");
  spec.process->capabilities = oci::Capabilities{kill, kill, kill, kill, kill};
  EXPECT_EQ(word(rows(spec), kSignal), "ok");
  add_namespace(spec, CLONE_NEWUSER);
  spec.linux.uid_mappings = spec.linux.gid_mappings = {{.container_id = 0, .host_id = 100000, .size = 65536}};
  EXPECT_EQ(word(rows(spec), kSignal), "EPERM") << "a capability over its own user namespace";
  same.uid = 101000;
  EXPECT_EQ(word(rows(spec, none(), same), kSignal), "ok") << "the user that it is outside";
}

TEST(Outside, NumbersThatCouldBeItsOwnAreNotTried) {
  auto small = host();
  small.pid = 17;
  const auto own = made(wide_open(), none(), small);
  EXPECT_EQ(told(own, "--signal"), Strings{});
  EXPECT_FALSE(is_predicted(expectations(own), "signal.17") || is_predicted(expectations(own), "masked./proc/17"));
  EXPECT_EQ(word(rows(sharing(CLONE_NEWPID), none(), small), "signal.17"), "ok");
}

TEST(Outside, NamespacesOfOthers) {
  auto spec = sharing(CLONE_NEWPID);
  add_namespace(spec, CLONE_NEWPID, "/proc/9/ns/pid");
  auto others = host();
  others.joined["pid"] = "pid:[77]";
  EXPECT_FALSE(is_predicted(rows(spec, none(), others), kSignal)) << "who has that number there, nobody says";
  others.joined["pid"] = others.namespaces["pid"];
  EXPECT_EQ(word(rows(spec, none(), others), kSignal), "ok") << "the host's, by a path";
}

TEST(Outside, AFilterAnswersFirst) {
  auto on = host();
  const auto from = predict_samples::made(samples::spec("containerd-cri-pause"), "sandbox", on);
  EXPECT_EQ(row(expectations(from), kSocket).because, "seccomp filter");
  EXPECT_EQ(row(expectations(from), kMetadata).because, "seccomp filter");
}

std::string shown_with(const char* option, std::uint32_t gid, const policy::Policy& policy = none(), bool all_capabilities = false) {
  auto spec = sharing(CLONE_NEWPID);
  for (auto& mount : spec.mounts) {
    if (mount.type == "proc") mount.options = {option};
  }
  if (!all_capabilities) spec.process->capabilities.reset();
  spec.process->user.uid = 1000;
  spec.process->user.gid = gid;
  return word(rows(spec, policy), kProcess);
}

TEST(Procfs, HidesProcessesFromWhoMayNotTraceThem) {
  for (const auto* option : {"hidepid=invisible", "hidepid=2", "hidepid=ptraceable", "hidepid=4"}) EXPECT_EQ(shown_with(option, 1000), "ENOENT") << option;
  EXPECT_EQ(shown_with("hidepid=1", 1000), "EPERM");
  for (const auto* option : {"hidepid=0", "hidepid=off", "nosuid"}) EXPECT_EQ(shown_with(option, 1000), "shown") << option;
  EXPECT_EQ(shown_with("hidepid=invisible", 0), "shown") << "group 0";
  EXPECT_EQ(shown_with("hidepid=ptraceable", 0), "ENOENT") << "group 0 as everybody else";
  auto root = sharing(CLONE_NEWPID);
  for (auto& mount : root.mounts) mount.options = {"hidepid=ptraceable"};
  EXPECT_EQ(word(rows(root), kProcess), "shown") << "CAP_SYS_PTRACE";
  auto policy = none();
  policy.landlock.enable = rule(true);
  EXPECT_EQ(word(rows(root, policy), kProcess), "ENOENT") << "Landlock lets nobody trace what is outside";
}

TEST(Procfs, TheRuleHoldsForEveryGroup) {
  auto policy = none();
  policy.filesystem.proc = rule(policy::ProcView{.own_only = true, .pids_only = true});
  EXPECT_EQ(shown_with("hidepid=invisible", 0, policy), "ENOENT");
  const auto all = rows(sharing(CLONE_NEWPID), policy);
  EXPECT_EQ(word(all, "read./proc/meminfo.result"), "ENOENT");
  EXPECT_EQ(word(all, "others"), "none|some");
  EXPECT_EQ(word(rows(wide_open()), "read./proc/meminfo.result"), "ok");
}

TEST(Network, ShutAddresses) {
  auto spec = wide_open();
  add_namespace(spec, CLONE_NEWNET);
  EXPECT_EQ(word(rows(spec), kMetadata), "ENETUNREACH") << "nobody has added an interface";
  auto policy = none();
  policy.network.blackhole = rule(Strings{"10.0.0.0/8", "169.254.0.0/16", "fd00:ec2::254"});
  const auto all = rows(spec, policy);
  for (const auto* key : {"reach.10.0.0.2", "reach.169.254.0.2", "reach.fd00:ec2::254", kMetadata}) {
    EXPECT_EQ(word(all, key), "EINVAL") << key;
    EXPECT_EQ(row(all, key).because, "network.blackhole") << key;
  }
  policy.network.blackhole = rule(Strings{"169.254.169.254"});
  EXPECT_EQ(told(made(spec, policy), "--reach"), Strings{"169.254.169.254"}) << "once";
}

TEST(Network, AddressesOfTheLoopbackAreNotTried) {
  auto spec = wide_open();
  add_namespace(spec, CLONE_NEWNET);
  auto policy = none();
  policy.network.blackhole = rule(Strings{"127.0.0.0/8", "::1", "0.0.0.0"});
  EXPECT_EQ(told(made(spec, policy), "--reach"), Strings{"169.254.169.254"});
  policy.network.blackhole = rule(Strings{"0.0.0.0/0", "::/0"});
  EXPECT_EQ(told(made(spec, policy), "--reach"), (Strings{"0.0.0.2", "::2", "169.254.169.254"}));
}

TEST(Network, ASharedOneIsAnybodysGuess) {
  const auto all = rows(wide_open());
  EXPECT_NE(word(all, kMetadata).find("ok|"), std::string::npos);
  EXPECT_EQ(row(all, kMetadata).because, "a network that others can change");
}

}  // namespace
