// Namespaces that are made in the container's own user namespace.
#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>

#include "samples.h"

namespace harden_test {
namespace {

policy::Policy nested(bool value) {
  auto out = none();
  out.namespaces.nested = rule(value);
  return out;
}

oci::Spec with_user_namespace(const char* path = "") {
  auto spec = kubernetes();
  spec.linux.namespaces.push_back({.type = CLONE_NEWUSER, .name = "user", .path = path});
  if (*path == '\0') spec.linux.uid_mappings = spec.linux.gid_mappings = {{.container_id = 0, .host_id = 5000, .size = 2000}};
  std::erase_if(spec.linux.namespaces, [](const oci::Namespace& ns) { return ns.type == CLONE_NEWPID; });
  spec.linux.namespaces.push_back({.type = CLONE_NEWPID, .name = "pid", .path = ""});
  return spec;
}

TEST(Nested, NoneIsMadeInAUserNamespaceOfItsOwn) {
  const auto out = hardened(with_user_namespace(), nested(false));
  EXPECT_TRUE(out.hardened.locks().no_nested_namespaces);
  ASSERT_NE(decision(out, "namespaces.nested"), nullptr);
  EXPECT_FALSE(decision(out, "namespaces.nested")->degraded);
  auto policy = nested(false);
  policy.process.root_user = rule(policy::RootUser::kRemap);
  EXPECT_TRUE(hardened(docker(), policy).hardened.locks().no_nested_namespaces) << "one that root is mapped by";
  EXPECT_FALSE(hardened(with_user_namespace(), nested(true)).hardened.locks().no_nested_namespaces);
  EXPECT_FALSE(hardened(with_user_namespace(), none()).hardened.locks().no_nested_namespaces);
}

TEST(Nested, OfOthersUserNamespacesNothingIsSaid) {
  for (const auto& spec : {kubernetes(), with_user_namespace("/proc/9/ns/user")}) {
    const auto out = hardened(spec, nested(false));
    EXPECT_FALSE(out.hardened.locks().no_nested_namespaces);
    EXPECT_EQ(decision(out, "namespaces.nested"), nullptr);
  }
}

TEST(Nested, WithoutAProcfsOfItsOwnItIsToldAndRefusedWhereRequired) {
  auto spec = with_user_namespace();
  spec.linux.namespaces.back().path = "/proc/9/ns/pid";
  auto policy = nested(false);
  const auto out = hardened(spec, policy);
  EXPECT_FALSE(out.hardened.locks().no_nested_namespaces);
  ASSERT_NE(decision(out, "namespaces.nested"), nullptr);
  EXPECT_TRUE(decision(out, "namespaces.nested")->degraded);
  policy.required.push_back({.control = "namespaces.nested", .origin = {.file = "x.json", .pointer = "/modes"}});
  EXPECT_FALSE(harden::harden(spec, policy, can_remap()));
  EXPECT_TRUE(harden::harden(with_user_namespace(), policy, can_remap()));
}

}  // namespace
}  // namespace harden_test
