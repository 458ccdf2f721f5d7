// Who can be reached outside of the container by a namespace that it shares: by a signal, or by a socket that has no file
// (unix(7)). What Landlock does to both: landlock(7), "Scoping".

#include <asm/unistd.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>

#include "base/text.h"
#include "kernel/landlock.h"
#include "predict/sandbox.h"

namespace predict {
namespace {

using base::cat;

constexpr std::uint64_t kUnix = 1, kStream = 1;  // as in probe/sockets.inc
constexpr std::size_t kBeforeName = 3;           // of struct sockaddr_un: the family, and a zero

Call native(std::uint32_t number, plan::CallArgs args) { return {plan::kNativeAbi, number, args}; }

bool is_scoped(const Sandbox& box, std::uint64_t scope) {
  for (const auto& step : box.plan.steps) {
    if (const auto* ruleset = std::get_if<plan::LandlockRuleset>(&step.op)) return (ruleset->scopes & scope) != 0;
  }
  return false;
}

// The host's id of a user, if that is known.
std::optional<std::uint32_t> outside_id(const Sandbox& box) {
  if (!box.user_namespace) return box.uid;
  for (const auto& map : box.plan.uid_maps) {
    if (!box.joined_user && box.uid >= map.container_id && box.uid - map.container_id < map.size)
      return map.host_id + (box.uid - map.container_id);
  }
  return std::nullopt;
}

// kill(2): the same user, or CAP_KILL over the other's user namespace.
bool may_signal(const Sandbox& box) { return box.host_cap(CAP_KILL) || outside_id(box) == box.host.uid; }

bool can_name_process(const Sandbox& box) { return may_name_outside(box) && box.share(CLONE_NEWPID, "pid") != Share::kOthers; }

void expect_signal(const Sandbox& box, Expectations& out) {
  if (!can_name_process(box)) return;
  Expectation row{"outside", "signal the runtime's process", cat("signal.", box.host.pid), "ESRCH", "pid namespace"};
  if (const auto word = box.refusal(native(__NR_kill, {{box.host.pid, 0}}))) {
    row.predicted = *word;
    row.because = kFilter;
  } else if (box.share(CLONE_NEWPID, "pid") == Share::kHosts) {
    const bool scoped = is_scoped(box, kernel::landlock::kScopeSignal);
    row.predicted = scoped || !may_signal(box) ? "EPERM" : "ok";
    row.because = scoped ? "landlock.scopes" : may_signal(box) ? "its user, or CAP_KILL over the host" : "another user";
    if (box.joined_user && !scoped) row.predicted = "EPERM|ok";
  }
  out.push_back(std::move(row));
}

void expect_abstract(const Sandbox& box, Expectations& out) {
  const auto& name = box.host.abstract_socket;
  if (name.empty()) return;
  Expectation row{"outside", "connect to a socket without a file, of the host's network", cat("abstract.", name), "ECONNREFUSED", "network namespace"};
  const bool shared = box.share(CLONE_NEWNET, "net") == Share::kHosts;
  if (shared) {
    const bool scoped = is_scoped(box, kernel::landlock::kScopeAbstractSocket);
    row.predicted = scoped ? "EPERM" : "ok";
    row.because = scoped ? "landlock.scopes" : "the host's network";
  }
  box.apply_filter(row, {native(__NR_socket, {{kUnix, kStream | O_CLOEXEC, 0}}), native(__NR_connect, {{3, kPointer, kBeforeName + name.size()}})});
  out.push_back(std::move(row));
}

}  // namespace

void expect_outside(const Sandbox& box, Expectations& out) {
  expect_signal(box, out);
  expect_abstract(box, out);
}

std::vector<std::pair<std::string, std::string>> outside_arguments(const Sandbox& box) {
  std::vector<std::pair<std::string, std::string>> out;
  if (can_name_process(box)) out.emplace_back("--signal", std::to_string(box.host.pid));
  if (!box.host.abstract_socket.empty()) out.emplace_back("--abstract", box.host.abstract_socket);
  return out;
}

}  // namespace predict
