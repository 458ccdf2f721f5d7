#include <gtest/gtest.h>
#include <sched.h>

#include <functional>

#include "samples.h"

namespace harden_test {
namespace {

using Env = std::vector<std::string>;

oci::Spec with(const Env& env) {
  auto spec = docker();
  spec.process->env = env;
  return spec;
}

// Only the rules of the environment, so that nothing else changes the request.
policy::Policy only(policy::Secrets secrets) {
  policy::Policy policy = passthrough();
  const auto origin = [](const char* name) {
    return policy::Origin{.file = "x.json", .pointer = std::string("/environment/") + name};
  };
  policy.environment.secrets = {.value = secrets, .origin = origin("secrets"), .why = ""};
  policy.environment.keep = {.value = {"KEPT_*"}, .origin = origin("keep"), .why = ""};
  return policy;
}

TEST(Environment, FaasStripsWhatInjectsCodeAndWarnsOfWhatMay) {
  const auto out =
      hardened(with({"PATH=/bin", "LD_PRELOAD=/x.so", "ENV=production", "NODE_OPTIONS=-r x", "BASH_ENV=/x"}));
  EXPECT_EQ(out.hardened.spec().process->env, (Env{"PATH=/bin", "ENV=production", "NODE_OPTIONS=-r x"}));
  const auto* strip = decision(out, "environment.strip");
  ASSERT_NE(strip, nullptr);
  EXPECT_EQ(strip->where, "/process/env/1");
  EXPECT_EQ(strip->also, (std::vector<std::string>{"/process/env/4"}));
  EXPECT_EQ(strip->requested, "LD_PRELOAD, BASH_ENV");
  EXPECT_EQ(strip->effective, "removed");
  EXPECT_FALSE(strip->warning);
  const auto* warn = decision(out, "environment.warn");
  ASSERT_NE(warn, nullptr);
  EXPECT_EQ(warn->where, "/process/env/3");
  EXPECT_TRUE(warn->warning);
}

TEST(Environment, FaasLeavesSecretsAndSaysSo) {
  const auto out = hardened(with({"DB_PASSWORD=hunter2"}));
  EXPECT_EQ(out.hardened.spec().process->env, (Env{"DB_PASSWORD=hunter2"}));
  EXPECT_FALSE(out.hardened.secret_files());
  const auto* secrets = decision(out, "environment.secrets");
  ASSERT_NE(secrets, nullptr);
  EXPECT_EQ(secrets->requested, "DB_PASSWORD (redacted: password, 7 characters)");
  EXPECT_EQ(secrets->effective, "left as it is");
  EXPECT_TRUE(secrets->warning);
}

TEST(Environment, OrdinaryVariablesAreNoMatter) {
  const auto out = hardened(with({"PATH=/bin", "PORT=80", "LC_ALL=C", "DB_PASSWORD_FILE=/x"}));
  for (const auto* control : {"environment.allow", "environment.strip", "environment.warn", "environment.secrets"}) {
    EXPECT_EQ(decision(out, control), nullptr) << control;
  }
}

TEST(Environment, AllowRemovesEverythingElse) {
  auto policy = passthrough();
  policy.environment.allow = {
      .value = {"PATH", "LC_*"}, .origin = {.file = "x.json", .pointer = "/environment/allow"}, .why = "only these"};
  const auto out = hardened(with({"PATH=/bin", "A=1", "LC_ALL=C", "B=2", "A=3"}), policy);
  EXPECT_EQ(out.hardened.spec().process->env, (Env{"PATH=/bin", "LC_ALL=C"}));
  const auto* allow = decision(out, "environment.allow");
  ASSERT_NE(allow, nullptr);
  EXPECT_EQ(allow->requested, "A, B, A");
  EXPECT_EQ(allow->where, "/process/env/1");
  EXPECT_EQ(allow->also, (std::vector<std::string>{"/process/env/3", "/process/env/4"}));
  EXPECT_EQ(allow->why, "only these");
  EXPECT_EQ(allow->source, "x.json:/environment/allow");
  policy.environment.allow->value.clear();
  EXPECT_TRUE(hardened(with({"PATH=/bin"}), policy).hardened.spec().process->env.empty());
}

TEST(Redirect, PutsAFilesNameInThePlaceOfTheValue) {
  const auto out =
      hardened(with({"A=1", "DB_PASSWORD=hunter2", "KEPT_TOKEN=hunter2", "B=2"}), only(policy::Secrets::kRedirect));
  EXPECT_EQ(out.hardened.spec().process->env,
            (Env{"A=1", "DB_PASSWORD_FILE=/run/secrets/DB_PASSWORD", "KEPT_TOKEN=hunter2", "B=2"}));
  const auto& files = out.hardened.secret_files();
  ASSERT_TRUE(files);
  EXPECT_EQ(files->directory, "/run/secrets");
  EXPECT_TRUE(files->noswap);
  ASSERT_EQ(files->files.size(), 1U);
  EXPECT_EQ(files->files[0].name, "DB_PASSWORD");
  EXPECT_EQ(files->files[0].value, "hunter2");
  EXPECT_EQ(files->files[0].where, "/process/env/1");
  const auto* secrets = decision(out, "environment.secrets");
  EXPECT_EQ(secrets->effective, "file /run/secrets/DB_PASSWORD, named by DB_PASSWORD_FILE");
  EXPECT_EQ(secrets->where, "/process/env/1");
  EXPECT_FALSE(secrets->warning || secrets->degraded);
}

TEST(Redirect, LeavesANameThatTheRequestGives) {
  const auto out = hardened(with({"DB_PASSWORD=hunter2", "DB_PASSWORD_FILE=/own"}), only(policy::Secrets::kRedirect));
  EXPECT_EQ(out.hardened.spec().process->env, (Env{"DB_PASSWORD_FILE=/own"}));
  EXPECT_EQ(out.hardened.secret_files()->files.size(), 1U);
}

// An earlier entry would come back to life when the last one is gone.
TEST(Redirect, TakesEveryEntryOfTheName) {
  const auto out = hardened(with({"TOKEN=old-value-1", "TOKEN=new-value-2"}), only(policy::Secrets::kRedirect));
  EXPECT_EQ(out.hardened.spec().process->env, (Env{"TOKEN_FILE=/run/secrets/TOKEN"}));
  EXPECT_EQ(out.hardened.secret_files()->files.at(0).value, "new-value-2");
  const auto* secrets = decision(out, "environment.secrets");
  EXPECT_EQ(secrets->where, "/process/env/1");
  EXPECT_EQ(secrets->also, (std::vector<std::string>{"/process/env/0"}));
}

TEST(Redirect, OnlyTellsOfAWeakSign) {
  const auto out = hardened(with({"UPLOAD=aB3dE5gH7jK9mN1pQ2rS4tU6"}), only(policy::Secrets::kRedirect));
  EXPECT_FALSE(out.hardened.secret_files());
  EXPECT_TRUE(decision(out, "environment.secrets")->warning);
  EXPECT_TRUE(harden::harden(with({"UPLOAD=aB3dE5gH7jK9mN1pQ2rS4tU6"}), only(policy::Secrets::kRefuse), can_remap()));
}

std::string place(const std::function<void(oci::Spec&)>& change) {
  auto spec = with({"DB_PASSWORD=hunter2"});
  change(spec);
  const auto out = harden::harden(std::move(spec), only(policy::Secrets::kRedirect), can_remap());
  return out ? out->hardened.secret_files()->directory : out.error().message();
}

oci::Mount mount(const char* destination, const char* type, const char* option = "rw") {
  return {.destination = destination, .type = type, .source = "x", .options = {option}};
}

TEST(Redirect, CoversNothingOfTheRequest) {
  for (const auto* taken :
       {"/run/secrets", "/run/secrets/kubernetes.io/serviceaccount", "/var/run/secrets/x", "//run/./secrets/"}) {
    EXPECT_EQ(place([&](oci::Spec& s) { s.mounts.push_back(mount(taken, "tmpfs")); }), "/run/bulkhead/secrets")
        << taken;
  }
  EXPECT_EQ(place([](oci::Spec& s) { s.mounts.push_back(mount("/run", "tmpfs")); }), "/run/secrets");
  EXPECT_EQ(place([](oci::Spec& s) { s.mounts.push_back(mount("/run/secretsX", "tmpfs")); }), "/run/secrets");
  // A bind would have the directory made on the host.
  EXPECT_EQ(place([](oci::Spec& s) { s.mounts.push_back(mount("/run", "bind", "rbind")); }), "/dev/bulkhead/secrets");
  EXPECT_EQ(place([](oci::Spec& s) { s.linux.masked_paths.emplace_back("/run/secrets/x"); }), "/run/bulkhead/secrets");
  EXPECT_EQ(place([](oci::Spec& s) { s.linux.masked_paths.emplace_back("/run"); }), "/dev/bulkhead/secrets");
  const auto none = place([](oci::Spec& s) {
    s.mounts.push_back(mount("/run", "bind", "rbind"));
    s.mounts.push_back(mount("/dev", "bind", "rbind"));
  });
  EXPECT_NE(none.find("there is no free place"), std::string::npos) << none;
  EXPECT_EQ(none.find("hunter2"), std::string::npos) << none;
}

TEST(Redirect, SaysWhenTheFilesAreElsewhereOrMayBeSwappedOut) {
  auto spec = with({"DB_PASSWORD=hunter2"});
  spec.mounts.push_back(mount("/run/secrets", "tmpfs"));
  const auto out = hardened(spec, only(policy::Secrets::kRedirect), cannot_remap());
  const auto* secrets = decision(out, "environment.secrets");
  EXPECT_NE(secrets->effective.find("(/run/secrets is not free)"), std::string::npos) << secrets->effective;
  EXPECT_TRUE(secrets->degraded);
  EXPECT_NE(secrets->why.find("too old a kernel"), std::string::npos) << secrets->why;
  EXPECT_FALSE(out.hardened.secret_files()->noswap);
  spec.linux.namespaces.push_back({.type = CLONE_NEWUSER, .name = "user", .path = "/proc/9/ns/user"});
  EXPECT_TRUE(decision(hardened(spec, only(policy::Secrets::kRedirect)), "environment.secrets")->degraded);
}

TEST(Refuse, NamesTheVariableAndTheWayOutAndNotTheValue) {
  const auto out =
      harden::harden(with({"A=1", "DB_PASSWORD=hunter2-canary", "GH=ghp_canary7jK9mN1pQ2rS4tU6vW8xY0zaB3dE5g"}),
                     only(policy::Secrets::kRefuse), can_remap());
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().kind(), base::Kind::kPolicy);
  EXPECT_EQ(
      out.error().message(),
      "policy \"passthrough@1\" refuses: /process/env holds DB_PASSWORD (redacted: password, 14 characters), GH "
      "(redacted: github-token, 40 characters) (x.json:/environment/secrets); hint: give it to the container as a "
      "file; or list the name in \"keep\" if it is no secret");
  EXPECT_TRUE(harden::harden(with({"A=1", "KEPT_PASSWORD=hunter2"}), only(policy::Secrets::kRefuse), can_remap()));
}

TEST(Redirect, RefusesANameThatCannotBeAFiles) {
  for (const auto* entry : {"a/b_password=hunter2", "../x_password=hunter2", "a b_password=hunter2"}) {
    const auto out = harden::harden(with({entry}), only(policy::Secrets::kRedirect), can_remap());
    ASSERT_FALSE(out) << entry;
    EXPECT_NE(out.error().message().find("whose name cannot be a file's"), std::string::npos);
  }
}

}  // namespace
}  // namespace harden_test
