// What a container is started with, and what it cannot reach.
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>

#include "samples.h"

namespace harden_test {
namespace {

TEST(Blackhole, IsOfANewNetworkNamespace) {
  auto policy = none();
  policy.network.blackhole = rule(std::vector<std::string>{"169.254.169.254", "fd00:ec2::/32"});
  auto spec = docker();
  const auto set_path = [&](const char* path) {
    for (auto& ns : spec.linux.namespaces) {
      if (ns.type == CLONE_NEWNET) ns.path = path;
    }
  };
  set_path("");
  auto able = can_remap();
  {
    const auto out = hardened(spec, policy, able);
    const auto* told = decision(out, "network.blackhole");
    ASSERT_NE(told, nullptr);
    EXPECT_EQ(told->effective, "169.254.169.254, fd00:ec2::/32");
    EXPECT_FALSE(told->degraded);
    ASSERT_EQ(out.hardened.blackhole().size(), 2U);
    EXPECT_EQ(policy::prefix_text(out.hardened.blackhole().back()), "fd00:ec2::/32");
  }
  able.ipv6 = false;
  {
    const auto out = hardened(spec, policy, able);
    const auto* told = decision(out, "network.blackhole");
    ASSERT_NE(told, nullptr);
    EXPECT_EQ(told->effective, "169.254.169.254");
    EXPECT_FALSE(told->degraded) << "what there is not cannot be reached";
    EXPECT_NE(told->why.find("no IPv6, and so no way to fd00:ec2::/32"), std::string::npos);
    EXPECT_EQ(out.hardened.blackhole().size(), 1U);
  }
  for (const auto* path : {"/proc/4711/ns/net", "none at all"}) {
    set_path(path);
    if (std::string_view(path) == "none at all") std::erase_if(spec.linux.namespaces, [](const auto& ns) { return ns.type == CLONE_NEWNET; });
    const auto out = hardened(spec, policy, can_remap());
    const auto* told = decision(out, "network.blackhole");
    ASSERT_NE(told, nullptr);
    EXPECT_TRUE(told->degraded);
    EXPECT_EQ(told->effective, "none");
    EXPECT_TRUE(out.hardened.blackhole().empty());
  }
  policy.required.push_back({.control = "network.blackhole", .origin = {.file = "p.json", .pointer = "/modes", .more = {}}});
  const auto refused = harden::harden(spec, policy, can_remap());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("network namespace is the host's"), std::string::npos);
}

TEST(Blackhole, WhoCouldUndoItIsWarnedOf) {
  auto policy = none();
  policy.network.blackhole = rule(std::vector<std::string>{"169.254.169.254"});
  auto spec = docker();
  for (auto& ns : spec.linux.namespaces) ns.path.clear();
  for (const bool admin : {true, false}) {
    spec.process->capabilities = oci::Capabilities{};
    if (admin) spec.process->capabilities->bounding = oci::CapSet{1} << CAP_NET_ADMIN;
    const auto out = hardened(spec, policy);
    ASSERT_NE(decision(out, "network.blackhole"), nullptr);
    EXPECT_EQ(decision(out, "network.blackhole")->warning, admin);
  }
  policy.network.blackhole = rule(std::vector<std::string>{});
  EXPECT_EQ(decision(hardened(spec, policy), "network.blackhole"), nullptr);
}

TEST(Digests, NothingElseIsExecuted) {
  auto policy = none();
  auto able = can_remap();
  able.program = {{.path = "", .name = "./app", .digest = "sha256:1"}, {.path = "/bin/sh", .name = "/bin/sh", .digest = "sha256:2"}};
  auto spec = docker();
  spec.root.readonly = true;
  const auto outcome = [&](std::vector<std::string> digests) {
    policy.process.digests = rule(std::move(digests));
    return harden::harden(spec, policy, able);
  };
  {
    const auto out = outcome({"sha256:2", "sha256:0", "sha256:1"});
    ASSERT_TRUE(out) << out.error().message();
    EXPECT_EQ(out->hardened.program().size(), 2U);
    const auto* told = decision(*out, "process.digests");
    ASSERT_NE(told, nullptr);
    EXPECT_EQ(told->effective, "./app sha256:1, /bin/sh sha256:2");
    EXPECT_FALSE(told->warning);
  }
  const auto refusal = [&](std::vector<std::string> digests) {
    const auto out = outcome(std::move(digests));
    return out ? "" : out.error().message();
  };
  EXPECT_NE(refusal({"sha256:1"}).find("/process/args/0: \"/bin/sh\" is sha256:2, which is not allowed"), std::string::npos) << "a script's interpreter";
  EXPECT_NE(refusal({"sha256:2"}).find("\"./app\" is sha256:1"), std::string::npos);
  EXPECT_NE(refusal({}).find("the list is empty"), std::string::npos);
  spec.root.readonly = false;
  EXPECT_TRUE(decision(*outcome({"sha256:1", "sha256:2"}), "process.digests")->warning) << "it can write another one";
  able.program.clear();
  able.program_unknown = "too large";
  EXPECT_NE(refusal({"sha256:1"}).find("cannot be told: too large"), std::string::npos);
}

}  // namespace
}  // namespace harden_test
