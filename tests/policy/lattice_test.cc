// Lists of directories, which cover what is below them.
#include "policy/lattice.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace policy {
namespace {

using Paths = std::vector<std::string>;
constexpr auto kBelow = Strict::kBelow;

Paths sorted(Paths paths) {
  std::sort(paths.begin(), paths.end());
  return paths;
}

const std::vector<Paths>& lists() {
  static const std::vector<Paths> kLists = {{}, {"/"}, {"/srv"}, {"/srv/a"}, {"/srv", "/var"}, {"/srv/a", "/var/lib"}, {"/srvx"}, {"/srv/a", "/srv"}};
  return kLists;
}

// Whether the list leaves `path`, said without the functions that are tried.
bool leaves(const Paths& list, const std::string& path) {
  return std::any_of(list.begin(), list.end(), [&](const auto& entry) { return entry == "/" || path == entry || path.starts_with(entry + "/"); });
}

const Paths kSamples = {"/", "/etc", "/srv", "/srvx", "/srvx/a", "/srv/a", "/srv/a/b", "/srv/ab", "/var", "/var/lib", "/var/lib/x", "/var/l"};

TEST(Directories, MeetLeavesWhatBothLeave) {
  for (const auto& a : lists()) {
    for (const auto& b : lists()) {
      const auto both = lattice::meet(kBelow, a, b);
      for (const auto& path : kSamples) EXPECT_EQ(leaves(both, path), leaves(a, path) && leaves(b, path)) << path;
      EXPECT_EQ(sorted(both), sorted(lattice::meet(kBelow, b, a)));
      EXPECT_TRUE(lattice::within(kBelow, both, a) && lattice::within(kBelow, both, b));
      EXPECT_EQ(sorted(lattice::meet(kBelow, both, b)), sorted(both));
    }
  }
}

TEST(Directories, WithinIsWhatTheSamplesSay) {
  for (const auto& a : lists()) {
    for (const auto& b : lists()) {
      const bool all = std::all_of(kSamples.begin(), kSamples.end(), [&](const auto& path) { return !leaves(a, path) || leaves(b, path); });
      EXPECT_EQ(lattice::within(kBelow, a, b), all);
      for (const auto& path : kSamples) EXPECT_EQ(leaves(lattice::widen(kBelow, a, b), path), leaves(a, path) || leaves(b, path)) << path;
    }
  }
}

}  // namespace
}  // namespace policy
