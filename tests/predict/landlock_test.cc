// What Landlock changes of the predictions, and what it does not.

#include <gtest/gtest.h>

#include "policy/find.h"
#include "tests/predict/samples.h"

namespace {

using predict_samples::row;
using predict_samples::word;

template <typename T>
policy::Rule<T> rule(T value) {
  return policy::Setting<T>{std::move(value), {.file = "x.json", .pointer = "/landlock"}, ""};
}

// Nothing but Landlock, over everything else wide open.
predict_samples::Case alone(std::optional<policy::Ports> bind = {}, std::optional<policy::Ports> connect = {}, int abi = harden::kNewestLandlock) {
  policy::Policy policy;
  policy.name = "alone";
  policy.version = "1";
  policy.landlock.enable = rule(true);
  policy.filesystem.nodev = rule(true);
  if (bind) policy.landlock.bind = rule(*bind);
  if (connect) policy.landlock.connect = rule(*connect);
  harden::Abilities abilities;
  abilities.landlock_abi = abi;
  auto host = predict_samples::host();
  host.facts.landlock_abi = abi;
  auto spec = predict_samples::wide_open();
  spec.mounts.push_back({.destination = "/tmp", .type = "tmpfs", .source = "tmpfs", .options = {}});
  auto outcome = harden::harden(std::move(spec), policy, abilities);
  EXPECT_TRUE(outcome.has_value());
  auto options = samples::options();
  options.program = "/usr/libexec/bulkhead/probe";
  auto plan = plan::plan_create(outcome->hardened, host.facts, options);
  EXPECT_TRUE(plan.has_value()) << (plan ? "" : plan.error().message());
  return {*std::move(outcome), *std::move(plan), host};
}

TEST(Landlock, IsSeenByHowManyDomainsAreLeft) {
  EXPECT_EQ(word(expectations(alone()), "attempts.landlock_layers"), "15");
  EXPECT_EQ(word(predict_samples::expectations(predict_samples::wide_open()), "attempts.landlock_layers"), "16");
  EXPECT_EQ(word(expectations(alone({}, {}, 0)), "attempts.landlock_layers"), "ENOSYS|EOPNOTSUPP");
  EXPECT_EQ(word(predict_samples::expectations(samples::spec("faasd"), "faas"), "attempts.landlock_layers"), "15");
}

TEST(Landlock, TakesMountsFromWhoMayMount) {
  const auto rows = expectations(alone());
  for (const auto* name : {"mount", "remount_root", "pivot_root"}) EXPECT_EQ(word(rows, std::string("attempts.") + name), "EPERM") << name;
  EXPECT_EQ(row(rows, "attempts.mount").because, "Landlock");
  EXPECT_EQ(word(rows, "attempts.fsopen"), "ok");
  EXPECT_EQ(word(rows, "attempts.chroot"), "ok");
}

TEST(Landlock, TakesNodesWhereTheyCouldNotBeOpened) {
  const auto rows = expectations(alone());
  EXPECT_EQ(word(rows, "in./tmp.mknod"), "EACCES");
  EXPECT_EQ(row(rows, "in./tmp.mknod").because, "Landlock: nodev");
  EXPECT_EQ(word(rows, "in./tmp.write"), "ok");
  EXPECT_EQ(word(rows, "in./tmp.exec"), "ok");
  EXPECT_EQ(word(rows, "in./.mknod"), "EACCES");
  const auto open = predict_samples::expectations(predict_samples::wide_open());
  EXPECT_NE(word(open, "in./.mknod"), "EACCES") << "without it";
}

TEST(Landlock, Ports) {
  const auto none = predict_samples::expectations(predict_samples::wide_open());
  EXPECT_EQ(word(none, "bind.47999"), "ok|EADDRINUSE");
  EXPECT_EQ(row(none, "bind.47999").because, "not restricted");
  const auto some = expectations(alone(policy::Ports{80, 8080}, policy::Ports{47999}));
  EXPECT_EQ(word(some, "bind.47999"), "EACCES");
  EXPECT_EQ(word(some, "bind.8080"), "ok|EADDRINUSE");
  EXPECT_EQ(word(some, "connect.47998"), "EACCES") << "a port that no rule names";
  const auto sandbox = predict_samples::expectations(samples::spec("containerd-cri-pause"), "sandbox");
  EXPECT_EQ(row(sandbox, "bind.47999").because, "seccomp filter");
  const auto told = predict::probe_arguments(alone(policy::Ports{8080}).outcome.hardened, alone(policy::Ports{8080}).plan, predict_samples::host());
  const auto at = std::find(told.begin(), told.end(), "--bind");
  ASSERT_NE(at, told.end());
  EXPECT_EQ(*(at + 1), "47999");
}

}  // namespace
