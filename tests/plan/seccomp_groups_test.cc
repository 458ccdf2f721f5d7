// The named groups of profiles/seccomp: what is in them, and what compiling the largest costs.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "oci/json.h"
#include "plan/seccomp_emit.h"
#include "plan/seccomp_program.h"
#include "plan/seccomp_samples.h"
#include "plan/syscall_names.h"
#include "support/bpf_eval.h"

namespace plan {
namespace {

using Names = std::set<std::string>;

// What a group file lists, groups and calls.
Names listed(const std::string& group) {
  const std::string path = SOURCE_DIR "/profiles/seccomp/" + group + ".json";
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto json = oci::parse_json(text, path);
  if (!json) {
    ADD_FAILURE() << json.error().message();
    return {};
  }
  const auto member = [&](const char* name) {
    const auto found = json->root().find(name);
    return found && found->is_string() ? std::string(*found->get_string()) : std::string();
  };
  EXPECT_EQ("@" + group, member("name")) << path;
  for (const char* name : {"bulkhead", "version", "description"}) EXPECT_NE(member(name), "") << path << ": " << name;
  Names out;
  const auto calls = json->root().find("syscalls");
  for (const auto& name : calls ? *calls->get_strings() : std::vector<std::string>()) {
    EXPECT_TRUE(out.insert(name).second) << path << ": twice " << name;
  }
  EXPECT_FALSE(out.empty()) << path;
  return out;
}

Names expanded(const std::string& group) {
  Names out;
  for (const auto& name : listed(group)) {
    if (name.starts_with('@')) {
      out.merge(expanded(name.substr(1)));
    } else {
      out.insert(name);
    }
  }
  return out;
}

std::vector<std::string> groups() {
  std::vector<std::string> out;
  for (const auto& file : std::filesystem::directory_iterator(SOURCE_DIR "/profiles/seccomp"))
    if (file.path().extension() == ".json") out.push_back(file.path().stem());
  return out;
}

TEST(SeccompGroups, NameCallsThatExist) {
  ASSERT_GT(groups().size(), 10U);
  for (const auto& group : groups())
    for (const auto& name : expanded(group)) EXPECT_TRUE(syscall_supported(name)) << "@" << group << ": " << name;
}

// Of the groups by subject: what @faas is put together from, and what profiles answer differently. The others are lists of
// their own.
TEST(SeccompGroups, NoCallIsInTwo) {
  const Names lists{"default", "docker-compat", "pause"};
  std::map<std::string, std::string> home;
  for (const auto& group : groups()) {
    if (lists.contains(group)) continue;
    for (const auto& name : listed(group)) {
      if (name.starts_with('@')) continue;
      const auto [at, added] = home.emplace(name, group);
      EXPECT_TRUE(added) << name << " is in @" << group << " and @" << at->second;
    }
  }
}

TEST(SeccompGroups, DockersListHoldsFaasAndNoMore) {
  const Names docker = expanded("docker-compat");
  for (const auto& name : expanded("faas")) EXPECT_TRUE(docker.contains(name)) << name;
  for (const char* name : {"mount", "bpf", "unshare", "setns", "io_uring_setup", "keyctl", "kexec_load", "userfaultfd", "clone", "clone3",
                           "socket", "perf_event_open", "open_by_handle_at", "init_module"}) {
    EXPECT_FALSE(docker.contains(name)) << name;
  }
  for (const char* name : {"chown", "setuid", "mknod", "ptrace", "chroot", "semget"}) EXPECT_TRUE(docker.contains(name)) << name;
  for (const auto& name : expanded("default")) EXPECT_TRUE(expanded("pause").contains(name)) << name;
}

TEST(SeccompGroups, FaasHoldsWhatNoTraceShows) {
  const Names faas = expanded("faas");
  for (const char* name :
       {"restart_syscall", "rt_sigreturn", "exit", "exit_group", "futex", "sched_yield", "rseq", "clock_nanosleep",
        "fork", "vfork", "statx", "fstat", "openat2", "epoll_pwait2", "getrandom"})
    EXPECT_TRUE(faas.contains(name)) << name;
}

TEST(SeccompGroups, FaasLeavesOutWhatReachesFar) {
  const Names faas = expanded("faas");
  for (const char* name : {"clone",
                           "clone3",
                           "socket",
                           "socketpair",
                           "personality",
                           "mount",
                           "umount2",
                           "unshare",
                           "setns",
                           "bpf",
                           "ptrace",
                           "io_uring_setup",
                           "io_uring_enter",
                           "keyctl",
                           "add_key",
                           "request_key",
                           "userfaultfd",
                           "perf_event_open",
                           "kexec_load",
                           "init_module",
                           "open_by_handle_at",
                           "process_vm_readv",
                           "statmount",
                           "setuid",
                           "mknod",
                           "chown",
                           "shmget",
                           "msgget",
                           "semget",
                           "mq_open",
                           "memfd_secret",
                           "fanotify_init",
                           "pidfd_getfd",
                           "fsopen",
                           "move_mount"})
    EXPECT_FALSE(faas.contains(name)) << name;
}

policy::SeccompPolicy faas() {
  policy::SeccompPolicy out;
  const Names allowed = expanded("faas");
  out.allow = policy::SyscallSet(std::vector<std::string_view>(allowed.begin(), allowed.end()));
  out.conditional = {{"clone", {{{0, 0x7e020000, {0}}}}, 1}, {"personality", {{{0, 0xffffffff, {0, 0xffffffff}}}}, 1}};
  for (const auto& name : expanded("privileged-eperm")) out.errnos.emplace_back(name, 1);
  return out;
}

// The kernel takes 4096 instructions, and goes through them once for each call number when the filter is loaded.
TEST(SeccompGroups, TheProgramOfFaasIsSmall) {
  const auto policy = faas();
  const auto program = build_seccomp(nullptr, &policy);
  ASSERT_TRUE(program);
  EXPECT_LT(program->code.size(), 400U);
}

}  // namespace
}  // namespace plan
