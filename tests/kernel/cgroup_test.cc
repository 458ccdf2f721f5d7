// Real cgroups below /bulkhead-test-PID in every hierarchy of this host. Each test leaves nothing behind, and says so.
#include "kernel/cgroup.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>

#include "base/text.h"
#include "kernel/cgroup_layout.h"

namespace {

using kernel::CgroupPaths;
using kernel::CgroupPlan;
using kernel::CgroupWrite;
namespace fs = std::filesystem;

std::string slurp(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

class CgroupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "making cgroups needs root";
    auto layout = kernel::probe_cgroup_layout();
    ASSERT_TRUE(layout.has_value()) << layout.error().message();
    layout_ = *layout;
    if (layout_.mode == kernel::CgroupMode::kNone) GTEST_SKIP() << "no cgroup hierarchy is mounted";
    const auto& first = layout_.v2_mount.empty() ? layout_.v1_mounts.begin()->second : layout_.v2_mount;
    if (::access(first.c_str(), W_OK) != 0) GTEST_SKIP() << first << " cannot be written to";
    name_ = base::cat("bulkhead-test-", ::getpid());
  }

  void TearDown() override {
    for (const pid_t pid : children_) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
    if (name_.empty()) return;
    for (const std::string& mount : mounts()) EXPECT_FALSE(fs::exists(mount + "/" + name_)) << "left in " << mount;
  }

  std::vector<std::string> mounts() const {
    std::vector<std::string> out;
    for (const auto& [controller, mount] : layout_.v1_mounts) out.push_back(mount);
    if (!layout_.v2_mount.empty()) out.push_back(layout_.v2_mount);
    return out;
  }

  CgroupPlan make_plan(const std::string& below = "") const {
    CgroupPlan plan;
    plan.path = "/" + name_ + below;
    plan.mode = layout_.mode;
    for (const auto& [controller, mount] : layout_.v1_mounts) {
      bool known = false;
      for (const auto& hierarchy : plan.hierarchies) known = known || hierarchy.second == mount;
      if (!known) plan.hierarchies.emplace_back(controller, mount);
      plan.directories[controller] = mount + plan.path;
    }
    if (!layout_.v2_mount.empty()) {
      plan.hierarchies.emplace_back("", layout_.v2_mount);
      plan.directories[""] = layout_.v2_mount + plan.path;
    }
    if (layout_.mode == kernel::CgroupMode::kUnified) plan.v2_enable = layout_.v2_controllers;
    return plan;
  }

  bool has_v1(const std::string& controller) const { return layout_.v1_mounts.count(controller) != 0; }
  bool has_v2(const std::string& controller) const {
    for (const auto& name : layout_.v2_controllers) {
      if (name == controller) return true;
    }
    return false;
  }

  CgroupWrite pids_max(const std::string& value) const {
    return {has_v1("pids") ? "pids" : "", "pids.max", value, "/linux/resources/pids/limit"};
  }

  // A child that joins as the launched one does, tells so, and runs `body`.
  pid_t spawn(const kernel::CgroupHandle& cgroup, const std::function<void()>& body) {
    int pipe_fds[2];
    EXPECT_EQ(0, ::pipe2(pipe_fds, O_CLOEXEC));
    clone_args args{};
    args.exit_signal = SIGCHLD;
    if (cgroup.v2_fd() >= 0) {
      args.flags = CLONE_INTO_CGROUP;
      args.cgroup = static_cast<__u64>(cgroup.v2_fd());
    }
    const long pid = ::syscall(SYS_clone3, &args, sizeof(args));
    EXPECT_GE(pid, 0) << errno;
    if (pid == 0) {
      for (const auto& [controller, fd] : cgroup.tasks()) {
        if (::write(fd.get(), "0", 1) != 1) ::_exit(100);
      }
      if (::write(pipe_fds[1], "j", 1) != 1) ::_exit(101);
      body();
      ::_exit(0);
    }
    ::close(pipe_fds[1]);
    char c = 0;
    EXPECT_EQ(1, ::read(pipe_fds[0], &c, 1)) << "the child could not join";
    ::close(pipe_fds[0]);
    children_.push_back(static_cast<pid_t>(pid));
    return static_cast<pid_t>(pid);
  }

  int reap(pid_t pid) {
    int status = 0;
    EXPECT_EQ(pid, ::waitpid(pid, &status, 0));
    std::erase(children_, pid);
    return status;
  }

  kernel::CgroupLayout layout_;
  std::string name_;
  std::vector<pid_t> children_;
};

[[noreturn]] void sleep_for_ever() {
  for (;;) ::pause();
}

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

TEST_F(CgroupTest, FreezeAndThaw) {
  auto cgroup = kernel::create_cgroup(make_plan());
  ASSERT_TRUE(cgroup.has_value()) << cgroup.error().message();
  if (!has_v1("freezer") && cgroup->v2_fd() < 0) GTEST_SKIP() << "no freezer";
  const auto before = ::signal(SIGTERM, [](int) { ::_exit(7); });  // for the child, from its first moment
  const pid_t pid = spawn(*cgroup, sleep_for_ever);
  ::signal(SIGTERM, before);
  EXPECT_FALSE(*kernel::cgroup_is_frozen(cgroup->paths()));
  const auto frozen = kernel::cgroup_freeze(cgroup->paths());
  ASSERT_TRUE(frozen.has_value()) << frozen.error().message();
  EXPECT_TRUE(*kernel::cgroup_is_frozen(cgroup->paths()));
  // A signal that does not kill waits for the thaw, and leaves it frozen.
  ASSERT_TRUE(kernel::cgroup_kill_all(cgroup->paths(), SIGTERM).has_value());
  EXPECT_TRUE(*kernel::cgroup_is_frozen(cgroup->paths()));
  EXPECT_EQ(0, ::waitpid(pid, nullptr, WNOHANG));
  ASSERT_TRUE(kernel::cgroup_thaw(cgroup->paths()).has_value());
  EXPECT_EQ(7, WEXITSTATUS(reap(pid)));
  EXPECT_FALSE(*kernel::cgroup_is_frozen(cgroup->paths()));
}

TEST_F(CgroupTest, AFrozenCgroupIsRefusedAndCanBeKilled) {
  auto cgroup = kernel::create_cgroup(make_plan());
  ASSERT_TRUE(cgroup.has_value()) << cgroup.error().message();
  ASSERT_TRUE(kernel::cgroup_freeze(cgroup->paths()).has_value());
  const auto second = kernel::create_cgroup(make_plan());
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(std::string::npos, second.error().message().find("container's cgroup unexpectedly frozen"));
  ASSERT_TRUE(kernel::cgroup_thaw(cgroup->paths()).has_value());
  const pid_t pid = spawn(*cgroup, sleep_for_ever);
  ASSERT_TRUE(kernel::cgroup_freeze(cgroup->paths()).has_value());
  ASSERT_TRUE(kernel::cgroup_kill_all(cgroup->paths()).has_value());
  EXPECT_EQ(SIGKILL, WTERMSIG(reap(pid)));
}

TEST_F(CgroupTest, GoneIsThawedAndEmpty) {
  const CgroupPaths gone = make_plan().directories;
  EXPECT_FALSE(*kernel::cgroup_is_frozen(gone));
  EXPECT_TRUE(kernel::cgroup_thaw(gone).has_value());
  EXPECT_TRUE(kernel::cgroup_pids(gone)->empty());
  EXPECT_TRUE(kernel::cgroup_kill_all(gone, SIGTERM).has_value());
  EXPECT_TRUE(kernel::cgroup_destroy(gone).has_value());
  EXPECT_TRUE(kernel::cgroup_kill_all({}).has_value());
}

// Each process forks a successor and ends: a list of pids is out of date when it is read. Not for ever, should the
// test fail.
void hop() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (std::chrono::steady_clock::now() < end) {
    const pid_t next = ::fork();
    if (next > 0) ::_exit(0);
    if (next < 0) ::usleep(100);
  }
}

// Both ways to kill: cgroup.kill where there is v2, and the v1 freezer alone.
TEST_F(CgroupTest, NobodyEscapesTheKill) {
  struct Way {
    std::string name;
    bool v2;
  };
  for (const Way& way : {Way{"all", true}, Way{"v1", false}}) {
    CgroupPlan plan = make_plan();
    if (!way.v2 && layout_.v1_mounts.empty()) continue;
    if (has_v1("pids") || has_v2("pids")) plan.writes.push_back(pids_max("64"));
    auto cgroup = kernel::create_cgroup(plan);
    ASSERT_TRUE(cgroup.has_value()) << cgroup.error().message();
    std::vector<pid_t> pids;
    for (int i = 0; i < 4; ++i) pids.push_back(spawn(*cgroup, hop));
    pids.push_back(spawn(*cgroup, sleep_for_ever));
    ::usleep(20'000);
    CgroupPaths paths = cgroup->paths();
    if (!way.v2) paths.erase("");
    const auto killed = kernel::cgroup_kill_all(paths);
    EXPECT_TRUE(killed.has_value()) << killed.error().message();
    for (const pid_t pid : pids) reap(pid);
    const auto destroyed = kernel::cgroup_destroy(cgroup->paths(), 2000);
    EXPECT_TRUE(destroyed.has_value()) << way.name << ": " << destroyed.error().message();
    EXPECT_TRUE(kernel::cgroup_pids(cgroup->paths())->empty()) << way.name;
    EXPECT_FALSE(*kernel::cgroup_is_frozen(cgroup->paths())) << way.name;
  }
}

TEST_F(CgroupTest, DestroyWaitsForTheLastProcess) {
  for (const bool v2 : {true, false}) {
    auto cgroup = kernel::create_cgroup(make_plan());
    ASSERT_TRUE(cgroup.has_value()) << cgroup.error().message();
    const pid_t pid = spawn(*cgroup, [] { ::usleep(50'000); });
    CgroupPaths paths = cgroup->paths();
    if (!v2 && paths.size() > 1) paths.erase("");
    const auto destroyed = kernel::cgroup_destroy(paths);
    EXPECT_TRUE(destroyed.has_value()) << destroyed.error().message();
    EXPECT_EQ(0, reap(pid));
  }
}

TEST_F(CgroupTest, DestroyGivesUpInTimeAndSaysWhy) {
  auto cgroup = kernel::create_cgroup(make_plan());
  ASSERT_TRUE(cgroup.has_value()) << cgroup.error().message();
  const pid_t pid = spawn(*cgroup, sleep_for_ever);
  const auto start = std::chrono::steady_clock::now();
  const auto destroyed = kernel::cgroup_destroy(cgroup->paths(), 50);
  const auto took = std::chrono::steady_clock::now() - start;
  ASSERT_FALSE(destroyed.has_value());
  EXPECT_EQ(EBUSY, destroyed.error().sys());
  EXPECT_NE(std::string::npos, destroyed.error().message().find("1 process(es) still in it"));
  EXPECT_GE(took, std::chrono::milliseconds(50));
  EXPECT_LT(took, std::chrono::seconds(2));
  ::kill(pid, SIGKILL);
  reap(pid);
}

// A workload's own cgroups, nested so deep that no path leads there any more.
TEST_F(CgroupTest, DestroyRemovesWhatIsBelow) {
  auto cgroup = kernel::create_cgroup(make_plan());
  ASSERT_TRUE(cgroup.has_value()) << cgroup.error().message();
  for (const auto& [controller, directory] : cgroup->paths()) {
    if (controller == "memory") continue;  // each of its cgroups takes memory of the kernel's for long
    base::UniqueFd dir(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const std::string name(200, 'd');
    for (int depth = 0; depth < 25 && dir; ++depth) {
      ASSERT_EQ(0, ::mkdirat(dir.get(), "leaf", 0755)) << directory << errno;
      ASSERT_EQ(0, ::mkdirat(dir.get(), name.c_str(), 0755)) << directory << errno;
      dir.reset(::openat(dir.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    }
  }
  const auto destroyed = kernel::cgroup_destroy(cgroup->paths());
  EXPECT_TRUE(destroyed.has_value()) << destroyed.error().message();
}

TEST_F(CgroupTest, PidsIncludeThoseBelow) {
  auto cgroup = kernel::create_cgroup(make_plan());
  auto below = kernel::create_cgroup(make_plan("/sub/sub"));
  ASSERT_TRUE(cgroup.has_value() && below.has_value());
  const pid_t pid = spawn(*below, sleep_for_ever);
  EXPECT_EQ(std::vector<pid_t>{pid}, *kernel::cgroup_pids(cgroup->paths()));
  ASSERT_TRUE(kernel::cgroup_kill_all(cgroup->paths()).has_value());
  reap(pid);
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
