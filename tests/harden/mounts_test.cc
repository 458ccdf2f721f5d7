#include <gtest/gtest.h>

#include <algorithm>

#include "samples.h"

namespace harden_test {
namespace {

using Options = std::vector<std::string>;

const oci::Mount& at(const oci::Spec& spec, std::string_view destination) {
  for (const auto& mount : spec.mounts)
    if (mount.destination == destination) return mount;
  ADD_FAILURE() << "no mount at " << destination;
  return spec.mounts.front();
}

bool has(const oci::Mount& mount, std::string_view option) {
  return std::find(mount.options.begin(), mount.options.end(), option) != mount.options.end();
}

std::size_t index_of(const oci::Spec& spec, std::string_view destination) {
  for (std::size_t i = 0; i < spec.mounts.size(); ++i)
    if (spec.mounts[i].destination == destination) return i;
  return spec.mounts.size();
}

TEST(Root, IsReadOnly) {
  const auto out = hardened(docker());
  EXPECT_TRUE(out.hardened.spec().root.readonly);
  EXPECT_NE(decision(out, "filesystem.readonlyRoot"), nullptr);
  EXPECT_EQ(decision(hardened(kubernetes()), "filesystem.readonlyRoot"), nullptr);
}

TEST(Root, ItsFlagsAreAskedForOutsideConfigJson) {
  const auto out = hardened(docker());
  EXPECT_TRUE(out.hardened.root_nosuid());
  EXPECT_TRUE(out.hardened.root_nodev());
}

TEST(Root, SharedPropagationBecomesPrivate) {
  auto spec = docker();
  for (const auto* open : {"shared", "rshared"}) {
    spec.linux.rootfs_propagation = open;
    EXPECT_EQ(hardened(spec).hardened.spec().linux.rootfs_propagation, "rprivate");
  }
  for (const auto* closed : {"", "private", "rprivate", "slave", "rslave", "unbindable"}) {
    spec.linux.rootfs_propagation = closed;
    EXPECT_EQ(hardened(spec).hardened.spec().linux.rootfs_propagation, closed);
  }
}

TEST(Mounts, WhatIsSharedBecomesASlave) {
  auto spec = docker();
  spec.mounts.back().options = {"rbind", "rshared", "ro"};
  spec.mounts.front().options = {"shared", "private", "rshared"};
  const auto out = hardened(spec);
  EXPECT_TRUE(has(at(out.hardened.spec(), "/data"), "rslave"));
  EXPECT_FALSE(has(at(out.hardened.spec(), "/data"), "rshared"));
  const auto& proc = at(out.hardened.spec(), "/proc").options;
  EXPECT_EQ(Options(proc.begin(), proc.begin() + 3), (Options{"slave", "private", "rslave"})) << "in their order";
  const auto* told = decision(out, "filesystem.privatePropagation");
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(told->where, "/mounts");
  EXPECT_EQ(told->requested, "shared: 2 of 9 mounts: /proc, /data");
  EXPECT_EQ(told->effective, "slave");
  EXPECT_TRUE(out.hardened.private_propagation());
  for (const auto* closed : {"private", "rprivate", "slave", "rslave", "unbindable", "runbindable"}) {
    spec = docker();
    spec.mounts.back().options = {"rbind", closed};
    EXPECT_TRUE(has(at(hardened(spec).hardened.spec(), "/data"), closed)) << closed;
    EXPECT_EQ(decision(hardened(spec), "filesystem.privatePropagation"), nullptr) << closed;
  }
  spec.mounts.back().options = {"rbind", "rshared"};
  EXPECT_TRUE(has(at(hardened(spec, none()).hardened.spec(), "/data"), "rshared"));
}

TEST(Mounts, NosuidEverywhereAndNodevWhereNoDeviceIsMeantToBe) {
  for (const auto& spec : {docker(), kubernetes(), faasd()}) {
    const auto out = hardened(spec);
    for (const auto& mount : out.hardened.spec().mounts) {
      EXPECT_TRUE(has(mount, "nosuid")) << mount.destination;
      EXPECT_EQ(has(mount, "nodev"), mount.destination != "/dev" && mount.destination != "/dev/pts")
          << mount.destination;
      EXPECT_EQ(has(mount, "rnosuid"), has(mount, "rbind")) << mount.destination;
      EXPECT_EQ(has(mount, "rnodev"), has(mount, "rbind")) << mount.destination;
    }
  }
}

TEST(Mounts, TheDecisionNamesEachMountThatIsChanged) {
  const auto out = hardened(docker());
  EXPECT_EQ(decision(out, "filesystem.nosuid")->requested, "without: the root, 2 of 10 mounts: /etc/hosts, /data");
  EXPECT_EQ(decision(out, "filesystem.recursiveReadonly")->requested, "read-only at the top: 1 of 10 mounts: /data");
}

TEST(Mounts, OnlyATmpfsAtDevMayHoldDevices) {
  auto spec = kubernetes();
  spec.mounts[1] = {.destination = "/dev", .type = "bind", .source = "/dev", .options = {"rbind", "dev", "suid"}};
  const auto out = hardened(spec);
  const auto& mount = at(out.hardened.spec(), "/dev");
  EXPECT_TRUE(has(mount, "nodev") && has(mount, "rnodev"));
  EXPECT_FALSE(has(mount, "dev") || has(mount, "suid"));

  spec.mounts[1] = {.destination = "/./dev/", .type = "tmpfs", .source = "tmpfs", .options = {}};
  EXPECT_FALSE(has(at(hardened(spec).hardened.spec(), "/./dev/"), "nodev"));
  spec.mounts[1] = {.destination = "/dev/x", .type = "tmpfs", .source = "tmpfs", .options = {}};
  EXPECT_TRUE(has(at(hardened(spec).hardened.spec(), "/dev/x"), "nodev"));
}

TEST(Mounts, ContradictionsAreRemoved) {
  auto spec = faasd();
  spec.mounts[1].options = {"nosuid", "suid", "rdev", "nodev"};
  EXPECT_EQ(at(hardened(spec).hardened.spec(), "/run").options, (Options{"nosuid", "nodev"}));
}

TEST(Mounts, ReadOnlyBindsAreReadOnlyBelow) {
  const auto out = hardened(docker());
  EXPECT_TRUE(has(at(out.hardened.spec(), "/data"), "rro"));
  EXPECT_FALSE(has(at(out.hardened.spec(), "/etc/hosts"), "rro"));
  auto spec = docker();
  spec.mounts[8].options = {"rbind", "rrw", "ro"};
  EXPECT_EQ(at(hardened(spec).hardened.spec(), "/data").options,
            (Options{"rbind", "ro", "nosuid", "rnosuid", "nodev", "rnodev", "rro"}));
  spec.mounts[8].options = {"rbind", "ro", "rw"};  // the later one wins
  EXPECT_FALSE(has(at(hardened(spec).hardened.spec(), "/data"), "rro"));
}

TEST(Tmpfs, IsAddedWhereThereIsNone) {
  const auto out = hardened(docker());
  const auto& tmp = at(out.hardened.spec(), "/tmp");
  EXPECT_EQ(tmp.type, "tmpfs");
  EXPECT_EQ(tmp.options, (Options{"nosuid", "nodev", "mode=1777", "size=64m", "nr_inodes=16384"}));
  EXPECT_EQ(out.hardened.spec().mounts.size(), docker().mounts.size() + 1);
  ASSERT_NE(decision(out, "filesystem.tmpfs"), nullptr);
}

TEST(Tmpfs, GoesBelowWhatIsMountedInIt) {
  const auto spec = hardened(kubernetes()).hardened.spec();
  EXPECT_EQ(index_of(spec, "/tmp"), index_of(spec, "/tmp/cache") - 1);
}

TEST(Tmpfs, GoesOnTopOfWhatHoldsIt) {
  auto policy = faas();
  policy.filesystem.tmpfs->value[0].path = "/var/tmp";
  auto spec = kubernetes();
  spec.mounts.push_back({.destination = "/var/", .type = "bind", .source = "/srv", .options = {"bind"}});
  spec.mounts.push_back({.destination = "/var/tmp/a", .type = "bind", .source = "/srv", .options = {"bind"}});
  spec.mounts.push_back({.destination = "/variable", .type = "bind", .source = "/srv", .options = {"bind"}});
  const auto after = hardened(spec, policy).hardened.spec();
  EXPECT_EQ(index_of(after, "/var/tmp"), index_of(after, "/var/") + 1);
  EXPECT_EQ(index_of(after, "/var/tmp/a"), index_of(after, "/var/tmp") + 1);
}

TEST(Tmpfs, ARequestedMountStays) {
  auto spec = docker();
  spec.mounts.push_back({.destination = "/tmp/", .type = "bind", .source = "/srv/tmp", .options = {"bind"}});
  const auto out = hardened(spec);
  EXPECT_EQ(decision(out, "filesystem.tmpfs"), nullptr);
  EXPECT_EQ(out.hardened.spec().mounts.size(), spec.mounts.size());
}

TEST(Tmpfs, NoexecIsAChoice) {
  auto policy = faas();
  policy.filesystem.tmpfs->value[0].exec = false;
  policy.filesystem.tmpfs->value[0].size = 1000;
  policy.filesystem.tmpfs->value[0].inodes.reset();
  policy.filesystem.tmpfs->value[0].mode = 0700;
  EXPECT_EQ(at(hardened(docker(), policy).hardened.spec(), "/tmp").options,
            (Options{"nosuid", "nodev", "noexec", "mode=0700", "size=1000"}));
}

TEST(Paths, AreUnitedAndNoneIsLost) {
  auto spec = docker();
  spec.linux.masked_paths = {"/proc/kcore/", "/own"};
  const auto out = hardened(spec);
  const auto& masked = out.hardened.spec().linux.masked_paths;
  EXPECT_EQ(masked[0], "/proc/kcore/");
  EXPECT_EQ(masked[1], "/own");
  EXPECT_EQ(std::count(masked.begin(), masked.end(), "/proc/kcore"), 0);
  for (const auto* path : {"/proc/interrupts", "/proc/kallsyms", "/sys/firmware", "/sys/devices/virtual/powercap"}) {
    EXPECT_EQ(std::count(masked.begin(), masked.end(), path), 1) << path;
  }
  // Language runtimes size themselves by these.
  for (const auto* path : {"/proc/stat", "/proc/cpuinfo", "/proc/meminfo", "/sys/fs/cgroup"}) {
    EXPECT_EQ(std::count(masked.begin(), masked.end(), path), 0) << path;
  }
  EXPECT_EQ(out.hardened.spec().linux.readonly_paths.size(), 5U);
  EXPECT_NE(decision(out, "filesystem.maskedPaths"), nullptr);
  EXPECT_NE(decision(out, "filesystem.readonlyPaths"), nullptr);
}

TEST(Paths, APatternInSysIsWhatIsThere) {
  auto policy = none();
  policy.filesystem.masked_paths = rule(std::vector<std::string>{"/a", "/sys/devices/system/cpu/cpu*/thermal_throttle", "/proc/*"});
  auto spec = docker();
  spec.linux.masked_paths.clear();
  auto able = can_remap();
  able.matching_paths = {"/sys/devices/system/cpu/cpu0/thermal_throttle", "/sys/devices/system/cpu/cpu10/thermal_throttle", "/sys/other"};
  const std::vector<std::string> masked{"/a", able.matching_paths[0], able.matching_paths[1], "/proc/*"};
  EXPECT_EQ(hardened(spec, policy, able).hardened.spec().linux.masked_paths, masked);
  able.matching_paths.clear();
  EXPECT_EQ(hardened(spec, policy, able).hardened.spec().linux.masked_paths, (std::vector<std::string>{"/a", "/proc/*"}));
}

}  // namespace
}  // namespace harden_test
