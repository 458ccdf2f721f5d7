// The parent's side of a start: from a plan to an init that waits to exec the container's program. The only room that
// clones. Nothing is left behind on any error: the child is killed and reaped, the cgroup removed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "init/protocol.h"
#include "kernel/cgroup.h"
#include "kernel/proc.h"
#include "launch/carrier.h"
#include "launch/listener.h"
#include "launch/sources.h"
#include "plan/plan.h"

namespace launch {

struct Target;

// An init that sets the container up on its own, while this process may do something else. Until keep() is called, the
// destructor kills and reaps it.
class Launched {
 public:
  Launched(Carried carried, base::UniqueFd report, std::optional<Sources> sources);
  Launched(Launched&& other) noexcept;
  Launched& operator=(Launched&&) = delete;
  Launched(const Launched&) = delete;
  ~Launched();

  const kernel::PidFd& process() const { return process_; }
  const kernel::CgroupPaths& cgroup_paths() const { return cgroup_.paths(); }
  // What init is to do. `image` is the encoded plan.
  base::Result<void> instruct(const plan::LaunchPlan& plan, const std::string& image);
  // All that init needs besides: its limits, and the descriptors of the plan. `container_dir_fd`:
  // the container's directory, where the gate socket goes if the plan has one.
  base::Result<void> provide(const plan::LaunchPlan& plan, kernel::CgroupHandle cgroup, int container_dir_fd);
  // Returns when init has entered its namespaces, and they are what they should be.
  base::Result<void> await_entered(const plan::LaunchPlan& plan);
  // The hooks for which init waits, one after the other; `state` is what they read. Between the two others, and before
  // allow_start(), if the plan has any.
  base::Result<void> run_hooks(const plan::LaunchPlan& plan, std::string_view state);
  // exec, then: the namespaces are those of the container's first process, each of them.
  base::Result<void> verify_entered(const plan::LaunchPlan& plan, const kernel::PidFd& init);
  // Returns when init is ready, its program found and everything verified but what comes after, or why it is not.
  base::Result<void> await_ready(const plan::LaunchPlan& plan);
  // The container is on its own now: neither it nor its cgroup are undone any more.
  void keep();
  // What the destructor does otherwise: ends and reaps init, removes the cgroup.
  void undo();

  // create: everything is recorded; init goes on to wait at its gate.
  base::Result<void> release_to_gate();
  // run: everything is recorded; once init is ready, it starts the program without waiting for another word.
  base::Result<void> allow_start();
  // Returns when the program runs, or why it does not.
  base::Result<void> await_start(const plan::LaunchPlan& plan, const Agent& agent);

  std::vector<std::string> warnings;

 private:
  friend base::Result<Launched> launch(const plan::ClonePlan& plan, const kernel::CgroupHandle& cgroup,
                                       const plan::LaunchPlan* whole);
  friend base::Result<Launched> enter(const plan::LaunchPlan& plan, const std::string& image, const Target& target);  // enter.h
  base::Error cause(const plan::LaunchPlan& plan, base::Error error) const;
  base::Result<void> await(const plan::LaunchPlan& plan, init::MessageKind wanted);
  base::Result<void> send_plan(const plan::LaunchPlan& plan, const std::string& image);
  base::Result<void> settle(const plan::LaunchPlan& plan, int container_dir_fd);

  std::shared_ptr<const void> memory_;  // the child's, until it has executed init
  kernel::PidFd process_;
  base::UniqueFd report_;
  base::UniqueFd proc_;  // its directory in /proc
  std::optional<Sources> sources_;
  kernel::CgroupHandle cgroup_;
  bool armed_ = true;
};

// Whether the clone puts the child into the plan's cgroup (a v2 hierarchy). If not, the cgroup is made while init begins.
bool cgroup_comes_first(const plan::ClonePlan& plan);
// The plan's cgroup, if it has one. What is going to be made is recorded before, and that it has been made before init
// hears of it by provide().
base::Result<kernel::CgroupHandle> make_cgroup(const plan::ClonePlan& plan);

// Whether all must be planned before the clone: where this process visits namespaces, what the plan has to make there is made
// on that visit.
bool plan_comes_first(const plan::ClonePlan& plan);

// Clones; the child executes init, which makes its network namespace, if it has a new one, and waits for instruct(). Its id
// maps are written. `cgroup`, if it comes first, is where the child starts; `whole`: the plan, if it is known by now.
base::Result<Launched> launch(const plan::ClonePlan& plan, const kernel::CgroupHandle& cgroup, const plan::LaunchPlan* whole);

// `start`: lets the container go whose `init` waits at the gate in `container_dir_fd`, and returns when its program
// runs, or why it does not. The socket is gone afterwards.
base::Result<void> open_gate(int container_dir_fd, const kernel::PidFd& init, const Agent& agent);

}  // namespace launch
