#include <gtest/gtest.h>
#include <sched.h>

#include "base/text.h"
#include "oci/read.h"
#include "spec_text.h"

using oci_test::refusal_of;
using oci_test::spec_with;

namespace {

oci::Spec read(std::string_view pointer, std::string_view value) {
  auto spec = oci::read_spec(spec_with(base::cat("/linux", pointer), value));
  EXPECT_TRUE(spec.has_value()) << spec.error().message();
  return spec.has_value() ? std::move(spec).value() : oci::Spec{};
}

std::string refusal(std::string_view pointer, std::string_view value) {
  const std::string message = refusal_of(base::cat("/linux", pointer), value);
  const std::string prefix = "config.json: /linux";
  EXPECT_EQ(message.rfind(prefix, 0), 0U) << message;
  return message.substr(std::min(prefix.size(), message.size()));
}

TEST(ReadLinux, Namespaces) {
  const auto spec = read("/namespaces", R"([{"type":"pid"},{"type":"network","path":"/run/netns/a"},
      {"type":"mount","path":""},{"type":"user"},{"type":"time"},{"type":"cgroup"},{"type":"ipc"},{"type":"uts"}])");
  const auto& namespaces = spec.linux.namespaces;
  ASSERT_EQ(namespaces.size(), 8U);
  EXPECT_EQ(namespaces[0].type, std::uint64_t{CLONE_NEWPID});
  EXPECT_EQ(namespaces[0].name, "pid");
  EXPECT_EQ(namespaces[1].path, "/run/netns/a");
  EXPECT_EQ(namespaces[2].path, "");
  EXPECT_EQ(namespaces[4].type, std::uint64_t{CLONE_NEWTIME});
  EXPECT_EQ(refusal("/namespaces", R"([{"type":"pid"},{"type":"net"}])"),
            "/namespaces/1/type: want one of cgroup, ipc, mount, network, pid, time, user, uts, have \"net\"");
  EXPECT_EQ(refusal("/namespaces", R"([{"type":"pid"},{"type":"pid"}])"),
            "/namespaces/1/type: namespace \"pid\" given twice");
  EXPECT_EQ(refusal("/namespaces", R"([{"type":"pid","path":"ns/pid"}])"),
            "/namespaces/0/path: want an absolute path, have \"ns/pid\"");
  EXPECT_EQ(refusal("/namespaces", R"([{"path":"/x"}])"), "/namespaces/0/type: want a string, have nothing");
}

TEST(ReadLinux, IdMappings) {
  const auto spec = read("/uidMappings", R"([{"containerID":0,"hostID":100000,"size":65536},
      {"containerID":65536,"hostID":0,"size":1}])");
  ASSERT_EQ(spec.linux.uid_mappings.size(), 2U);
  EXPECT_EQ(spec.linux.uid_mappings[0].host_id, 100000U);
  EXPECT_EQ(spec.linux.uid_mappings[1].container_id, 65536U);

  const auto mapping = [](std::string_view list) { return refusal("/uidMappings", list); };
  EXPECT_EQ(mapping(R"([{"containerID":0,"hostID":0,"size":0}])"), "/uidMappings/0/size: want 1..4294967295, have 0");
  EXPECT_EQ(mapping(R"([{"containerID":1,"hostID":5,"size":4294967295}])"),
            "/uidMappings/0/size: want 1..4294967290, have 4294967295");
  EXPECT_EQ(mapping(R"([{"containerID":4294967295,"hostID":0,"size":1}])"),
            "/uidMappings/0/containerID: want 0..4294967294, have 4294967295");
  EXPECT_EQ(mapping(R"([{"containerID":0,"hostID":0,"size":10},{"containerID":9,"hostID":100,"size":1}])"),
            "/uidMappings/1: overlaps mapping 0");
  EXPECT_EQ(mapping(R"([{"containerID":0,"hostID":0,"size":10},{"containerID":10,"hostID":9,"size":5}])"),
            "/uidMappings/1: overlaps mapping 0");
  std::string many = "[";
  for (int i = 0; i < 341; ++i)
    many += base::cat(i > 0 ? "," : "", "{\"containerID\":", i, ",\"hostID\":", i, ",\"size\":1}");
  EXPECT_EQ(mapping(many + "]"), "/uidMappings: want at most 340 mappings, have 341");
  EXPECT_EQ(refusal_of("/linux/uidMappings", R"([{"containerID":0,"hostID":0,"size":4294967295}])"), "");
}

TEST(ReadLinux, Devices) {
  const auto spec = read("/devices", R"([
      {"type":"c","path":"/dev/fuse","major":10,"minor":229,"fileMode":8630,"uid":1,"gid":2},
      {"type":"u","path":"/dev/u"},{"type":"b","path":"/dev/b","major":8,"minor":1},{"type":"p","path":"/dev/p"}])");
  ASSERT_EQ(spec.linux.devices.size(), 4U);
  EXPECT_EQ(spec.linux.devices[0].major, 10);
  EXPECT_EQ(spec.linux.devices[0].minor, 229);
  EXPECT_EQ(spec.linux.devices[0].file_mode, 0666U);  // 020666 with S_IFCHR
  EXPECT_EQ(spec.linux.devices[0].uid, 1U);
  EXPECT_EQ(spec.linux.devices[0].gid, 2U);
  EXPECT_EQ(spec.linux.devices[1].type, 'c');
  EXPECT_FALSE(spec.linux.devices[1].file_mode.has_value());
  EXPECT_EQ(spec.linux.devices[3].type, 'p');
  for (const auto* bad : {"\"x\"", "\"\"", "\"cc\"", "\"a\""})
    EXPECT_EQ(refusal("/devices/0/type", bad), base::cat("/devices/0/type: want one of c, u, b, p, have ", bad));
  EXPECT_EQ(refusal("/devices/0/path", "\"dev/x\""), "/devices/0/path: want an absolute path, have \"dev/x\"");
  EXPECT_EQ(refusal("/devices/0/major", "4096"), "/devices/0/major: want 0..4095, have 4096");
  EXPECT_EQ(refusal("/devices/0/minor", "1048576"), "/devices/0/minor: want 0..1048575, have 1048576");
  EXPECT_EQ(refusal("/devices/0/uid", "4294967295"), "/devices/0/uid: want 0..4294967294, have 4294967295");
}

TEST(ReadLinux, Sysctl) {
  const auto spec = read("/sysctl", R"({"net.ipv4.ping_group_range":"0 2147483647","net/ipv4/conf/eth0.1/x":"1"})");
  EXPECT_EQ(spec.linux.sysctl.at("net.ipv4.ping_group_range"), "0 2147483647");
  for (const auto* bad : {"", ".", "..", "net..x", "net.ipv4.", "/net", "net/../../kernel.core_pattern", "a+b=c", "a b",
                          "a\\nb", "kernel.\xC3\xA9"}) {
    const std::string message = refusal("/sysctl", base::cat("{\"", bad, "\":\"1\"}"));
    EXPECT_NE(message.find("want a sysctl such as net.core.somaxconn as its name"), std::string::npos) << bad;
    EXPECT_EQ(message.rfind("/sysctl/", 0), 0U) << message;
  }
  EXPECT_EQ(refusal("/sysctl", R"({"net.a":"1\n2"})"),
            "/sysctl/net.a: want one line of at most 4095 bytes, have \"1\\n2\"");
  EXPECT_EQ(refusal_of("/linux/sysctl", base::cat(R"({"net.a":")", std::string(4095, '1'), "\"}")), "");
  EXPECT_NE(refusal_of("/linux/sysctl", base::cat(R"({"net.a":")", std::string(4096, '1'), "\"}")), "");
}

TEST(ReadLinux, CgroupsPath) {
  const auto path = [](std::string_view text) {
    return read("/cgroupsPath", base::cat('"', text, '"')).linux.cgroups_path;
  };
  EXPECT_EQ(path("/fn/a"), "/fn/a");
  EXPECT_EQ(path("//fn/./a/"), "/fn/a");
  EXPECT_EQ(path("fn/a"), "fn/a");
  EXPECT_EQ(path("/../../fn/x/../a"), "/fn/a");
  EXPECT_EQ(path("../../fn"), "fn");
  EXPECT_EQ(path("kubepods-pod1.slice:cri-containerd:abc"), "kubepods-pod1.slice:cri-containerd:abc");
  EXPECT_EQ(path(""), "");
  const auto spec = read("/cgroupsPath", "\"/../fn\"");
  ASSERT_EQ(spec.notes.size(), 1U);
  EXPECT_EQ(spec.notes[0].pointer, "/linux/cgroupsPath");
  EXPECT_EQ(spec.notes[0].text, "\"..\" resolved: taken as \"/fn\"");
  EXPECT_TRUE(read("/cgroupsPath", "\"/fn\"").notes.empty());
  EXPECT_EQ(refusal("/cgroupsPath", "\"/a\\nb\""),
            "/cgroupsPath: want a path without control characters, have \"/a\\nb\"");
  for (const auto* bad : {"\"/\"", "\"/..\"", "\"..\"", "\".\""})
    EXPECT_EQ(refusal("/cgroupsPath", bad),
              base::cat("/cgroupsPath: want the path of a cgroup below the top one, have ", bad));
  EXPECT_NE(refusal_of("/linux/cgroupsPath", base::cat("\"/", std::string(256, 'a'), '"')), "");
  std::string deep;
  for (int i = 0; i < 50; ++i) deep += base::cat("/", std::string(100, 'a'));
  EXPECT_NE(refusal_of("/linux/cgroupsPath", base::cat('"', deep, '"')), "");
}

TEST(ReadLinux, PathsAndNames) {
  const auto masked = read("/maskedPaths", R"(["/proc/keys","/sys/firmware"])");
  EXPECT_EQ(masked.linux.masked_paths, (std::vector<std::string>{"/proc/keys", "/sys/firmware"}));
  EXPECT_EQ(refusal("/maskedPaths", R"(["/a","proc/keys"])"),
            "/maskedPaths/1: want an absolute path, have \"proc/keys\"");
  EXPECT_EQ(refusal("/readonlyPaths", R"([""])"), "/readonlyPaths/0: want an absolute path, have \"\"");
  EXPECT_EQ(read("/rootfsPropagation", "\"rshared\"").linux.rootfs_propagation, "rshared");
  EXPECT_EQ(refusal("/rootfsPropagation", "\"rw\""),
            "/rootfsPropagation: want one of private, rprivate, shared, rshared, slave, rslave, unbindable, "
            "runbindable, have \"rw\"");
}

TEST(ReadLinux, Personality) {
  EXPECT_EQ(read("/personality", R"({"domain":"LINUX"})").linux.personality, 0U);
  EXPECT_EQ(read("/personality", R"({"domain":"LINUX32"})").linux.personality, 8U);
  EXPECT_EQ(refusal("/personality", R"({"domain":"linux32"})"),
            "/personality/domain: want one of LINUX, LINUX32, have \"linux32\"");
  const auto spec = read("/personality", R"({"domain":"LINUX","flags":["x"]})");
  ASSERT_EQ(spec.notes.size(), 1U);
  EXPECT_EQ(spec.notes[0].text, "personality flags are ignored");
}

TEST(ReadLinux, TimeOffsets) {
  const auto spec = read("/timeOffsets", R"({"monotonic":{"secs":-172800,"nanosecs":5},"boottime":{"secs":604800}})");
  EXPECT_EQ(spec.linux.monotonic_offset->secs, -172800);
  EXPECT_EQ(spec.linux.monotonic_offset->nanosecs, 5U);
  EXPECT_EQ(spec.linux.boottime_offset->secs, 604800);
  EXPECT_EQ(refusal("/timeOffsets", R"({"realtime":{"secs":1}})"),
            "/timeOffsets/realtime: unknown clock: want monotonic or boottime");
  EXPECT_EQ(refusal("/timeOffsets", R"({"monotonic":{"nanosecs":1000000000}})"),
            "/timeOffsets/monotonic/nanosecs: want 0..999999999, have 1000000000");
}

TEST(ReadLinux, IntelRdtAndWhatIsOnlyNoticed) {
  const auto rdt = read("/intelRdt", R"({"closID":"c","l3CacheSchema":"L3:0=f","memBwSchema":"MB:0=20",
      "schemata":["L2:0=f"],"enableMonitoring":true,"enableCMT":true})")
                       .linux.intel_rdt;
  EXPECT_EQ(rdt->clos_id, "c");
  EXPECT_EQ(rdt->l3_cache_schema, "L3:0=f");
  EXPECT_EQ(rdt->mem_bw_schema, "MB:0=20");
  EXPECT_EQ(rdt->schemata, std::vector<std::string>{"L2:0=f"});
  EXPECT_TRUE(rdt->enable_monitoring);
  EXPECT_TRUE(read("/netDevices", R"({"eth0":{}})").linux.has_net_devices);
  EXPECT_FALSE(read("/netDevices", "{}").linux.has_net_devices);
  EXPECT_TRUE(read("/memoryPolicy", R"({"mode":"MPOL_BIND"})").linux.has_memory_policy);
  EXPECT_EQ(read("/mountLabel", "\"system_u:object_r:x\"").linux.mount_label, "system_u:object_r:x");
}

}  // namespace
