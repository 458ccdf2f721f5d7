// Making cgroups: what is made, written, attached, refused, and left behind on error.
#include "kernel/cgroup.h"

#include "tests/kernel/cgroup_fixture.h"

namespace {

using namespace cgroup_test;

TEST_F(CgroupTest, MadeJoinedKilledRemoved) {
  auto cgroup = kernel::create_cgroup(make_plan("/a/b"));
  ASSERT_TRUE(cgroup.has_value()) << cgroup.error().message();
  for (const auto& [controller, directory] : cgroup->paths()) EXPECT_TRUE(fs::is_directory(directory)) << directory;
  EXPECT_EQ(layout_.v2_mount.empty(), cgroup->v2_fd() < 0);
  const pid_t pid = spawn(*cgroup, sleep_for_ever);
  const auto own = kernel::parse_proc_cgroup(slurp(base::cat("/proc/", pid, "/cgroup")));
  std::size_t joined = 0;
  for (const auto& line : own) {
    const std::string controller = line.controllers.empty() ? "" : line.controllers.front();
    if (cgroup->paths().count(controller) == 0) continue;  // a hierarchy that is not mounted
    EXPECT_EQ("/" + name_ + "/a/b", line.path) << controller;
    ++joined;
  }
  EXPECT_EQ(make_plan().hierarchies.size(), joined);
  EXPECT_EQ(std::vector<pid_t>{pid}, *kernel::cgroup_pids(cgroup->paths()));
  ASSERT_TRUE(kernel::cgroup_kill_all(cgroup->paths()).has_value());
  EXPECT_EQ(SIGKILL, WTERMSIG(reap(pid)));
  const auto destroyed = kernel::cgroup_destroy(cgroup->paths());
  EXPECT_TRUE(destroyed.has_value()) << destroyed.error().message();
  for (const auto& [controller, directory] : cgroup->paths()) EXPECT_FALSE(fs::exists(directory)) << directory;
  EXPECT_TRUE(kernel::cgroup_destroy(cgroup->paths()).has_value()) << "once more is no error";
  EXPECT_TRUE(kernel::cgroup_kill_all(cgroup->paths()).has_value());
  EXPECT_TRUE(kernel::cgroup_pids(cgroup->paths())->empty());
}  // the handle removes the parents that were made for it

TEST_F(CgroupTest, KeepKeeps) {
  CgroupPaths paths;
  {
    auto cgroup = kernel::create_cgroup(make_plan());
    ASSERT_TRUE(cgroup.has_value()) << cgroup.error().message();
    paths = cgroup->paths();
    cgroup->keep();
  }
  for (const auto& [controller, directory] : paths) EXPECT_TRUE(fs::is_directory(directory)) << directory;
  EXPECT_TRUE(kernel::cgroup_destroy(paths).has_value());
}

TEST_F(CgroupTest, LimitsAreInForce) {
  if (!has_v1("pids") && !has_v2("pids")) GTEST_SKIP() << "no pids controller";
  CgroupPlan plan = make_plan();
  plan.writes.push_back(pids_max("1"));
  plan.writes.push_back({pids_max("1").controller, "pids.no-such-file", "1", "/x", true});
  CgroupWrite fallback = pids_max("0");
  fallback.file = "pids.other-name";
  fallback.fallback_file = "pids.max";
  fallback.fallback_value = "2";
  plan.writes.push_back(fallback);
  auto cgroup = kernel::create_cgroup(plan);
  ASSERT_TRUE(cgroup.has_value()) << cgroup.error().message();
  EXPECT_EQ("2\n", slurp(plan.directories.at(fallback.controller) + "/pids.max"));
  const pid_t pid = spawn(*cgroup, [] {
    const pid_t one = ::fork();
    if (one == 0) sleep_for_ever();
    const pid_t two = ::fork();
    if (two == 0) ::_exit(0);
    const int err = errno;
    ::kill(one, SIGKILL);
    ::waitpid(one, nullptr, 0);
    ::_exit(one > 0 && two < 0 && err == EAGAIN ? 0 : 1);
  });
  EXPECT_EQ(0, reap(pid));
}

TEST_F(CgroupTest, AFailingWriteLeavesNothing) {
  CgroupPlan plan = make_plan("/x/y");
  CgroupWrite bad = pids_max("many");
  plan.writes.push_back(bad);
  auto cgroup = kernel::create_cgroup(plan);
  ASSERT_FALSE(cgroup.has_value());
  EXPECT_EQ(base::Kind::kSystem, cgroup.error().kind());
  EXPECT_EQ(0u, cgroup.error().message().find(base::cat("/linux/resources/pids/limit: write \"many\" to \"",
                                                        plan.directories.at(bad.controller), "/pids.max\": ")))
      << cgroup.error().message();
  for (const std::string& mount : mounts()) EXPECT_FALSE(fs::exists(mount + "/" + name_)) << mount;
}

TEST_F(CgroupTest, AnImpossibleCpusetNamesWhatThereIs) {
  if (!has_v1("cpuset") && !has_v2("cpuset")) GTEST_SKIP() << "no cpuset controller";
  if (!has_v1("cpuset")) GTEST_SKIP() << "v2 takes any set of CPUs and uses those that there are";
  CgroupPlan plan = make_plan("/x");
  plan.writes.push_back({"cpuset", "cpuset.cpus", "1000", "/linux/resources/cpu/cpus"});
  auto cgroup = kernel::create_cgroup(plan);
  ASSERT_FALSE(cgroup.has_value());
  EXPECT_EQ(0u, cgroup.error().message().find("/linux/resources/cpu/cpus: write \"1000\" to "));
  EXPECT_NE(std::string::npos, cgroup.error().message().find("the cgroup above has \"0")) << cgroup.error().message();
}

TEST_F(CgroupTest, ACpusetIsInheritedDownThePath) {
  if (!has_v1("cpuset")) GTEST_SKIP() << "v1 only: v2 inherits by itself";
  auto cgroup = kernel::create_cgroup(make_plan("/x/y"));
  ASSERT_TRUE(cgroup.has_value()) << cgroup.error().message();
  const std::string mount = layout_.v1_mounts.at("cpuset");
  for (const std::string below : {"", "/x", "/x/y"}) {
    EXPECT_EQ(slurp(mount + "/cpuset.cpus"), slurp(mount + "/" + name_ + below + "/cpuset.cpus"));
    EXPECT_EQ(slurp(mount + "/cpuset.mems"), slurp(mount + "/" + name_ + below + "/cpuset.mems"));
  }
}

TEST_F(CgroupTest, AUsedCgroupIsRefusedAndLeftAlone) {
  auto first = kernel::create_cgroup(make_plan());
  ASSERT_TRUE(first.has_value()) << first.error().message();
  const pid_t pid = spawn(*first, sleep_for_ever);
  auto second = kernel::create_cgroup(make_plan());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(base::Kind::kState, second.error().kind());
  EXPECT_NE(std::string::npos, second.error().message().find("container's cgroup is not empty: 1 process(es) found"));
  for (const auto& [controller, directory] : first->paths()) EXPECT_TRUE(fs::exists(directory)) << directory;
  ::kill(pid, SIGKILL);
  reap(pid);
}

TEST_F(CgroupTest, AnEmptyCgroupIsReusedAndNotRemovedOnError) {
  auto first = kernel::create_cgroup(make_plan());
  ASSERT_TRUE(first.has_value()) << first.error().message();
  EXPECT_TRUE(kernel::create_cgroup(make_plan()).has_value());
  for (const auto& [controller, directory] : first->paths()) EXPECT_TRUE(fs::exists(directory)) << directory;
}

TEST_F(CgroupTest, V1DeviceRulesAreInForce) {
  if (!has_v1("devices")) GTEST_SKIP() << "no v1 devices controller";
  CgroupPlan plan = make_plan();
  plan.writes = {{"devices", "devices.deny", "a", "/d"}, {"devices", "devices.allow", "c 1:3 rwm", "/d"}};
  auto cgroup = kernel::create_cgroup(plan);
  ASSERT_TRUE(cgroup.has_value()) << cgroup.error().message();
  EXPECT_EQ("c 1:3 rwm\n", slurp(plan.directories.at("devices") + "/devices.list"));
  const pid_t pid = spawn(*cgroup, [] {
    const bool ok = ::open("/dev/null", O_RDWR) >= 0 && ::open("/dev/zero", O_RDONLY) < 0 && errno == EPERM;
    ::_exit(ok ? 0 : 1);
  });
  EXPECT_EQ(0, reap(pid));
}

bpf_insn insn(int code, std::uint8_t dst, std::uint8_t src, std::int16_t off, std::int32_t imm) {
  bpf_insn out{};
  out.code = static_cast<std::uint8_t>(code);
  out.dst_reg = static_cast<std::uint8_t>(dst & 0xf);
  out.src_reg = static_cast<std::uint8_t>(src & 0xf);
  out.off = off;
  out.imm = imm;
  return out;
}

TEST_F(CgroupTest, V2DeviceProgramIsInForce) {
  if (layout_.v2_mount.empty()) GTEST_SKIP() << "no v2 hierarchy";
  CgroupPlan plan = make_plan();
  plan.device_program = {insn(BPF_LDX | BPF_MEM | BPF_W, 1, 1, 8, 0),  // minor
                         insn(BPF_ALU | BPF_MOV | BPF_K, 0, 0, 0, 1),  // 1:3 is /dev/null, 1:5 /dev/zero
                         insn(BPF_JMP32 | BPF_JEQ | BPF_K, 1, 0, 1, 3), insn(BPF_ALU | BPF_MOV | BPF_K, 0, 0, 0, 0),
                         insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)};
  auto cgroup = kernel::create_cgroup(plan);
  if (!cgroup && cgroup.error().sys() == EPERM) GTEST_SKIP() << "bpf(2) is not permitted here";
  ASSERT_TRUE(cgroup.has_value()) << cgroup.error().message();
  const pid_t pid = spawn(*cgroup, [] {
    const bool ok = ::open("/dev/null", O_RDWR) >= 0 && ::open("/dev/zero", O_RDONLY) < 0 && errno == EPERM;
    ::_exit(ok ? 0 : 1);
  });
  EXPECT_EQ(0, reap(pid));
}

TEST_F(CgroupTest, ABadDeviceProgramLeavesNothing) {
  if (layout_.v2_mount.empty()) GTEST_SKIP() << "no v2 hierarchy";
  CgroupPlan plan = make_plan();
  plan.device_program = {insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)};  // R0 is not set
  const auto cgroup = kernel::create_cgroup(plan);
  ASSERT_FALSE(cgroup.has_value());
  EXPECT_EQ(0u, cgroup.error().message().find("/linux/cgroupsPath: /linux/resources/devices: load the device filter"))
      << cgroup.error().message();
}

TEST_F(CgroupTest, V2ControllersAreEnabledDownThePath) {
  CgroupPlan plan = make_plan("/x/y");
  if (layout_.mode != kernel::CgroupMode::kUnified) GTEST_SKIP() << "would change the host's v2 root";
  auto cgroup = kernel::create_cgroup(plan);
  ASSERT_TRUE(cgroup.has_value()) << cgroup.error().message();
  for (const auto& name : layout_.v2_controllers) {
    EXPECT_NE(std::string::npos, slurp(plan.directories.at("") + "/cgroup.controllers").find(name)) << name;
  }
}

TEST_F(CgroupTest, ALinkInThePlaceOfADirectoryIsNotFollowed) {
  const fs::path mount = fs::temp_directory_path() / name_;
  fs::create_directory(mount);
  fs::create_directory(mount / "elsewhere");
  fs::create_directory_symlink(mount / "elsewhere", mount / "link");
  CgroupPlan plan;
  plan.mode = kernel::CgroupMode::kUnified;
  plan.hierarchies = {{"", mount}};
  plan.directories[""] = mount / "link/c1";
  const auto cgroup = kernel::create_cgroup(plan);
  ASSERT_FALSE(cgroup.has_value());
  EXPECT_EQ(ELOOP, cgroup.error().sys()) << cgroup.error().message();
  EXPECT_TRUE(fs::is_empty(mount / "elsewhere"));
  fs::remove_all(mount);
}

}  // namespace
