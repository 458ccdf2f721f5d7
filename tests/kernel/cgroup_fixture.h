// A fixture for tests with real cgroups, below /bulkhead-test-PID in every hierarchy of this host. Each test leaves
// nothing behind, and says so if it does.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "base/text.h"
#include "kernel/cgroup.h"
#include "kernel/cgroup_layout.h"

namespace cgroup_test {

using kernel::CgroupPaths;
using kernel::CgroupPlan;
using kernel::CgroupWrite;
namespace fs = std::filesystem;

inline std::string slurp(const std::string& path) {
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

[[noreturn]] inline void sleep_for_ever() {
  for (;;) ::pause();
}

}  // namespace cgroup_test
