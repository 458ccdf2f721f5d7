#include "oci/mount_options.h"

#include <gtest/gtest.h>
#include <sys/mount.h>

#include <set>

using oci::parse_mount_options;

namespace {

// mountOptions of `runc features`, versions 1.1.5 to 1.3.
constexpr std::string_view kRuncOptions[] = {
    "acl",
    "async",
    "atime",
    "bind",
    "defaults",
    "dev",
    "diratime",
    "dirsync",
    "exec",
    "idmap",
    "iversion",
    "lazytime",
    "loud",
    "mand",
    "noacl",
    "noatime",
    "nodev",
    "nodiratime",
    "noexec",
    "noiversion",
    "nolazytime",
    "nomand",
    "norelatime",
    "nostrictatime",
    "nosuid",
    "nosymfollow",
    "private",
    "ratime",
    "rbind",
    "rdev",
    "rdiratime",
    "relatime",
    "remount",
    "rexec",
    "ridmap",
    "rnoatime",
    "rnodev",
    "rnodiratime",
    "rnoexec",
    "rnorelatime",
    "rnostrictatime",
    "rnosuid",
    "rnosymfollow",
    "ro",
    "rprivate",
    "rrelatime",
    "rro",
    "rrw",
    "rshared",
    "rslave",
    "rstrictatime",
    "rsuid",
    "rsymfollow",
    "runbindable",
    "rw",
    "shared",
    "silent",
    "slave",
    "strictatime",
    "suid",
    "symfollow",
    "sync",
    "tmpcopyup",
    "unbindable",
};

TEST(MountOptions, KnowsEveryNameThatRuncKnowsAndNoOther) {
  const std::set<std::string_view> want(std::begin(kRuncOptions), std::end(kRuncOptions));
  const auto names = oci::mount_option_names();
  EXPECT_EQ(std::set<std::string_view>(names.begin(), names.end()), want);
  EXPECT_EQ(names.size(), want.size());
  for (const auto name : kRuncOptions) {
    const auto parsed = parse_mount_options({std::string(name)});
    EXPECT_TRUE(parsed.data.empty()) << name;
  }
}

TEST(MountOptions, UnknownNamesAreDataInOrder) {
  const auto parsed = parse_mount_options({"size=64m", "nosuid", "mode=1777", "z", "Ro", ""});
  EXPECT_EQ(parsed.data, (std::vector<std::string>{"size=64m", "mode=1777", "z", "Ro", ""}));
  EXPECT_EQ(parsed.attr_set, std::uint64_t{MOUNT_ATTR_NOSUID});
}

struct FlagCase {
  const char* set;
  const char* clear;
  std::uint64_t attr;
};

TEST(MountOptions, FlagsSetAndClear) {
  for (const auto& c : {FlagCase{"ro", "rw", MOUNT_ATTR_RDONLY}, FlagCase{"nosuid", "suid", MOUNT_ATTR_NOSUID},
                        FlagCase{"nodev", "dev", MOUNT_ATTR_NODEV}, FlagCase{"noexec", "exec", MOUNT_ATTR_NOEXEC},
                        FlagCase{"nodiratime", "diratime", MOUNT_ATTR_NODIRATIME},
                        FlagCase{"nosymfollow", "symfollow", MOUNT_ATTR_NOSYMFOLLOW}}) {
    const auto set = parse_mount_options({c.clear, c.set});
    EXPECT_EQ(set.attr_set, c.attr) << c.set;
    EXPECT_EQ(set.attr_clr, 0U) << c.set;
    EXPECT_EQ(set.rec_attr_set | set.rec_attr_clr, 0U) << c.set;
    const auto clear = parse_mount_options({c.set, c.clear});
    EXPECT_EQ(clear.attr_set, 0U) << c.clear;
    EXPECT_EQ(clear.attr_clr, c.attr) << c.clear;
  }
}

TEST(MountOptions, RecursiveFlagsAreApart) {
  for (const auto& c : {FlagCase{"rro", "rrw", MOUNT_ATTR_RDONLY}, FlagCase{"rnosuid", "rsuid", MOUNT_ATTR_NOSUID},
                        FlagCase{"rnodev", "rdev", MOUNT_ATTR_NODEV}, FlagCase{"rnoexec", "rexec", MOUNT_ATTR_NOEXEC},
                        FlagCase{"rnodiratime", "rdiratime", MOUNT_ATTR_NODIRATIME},
                        FlagCase{"rnosymfollow", "rsymfollow", MOUNT_ATTR_NOSYMFOLLOW}}) {
    const auto set = parse_mount_options({c.set});
    EXPECT_EQ(set.rec_attr_set, c.attr) << c.set;
    EXPECT_EQ(set.attr_set | set.attr_clr | set.sb_set | set.sb_clr, 0U) << c.set;
    EXPECT_EQ(parse_mount_options({c.set, c.clear}).rec_attr_clr, c.attr) << c.clear;
  }
}

TEST(MountOptions, AccessTimeIsOneModeNotFlags) {
  const auto mode = [](std::vector<std::string> options) {
    const auto parsed = parse_mount_options(options);
    EXPECT_EQ(parsed.attr_clr & MOUNT_ATTR__ATIME, std::uint64_t{MOUNT_ATTR__ATIME});
    return parsed.attr_set & MOUNT_ATTR__ATIME;
  };
  EXPECT_EQ(mode({"noatime"}), std::uint64_t{MOUNT_ATTR_NOATIME});
  EXPECT_EQ(mode({"strictatime"}), std::uint64_t{MOUNT_ATTR_STRICTATIME});
  EXPECT_EQ(mode({"relatime"}), std::uint64_t{MOUNT_ATTR_RELATIME});
  EXPECT_EQ(mode({"noatime", "strictatime"}), std::uint64_t{MOUNT_ATTR_STRICTATIME});
  EXPECT_EQ(mode({"noatime", "atime"}), std::uint64_t{MOUNT_ATTR_RELATIME});
  EXPECT_EQ(mode({"strictatime", "atime"}), std::uint64_t{MOUNT_ATTR_STRICTATIME});
  EXPECT_EQ(mode({"strictatime", "nostrictatime"}), std::uint64_t{MOUNT_ATTR_RELATIME});
  EXPECT_EQ(mode({"noatime", "norelatime"}), std::uint64_t{MOUNT_ATTR_NOATIME});
  EXPECT_EQ(mode({"atime"}), std::uint64_t{MOUNT_ATTR_RELATIME});
  EXPECT_EQ(parse_mount_options({"nosuid"}).attr_clr, 0U);
  EXPECT_EQ(parse_mount_options({"rnoatime"}).rec_attr_set, std::uint64_t{MOUNT_ATTR_NOATIME});
  EXPECT_EQ(parse_mount_options({"rnoatime"}).rec_attr_clr, std::uint64_t{MOUNT_ATTR__ATIME});
  EXPECT_EQ(parse_mount_options({"rnoatime", "ratime"}).rec_attr_set, 0U);
}

TEST(MountOptions, SuperblockFlags) {
  const auto parsed = parse_mount_options({"sync", "dirsync", "mand", "lazytime", "iversion", "acl", "silent", "ro"});
  EXPECT_EQ(parsed.sb_set, MS_SYNCHRONOUS | MS_DIRSYNC | MS_MANDLOCK | (1UL << 25) | MS_I_VERSION | MS_POSIXACL |
                               (1UL << 15) | MS_RDONLY);
  EXPECT_EQ(parsed.attr_set, std::uint64_t{MOUNT_ATTR_RDONLY});
  const auto cleared =
      parse_mount_options({"sync", "async", "nomand", "nolazytime", "noiversion", "noacl", "loud", "rw"});
  EXPECT_EQ(cleared.sb_set, 0U);
  EXPECT_EQ(cleared.sb_clr,
            MS_SYNCHRONOUS | MS_MANDLOCK | (1UL << 25) | MS_I_VERSION | MS_POSIXACL | (1UL << 15) | MS_RDONLY);
  EXPECT_EQ(cleared.attr_clr, std::uint64_t{MOUNT_ATTR_RDONLY});
}

TEST(MountOptions, PropagationInOrder) {
  const auto parsed = parse_mount_options({"rslave", "shared"});
  ASSERT_EQ(parsed.propagation.size(), 2U);
  EXPECT_EQ(parsed.propagation[0].type, std::uint64_t{MS_SLAVE});
  EXPECT_TRUE(parsed.propagation[0].recursive);
  EXPECT_EQ(parsed.propagation[1].type, std::uint64_t{MS_SHARED});
  EXPECT_FALSE(parsed.propagation[1].recursive);
  EXPECT_EQ(parse_mount_options({"unbindable"}).propagation.at(0).type, std::uint64_t{MS_UNBINDABLE});
  EXPECT_EQ(parse_mount_options({"rprivate"}).propagation.at(0).type, std::uint64_t{MS_PRIVATE});
}

TEST(MountOptions, TheRest) {
  EXPECT_TRUE(parse_mount_options({"bind"}).bind);
  EXPECT_FALSE(parse_mount_options({"bind"}).rbind);
  EXPECT_TRUE(parse_mount_options({"rbind"}).bind);
  EXPECT_TRUE(parse_mount_options({"rbind", "bind"}).rbind);
  EXPECT_TRUE(parse_mount_options({"tmpcopyup"}).tmpcopyup);
  EXPECT_TRUE(parse_mount_options({"remount"}).remount);
  EXPECT_EQ(parse_mount_options({"idmap"}).idmap, oci::Idmap::kIdmap);
  EXPECT_EQ(parse_mount_options({"ridmap"}).idmap, oci::Idmap::kRidmap);
  EXPECT_EQ(parse_mount_options({"defaults"}).idmap, oci::Idmap::kNone);
}

}  // namespace
