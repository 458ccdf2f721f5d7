// Predictions of what the process is and of what it sees: capabilities after execve, mounts, paths, devices, limits.

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sys/statvfs.h>

#include <algorithm>

#include "tests/predict/samples.h"

namespace {

using predict_samples::add_namespace;
using predict_samples::expectations;
using predict_samples::row;
using predict_samples::wide_open;
using predict_samples::word;

constexpr oci::CapSet bit(int cap) { return oci::CapSet{1} << cap; }

std::string effective(oci::Capabilities caps, std::uint32_t uid, bool no_new_privs) {
  oci::Spec spec = samples::minimal();
  spec.process->capabilities = caps;
  spec.process->user.uid = uid;
  spec.process->no_new_privileges = no_new_privs;
  return word(expectations(spec), "capabilities.effective");
}

bool predicted(const predict::Expectations& rows, const std::string& key) {
  return std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return row.key == key; });
}

TEST(Process, CapabilitiesAreThoseAfterExecve) {
  const oci::CapSet kill = bit(CAP_KILL), chown = bit(CAP_CHOWN);
  // bounding, effective, inheritable, permitted, ambient. Root gets the bounding set, and the inheritable one.
  EXPECT_EQ(effective({kill | chown, kill, 0, kill, 0}, 0, false), "0000000000000021");
  // No new privileges: no more than was permitted.
  EXPECT_EQ(effective({kill | chown, kill, 0, kill, 0}, 0, true), "0000000000000020");
  // Anybody else keeps what is ambient alone.
  EXPECT_EQ(effective({kill | chown, kill, kill, kill, 0}, 1000, false), "0000000000000000");
  EXPECT_EQ(effective({kill | chown, kill, kill, kill, kill}, 1000, false), "0000000000000020");
  EXPECT_EQ(effective({kill | chown, kill, kill, kill, kill}, 1000, true), "0000000000000020");
}

// CAP_SYS_ADMIN is kept until the filter is loaded; execve drops it.
TEST(Process, SecureBitsTakeWhatRootMeans) {
  oci::Spec spec = samples::minimal();
  spec.process->capabilities = oci::Capabilities{bit(CAP_KILL), bit(CAP_KILL), bit(CAP_KILL), bit(CAP_KILL), 0};
  predict::Host host = predict_samples::host();
  const auto seen = [&](const char* key) { return word(expectations(predict_samples::made(spec, "passthrough", host)), key); };
  EXPECT_EQ(seen("capabilities.effective"), "0000000000000020");
  host.securebits = 3;  // noroot, of the caller
  EXPECT_EQ(seen("capabilities.securebits"), "3");
  EXPECT_EQ(seen("capabilities.effective"), "0000000000000000");
  add_namespace(spec, CLONE_NEWUSER, "");
  spec.linux.uid_mappings = spec.linux.gid_mappings = {{.container_id = 0, .host_id = 100000, .size = 65536}};
  EXPECT_EQ(seen("capabilities.securebits"), "0") << "a new user namespace has none";
}

TEST(Process, TheFiltersCapabilityIsGone) {
  oci::Spec spec = samples::minimal();
  spec.linux.seccomp.emplace();
  spec.linux.seccomp->default_action = oci::SeccompAction::kAllow;
  const auto rows = expectations(spec);
  EXPECT_EQ(word(rows, "capabilities.permitted"), "0000000000000000");
  EXPECT_EQ(word(rows, "attempts.mount"), "EPERM");
  EXPECT_EQ(word(rows, "seccomp.mode"), "2");
}

TEST(Process, WhatItIsGiven) {
  oci::Spec spec = samples::minimal();
  spec.process->user = {1000, 1001, 0077, {9, 3}};
  spec.process->env = {"B=1", "A=2", "B=3"};
  spec.process->rlimits = {{"RLIMIT_CORE", 4, 5, ~0ULL}};
  const auto rows = expectations(spec);
  EXPECT_EQ(word(rows, "uid"), "1000 1000 1000");
  EXPECT_EQ(word(rows, "gid.3"), "1001");
  EXPECT_EQ(word(rows, "groups"), "3 9");
  EXPECT_EQ(word(rows, "umask"), "0077");
  EXPECT_EQ(word(rows, "environment"), "A B HOME");
  EXPECT_EQ(word(rows, "fds"), "0 1 2");
  EXPECT_EQ(word(rows, "rlimits.RLIMIT_CORE"), "5 unlimited");
  EXPECT_EQ(word(rows, "rlimits.RLIMIT_NOFILE"), "1024 4096");
  EXPECT_EQ(row(rows, "rlimits.RLIMIT_NOFILE").because, "inherited");
  EXPECT_FALSE(predicted(rows, "rlimits.RLIMIT_CPU"));  // of which this host says nothing
}

TEST(Namespaces, AreItsOwnTheHostsOrJoined) {
  oci::Spec spec = samples::minimal();
  add_namespace(spec, CLONE_NEWNET, "/run/netns/a");
  predict::Host host = predict_samples::host();
  host.joined["net"] = "net:[17]";
  const auto rows = expectations(predict_samples::made(spec, "passthrough", host));
  EXPECT_EQ(word(rows, "namespaces.mnt"), "its own");
  EXPECT_EQ(word(rows, "namespaces.uts"), "the host's");
  EXPECT_EQ(word(rows, "namespaces.net"), "net:[17]");
  EXPECT_EQ(word(rows, "others"), "none");
  EXPECT_EQ(word(rows, "pid"), "1");
}

TEST(Mounts, FlagsOfTheRootAreTheHostsAndThePlans) {
  predict::Host host = predict_samples::host();
  host.sources["/bundle/rootfs"] = {ST_NODEV, true};
  oci::Spec spec = wide_open();
  EXPECT_EQ(word(expectations(predict_samples::made(spec, "passthrough", host)), "mount./"), "rw,nodev");
  spec.root.readonly = true;
  const auto rows = expectations(predict_samples::made(spec, "passthrough", host));
  EXPECT_EQ(word(rows, "mount./"), "ro,nodev");
  for (const char* what : {"write", "exec", "chown", "suid", "mknod", "device"}) {
    EXPECT_EQ(word(rows, std::string("in./.") + what), "EROFS") << what;
  }
}

TEST(Mounts, WhatCanBeDoneInThem) {
  const auto rows = expectations(wide_open());
  EXPECT_EQ(word(rows, "in./.write"), "ok");
  EXPECT_EQ(word(rows, "in./.exec"), "ok");
  EXPECT_EQ(word(rows, "in./.suid"), "honoured");
  EXPECT_EQ(word(rows, "in./.mknod"), "ok");
  EXPECT_EQ(word(rows, "in./.device"), "EPERM");  // the device rules that every container has
  oci::Spec spec = wide_open();
  spec.process->no_new_privileges = true;
  EXPECT_EQ(row(expectations(spec), "in./.suid").because, "no new privileges");
  spec = samples::minimal();
  spec.process->user.uid = 1000;
  EXPECT_EQ(word(expectations(spec), "in./.write"), "ok|EACCES");
  EXPECT_EQ(word(expectations(spec), "in./.chown"), "EPERM|EACCES");
}

TEST(Mounts, OfATmpfs) {
  oci::Spec spec = wide_open();
  spec.mounts.push_back({"/open", "tmpfs", "tmpfs", {"nosuid", "noexec", "nodev"}, {}, {}});
  spec.mounts.push_back({"/closed", "tmpfs", "tmpfs", {"mode=755", "ro"}, {}, {}});
  spec.mounts.push_back({"/hidden", "tmpfs", "tmpfs", {}, {}, {}});
  spec.linux.masked_paths = {"/hidden"};
  const auto rows = expectations(spec);
  EXPECT_EQ(word(rows, "mount./open"), "rw,nosuid,nodev,noexec");
  EXPECT_EQ(word(rows, "in./open.exec"), "EACCES");
  EXPECT_EQ(word(rows, "in./open.suid"), "EACCES");
  EXPECT_EQ(word(rows, "in./open.device"), "EACCES");
  EXPECT_EQ(word(rows, "mount./closed"), "ro");
  EXPECT_EQ(word(rows, "in./closed.write"), "EROFS");
  EXPECT_FALSE(predicted(rows, "mount./hidden"));
  EXPECT_EQ(word(rows, "masked./hidden"), "empty|ENOENT");
}

TEST(Mounts, ABindKeepsWhatItsSourceHas) {
  predict::Host host = predict_samples::host();
  host.sources["/srv/data"] = {ST_NOSUID | ST_RDONLY, true};
  host.sources["/srv/file"] = {0, false};
  oci::Spec spec = wide_open();
  spec.mounts.push_back({"/data", "bind", "/srv/data", {"bind", "rw", "noexec"}, {}, {}});
  spec.mounts.push_back({"/file", "bind", "/srv/file", {"bind", "ro"}, {}, {}});
  spec.mounts.push_back({"/unknown", "bind", "/srv/unknown", {"bind"}, {}, {}});
  const auto rows = expectations(predict_samples::made(spec, "passthrough", host));
  EXPECT_EQ(word(rows, "mount./data"), "rw,nosuid,noexec");
  EXPECT_EQ(word(rows, "mount./file"), "ro");
  EXPECT_FALSE(predicted(rows, "in./file.write"));
  EXPECT_FALSE(predicted(rows, "mount./unknown"));
}

TEST(Paths, SettingsOfTheKernel) {
  const char* key = "open_for_writing./proc/sys/vm/drop_caches";
  oci::Spec spec = wide_open();
  EXPECT_EQ(word(expectations(spec), key), "ok|ENOENT");
  spec.linux.readonly_paths = {"/proc/sys"};
  EXPECT_EQ(word(expectations(spec), key), "EROFS|ENOENT");
  EXPECT_EQ(word(expectations(spec), "readonly./proc/sys"), "ro|ENOENT");
  spec.process->user.uid = 1000;
  EXPECT_EQ(word(expectations(spec), key), "EROFS|EACCES|ENOENT");
  spec.linux.masked_paths = {"/proc/sys"};
  EXPECT_EQ(word(expectations(spec), key), "ENOENT");
  spec.mounts.clear();
  EXPECT_EQ(row(expectations(spec), key).because, "no procfs");
}

TEST(Paths, CapabilitiesCountOutsideOfSysctls) {
  oci::Spec spec = wide_open();
  spec.process->user.uid = 1000;
  auto rows = expectations(spec);
  EXPECT_EQ(word(rows, "open_for_writing./proc/sysrq-trigger"), "ok|ENOENT");
  EXPECT_EQ(word(rows, "open_for_writing./proc/sys/vm/drop_caches"), "EACCES|EPERM|ENOENT");
  EXPECT_EQ(word(rows, "read./proc/kcore.result"), "ok|EPERM");
  spec.process->capabilities.reset();
  rows = expectations(spec);
  EXPECT_EQ(word(rows, "open_for_writing./proc/sysrq-trigger"), "EACCES|EPERM|ENOENT");
  EXPECT_EQ(word(rows, "read./proc/kcore.result"), "EPERM|EACCES");
}

TEST(Devices, AreThoseOfThePlan) {
  const auto rows = expectations(samples::spec("runc-spec"), "faas");
  const std::string names = word(rows, "dev");
  EXPECT_NE(names.find("null"), std::string::npos) << names;
  EXPECT_EQ(names.find("kmsg"), std::string::npos) << names;
  EXPECT_EQ(word(rows, "devices./dev/kmsg"), "ENOENT");
  EXPECT_EQ(word(rows, "devices./dev/null.read"), "ok");
  EXPECT_FALSE(predicted(expectations(wide_open()), "dev"));  // the image's own /dev
}

TEST(Exhaustion, OnlyOfSmallLimits) {
  oci::Spec spec = samples::minimal();
  spec.linux.resources.emplace();
  spec.linux.resources->pids_limit = 100;
  spec.linux.resources->memory.emplace();
  spec.linux.resources->memory->limit = 64 << 20;
  predict::Host host = predict_samples::host();
  auto rows = expectations(predict_samples::made(spec, "passthrough", host));
  EXPECT_EQ(word(rows, "fork"), "EAGAIN");
  EXPECT_EQ(word(rows, "memory"), "SIGKILL|ENOMEM");
  host.swap = true;
  EXPECT_FALSE(predicted(expectations(predict_samples::made(spec, "passthrough", host)), "memory"));
  spec.linux.resources->memory->swap = 64 << 20;
  EXPECT_TRUE(predicted(expectations(predict_samples::made(spec, "passthrough", host)), "memory"));
  spec.linux.resources->pids_limit = 5000;
  spec.linux.resources->memory->limit = spec.linux.resources->memory->swap = 1LL << 30;
  rows = expectations(predict_samples::made(spec, "passthrough", host));
  EXPECT_FALSE(predicted(rows, "fork"));
  EXPECT_FALSE(predicted(rows, "memory"));
}

TEST(Arguments, NameWhatIsLookedAt) {
  oci::Spec spec = wide_open();
  spec.linux.masked_paths = {"/proc/kcore/"};
  spec.linux.readonly_paths = {"/proc/sys"};
  spec.linux.resources.emplace();
  spec.linux.resources->pids_limit = 100;
  const auto from = predict_samples::made(spec);
  const std::vector<std::string> wanted = {"probe",     "--lines", "--masked", "/proc/kcore", "--readonly", "/proc/sys",
                                           "--mount",   "/",       "--try-in", "/",           "--mount",    "/proc",
                                           "--bind",    "47999",   "--connect", "47999",      "--reach",    "169.254.169.254",
                                           "--pids",    "100"};
  EXPECT_EQ(predict::probe_arguments(from.outcome.hardened, from.plan, from.host), wanted);
}

}  // namespace
