#include <gtest/gtest.h>

#include "base/text.h"
#include "oci/read.h"
#include "spec_text.h"

using oci_test::refusal_of;
using oci_test::spec_with;

namespace {

std::optional<oci::Seccomp> read(std::string_view section) {
  auto spec = oci::read_spec(spec_with("/linux/seccomp", section));
  EXPECT_TRUE(spec.has_value()) << spec.error().message();
  return spec.has_value() ? std::move(spec.value().linux.seccomp) : std::nullopt;
}

std::string refusal(std::string_view pointer, std::string_view value) {
  const std::string message = refusal_of(base::cat("/linux/seccomp", pointer), value);
  const std::string prefix = "config.json: /linux/seccomp";
  EXPECT_EQ(message.rfind(prefix, 0), 0U) << message;
  return message.substr(std::min(prefix.size(), message.size()));
}

TEST(ReadSeccomp, AWholeProfile) {
  const auto seccomp = read(R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,
      "architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86"],"flags":["SECCOMP_FILTER_FLAG_LOG"],
      "listenerPath":"/run/agent","listenerMetadata":"m","syscalls":[
      {"names":["read","write"],"action":"SCMP_ACT_ALLOW"},
      {"names":["clone3"],"action":"SCMP_ACT_ERRNO","errnoRet":38},
      {"names":["clone"],"action":"SCMP_ACT_NOTIFY","args":[
        {"index":0,"value":2114060288,"valueTwo":18446744073709551615,"op":"SCMP_CMP_MASKED_EQ"}]}]})");
  ASSERT_TRUE(seccomp.has_value());
  EXPECT_EQ(seccomp->default_action, oci::SeccompAction::kErrno);
  EXPECT_EQ(seccomp->default_errno_ret, 38U);
  EXPECT_EQ(seccomp->architectures, (std::vector<std::string>{"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"}));
  EXPECT_EQ(seccomp->flags, std::vector<std::string>{"SECCOMP_FILTER_FLAG_LOG"});
  EXPECT_EQ(seccomp->listener_path, "/run/agent");
  EXPECT_EQ(seccomp->listener_metadata, "m");
  ASSERT_EQ(seccomp->syscalls.size(), 3U);
  EXPECT_EQ(seccomp->syscalls[0].names, (std::vector<std::string>{"read", "write"}));
  EXPECT_EQ(seccomp->syscalls[0].action, oci::SeccompAction::kAllow);
  EXPECT_EQ(seccomp->syscalls[1].errno_ret, 38U);
  const auto& arg = seccomp->syscalls[2].args.at(0);
  EXPECT_EQ(arg.index, 0U);
  EXPECT_EQ(arg.value, 2114060288U);
  EXPECT_EQ(arg.value_two, UINT64_MAX);
  EXPECT_EQ(arg.op, oci::SeccompOperator::kMaskedEq);
}

TEST(ReadSeccomp, EveryAction) {
  for (const auto& [name, action] : std::initializer_list<std::pair<const char*, oci::SeccompAction>>{
           {"SCMP_ACT_KILL", oci::SeccompAction::kKillThread},
           {"SCMP_ACT_KILL_THREAD", oci::SeccompAction::kKillThread},
           {"SCMP_ACT_KILL_PROCESS", oci::SeccompAction::kKillProcess},
           {"SCMP_ACT_TRAP", oci::SeccompAction::kTrap},
           {"SCMP_ACT_ERRNO", oci::SeccompAction::kErrno},
           {"SCMP_ACT_TRACE", oci::SeccompAction::kTrace},
           {"SCMP_ACT_ALLOW", oci::SeccompAction::kAllow},
           {"SCMP_ACT_LOG", oci::SeccompAction::kLog}}) {
    const auto seccomp = read(base::cat(R"({"defaultAction":")", name, "\"}"));
    ASSERT_TRUE(seccomp.has_value()) << name;
    EXPECT_EQ(seccomp->default_action, action) << name;
  }
}

TEST(ReadSeccomp, AnEmptySectionIsAnAbsentOne) {
  for (const auto* section : {"{}", "null", R"({"architectures":["SCMP_ARCH_X86_64"]})", R"({"syscalls":[]})",
                              R"({"syscalls":null,"defaultAction":null})", R"({"defaultAction":""})"})
    EXPECT_FALSE(read(section).has_value()) << section;
  // Rules without a default action mean something and say too little.
  EXPECT_EQ(refusal_of("/linux", R"({"seccomp":{"syscalls":[{"names":["a"],"action":"SCMP_ACT_ALLOW"}]}})"),
            "config.json: /linux/seccomp/defaultAction: want a string, have nothing");
}

TEST(ReadSeccomp, AbsentAndEmptyListsOfFlagsDiffer) {
  EXPECT_FALSE(read(R"({"defaultAction":"SCMP_ACT_ALLOW"})")->flags.has_value());
  EXPECT_FALSE(read(R"({"defaultAction":"SCMP_ACT_ALLOW","flags":null})")->flags.has_value());
  EXPECT_TRUE(read(R"({"defaultAction":"SCMP_ACT_ALLOW","flags":[]})")->flags.has_value());
  EXPECT_TRUE(read(R"({"defaultAction":"SCMP_ACT_ALLOW","architectures":null})")->architectures.empty());
}

TEST(ReadSeccomp, UnknownNamesAreErrors) {
  EXPECT_EQ(refusal("/defaultAction", "\"SCMP_ACT_DENY\"").rfind("/defaultAction: want one of SCMP_ACT_ALLOW, ", 0),
            0U);
  EXPECT_EQ(refusal("/architectures", R"(["SCMP_ARCH_X86_64","SCMP_ARCH_VAX"])")
                .rfind("/architectures/1: want one of SCMP_ARCH_AARCH64, ", 0),
            0U);
  EXPECT_EQ(refusal("/flags", R"(["SECCOMP_FILTER_FLAG_NEW_LISTENER"])")
                .rfind("/flags/0: want one of SECCOMP_FILTER_FLAG_LOG, ", 0),
            0U);
  EXPECT_EQ(refusal("/syscalls/0/action", "\"ALLOW\"").rfind("/syscalls/0/action: want one of SCMP_ACT_ALLOW, ", 0),
            0U);
  EXPECT_EQ(refusal("/syscalls/0/args/0/op", "\"EQ\"").rfind("/syscalls/0/args/0/op: want one of SCMP_CMP_EQ, ", 0),
            0U);
}

TEST(ReadSeccomp, Ranges) {
  EXPECT_EQ(refusal("/syscalls/0/args/0/index", "6"), "/syscalls/0/args/0/index: want 0..5, have 6");
  EXPECT_EQ(refusal("/syscalls/0/args/0/value", "-1"),
            "/syscalls/0/args/0/value: want 0..18446744073709551615, have -1");
  EXPECT_EQ(refusal("/defaultErrnoRet", "4096"), "/defaultErrnoRet: want 0..4095, have 4096");
  EXPECT_EQ(refusal("/syscalls/0/errnoRet", "4096"), "/syscalls/0/errnoRet: want 0..4095, have 4096");
  EXPECT_EQ(refusal_of("/linux/seccomp/syscalls", R"([{"names":["a"],"action":"SCMP_ACT_TRACE","errnoRet":65535}])"),
            "");
  EXPECT_EQ(refusal("/syscalls", R"([{"names":["a"],"action":"SCMP_ACT_TRACE","errnoRet":65536}])"),
            "/syscalls/0/errnoRet: want 0..65535, have 65536");
  EXPECT_EQ(refusal("/syscalls/0/names", "[]"), "/syscalls/0/names: want at least one system call, have none");
  EXPECT_EQ(refusal("/syscalls/0/names", R"(["a",""])"), "/syscalls/0/names/1: want a system call, have \"\"");
}

}  // namespace
