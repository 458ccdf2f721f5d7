// write_spec() and read_spec() undo each other: for the documents of engines, for one with every member, and for each
// member alone.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/text.h"
#include "oci/read.h"
#include "oci/write.h"
#include "spec_text.h"

namespace {

// What is in no document: how the reader found it.
oci::Spec read(const std::string& text) {
  auto spec = oci::read_spec(text);
  EXPECT_TRUE(spec.has_value()) << spec.error().message() << "\n" << text;
  if (!spec) return {};
  spec->notes.clear();
  return *std::move(spec);
}

void expect_same(const oci::Spec& spec, const std::string& what) {
  const std::string text = oci::write_spec(spec);
  const oci::Spec again = read(text);
  EXPECT_TRUE(again == spec) << what << "\n" << text;
  EXPECT_EQ(oci::write_spec(again), text) << what;
}

TEST(WriteSpec, BundlesOfEnginesComeBackWhole) {
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(BUNDLES)) {
    if (entry.path().extension() != ".json") continue;
    expect_same(read(oci_test::read_file(entry.path().string())), entry.path().string());
    ++seen;
  }
  EXPECT_GE(seen, 8);
}

TEST(WriteSpec, TheTemplatesComeBackWhole) {
  expect_same(read(oci::default_spec(false)), "spec");
  expect_same(read(oci::default_spec(true, 1000, 1000)), "spec --rootless");
}

struct Member {
  const char* pointer;
  const char* value;
};

// One of each member that the reader takes; values that are not the default of a Spec.
constexpr Member kMembers[] = {
    {"/hostname", R"("h")"},
    {"/domainname", R"("d")"},
    {"/annotations", R"({"b":"2\n\"x\"","a":"","é":"\u0001"})"},
    {"/root/readonly", "true"},
    {"/process/terminal", "true"},
    {"/process/consoleSize", R"({"height":3,"width":4})"},
    {"/process/user", R"({"uid":4294967294,"gid":7,"umask":0,"additionalGids":[1,4294967294]})"},
    {"/process/env", R"(["A=b","C=","D=x=y"])"},
    {"/process/capabilities", "{}"},
    {"/process/capabilities", R"({"bounding":["CAP_KILL","CAP_CHECKPOINT_RESTORE"],"effective":["CAP_CHOWN"],)"
                              R"("inheritable":["CAP_FOWNER"],"permitted":["CAP_SETUID"],"ambient":["CAP_MKNOD"]})"},
    {"/process/rlimits", R"([{"type":"RLIMIT_NOFILE","soft":1,"hard":18446744073709551615},{"type":"RLIMIT_AS","soft":0,"hard":0}])"},
    {"/process/noNewPrivileges", "true"},
    {"/process/apparmorProfile", R"("p")"},
    {"/process/selinuxLabel", R"("l")"},
    {"/process/oomScoreAdj", "-5"},
    {"/process/oomScoreAdj", "0"},
    {"/process/scheduler", R"({"policy":"SCHED_OTHER","nice":-3,"flags":["SCHED_FLAG_RESET_ON_FORK","SCHED_FLAG_UTIL_CLAMP_MAX"]})"},
    {"/process/scheduler", R"({"policy":"SCHED_FIFO","priority":9})"},
    {"/process/scheduler", R"({"policy":"SCHED_DEADLINE","runtime":1,"deadline":2,"period":18446744073709551615})"},
    {"/process/ioPriority", R"({"class":"IOPRIO_CLASS_IDLE","priority":3})"},
    {"/process/execCPUAffinity", R"({"initial":"0-1","final":"3"})"},
    {"/mounts", R"([{"destination":"/a"},{"destination":"/b","type":"bind","source":"s","options":["rbind","ro","x=\"y\""]}])"},
    {"/mounts", R"([{"destination":"/a","uidMappings":[{"containerID":1,"hostID":2,"size":3}],"gidMappings":[{"containerID":4,"hostID":5,"size":6}]}])"},
    {"/hooks", R"({"prestart":[{"path":"/a","args":["x"],"env":["E=1"],"timeout":5}],"createRuntime":[{"path":"/b"}],)"
               R"("createContainer":[{"path":"/c"}],"startContainer":[{"path":"/d"}],"poststart":[{"path":"/e"}],"poststop":[{"path":"/f"},{"path":"/g"}]})"},
    {"/linux/sysctl", R"({"net.core.somaxconn":"1","kernel/x":" 2 3"})"},
    {"/linux/cgroupsPath", R"("/a/b")"},
    {"/linux/cgroupsPath", R"("a:b:c")"},
    {"/linux/namespaces", R"([{"type":"pid","path":"/proc/1/ns/pid"},{"type":"mount"},{"type":"user"},{"type":"time"}])"},
    {"/linux/devices", R"([{"type":"u","path":"/dev/a","major":1,"minor":2,"fileMode":8630,"uid":0,"gid":5},{"type":"p","path":"/p"}])"},
    {"/linux/rootfsPropagation", R"("rslave")"},
    {"/linux/maskedPaths", R"(["/a"])"},
    {"/linux/readonlyPaths", R"(["/b","/c"])"},
    {"/linux/mountLabel", R"("m")"},
    {"/linux/intelRdt", "{}"},
    {"/linux/intelRdt", R"({"closID":"a","l3CacheSchema":"b","memBwSchema":"c","schemata":["d"],"enableMonitoring":true})"},
    {"/linux/personality", R"({"domain":"LINUX32"})"},
    {"/linux/timeOffsets", R"({"monotonic":{"secs":-1,"nanosecs":5}})"},
    {"/linux/timeOffsets", R"({"boottime":{"secs":9}})"},
    {"/linux/seccomp", R"({"defaultAction":"SCMP_ACT_ALLOW"})"},
    {"/linux/seccomp", R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":0,"architectures":["SCMP_ARCH_X86_64"],"flags":[],)"
                       R"("listenerPath":"/l","listenerMetadata":"m","syscalls":[{"names":["a","b"],"action":"SCMP_ACT_TRACE","errnoRet":7,)"
                       R"("args":[{"index":5,"value":18446744073709551615,"valueTwo":3,"op":"SCMP_CMP_MASKED_EQ"}]},{"names":["c"],"action":"SCMP_ACT_NOTIFY"}]})"},
    {"/linux/seccomp", R"({"defaultAction":"SCMP_ACT_KILL_PROCESS","flags":["SECCOMP_FILTER_FLAG_LOG"]})"},
    {"/linux/resources", "{}"},
    {"/linux/resources/devices", R"([{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":-1,"minor":3,"access":"r"}])"},
    {"/linux/resources/memory", "{}"},
    {"/linux/resources/memory", R"({"limit":-1,"reservation":1,"swap":2,"kernel":3,"kernelTCP":4,"swappiness":5,"disableOOMKiller":false,"useHierarchy":true,"checkBeforeUpdate":true})"},
    {"/linux/resources/cpu", "{}"},
    {"/linux/resources/cpu", R"({"shares":1,"burst":2,"period":3,"realtimePeriod":4,"quota":-1,"realtimeRuntime":5,"idle":1,"cpus":"0-1","mems":"0"})"},
    {"/linux/resources/pids", R"({"limit":0})"},
    {"/linux/resources/blockIO", R"({"weight":10,"leafWeight":11,"weightDevice":[{"major":1,"minor":2,"weight":12,"leafWeight":13}],)"
                                 R"("throttleReadBpsDevice":[{"major":1,"minor":2,"rate":3}],"throttleWriteBpsDevice":[{"major":1,"minor":2,"rate":4}],)"
                                 R"("throttleReadIOPSDevice":[{"major":1,"minor":2,"rate":5}],"throttleWriteIOPSDevice":[{"major":1,"minor":2,"rate":6}]})"},
    {"/linux/resources/hugepageLimits", R"([{"pageSize":"2MB","limit":18446744073709551615}])"},
    {"/linux/resources/network", R"({"classID":1,"priorities":[{"name":"eth0","priority":2}]})"},
    {"/linux/resources/rdma", R"({"mlx":{"hcaHandles":1,"hcaObjects":2},"b":{}})"},
    {"/linux/resources/unified", R"({"memory.high":"5","cpu.weight":"7"})"},
};

TEST(WriteSpec, EachMemberComesBack) {
  for (const auto& [pointer, value] : kMembers) {
    expect_same(read(oci_test::spec_with(pointer, value)), base::cat(pointer, " ", value));
  }
}

TEST(WriteSpec, IsLaidOutAsTheReadersOfRuncExpect) {
  const std::string text = oci::write_spec(read(oci_test::spec_with("/hostname", R"("h")")));
  EXPECT_TRUE(text.starts_with("{\n  \"ociVersion\": \"")) << text;
  EXPECT_TRUE(text.ends_with("}\n")) << text;
}

}  // namespace
