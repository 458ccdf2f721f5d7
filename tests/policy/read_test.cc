#include "policy/read.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>

#include "policy/builtin.h"

namespace {

using policy::Policy;

const policy::SyscallGroup* groups(std::string_view name) {
  static constexpr std::string_view kTwo[] = {"write", "read"}, kOuter[] = {"@two", "close"}, kLoop[] = {"@loop"},
                                    kBad[] = {"@none"};
  static constexpr policy::SyscallGroup kAll[] = {
      {"two", "3", kTwo}, {"outer", "1", kOuter}, {"loop", "1", kLoop}, {"bad", "1", kBad}};
  for (const auto& group : kAll)
    if (group.name == name) return &group;
  return nullptr;
}

// A policy with these sections.
base::Result<Policy> read(const std::string& sections) {
  const auto comma = sections.empty() ? "" : ", ";
  return policy::read_policy(
      R"({"bulkhead": "policy/v1", "kind": "profile", "name": "x", "version": "1")" + (comma + sections) + "}",
      "x.json", groups);
}

// "x.json:3:5: /a: b" as "x.json: /a: b": most tests are about what is said, not about where.
std::string without_place(const std::string& message) {
  const auto colon = message.find(':');
  auto end = colon;
  while (end < message.size() && (message[end] == ':' || (message[end] >= '0' && message[end] <= '9'))) ++end;
  return end == colon + 1 || end >= message.size() ? message : message.substr(0, colon) + ":" + message.substr(end);
}

std::string error(const std::string& sections) {
  const auto policy = read(sections);
  if (policy) return "no error";
  EXPECT_EQ(policy.error().kind(), base::Kind::kPolicy);
  return without_place(policy.error().message());
}

std::string error_of_file(const std::string& text) {
  const auto policy = policy::read_policy(text, "x.json", groups);
  return policy ? "no error" : without_place(policy.error().message());
}

TEST(Read, TheHead) {
  const auto policy = read(R"("description": "d", "$comment": ["a", "b"])");
  ASSERT_TRUE(policy) << policy.error().message();
  EXPECT_EQ(policy->id(), "x@1");
  EXPECT_EQ(policy->description, "d");
  EXPECT_FALSE(policy->seccomp || policy->process.rlimits || policy->filesystem.nosuid);
}

TEST(Read, WhatIsWrongWithTheHead) {
  EXPECT_EQ(error_of_file("[]"), "x.json: want an object, have an array");
  EXPECT_EQ(error_of_file("{}"), "x.json: \"bulkhead\" is missing");
  EXPECT_EQ(error_of_file(R"({"bulkhead": "policy/v2"})"), "x.json: /bulkhead: want \"policy/v1\", have \"policy/v2\"");
  EXPECT_EQ(error_of_file(R"({"bulkhead": "policy/v1", "kind": "floor"})"),
            "x.json: \"name\" is missing");
  EXPECT_EQ(error_of_file(R"({"bulkhead": "policy/v1", "kind": "flor"})"),
            "x.json: /kind: unknown kind \"flor\"; hint: did you mean \"floor\"?");
  EXPECT_EQ(error_of_file(R"({"bulkhead": "policy/v1", "kind": "floor", "name": "a", "version": "1"})"),
            "x.json: want a profile, have a file of kind \"floor\"; hint: such files work from the directory of policies, for every container");
  EXPECT_EQ(error_of_file(R"({"bulkhead": "policy/v1", "kind": "profile", "name": "a/b", "version": "1"})"),
            "x.json: /name: want 1 to 64 letters, digits, \".\", \"-\" or \"_\", have \"a/b\"");
  EXPECT_EQ(error_of_file(R"({"bulkhead": "policy/v1", "kind": "profile", "name": "a"})"),
            "x.json: \"version\" is missing");
  EXPECT_NE(error_of_file("{").find("x.json"), std::string::npos);
  EXPECT_NE(error_of_file(""), "no error");
}

TEST(Read, UnknownMembersNameTheOneThatWasMeant) {
  EXPECT_EQ(error(R"("proces": {})"), "x.json: /proces: unknown member \"proces\"; hint: did you mean \"process\"?");
  EXPECT_EQ(
      error(R"("process": {"noNewPriviliges": true})"),
      "x.json: /process/noNewPriviliges: unknown member \"noNewPriviliges\"; hint: did you mean \"noNewPrivileges\"?");
  EXPECT_EQ(error(R"("inherit": "faas")"), "x.json: /inherit: unknown member \"inherit\"");
  EXPECT_EQ(error(R"("process": {"why": {"nothing": "x"}})"),
            "x.json: /process/why/nothing: unknown member \"nothing\"");
  EXPECT_EQ(error(R"("filesystem": {"tmpfs": [{"path": "/a", "size": 1, "inode": 3}]})"),
            "x.json: /filesystem/tmpfs/0/inode: unknown member \"inode\"; hint: did you mean \"inodes\"?");
  EXPECT_EQ(error(R"("resources": {"pids": {"maximum": 3}})"),
            "x.json: /resources/pids/maximum: unknown member \"maximum\"");
}

TEST(Read, EveryRuleKnowsItsPlaceAndReason) {
  const auto policy = read(R"("process": {"noNewPrivileges": true, "realtime": false,
                                          "why": {"noNewPrivileges": "because", "realtime": ["two", "lines"]}})");
  ASSERT_TRUE(policy) << policy.error().message();
  EXPECT_TRUE(policy->process.no_new_privileges->value);
  EXPECT_EQ(policy->process.no_new_privileges->origin.text(), "x.json:/process/noNewPrivileges");
  EXPECT_EQ(policy->process.no_new_privileges->why, "because");
  EXPECT_EQ(policy->process.realtime->why, "two lines");
}

TEST(Read, LockedSecureBits) {
  const auto policy = read(R"("process": {"lockedSecureBits": ["noroot", "no-cap-ambient-raise"]})");
  ASSERT_TRUE(policy) << policy.error().message();
  EXPECT_EQ(policy->process.locked_secure_bits->value, (std::vector<std::string>{"noroot", "no-cap-ambient-raise"}));
  EXPECT_EQ(error(R"("process": {"lockedSecureBits": ["no-root"]})"),
            "x.json: /process/lockedSecureBits/0: unknown secure bit \"no-root\"; hint: did you mean \"noroot\"?");
}

TEST(Read, MemoryDenyWriteExecute) {
  for (const auto& [text, value] : {std::pair{"true", policy::WriteExecute::kDeny}, {"false", policy::WriteExecute::kAllow},
                                    {"\"auto\"", policy::WriteExecute::kByKind}}) {
    const auto policy = read(std::string(R"("process": {"memoryDenyWriteExecute": )") + text + "}");
    ASSERT_TRUE(policy) << policy.error().message();
    EXPECT_EQ(policy->process.memory_deny_write_execute->value, value);
  }
  for (const auto* wrong : {"1", "\"yes\"", "null", "{}"}) {
    EXPECT_NE(error(std::string(R"("process": {"memoryDenyWriteExecute": )") + wrong + "}").find("want true, false or \"auto\""), std::string::npos) << wrong;
  }
}

TEST(Read, Capabilities) {
  const auto policy = read(R"("process": {"capabilities": ["CAP_CHOWN", "KILL"]})");
  ASSERT_TRUE(policy) << policy.error().message();
  EXPECT_EQ(policy->process.capabilities->value, (1ULL << CAP_CHOWN) | (1ULL << CAP_KILL));
  EXPECT_EQ(error(R"("process": {"capabilities": ["CAP_CHOWM"]})"),
            "x.json: /process/capabilities/0: unknown capability \"CAP_CHOWM\"; hint: did you mean \"CAP_CHOWN\"?");
}

TEST(Read, RootUser) {
  EXPECT_EQ(read(R"("process": {"rootUser": "refuse"})")->process.root_user->value, policy::RootUser::kRefuse);
  EXPECT_EQ(read(R"("process": {"rootUser": "drop"})")->process.root_user->value, policy::RootUser::kDrop);
  EXPECT_EQ(error(R"("process": {"rootUser": "allow"})"),
            "x.json: /process/rootUser: want \"remap\", \"drop\" or \"refuse\", have \"allow\"");
}

TEST(Read, Rlimits) {
  const auto policy = read(R"("process": {"rlimits": {"$comment": "c", "RLIMIT_CORE": 0, "RLIMIT_MEMLOCK": "64K",
      "RLIMIT_NOFILE": {"soft": 1024, "hard": "unlimited"}}})");
  ASSERT_TRUE(policy) << policy.error().message();
  const auto& limits = policy->process.rlimits->value;
  ASSERT_EQ(limits.size(), 3U);
  EXPECT_EQ(limits[0].resource, RLIMIT_CORE);
  EXPECT_EQ(limits[1].hard, 65536U);
  EXPECT_EQ(limits[2].soft, 1024U);
  EXPECT_EQ(limits[2].hard, ~0ULL);
  EXPECT_EQ(error(R"("process": {"rlimits": {"RLIMIT_NOFILES": 1}})"),
            "x.json: /process/rlimits/RLIMIT_NOFILES: unknown limit \"RLIMIT_NOFILES\"; hint: did you mean "
            "\"RLIMIT_NOFILE\"?");
  EXPECT_EQ(error(R"("process": {"rlimits": {"RLIMIT_NOFILE": {"soft": 2, "hard": 1}}})"),
            "x.json: /process/rlimits/RLIMIT_NOFILE: \"soft\" is above \"hard\"");
  EXPECT_EQ(error(R"("process": {"rlimits": {"RLIMIT_NOFILE": {"soft": 2}}})"),
            "x.json: /process/rlimits/RLIMIT_NOFILE: \"hard\" is missing");
}

TEST(Read, Amounts) {
  const auto limit = [](const std::string& text) {
    const auto policy = read(R"("resources": {"memory": {"default": )" + text + "}}");
    return policy ? *policy->resources.memory->value.standard : 0;
  };
  EXPECT_EQ(limit("512"), 512U);
  EXPECT_EQ(limit(R"("512")"), 512U);
  EXPECT_EQ(limit(R"("1K")"), 1024U);
  EXPECT_EQ(limit(R"("256M")"), 256U << 20);
  EXPECT_EQ(limit(R"("8G")"), 8ULL << 30);
  EXPECT_EQ(limit(R"("1T")"), 1ULL << 40);
  for (const auto* wrong : {R"("")", R"("M")", R"("1X")", R"("1 M")", R"("-1")", R"("0x1")", "-1", "1.5", "true",
                            "null", R"("99999999999T")", R"("1MB")", "{}", "0", R"("0K")"}) {
    EXPECT_EQ(limit(wrong), 0U) << wrong;
  }
  EXPECT_EQ(error(R"("resources": {"pids": {"default": 5, "max": 4}})"),
            "x.json: /resources/pids: \"default\" is above \"max\"");
}

TEST(Read, Namespaces) {
  const auto policy = read(R"("namespaces": {"own": ["pid", "mount"]})");
  ASSERT_TRUE(policy) << policy.error().message();
  EXPECT_EQ(policy->namespaces.own->value[0].type, static_cast<std::uint64_t>(CLONE_NEWPID));
  EXPECT_EQ(policy->namespaces.own->value[1].name, "mount");
  EXPECT_EQ(error(R"("namespaces": {"own": ["mnt", "user"]})"), "x.json: /namespaces/own/0: unknown namespace \"mnt\"");
  EXPECT_NE(error(R"("namespaces": {"own": ["user"]})").find("needs id mappings"), std::string::npos);
}

TEST(Read, Filesystem) {
  const auto policy = read(R"("filesystem": {"readonlyRoot": true, "nosuid": false, "maskedPaths": ["/a"],
      "tmpfs": [{"path": "/tmp", "size": "64M", "inodes": 10, "mode": "700", "exec": false}]})");
  ASSERT_TRUE(policy) << policy.error().message();
  const auto& tmpfs = policy->filesystem.tmpfs->value.at(0);
  EXPECT_EQ(tmpfs.size, 64U << 20);
  EXPECT_EQ(tmpfs.inodes, 10U);
  EXPECT_EQ(tmpfs.mode, 0700U);
  EXPECT_FALSE(tmpfs.exec);
  EXPECT_FALSE(policy->filesystem.nosuid->value);
  EXPECT_FALSE(policy->filesystem.nodev.has_value());
  for (const auto* wrong :
       {R"("maskedPaths": ["a"])", R"("maskedPaths": ["/a/../b"])", R"("maskedPaths": ["/.."])", R"("maskedPaths": ["/a..b/.."])", R"("maskedPaths": "/a")", R"("nosuid": 1)",
        R"("tmpfs": [{"path": "/tmp"}])", R"("tmpfs": [{"size": 1}])", R"("tmpfs": [{"path": "/t", "size": 0}])",
        R"("tmpfs": [{"path": "/t", "size": 1, "mode": "8"}])",
        R"("tmpfs": [{"path": "/t", "size": 1, "mode": "17777"}])",
        R"("tmpfs": [{"path": "/t", "size": 1, "inodes": 0}])"}) {
    EXPECT_TRUE(error("\"filesystem\": {" + std::string(wrong) + "}").starts_with("x.json: /filesystem/")) << wrong;
  }
}

TEST(Read, Devices) {
  const auto policy = read(R"("devices": {"allow": ["c 10:229 wr", "b 8:0 m"]})");
  ASSERT_TRUE(policy) << policy.error().message();
  EXPECT_EQ(policy->devices.allow->value[0].access, "rw");
  EXPECT_EQ(policy->devices.allow->value[1].type, 'b');
  for (const auto* wrong : {"c 10:229", "a 1:1 r", "c 10 r", "c 10:* r", "c 10:229 x", "c 10:229 rr", "c 10:229 rx",
                            "c  10:229 r", "c 4096:1 r", "c 1:-1 r", ""}) {
    EXPECT_TRUE(
        error(R"("devices": {"allow": [")" + std::string(wrong) + "\"]}").starts_with("x.json: /devices/allow/0: want"))
        << wrong;
  }
}

TEST(Read, SeccompGroupsAndConditions) {
  const auto policy = read(R"("seccomp": {"allow": ["@outer", "open"], "default": "EPERM",
      "args": {"socket": "a0 == AF_UNIX", "read": "a0 == 1"},
      "onDeny": {"mount": "ENOENT", "@two@3": "EAGAIN", "socket": "EAFNOSUPPORT", "umount2": "EPERM", "open": "EIO"}})");
  ASSERT_TRUE(policy) << policy.error().message();
  const auto& seccomp = policy->seccomp->value;
  // A call with a condition is not allowed without it.
  EXPECT_EQ(seccomp.allow, (policy::SyscallSet{"close", "open", "write"}));
  EXPECT_EQ(seccomp.default_errno, 1U);
  ASSERT_EQ(seccomp.conditional.size(), 2U);
  EXPECT_EQ(seccomp.conditional[0].name, "socket");
  EXPECT_EQ(seccomp.conditional[0].errno_otherwise, 97U);
  EXPECT_EQ(seccomp.conditional[1].errno_otherwise, 11U);
  // Neither what is allowed nor what has the default answer anyway.
  EXPECT_EQ(seccomp.errnos, (std::vector<std::pair<std::string, std::uint32_t>>{{"mount", 2U}}));
  EXPECT_EQ(policy->seccomp->origin.pointer, "/seccomp");
}

TEST(Read, ACallsOwnErrorGoesBeforeItsGroups) {
  const auto policy = read(R"("seccomp": {"allow": [], "onDeny": {"@two": "EPERM", "read": "EIO"}})");
  ASSERT_TRUE(policy) << policy.error().message();
  EXPECT_EQ(policy->seccomp->value.errnos,
            (std::vector<std::pair<std::string, std::uint32_t>>{{"read", 5U}, {"write", 1U}}));
  EXPECT_EQ(policy->seccomp->value.default_errno, 38U);
}

TEST(Read, WhatIsWrongWithSeccomp) {
  EXPECT_EQ(error(R"("seccomp": {})"), "x.json: /seccomp: \"allow\" is missing");
  EXPECT_EQ(error(R"("seccomp": {"allow": ["@tow"]})"),
            "x.json: /seccomp/allow/0: there is no system call group \"@tow\"");
  EXPECT_EQ(error(R"("seccomp": {"allow": ["@two@4"]})"),
            "x.json: /seccomp/allow/0: group \"@two@4\" is there in version \"3\" only");
  EXPECT_NE(error(R"("seccomp": {"allow": ["@loop"]})").find("groups within groups"), std::string::npos);
  EXPECT_EQ(error(R"("seccomp": {"allow": ["@bad"]})"),
            "x.json: /seccomp/allow/0: there is no system call group \"@none\"");
  EXPECT_NE(error(R"("seccomp": {"allow": ["Read"]})").find("want the name of a system call"), std::string::npos);
  EXPECT_EQ(error(R"("seccomp": {"allow": [], "default": "ENOSIS"})"),
            "x.json: /seccomp/default: unknown error \"ENOSIS\"; hint: did you mean \"ENOSYS\"?");
  EXPECT_NE(error(R"("seccomp": {"allow": [], "args": {"@two": "a0 == 1"}})").find("have a group"), std::string::npos);
  EXPECT_EQ(error(R"("seccomp": {"allow": [], "args": {"socket": "a0 = 1"}})"),
            "x.json: /seccomp/args/socket: at character 4: want \"==\", \"!=\" or \"in\", have \"=\"");
}

TEST(Read, Environment) {
  const auto policy = read(R"("environment": {"allow": ["PATH", "LC_*"], "strip": ["LD_?*"], "warn": ["X"], "keep": ["PORT"],
      "secrets": "redirect", "why": {"secrets": "because"}})");
  ASSERT_TRUE(policy) << policy.error().message();
  const auto& environment = policy->environment;
  EXPECT_EQ(environment.allow->value, (std::vector<std::string>{"PATH", "LC_*"}));
  EXPECT_EQ(environment.strip->value, (std::vector<std::string>{"LD_?*"}));
  EXPECT_EQ(environment.warn->value, (std::vector<std::string>{"X"}));
  EXPECT_EQ(environment.keep->value, (std::vector<std::string>{"PORT"}));
  EXPECT_EQ(environment.secrets->value, policy::Secrets::kRedirect);
  EXPECT_EQ(environment.secrets->why, "because");
  EXPECT_EQ(environment.secrets->origin.text(), "x.json:/environment/secrets");
  EXPECT_EQ(read(R"("environment": {"secrets": "refuse"})")->environment.secrets->value, policy::Secrets::kRefuse);
  EXPECT_EQ(read(R"("environment": {"secrets": "warn"})")->environment.secrets->value, policy::Secrets::kWarn);
  EXPECT_TRUE(read(R"("environment": {"allow": []})")->environment.allow->value.empty());
  EXPECT_FALSE(read(R"("environment": {})")->environment.allow.has_value());
}

TEST(Read, WhatIsWrongWithTheEnvironment) {
  EXPECT_EQ(error(R"("environment": {"secrets": "redact"})"),
            "x.json: /environment/secrets: want \"refuse\", \"redirect\" or \"warn\", have \"redact\"");
  EXPECT_EQ(error(R"("environment": {"secret": "warn"})"),
            "x.json: /environment/secret: unknown member \"secret\"; hint: did you mean \"secrets\"?");
  for (const auto* wrong : {"", "A B", "A=", "LC_[AB]", "\\n"}) {
    EXPECT_EQ(error(R"("environment": {"strip": ["X", ")" + std::string(wrong) + "\"]}").find("x.json: /environment/strip/1: want the name"),
              0U)
        << wrong;
  }
  EXPECT_TRUE(error(R"("environment": {"keep": "PORT"})").starts_with("x.json: /environment/keep: want"));
  EXPECT_TRUE(error(R"("environment": {"allow": [1]})").starts_with("x.json: /environment/allow/0: want"));
}

const Policy& faas() {
  static const auto kFaas = policy::read_policy(policy::builtin_policy("faas"), "faas.json", policy::builtin_group);
  return *kFaas;
}

TEST(Builtin, ThePoliciesAreWhole) {
  EXPECT_EQ(policy::builtin_policy_names(),
            (std::vector<std::string_view>{"baseline", "compat", "faas-go", "faas-java", "faas-node", "faas-python", "faas-restricted",
                                           "faas", "passthrough", "sandbox"}));
  const auto read_again = policy::read_policy(policy::builtin_policy("faas"), "faas.json", policy::builtin_group);
  ASSERT_TRUE(read_again) << read_again.error().message();
  const auto none =
      policy::read_policy(policy::builtin_policy("passthrough"), "passthrough.json", policy::builtin_group);
  ASSERT_TRUE(none) << none.error().message();
  EXPECT_FALSE(none->environment.allow || none->environment.strip || none->environment.warn || none->environment.secrets);
  EXPECT_FALSE(none->process.capabilities || none->seccomp || none->devices.allow || none->resources.pids);
}

bool allows(std::string_view name) {
  const auto& allow = faas().seccomp->value.allow;
  return std::find(allow.begin(), allow.end(), name) != allow.end();
}

TEST(Builtin, WhatTheFaasFilterLetsThrough) {
  for (const auto* name :
       {"execve", "read", "futex", "mmap", "restart_syscall", "rt_sigreturn", "exit_group", "seccomp"}) {
    EXPECT_TRUE(allows(name)) << name;
  }
  for (const auto* name : {"clone", "clone3", "socket", "socketpair", "personality", "mount", "unshare", "setns", "bpf",
                           "io_uring_setup", "ptrace", "keyctl", "add_key", "userfaultfd", "perf_event_open",
                           "init_module", "process_vm_writev", "setuid", "chown"}) {
    EXPECT_FALSE(allows(name)) << name;
  }
  EXPECT_EQ(faas().seccomp->value.default_errno, 38U);
}

// The model of a conditional rule, as seccomp_policy.h says it.
bool holds(std::string_view name, std::vector<std::uint64_t> args) {
  for (const auto& call : faas().seccomp->value.conditional) {
    if (call.name != name) continue;
    return std::any_of(call.any_of.begin(), call.any_of.end(), [&](const std::vector<policy::ArgCheck>& all) {
      return std::all_of(all.begin(), all.end(), [&](const policy::ArgCheck& check) {
        const auto value = static_cast<std::uint32_t>(args.at(check.index)) & check.mask;
        return std::find(check.values.begin(), check.values.end(), value) != check.values.end();
      });
    });
  }
  ADD_FAILURE() << name << " has no rule";
  return false;
}

TEST(Builtin, TheFaasConditions) {
  EXPECT_TRUE(holds("socket", {1, 1, 0}));             // AF_UNIX
  EXPECT_TRUE(holds("socket", {2, 1 | 02004000, 6}));  // TCP with SOCK_CLOEXEC|SOCK_NONBLOCK
  EXPECT_TRUE(holds("socket", {10, 2, 17}));           // UDP over IPv6
  EXPECT_TRUE(holds("socket", {16, 3, 0}));            // netlink, route
  EXPECT_FALSE(holds("socket", {38, 5, 0}));           // AF_ALG
  EXPECT_FALSE(holds("socket", {40, 1, 0}));           // AF_VSOCK
  EXPECT_FALSE(holds("socket", {0x100000028, 1, 0}));  // the same, with a dirty high word
  EXPECT_FALSE(holds("socket", {2, 3, 1}));            // raw
  EXPECT_FALSE(holds("socket", {2, 1, 262}));          // MPTCP
  EXPECT_FALSE(holds("socket", {16, 3, 9}));           // netlink, audit
  EXPECT_FALSE(holds("socket", {17, 3, 0}));           // packet
  EXPECT_TRUE(holds("socketpair", {1}));
  EXPECT_FALSE(holds("socketpair", {2}));
  EXPECT_TRUE(holds("clone", {0x3d0f00}));  // a thread
  EXPECT_TRUE(holds("clone", {17}));        // fork
  for (const std::uint64_t flag :
       {0x20000ULL, 0x2000000ULL, 0x4000000ULL, 0x8000000ULL, 0x10000000ULL, 0x20000000ULL, 0x40000000ULL}) {
    EXPECT_FALSE(holds("clone", {17 | flag})) << flag;
  }
  EXPECT_TRUE(holds("personality", {0}));
  EXPECT_TRUE(holds("personality", {0xffffffff}));
  EXPECT_FALSE(holds("personality", {0x40000}));  // ADDR_NO_RANDOMIZE
}

TEST(Builtin, EveryRuleOfFaasHasAReason) {
  const auto& p = faas();
  for (const auto& why : {p.process.capabilities->why,
                          p.process.unprivileged_ports->why,
                          p.process.no_new_privileges->why,
                          p.process.root_user->why,
                          p.process.rlimits->why,
                          p.process.realtime->why,
                          p.process.locked_secure_bits->why,
                          p.process.memfd_noexec->why,
                          p.namespaces.own->why,
                          p.filesystem.readonly_root->why,
                          p.filesystem.recursive_readonly->why,
                          p.filesystem.nosuid->why,
                          p.filesystem.nodev->why,
                          p.filesystem.private_propagation->why,
                          p.filesystem.tmpfs->why,
                          p.filesystem.masked_paths->why,
                          p.filesystem.readonly_paths->why,
                          p.devices.allow->why,
                          p.sysctl.allow->why,
                          p.seccomp->why,
                          p.resources.pids->why,
                          p.resources.memory->why}) {
    EXPECT_FALSE(why.empty());
  }
}

}  // namespace
