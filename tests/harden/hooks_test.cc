// Which hooks may run.
#include <gtest/gtest.h>

#include "base/text.h"
#include "samples.h"

namespace harden_test {
namespace {

using Programs = std::vector<policy::HookProgram>;

oci::Hook hook(const char* path) { return {.path = path, .args = {"x"}, .env = {"A=b"}, .timeout = 3}; }

TEST(Hooks, RunAsAskedWhereNoRuleSaysOtherwise) {
  auto spec = docker();
  spec.hooks.poststop = {hook("/bin/z")};
  spec.hooks.prestart = {hook("/bin/a"), hook("/bin/b")};
  const auto out = hardened(spec, none());
  ASSERT_EQ(out.hardened.hooks().size(), 3U);
  EXPECT_EQ(out.hardened.hooks()[1], (oci::CheckedHook{.kind = "prestart", .pointer = "/hooks/prestart/1", .hook = hook("/bin/b"), .digests = {}}));
  EXPECT_EQ(out.hardened.hooks()[2].pointer, "/hooks/poststop/0");
  EXPECT_EQ(decision(out, "hooks.allow"), nullptr);
}

TEST(Hooks, NoOtherThanThoseOnTheList) {
  auto policy = none();
  policy.hooks.allow = rule(Programs{{"/bin/a", "sha256:1"}, {"/bin/a", "sha256:2"}, {"/bin/b", "sha256:1"}, {"/bin/b", ""}});
  EXPECT_EQ(decision(hardened(docker(), policy), "hooks.allow"), nullptr) << "there is none";
  auto spec = docker();
  spec.hooks.create_container = {hook("/bin/b"), hook("/bin/a")};
  const auto out = hardened(spec, policy);
  const auto* told = decision(out, "hooks.allow");
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(told->where, "/hooks");
  EXPECT_EQ(told->requested, "/bin/b, /bin/a");
  EXPECT_EQ(told->effective, "/bin/b, /bin/a sha256:1 or sha256:2");
  EXPECT_EQ(out.hardened.spec().hooks, spec.hooks) << "as rendered";
  EXPECT_TRUE(out.hardened.hooks()[0].digests.empty());
  EXPECT_EQ(out.hardened.hooks()[1].digests.size(), 2U);
  for (const char* path : {"/bin/c", "/bin/../bin/a", "//bin/a", "/bin/a/"}) {
    spec.hooks.poststop = {hook(path)};
    const auto refused = harden::harden(spec, policy, can_remap());
    ASSERT_FALSE(refused) << path;
    EXPECT_TRUE(refused.error().message().starts_with(base::cat("policy \"x@1\" refuses: config.json: /hooks/poststop/0/path: hook \"", path,
                                                                "\", which is not allowed (x.json:/x)")))
        << refused.error().message();
  }
}

TEST(Hooks, AProcesssProgramIsAllowedByItsName) {
  auto policy = none();
  policy.hooks.allow = rule(Programs{{"/usr/sbin/dockerd", "sha256:1"}, {"/proc/7/exe", ""}});
  auto spec = docker();
  spec.hooks.prestart = {hook("/proc/42/exe"), hook("/proc/7/exe")};
  auto able = can_remap();
  EXPECT_FALSE(harden::harden(spec, policy, able)) << "nothing is known of where it leads";
  able.hook_programs = {{"/proc/42/exe", "/usr/sbin/dockerd"}, {"/proc/7/exe", "/usr/sbin/dockerd"}};
  const auto out = harden::harden(spec, policy, able);
  ASSERT_TRUE(out);
  const auto& hooks = out->hardened.hooks();
  EXPECT_EQ(hooks[0].program, "/usr/sbin/dockerd");
  EXPECT_EQ(hooks[0].digests, std::vector<std::string>{"sha256:1"});
  EXPECT_EQ(hooks[1].program, "") << "its own path is on the list";
  EXPECT_EQ(decision(*out, "hooks.allow")->effective, "/proc/42/exe, which is /usr/sbin/dockerd sha256:1, /proc/7/exe");
  able.hook_programs["/proc/42/exe"] = "/usr/bin/other";
  const auto refused = harden::harden(spec, policy, able);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("hook \"/proc/42/exe\", that is \"/usr/bin/other\", which is not allowed"), std::string::npos) << refused.error().message();
}

TEST(Hooks, AreOnlyToldOfWhereTheRuleIsAudited) {
  policy::Effective effective;
  effective.policy = none();
  auto audited = none();
  audited.hooks.allow = rule(Programs{});
  effective.audited.push_back(audited);
  auto spec = docker();
  spec.hooks.poststart = {hook("/bin/a")};
  const auto out = harden::harden(spec, effective, can_remap());
  ASSERT_TRUE(out);
  EXPECT_EQ(out->hardened.hooks().size(), 1U);
  ASSERT_FALSE(out->decisions.empty());
  EXPECT_TRUE(out->decisions.back().audited);
  EXPECT_NE(out->decisions.back().effective.find("/hooks/poststart/0/path"), std::string::npos);
}

}  // namespace
}  // namespace harden_test
