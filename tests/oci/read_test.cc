// The document as a whole, root, mounts, hooks and notes.
#include "oci/read.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "spec_text.h"

using oci::read_spec;
using oci_test::refusal;
using oci_test::refusal_of;
using oci_test::spec_with;

namespace {

constexpr std::string_view kMinimal = R"({"root":{"path":"rootfs"},"process":{"args":["sh"],"cwd":"/"}})";

oci::Spec read(std::string_view text) {
  auto spec = read_spec(text);
  EXPECT_TRUE(spec.has_value()) << spec.error().message();
  return spec.has_value() ? std::move(spec).value() : oci::Spec{};
}

std::string notes_of(const std::vector<oci::Note>& notes) {
  std::string out;
  for (const auto& note : notes) out += base::cat(note.warn ? "! " : "", note.pointer, ": ", note.text, "\n");
  return out;
}

TEST(Read, TheLeastThatIsAccepted) {
  const auto spec = read(kMinimal);
  EXPECT_EQ(spec.oci_version, "");
  EXPECT_EQ(spec.root.path, "rootfs");
  EXPECT_FALSE(spec.root.readonly);
  EXPECT_EQ(spec.process.value().args, std::vector<std::string>{"sh"});
  EXPECT_FALSE(spec.process->capabilities.has_value());
  EXPECT_FALSE(spec.process->oom_score_adj.has_value());
  EXPECT_TRUE(spec.linux.namespaces.empty());
  EXPECT_TRUE(spec.hooks.empty());
  EXPECT_TRUE(spec.notes.empty());
}

TEST(Read, NoObjectIsNoDocument) {
  EXPECT_EQ(refusal("null"), "config.json: want an object, have null");
  EXPECT_EQ(refusal("[]"), "config.json: want an object, have an array");
  EXPECT_EQ(refusal("\"x\""), "config.json: want an object, have \"x\"");
  EXPECT_EQ(refusal("18446744073709551615"), "config.json: want an object, have 18446744073709551615");
  EXPECT_EQ(refusal(""), "config.json: empty");
  EXPECT_EQ(read_spec("null").error().kind(), base::Kind::kConfig);
}

TEST(Read, WhatMustBeThere) {
  EXPECT_EQ(refusal(R"({"process":{"args":["sh"],"cwd":"/"}})"), "config.json: /root: want an object, have nothing");
  EXPECT_EQ(refusal(R"({"root":{"path":"r"}})"), "config.json: /process: want an object, have nothing");
  EXPECT_EQ(refusal(R"({"root":{"path":"r"},"process":null})"), "config.json: /process: want an object, have nothing");
  EXPECT_EQ(refusal_of("/root/path", "\"\""), "config.json: /root/path: want a path, have \"\"");
}

TEST(Read, EveryTruncationIsRefused) {
  const std::string text = spec_with("/linux/seccomp/syscalls/0/args/0/value", "18446744073709551615");
  ASSERT_EQ(refusal(text), "");
  for (std::size_t n = 0; n < text.size(); ++n) EXPECT_NE(refusal(text.substr(0, n)), "") << n;
}

TEST(Read, TheVersionIsNotLookedAt) {
  for (const auto* version : {"\"\"", "\"1.0.0\"", "\"9.9.9-dev\"", "\"x\""})
    EXPECT_EQ(refusal_of("/ociVersion", version), "");
}

TEST(Read, OtherPlatformsAreIgnoredInSilence) {
  for (const auto* name :
       {"/windows", "/solaris", "/vm", "/zos", "/freebsd", "/process/commandLine", "/process/user/username"}) {
    const auto spec = read(spec_with(name, R"({"a":[1]})"));
    EXPECT_TRUE(spec.notes.empty()) << notes_of(spec.notes);
  }
}

TEST(Read, UnknownMembersAreNotesAndNearMissesWarnings) {
  const auto spec = read(R"({"root":{"path":"r","readOnly":true},"Hostname":"x","x-engine":{"deep":1},
      "process":{"args":["sh"],"cwd":"/","noNewPrivilege":true,"NONEWPRIVILEGES":true}})");
  EXPECT_EQ(notes_of(spec.notes),
            "! /root/readOnly: unknown member, ignored; did you mean \"readonly\"?\n"
            "! /Hostname: unknown member, ignored; did you mean \"hostname\"?\n"
            "/x-engine: unknown member, ignored\n"
            "! /process/noNewPrivilege: unknown member, ignored; did you mean \"noNewPrivileges\"?\n"
            "! /process/NONEWPRIVILEGES: unknown member, ignored; did you mean \"noNewPrivileges\"?\n");
  EXPECT_FALSE(spec.root.readonly);
  EXPECT_FALSE(spec.process->no_new_privileges);
  EXPECT_EQ(spec.hostname, "");
}

TEST(Read, UnknownMembersAreIgnoredAtEveryDepth) {
  for (const auto* pointer :
       {"/process/user/x1", "/process/rlimits/0/x1", "/mounts/0/x1", "/linux/resources/memory/x1",
        "/linux/seccomp/syscalls/0/comment", "/linux/seccomp/syscalls/0/args/0/x1", "/hooks/prestart/0/x1"}) {
    const auto spec = read(spec_with(pointer, "[[]]"));
    EXPECT_EQ(notes_of(spec.notes), base::cat(pointer, ": unknown member, ignored\n"));
  }
}

TEST(Read, DuplicateNamesAreRefused) {
  EXPECT_EQ(refusal(R"({"root":{"path":"a","path":"b"},"process":{"args":["sh"],"cwd":"/"}})"),
            "config.json: line 1 column 21: name \"path\" twice in one object");
}

TEST(Read, Annotations) {
  const auto spec = read(spec_with("/annotations", R"({"b":"2","a":"1"})"));
  EXPECT_EQ(spec.annotations, (std::map<std::string, std::string>{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(notes_of(read(spec_with("/annotations", R"({"":"1"})")).notes),
            "! /annotations: an annotation without a name\n");
}

TEST(Read, Mounts) {
  const auto spec = read(spec_with("/mounts", R"([
      {"destination":"/dev/shm","type":"tmpfs","source":"shm","options":["nosuid","mode=1777"]},
      {"destination":"data","source":"/srv","options":["bind"]},
      {"destination":"/m","uidMappings":[{"containerID":1,"hostID":2,"size":3}],
       "gidMappings":[{"containerID":4,"hostID":5,"size":6}]}])"));
  ASSERT_EQ(spec.mounts.size(), 3U);
  EXPECT_EQ(spec.mounts[0].options, (std::vector<std::string>{"nosuid", "mode=1777"}));
  EXPECT_EQ(spec.mounts[1].destination, "/data");
  EXPECT_EQ(spec.mounts[2].uid_mappings.at(0).host_id, 2U);
  EXPECT_EQ(spec.mounts[2].gid_mappings.at(0).size, 6U);
  EXPECT_EQ(notes_of(spec.notes),
            "! /mounts/1/destination: want an absolute path, have \"data\"; taken as \"/data\"\n");
  EXPECT_EQ(refusal_of("/mounts/0/destination", "\"\""),
            "config.json: /mounts/0/destination: want an absolute path, have \"\"");
}

TEST(Read, Hooks) {
  const auto spec = read(spec_with("/hooks", R"({
      "prestart":[{"path":"/a","args":["x","y"],"env":["K=v"],"timeout":5}],"createRuntime":[{"path":"/b"}],
      "createContainer":[{"path":"/c"}],"startContainer":[{"path":"/d"}],"poststart":[{"path":"/e"}],
      "poststop":[{"path":"/f"},{"path":"/g"}]})"));
  EXPECT_EQ(spec.hooks.prestart.at(0).args, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(spec.hooks.prestart.at(0).timeout, 5);
  EXPECT_FALSE(spec.hooks.create_runtime.at(0).timeout.has_value());
  EXPECT_EQ(spec.hooks.create_container.at(0).path, "/c");
  EXPECT_EQ(spec.hooks.start_container.at(0).path, "/d");
  EXPECT_EQ(spec.hooks.poststart.at(0).path, "/e");
  EXPECT_EQ(spec.hooks.poststop.at(1).path, "/g");
  EXPECT_EQ(refusal_of("/hooks/poststop/0/path", "\"hook\""),
            "config.json: /hooks/poststop/0/path: want an absolute path, have \"hook\"");
  for (const auto* bad : {"0", "-1"})
    EXPECT_EQ(refusal_of("/hooks/prestart/0/timeout", bad),
              base::cat("config.json: /hooks/prestart/0/timeout: want 1..9223372036854775807, have ", bad));
}

TEST(Read, ProcessAndResourcesAlone) {
  std::vector<oci::Note> notes;
  const auto process = oci::read_process(R"({"args":["id"],"cwd":"/tmp","Env":[]})", &notes);
  ASSERT_TRUE(process.has_value());
  EXPECT_EQ(process.value().cwd, "/tmp");
  EXPECT_EQ(notes_of(notes), "! /Env: unknown member, ignored; did you mean \"env\"?\n");
  EXPECT_EQ(oci::read_process(R"({"args":[],"cwd":"/"})").error().message(),
            "process.json: /args: want at least one argument, have none");
  EXPECT_EQ(oci::read_process("null").error().message(), "process.json: want an object, have null");

  const auto resources = oci::read_resources(R"({"memory":{"limit":5},"pids":{"limit":7}})");
  ASSERT_TRUE(resources.has_value());
  EXPECT_EQ(resources.value().memory->limit, 5);
  EXPECT_EQ(resources.value().pids_limit, 7);
  EXPECT_EQ(oci::read_resources(R"({"memory":{"limit":"5"}})").error().message(),
            "resources: /memory/limit: want an integer, have \"5\"");
}

}  // namespace
