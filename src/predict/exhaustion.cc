// Limits that are run into. Only small ones: the host must not notice.

#include "base/text.h"
#include "predict/sandbox.h"

namespace predict {
namespace {

constexpr std::uint64_t kMostProcesses = 4096;
constexpr std::uint64_t kMostMemory = 512ULL << 20;

// What the plan writes to a file of the cgroup; the last one counts.
std::string written(const Sandbox& box, std::string_view file) {
  std::string value;
  for (const auto& write : box.plan.cgroup.writes) {
    if (write.file == file) value = write.value;
  }
  return value;
}

// A number up to `most`, as the plan writes it.
std::string bounded(const std::string& value, std::uint64_t most) {
  const auto number = base::parse_u64(value);
  return number && *number > 0 && *number <= most ? value : "";
}

}  // namespace

// Where others are in the container, they would be without.
std::string pids_limit(const Sandbox& box) { return box.host.running ? "" : bounded(written(box, "pids.max"), kMostProcesses); }

// Not where more swap would be used than memory, or where nothing is killed but all wait.
std::string memory_limit(const Sandbox& box) {
  std::string limit = bounded(written(box, "memory.max"), kMostMemory);
  if (limit.empty()) limit = bounded(written(box, "memory.limit_in_bytes"), kMostMemory);
  const std::string both = written(box, "memory.memsw.limit_in_bytes");
  const bool no_swap = !box.host.swap || written(box, "memory.swap.max") == "0" || (!both.empty() && both == limit);
  const auto& memory = box.spec.linux.resources ? box.spec.linux.resources->memory : std::nullopt;
  const bool waits = memory && memory->disable_oom_killer.value_or(false);
  if (box.host.running || !no_swap || waits || !box.procfs) return "";
  return limit;
}

void expect_exhaustion(const Sandbox& box, Expectations& out) {
  if (const std::string limit = pids_limit(box); !limit.empty()) {
    out.push_back(
        {"limits", base::cat("make ", limit, " processes more"), "fork", "EAGAIN", "/linux/resources/pids/limit"});
  }
  if (const std::string limit = memory_limit(box); !limit.empty()) {
    out.push_back({"limits", base::cat("use more than ", limit, " bytes of memory"), "memory", "SIGKILL|ENOMEM",
                   written(box, "memory.oom.group") == "1" ? "/linux/resources/memory/limit; all of the container is killed" : "/linux/resources/memory/limit"});
  }
}

}  // namespace predict
