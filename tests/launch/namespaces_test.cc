// The visit to namespaces that a container joins, and the check that new ones are new.
#include "launch/namespaces.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "base/text.h"
#include "tests/support/in_child.h"

namespace launch {
namespace {

using base::cat;
using support::check_in_child;

ino_t inode(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_ino;
}

// A process in namespaces of its own, which ends with this object.
class Neighbour {
 public:
  explicit Neighbour(int flags) {
    int ready[2], done[2];
    EXPECT_EQ(::pipe2(ready, O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(done, O_CLOEXEC), 0);
    child_.emplace([&] {
      ::close(done[1]);
      const char answer = ::unshare(flags) == 0 ? 'y' : 'n';
      EXPECT_EQ(::write(ready[1], &answer, 1), 1);
      char byte;
      EXPECT_EQ(::read(done[0], &byte, 1), 0);
    });
    ::close(ready[1]);
    ::close(done[0]);
    done_.reset(done[1]);
    char answer = 'n';
    EXPECT_EQ(::read(ready[0], &answer, 1), 1);
    ::close(ready[0]);
    EXPECT_EQ(answer, 'y');
  }
  ~Neighbour() {
    done_.reset();
    EXPECT_EQ(child_->wait(), 0);
  }
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;

  std::string proc() const { return cat("/proc/", child_->pid()); }
  std::string ns(const char* name) const { return cat(proc(), "/ns/", name); }

 private:
  std::optional<support::Forked> child_;
  base::UniqueFd done_;
};

class Namespaces : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: makes and joins namespaces";
  }
};

using Visit = Namespaces;

TEST_F(Visit, IsThereAndBack) {
  const Neighbour neighbour(CLONE_NEWUTS | CLONE_NEWIPC);
  check_in_child([&] {
    const ino_t uts = inode("/proc/self/ns/uts"), ipc = inode("/proc/self/ns/ipc");
    plan::LaunchPlan plan;
    plan.joins.push_back({CLONE_NEWUTS, "uts", neighbour.ns("uts"), "/linux/namespaces/0"});
    plan.joins.push_back({CLONE_NEWIPC, "ipc", neighbour.ns("ipc"), "/linux/namespaces/1"});
    auto visit = NamespaceVisit::enter(plan);
    ASSERT_TRUE(visit.has_value()) << visit.error().message();
    EXPECT_EQ(inode("/proc/self/ns/uts"), inode(neighbour.ns("uts")));
    EXPECT_EQ(inode("/proc/self/ns/ipc"), inode(neighbour.ns("ipc")));
    EXPECT_TRUE(visit->leave().has_value());
    EXPECT_EQ(inode("/proc/self/ns/uts"), uts);
    EXPECT_EQ(inode("/proc/self/ns/ipc"), ipc);
    EXPECT_TRUE(visit->leave().has_value());
  });
}

TEST_F(Visit, ComesBackAfterAnError) {
  const Neighbour neighbour(CLONE_NEWUTS);
  check_in_child([&] {
    const ino_t uts = inode("/proc/self/ns/uts");
    plan::LaunchPlan plan;
    plan.joins.push_back({CLONE_NEWUTS, "uts", neighbour.ns("uts"), "/linux/namespaces/0"});
    plan.joins.push_back({CLONE_NEWIPC, "ipc", "/no/such/file", "/linux/namespaces/1"});
    const auto visit = NamespaceVisit::enter(plan);
    ASSERT_FALSE(visit.has_value());
    EXPECT_EQ(visit.error().message(),
              "config.json: /linux/namespaces/1/path: open \"/no/such/file\": no such file or directory");
    EXPECT_EQ(inode("/proc/self/ns/uts"), uts);
  });
}

TEST_F(Visit, LeavesUserAndMountNamespacesToOthers) {
  check_in_child([&] {
    plan::LaunchPlan plan;
    plan.joins.push_back({CLONE_NEWUSER, "user", "/no/such/file", "/linux/namespaces/0"});
    plan.joins.push_back({CLONE_NEWNS, "mount", "/no/such/file", "/linux/namespaces/1"});
    EXPECT_TRUE(NamespaceVisit::enter(plan).has_value());
    EXPECT_FALSE(open_user_namespace(plan).has_value());
    plan.joins[0].path = "/proc/self/ns/user";
    const auto userns = open_user_namespace(plan);
    ASSERT_TRUE(userns.has_value());
    EXPECT_TRUE(userns->valid());
    plan.joins.clear();
    EXPECT_FALSE(open_user_namespace(plan)->valid());
  });
}

TEST_F(Visit, TakesOnlyTheNamespaceThatItIsToldTo) {
  for (const char* path : {"/proc/self/ns/ipc", "/dev/null", "/"}) {
    plan::LaunchPlan plan;
    plan.joins.push_back({CLONE_NEWUTS, "uts", path, "/linux/namespaces/4"});
    const auto visit = NamespaceVisit::enter(plan);
    ASSERT_FALSE(visit.has_value()) << path;
    EXPECT_EQ(visit.error().message(),
              cat("config.json: /linux/namespaces/4/path: \"", path, "\" is not a uts namespace"));
  }
}

TEST_F(Visit, RefusesTheHostsNamespaceWhereThePolicyDoes) {
  const Neighbour neighbour(CLONE_NEWUTS);
  check_in_child([&] {
    plan::LaunchPlan plan;
    // Whatever the path is: only what is opened counts.
    plan.joins.push_back({CLONE_NEWUTS, "uts", cat("/proc/", ::getpid(), "/ns/uts"), "/linux/namespaces/0", true});
    const auto visit = NamespaceVisit::enter(plan);
    ASSERT_FALSE(visit.has_value());
    EXPECT_EQ(visit.error().kind(), base::Kind::kPolicy);
    EXPECT_NE(visit.error().message().find("leads to the host's uts namespace"), std::string::npos) << visit.error().message();
    plan.joins[0].path = neighbour.ns("uts");
    EXPECT_TRUE(NamespaceVisit::enter(plan).has_value());
  });
}

TEST_F(Visit, MakesATimeNamespaceForTheChildOnly) {
  check_in_child([] {
    plan::LaunchPlan plan;
    plan.new_time_namespace = true;
    plan.boottime = oci::TimeOffset{3600, 5};
    const ino_t own = inode("/proc/self/ns/time"), children = inode("/proc/self/ns/time_for_children");
    {
      auto visit = NamespaceVisit::enter(plan);
      ASSERT_TRUE(visit.has_value()) << visit.error().message();
      EXPECT_EQ(inode("/proc/self/ns/time"), own);
      EXPECT_NE(inode("/proc/self/ns/time_for_children"), children);
    }
    EXPECT_EQ(inode("/proc/self/ns/time_for_children"), children);
  });
}

class Verification : public Namespaces {
 protected:
  static base::Result<void> verify(std::uint64_t clone, std::uint64_t unshare, const std::string& proc) {
    plan::LaunchPlan plan;
    plan.clone_flags = clone;
    plan.unshare_flags = unshare;
    const base::UniqueFd fd(::open(proc.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    return verify_namespaces(plan.clone_flags | plan.unshare_flags, fd.get());
  }
};

TEST_F(Verification, AcceptsNewNamespaces) {
  const Neighbour neighbour(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNS);
  EXPECT_TRUE(verify(CLONE_NEWUTS | CLONE_NEWIPC, CLONE_NEWNS, neighbour.proc()).has_value());
  EXPECT_TRUE(verify(0, 0, neighbour.proc()).has_value());
}

TEST_F(Verification, SeesASharedNamespace) {
  const Neighbour neighbour(CLONE_NEWUTS);
  for (const auto& [clone, unshare, name] : {std::tuple{CLONE_NEWUTS | CLONE_NEWIPC, 0, "ipc"},
                                             {CLONE_NEWUTS, CLONE_NEWCGROUP, "cgroup"},
                                             {CLONE_NEWPID, 0, "pid"},
                                             {CLONE_NEWNS, 0, "mnt"},
                                             {CLONE_NEWUSER, 0, "user"},
                                             {CLONE_NEWNET, 0, "net"}}) {
    const auto verified =
        verify(static_cast<std::uint64_t>(clone), static_cast<std::uint64_t>(unshare), neighbour.proc());
    ASSERT_FALSE(verified.has_value()) << name;
    EXPECT_EQ(verified.error().kind(), base::Kind::kUnsupported);
    EXPECT_EQ(verified.error().message(),
              cat("verification failed: the container shares the ", name, " namespace of this process"));
  }
}

TEST_F(Verification, OfAProcessThatIsGoneFails) {
  base::UniqueFd proc;
  {
    const Neighbour neighbour(CLONE_NEWUTS);
    proc.reset(::open(neighbour.proc().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  plan::LaunchPlan plan;
  plan.clone_flags = CLONE_NEWUTS;
  const auto verified = verify_namespaces(plan.clone_flags | plan.unshare_flags, proc.get());
  ASSERT_FALSE(verified.has_value());
  EXPECT_TRUE(verified.error().sys() == ENOENT || verified.error().sys() == ESRCH) << verified.error().message();
}

}  // namespace
}  // namespace launch
