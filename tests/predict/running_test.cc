// Predictions of what one more program finds in a container that runs.

#include <gtest/gtest.h>
#include <linux/sched.h>

#include <algorithm>

#include "tests/predict/samples.h"

namespace {

using predict_samples::add_namespace;
using predict_samples::expectations;
using predict_samples::row;
using predict_samples::word;

predict::Host in_container() {
  predict::Host host = predict_samples::host();
  host.running = true;
  host.joined = host.namespaces;
  host.joined["net"] = "net:[4026532000]";
  host.joined["pid"] = "pid:[4026532001]";
  return host;
}

bool predicted(const predict::Expectations& rows, const std::string& key) {
  return std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return row.key == key; });
}

oci::Spec spaces() {
  oci::Spec spec = samples::minimal();
  spec.linux.namespaces.clear();
  for (const auto type : {CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWPID}) add_namespace(spec, static_cast<std::uint64_t>(type));
  return spec;
}

TEST(Running, NamespacesAreThoseOfTheFirstProcess) {
  const auto rows = expectations(predict_samples::made(spaces(), "passthrough", in_container()));
  EXPECT_EQ(word(rows, "namespaces.net"), "net:[4026532000]");
  EXPECT_EQ(row(rows, "namespaces.net").because, "the container's");
  EXPECT_EQ(word(rows, "namespaces.ipc"), "the host's");
  // It was to have one: that its first process has the host's agrees with nothing.
  EXPECT_EQ(word(rows, "namespaces.mnt"), "its own");
}

TEST(Running, ItIsNotAlone) {
  auto rows = expectations(predict_samples::made(spaces(), "passthrough", in_container()));
  EXPECT_FALSE(predicted(rows, "pid"));
  EXPECT_EQ(word(rows, "others"), "some");
  EXPECT_EQ(word(expectations(predict_samples::made(spaces())), "others"), "none");
  oci::Spec hidden = spaces();
  for (auto& mount : hidden.mounts) {
    if (mount.destination == "/proc") mount.options.emplace_back("hidepid=2");
  }
  rows = expectations(predict_samples::made(hidden, "passthrough", in_container()));
  EXPECT_EQ(word(rows, "others"), "none|some");
}

TEST(Running, WhatWouldHarmOthersIsNotTried) {
  oci::Spec spec = spaces();
  spec.linux.resources.emplace();
  spec.linux.resources->pids_limit = 20;
  const auto made = predict_samples::made(spec, "passthrough", in_container());
  const auto rows = expectations(made), alone = expectations(predict_samples::made(spec));
  for (const char* key : {"fork", "attempts.remount_root"}) {
    EXPECT_FALSE(predicted(rows, key)) << key;
    EXPECT_TRUE(predicted(alone, key)) << key;
  }
  const auto arguments = predict::probe_arguments(made.outcome.hardened, made.plan, made.host);
  EXPECT_NE(std::find(arguments.begin(), arguments.end(), "--guest"), arguments.end());
  EXPECT_EQ(std::find(arguments.begin(), arguments.end(), "--pids"), arguments.end());
}

TEST(Running, TheProcessIsThatOfItsOwnPlan) {
  oci::Spec other = spaces();
  other.process->user.uid = 1234;
  other.process->no_new_privileges = true;
  other.process->env = {"OTHER=1"};
  other.process->oom_score_adj = 7;
  const auto made = predict_samples::made(spaces(), "passthrough", in_container());
  const auto exec = predict_samples::made(other, "passthrough", in_container());
  const auto rows = expectations({exec.outcome, predict::joined(made.plan, exec.plan), in_container()});
  EXPECT_EQ(word(rows, "uid"), "1234 1234 1234");
  EXPECT_EQ(word(rows, "no_new_privs"), "1");
  EXPECT_EQ(word(rows, "environment"), "HOME OTHER");
  EXPECT_EQ(word(rows, "oom_score_adj"), "7");
  EXPECT_EQ(word(rows, "mount./"), word(expectations(made), "mount./"));
}

}  // namespace
