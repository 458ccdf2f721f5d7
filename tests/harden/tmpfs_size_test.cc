// How much a tmpfs may hold.
#include <gtest/gtest.h>

#include "base/text.h"
#include "samples.h"

namespace harden_test {
namespace {

using Options = std::vector<std::string>;

policy::Policy sizes(std::optional<std::uint64_t> standard, std::optional<std::uint64_t> max) {
  auto policy = none();
  policy.filesystem.tmpfs_size = rule(policy::Limit{.standard = standard, .max = max});
  return policy;
}

oci::Spec with(Options options, const char* destination = "/dev/shm", const char* type = "tmpfs") {
  auto spec = docker();
  spec.mounts = {{.destination = destination, .type = type, .source = type, .options = std::move(options)}};
  return spec;
}

Options options(const oci::Spec& spec, const policy::Policy& policy) { return hardened(spec, policy).hardened.spec().mounts.front().options; }

TEST(TmpfsSize, IsNoMoreThanTheCeiling) {
  constexpr std::uint64_t kMost = 64U << 20;
  for (const char* fine : {"size=64m", "size=65536k", "size=67108864", "size=1K", "nr_blocks=16384"}) {
    EXPECT_EQ(options(with({"mode=1777", fine}), sizes({}, kMost)), (Options{"mode=1777", fine}));
  }
  for (const char* more : {"size=65m", "size=67108865", "size=1G", "size=1e", "size=0", "size=50%", "size=0100", "size=0x1", "size=", "size=x", "size=99999999999999999999",
                           "size=18446744073709551615k", "nr_blocks=16385", "nr_blocks=0"}) {
    EXPECT_EQ(options(with({more, "mode=1777"}), sizes({}, kMost)), (Options{"mode=1777", "size=65536k"})) << more;
  }
  EXPECT_EQ(options(with({"size=1k", "size=1g"}), sizes({}, kMost)), (Options{"size=65536k"})) << "the last one counts";
  EXPECT_EQ(options(with({"size=1g", "nr_blocks=1"}), sizes({}, kMost)), (Options{"size=1g", "nr_blocks=1"}));
  EXPECT_EQ(options(with({"size=1k", "nr_blocks=0"}), sizes({}, 1001)), (Options{"size=1001"}));
}

TEST(TmpfsSize, IsTheStandardWhereNoneIsAskedFor) {
  EXPECT_EQ(options(with({"nosuid"}), sizes(16U << 20, {})), (Options{"nosuid", "size=16384k"}));
  EXPECT_EQ(options(with({"nosuid"}), sizes(16U << 20, 1U << 20)), (Options{"nosuid", "size=1024k"}));
  EXPECT_EQ(options(with({"nosuid"}), sizes({}, 1U << 20)), (Options{"nosuid", "size=1024k"}));
  EXPECT_EQ(options(with({"size=50%"}), sizes(16U << 20, {})), (Options{"size=50%"})) << "there is no ceiling";
}

TEST(TmpfsSize, ConcernsNoOtherFileSystem) {
  EXPECT_EQ(options(with({"size=1g"}, "/dev/"), sizes({}, 1)), (Options{"size=1g"}));
  EXPECT_EQ(options(with({"bind"}, "/dev/shm", "bind"), sizes(1, 1)), (Options{"bind"}));
  EXPECT_EQ(options(with({"size=1g"}), none()), (Options{"size=1g"}));
}

TEST(TmpfsSize, HoldsForWhatAPolicyAdds) {
  auto policy = sizes({}, 1U << 20);
  policy.filesystem.tmpfs = rule(std::vector<policy::Tmpfs>{{.path = "/tmp", .size = 2U << 20}});
  const auto out = hardened(with({}, "/data"), policy);
  for (const auto& mount : out.hardened.spec().mounts) EXPECT_EQ(mount.options.back(), "size=1024k") << mount.destination;
  const auto* told = decision(out, "filesystem.tmpfsSize");
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(told->requested, "/data without a size, /tmp size=2m");
  EXPECT_EQ(told->effective, "size=1024k, size=1024k");
}

}  // namespace
}  // namespace harden_test
