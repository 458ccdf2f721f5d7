// The documents of real engines: read without a word, and with the values that matter about each.
#include <gtest/gtest.h>
#include <time.h>

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "oci/read.h"
#include "spec_text.h"

namespace {

oci::Spec read(const std::string& name) {
  const std::string text = oci_test::read_file(base::cat(BUNDLES, "/", name, ".json"));
  EXPECT_FALSE(text.empty()) << name;
  auto spec = oci::read_spec(text);
  EXPECT_TRUE(spec.has_value()) << spec.error().message();
  return spec.has_value() ? std::move(spec).value() : oci::Spec{};
}

int count(oci::CapSet set) { return __builtin_popcountll(set); }

TEST(Bundles, EveryOneIsReadWithoutNotes) {
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(BUNDLES)) {
    if (entry.path().extension() != ".json") continue;
    ++seen;
    const auto spec = read(entry.path().stem().string());
    for (const auto& note : spec.notes) ADD_FAILURE() << entry.path() << ": " << note.pointer << ": " << note.text;
  }
  EXPECT_GE(seen, 8);
}

TEST(Bundles, ContainerdPause) {
  const auto spec = read("containerd-cri-pause");
  EXPECT_EQ(spec.process->oom_score_adj, -998);
  EXPECT_TRUE(spec.process->no_new_privileges);
  EXPECT_TRUE(spec.root.readonly);
  EXPECT_EQ(spec.linux.sysctl.size(), 2U);
  EXPECT_EQ(spec.linux.masked_paths.size(), 11U);
  EXPECT_EQ(spec.annotations.at("io.kubernetes.cri.container-type"), "sandbox");
}

TEST(Bundles, KnativeUserContainer) {
  const auto spec = read("containerd-cri-user");
  EXPECT_EQ(spec.process->user.uid, 0U);
  EXPECT_EQ(count(spec.process->capabilities->bounding), 14);
  EXPECT_EQ(spec.process->capabilities->ambient, 0U);
  EXPECT_FALSE(spec.process->no_new_privileges);
  EXPECT_EQ(spec.linux.resources->memory->limit, 268435456);
  EXPECT_EQ(spec.linux.namespaces.at(1).path, "/proc/4711/ns/ipc");
  EXPECT_EQ(spec.linux.seccomp->syscalls.size(), 12U);
}

TEST(Bundles, KnativeQueueProxy) {
  const auto spec = read("containerd-cri-queue-proxy");
  EXPECT_EQ(spec.process->user.uid, 65532U);
  ASSERT_TRUE(spec.process->capabilities.has_value());
  EXPECT_EQ(spec.process->capabilities->bounding, 0U);
  EXPECT_TRUE(spec.root.readonly);
}

TEST(Bundles, Faasd) {
  const auto spec = read("faasd");
  EXPECT_EQ(spec.process->capabilities->effective, 1ULL << 13);
  EXPECT_FALSE(spec.linux.seccomp.has_value());
  EXPECT_EQ(spec.process->rlimits.at(0).hard, 1024U);
  EXPECT_EQ(spec.linux.cgroups_path, "/openfaas-fn/figlet");
  EXPECT_EQ(spec.linux.resources->memory->limit, 134217728);
  EXPECT_FALSE(spec.linux.resources->pids_limit.has_value());
}

TEST(Bundles, Podman) {
  const auto spec = read("podman");
  EXPECT_EQ(count(spec.process->capabilities->bounding), 11);
  EXPECT_EQ(spec.linux.masked_paths.size(), 13U);
  EXPECT_EQ(spec.linux.seccomp->default_errno_ret, 38U);
  EXPECT_EQ(spec.linux.resources->pids_limit, 2048);
  EXPECT_EQ(spec.process->oom_score_adj, 0);
}

TEST(Bundles, Docker) {
  const auto spec = read("docker");
  EXPECT_EQ(spec.process->rlimits.at(0).soft, UINT64_MAX);
  EXPECT_EQ(spec.process->apparmor_profile, "docker-default");
  bool clone_filtered = false;
  for (const auto& rule : spec.linux.seccomp->syscalls)
    clone_filtered = clone_filtered || (rule.names == std::vector<std::string>{"clone"} && rule.args.size() == 1 &&
                                        rule.args[0].value == 0x7E020000);
  EXPECT_TRUE(clone_filtered);
  EXPECT_EQ(spec.linux.resources->devices.size(), 8U);
}

TEST(Bundles, RuncSpec) {
  const auto spec = read("runc-spec");
  EXPECT_TRUE(spec.process->terminal);
  EXPECT_EQ(count(spec.process->capabilities->ambient), 3);
  EXPECT_EQ(spec.mounts.size(), 7U);
}

TEST(Bundles, UserNamespaceByPath) {
  const auto spec = read("cri-userns");
  EXPECT_EQ(spec.linux.uid_mappings.at(0).host_id, 131072U);
  EXPECT_EQ(spec.linux.namespaces.back().name, "user");
  EXPECT_EQ(spec.linux.namespaces.back().path, "/proc/4711/ns/user");
  EXPECT_EQ(spec.mounts.at(6).uid_mappings.size(), 1U);
  EXPECT_EQ(spec.linux.resources->unified.at(0).first, "memory.oom.group");
}

double cpu_microseconds() {
  struct timespec now {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

// The best of several rounds: what reading costs without whatever else the machine does.
double cost(std::string_view text) {
  double best = 1e12;
  for (int i = 0; i < 20; ++i) {
    const double start = cpu_microseconds();
    EXPECT_TRUE(oci::read_spec(text).has_value());
    best = std::min(best, cpu_microseconds() - start);
  }
  return best;
}

// A start-up cost that every verb which reads the document pays: about 0.25 ms for this one. Absolute times are for the
// benchmarks; here it must not grow faster than the document does.
TEST(Bundles, ReadingCostsInProportionToTheSize) {
  const std::string text = oci_test::read_file(base::cat(BUNDLES, "/podman.json"));
  const std::string_view start = "\"syscalls\": [";
  const std::size_t from = text.find(start) + start.size();
  const std::size_t to = text.find("\"maskedPaths\"");
  ASSERT_LT(from, to);
  const std::string rules = text.substr(from, text.rfind('}', text.rfind(']', to)) - from + 1);
  std::string longer = text.substr(0, from);
  constexpr int kTimes = 16;
  for (int i = 1; i < kTimes; ++i) longer += rules + ",";
  longer += text.substr(from);
  const double once = cost(text);
  const double many = cost(longer);
  std::printf("%zu bytes in %.0f µs, %zu bytes in %.0f µs\n", text.size(), once, longer.size(), many);
  EXPECT_LT(many / once, 4.0 * static_cast<double>(longer.size()) / static_cast<double>(text.size()));
}

}  // namespace
