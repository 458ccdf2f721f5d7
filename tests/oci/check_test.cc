// The rules that span sections.
#include <gtest/gtest.h>

#include "base/text.h"
#include "spec_text.h"

using oci_test::refusal;

namespace {

std::string document(std::string_view members) {
  return base::cat(R"({"root":{"path":"r"},"process":{"args":["a"],"cwd":"/"},)", members, "}");
}

TEST(Check, HostNamesNeedAUtsNamespace) {
  EXPECT_EQ(refusal(document(R"("hostname":"h")")),
            "config.json: /hostname: want a uts namespace in /linux/namespaces, have none");
  EXPECT_EQ(refusal(document(R"("domainname":"d","linux":{"namespaces":[{"type":"pid"}]})")),
            "config.json: /domainname: want a uts namespace in /linux/namespaces, have none");
  EXPECT_EQ(refusal(document(R"("hostname":"h","linux":{"namespaces":[{"type":"uts","path":"/proc/1/ns/uts"}]})")), "");
  EXPECT_EQ(refusal(document(R"("hostname":"")")), "");
  const std::string uts = R"("linux":{"namespaces":[{"type":"uts"}]},"hostname":")";
  EXPECT_EQ(refusal(document(base::cat(uts, std::string(64, 'h'), '"'))), "");
  EXPECT_EQ(refusal(document(base::cat(uts, std::string(65, 'h'), '"'))),
            "config.json: /hostname: want one line of at most 64 bytes");
  EXPECT_EQ(refusal(document(uts + "a\\nb\"")), "config.json: /hostname: want one line of at most 64 bytes");
}

TEST(Check, MasksNeedAMountNamespace) {
  for (const auto* name : {"maskedPaths", "readonlyPaths"}) {
    EXPECT_EQ(refusal(document(base::cat(R"("linux":{")", name, R"(":["/proc/keys"]})"))),
              base::cat("config.json: /linux/", name, ": want a mount namespace in /linux/namespaces, have none"));
    EXPECT_EQ(
        refusal(document(base::cat(R"("linux":{"namespaces":[{"type":"mount"}],")", name, R"(":["/proc/keys"]})"))),
        "");
    EXPECT_EQ(refusal(document(base::cat(R"("linux":{")", name, R"(":[]})"))), "");
  }
}

TEST(Check, MappingsAndTheUserNamespaceBelongTogether) {
  const std::string maps = R"([{"containerID":0,"hostID":1000,"size":1}])";
  for (const auto* name : {"uidMappings", "gidMappings"})
    EXPECT_EQ(refusal(document(base::cat(R"("linux":{")", name, "\":", maps, "}"))),
              base::cat("config.json: /linux/", name, ": want a user namespace in /linux/namespaces, have none"));
  const std::string user = R"("linux":{"namespaces":[{"type":"user"}])";
  EXPECT_EQ(refusal(document(user + "}")),
            "config.json: /linux/uidMappings: want at least one mapping for the new user namespace, have none");
  EXPECT_EQ(refusal(document(base::cat(user, ",\"uidMappings\":", maps, "}"))),
            "config.json: /linux/gidMappings: want at least one mapping for the new user namespace, have none");
  EXPECT_EQ(refusal(document(base::cat(user, ",\"uidMappings\":", maps, ",\"gidMappings\":", maps, "}"))), "");
  const std::string joined = R"("linux":{"namespaces":[{"type":"user","path":"/proc/1/ns/user"}])";
  EXPECT_EQ(refusal(document(joined + "}")), "");
  EXPECT_EQ(refusal(document(base::cat(joined, ",\"uidMappings\":", maps, ",\"gidMappings\":", maps, "}"))), "");
}

TEST(Check, MountMappingsComeInPairs) {
  const std::string maps = R"([{"containerID":0,"hostID":1000,"size":1}])";
  EXPECT_EQ(
      refusal(document(base::cat(R"("mounts":[{"destination":"/a"},{"destination":"/b","uidMappings":)", maps, "}]"))),
      "config.json: /mounts/1/gidMappings: want uidMappings and gidMappings together, have only the other");
  EXPECT_EQ(refusal(document(base::cat(R"("mounts":[{"destination":"/b","gidMappings":)", maps, "}]"))),
            "config.json: /mounts/0/uidMappings: want uidMappings and gidMappings together, have only the other");
}

TEST(Check, TimeOffsetsNeedANewTimeNamespace) {
  const std::string offsets = R"("timeOffsets":{"boottime":{"secs":1}}})";
  EXPECT_EQ(refusal(document(base::cat(R"("linux":{)", offsets))),
            "config.json: /linux/timeOffsets: want a new time namespace in /linux/namespaces, have none");
  EXPECT_EQ(
      refusal(document(base::cat(R"("linux":{"namespaces":[{"type":"time","path":"/proc/1/ns/time"}],)", offsets))),
      "config.json: /linux/timeOffsets: want a new time namespace in /linux/namespaces, have one that is joined by "
      "path");
  EXPECT_EQ(refusal(document(base::cat(R"("linux":{"namespaces":[{"type":"time"}],)", offsets))), "");
}

TEST(Check, SeccompNotifyNeedsAnAgentThatCanBeReached) {
  const auto seccomp = [](std::string_view members) {
    return refusal(document(base::cat(R"("linux":{"seccomp":{)", members, "}}")));
  };
  EXPECT_EQ(seccomp(R"("defaultAction":"SCMP_ACT_NOTIFY","listenerPath":"/run/a")"),
            "config.json: /linux/seccomp/defaultAction: SCMP_ACT_NOTIFY cannot be the default action");
  EXPECT_EQ(
      seccomp(R"("defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["open"],"action":"SCMP_ACT_NOTIFY"}])"),
      "config.json: /linux/seccomp/syscalls/0/action: SCMP_ACT_NOTIFY: want /linux/seccomp/listenerPath, have nothing");
  EXPECT_EQ(seccomp(R"("defaultAction":"SCMP_ACT_ALLOW","listenerPath":"/run/a",
                       "syscalls":[{"names":["open","write"],"action":"SCMP_ACT_NOTIFY"}])"),
            "config.json: /linux/seccomp/syscalls/0/names/1: SCMP_ACT_NOTIFY cannot be used for write");
  EXPECT_EQ(seccomp(R"("defaultAction":"SCMP_ACT_ALLOW","listenerPath":"agent.sock")"),
            "config.json: /linux/seccomp/listenerPath: want an absolute path, have \"agent.sock\"");
  EXPECT_EQ(seccomp(R"("defaultAction":"SCMP_ACT_ALLOW","listenerPath":"/run/a",
                       "syscalls":[{"names":["open"],"action":"SCMP_ACT_NOTIFY"}])"),
            "");
}

}  // namespace
