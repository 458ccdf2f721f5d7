// What the process is: ids, capabilities, limits, what it was given.

#include <asm/unistd.h>
#include <linux/prctl.h>
#include <linux/sched.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "base/text.h"
#include "predict/sandbox.h"

namespace predict {
namespace {

using base::cat;

constexpr const char* kNothing = "set by the runtime";

template <typename Range>
std::string spaced(const Range& range) {
  std::string out;
  for (const auto& value : range) {
    if (!out.empty()) out += ' ';
    out += base::piece(value).text();
  }
  return out;
}

std::string three(std::uint32_t id) { return cat(id, ' ', id, ' ', id); }

std::string digits(std::uint64_t value, unsigned base, std::size_t width) {
  std::string out;
  for (; value != 0 || out.size() < width; value /= base) out.insert(out.begin(), "0123456789abcdef"[value % base]);
  return out;
}

std::string limits(std::uint64_t soft, std::uint64_t hard) {
  const auto word = [](std::uint64_t value) {
    return value == ~0ULL ? std::string("unlimited") : std::to_string(value);
  };
  return cat(word(soft), ' ', word(hard));
}

template <typename T>
const plan::Step* find(const plan::LaunchPlan& plan) {
  for (const auto& step : plan.steps) {
    if (std::holds_alternative<T>(step.op)) return &step;
  }
  return nullptr;
}

std::string groups(const Sandbox& box) {
  const auto* step = find<plan::Identity>(box.plan);
  std::vector<std::uint32_t> list;
  if (step != nullptr) list = std::get<plan::Identity>(step->op).groups;
  std::sort(list.begin(), list.end());  // as the kernel keeps them
  return spaced(list);
}

void expect_identity(const Sandbox& box, Expectations& out) {
  out.push_back({"identity", "user: real, effective, saved", "uid", three(box.uid), "/process/user/uid"});
  out.push_back({"identity", "group: real, effective, saved", "gid", three(box.gid), "/process/user/gid"});
  if (box.procfs) {  // without it, a filter may hide these
    out.push_back({"identity", "user of its files", "uid.3", cat(box.uid), "/process/user/uid"});
    out.push_back({"identity", "group of its files", "gid.3", cat(box.gid), "/process/user/gid"});
  }
  out.push_back({"identity", "supplementary groups", "groups", groups(box), "/process/user/additionalGids"});
  const auto set = [&](const char* name, oci::CapSet value) {
    out.push_back({"capabilities", cat(name, " set"), cat("capabilities.", name), digits(value, 16, 16),
                   cat("/process/capabilities/", name)});
  };
  set("effective", box.caps.effective);
  set("permitted", box.caps.permitted);
  set("inheritable", box.caps.inheritable);
  set("bounding", box.caps.bounding);
  set("ambient", box.caps.ambient);
  out.push_back({"capabilities", "securebits", "capabilities.securebits", cat(box.secure_bits),
                 box.hardened.locks().secure_bits != 0 ? "policy" : "inherited"});
  out.push_back({"privileges", "NoNewPrivs", "no_new_privs", box.no_new_privs ? "1" : "0", "/process/noNewPrivileges"});
  const bool filter = !box.plan.seccomp.code.empty();
  const std::string mode = filter ? "2" : cat(box.host.seccomp_mode);
  out.push_back({"privileges", "Seccomp mode", "seccomp.mode", box.procfs ? mode : "-1", "/linux/seccomp and policy"});
}

std::string environment_names(const plan::LaunchPlan& plan) {
  std::vector<std::string> names;
  for (const auto& entry : plan.envp) names.push_back(base::escape(entry.substr(0, entry.find('='))));
  std::sort(names.begin(), names.end());
  return base::join(names, " ");
}

void expect_given(const Sandbox& box, Expectations& out) {
  std::vector<std::uint32_t> fds;
  for (std::uint32_t fd = 0; fd < 3 + box.plan.preserve_fds; ++fd) fds.push_back(fd);
  out.push_back({"process", "open descriptors", "fds", spaced(fds), "runtime: only stdio and preserved descriptors"});
  out.push_back({"process", "environment: names", "environment", environment_names(box.plan), "/process/env"});
  out.push_back({"process", "working directory", "directory", "inside the root", "/process/cwd"});
  out.push_back({"process", "dumpable", "dumpable", "1", kNothing});
  out.push_back({"process", "session", "session", "its own", kNothing});
  out.push_back({"process", "controlling terminal (open /dev/tty)", "tty", "ENXIO|ENOENT", kNothing});
  if (const auto* step = find<plan::Umask>(box.plan)) {
    out.push_back({"process", "umask", "umask", digits(std::get<plan::Umask>(step->op).mask, 8, 4), step->because});
  }
  if (!box.spec.hostname.empty() && box.has_namespace(CLONE_NEWUTS)) {
    out.push_back({"process", "host name", "hostname", base::escape(box.spec.hostname), "/hostname"});
  }
  if (box.hardened.locks().core_scheduling && !box.refusal({plan::kNativeAbi, __NR_prctl, {{PR_SCHED_CORE}}}))
    out.push_back({"process", "cookie of core scheduling", "scheduling.cookie", "one", "policy"});
  constexpr int kGivenUp = PR_SPEC_PRCTL | PR_SPEC_FORCE_DISABLE;
  for (const auto& [control, key, name] : {std::tuple{PR_SPEC_STORE_BYPASS, "scheduling.store_bypass", "speculative store bypass"},
                                           {PR_SPEC_INDIRECT_BRANCH, "scheduling.indirect_branch", "speculation on indirect branches"}}) {
    if ((box.hardened.locks().speculation & 1U << control) != 0 && !box.refusal({plan::kNativeAbi, __NR_prctl, {{PR_GET_SPECULATION_CTRL}}}))
      out.push_back({"process", name, key, cat(kGivenUp), "policy"});
  }
  const std::int32_t score = box.plan.oom_score_adj.value_or(box.host.oom_score_adj);
  if (box.procfs) out.push_back({"limits", "out-of-memory score", "oom_score_adj", cat(score), "/process/oomScoreAdj"});
}

constexpr std::array kLimits = {"RLIMIT_AS",     "RLIMIT_CORE",   "RLIMIT_CPU",     "RLIMIT_DATA",
                                "RLIMIT_FSIZE",  "RLIMIT_LOCKS",  "RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE",
                                "RLIMIT_NICE",   "RLIMIT_NOFILE", "RLIMIT_NPROC",   "RLIMIT_RSS",
                                "RLIMIT_RTPRIO", "RLIMIT_RTTIME", "RLIMIT_STACK",   "RLIMIT_SIGPENDING"};

void expect_limits(const Sandbox& box, Expectations& out) {
  for (const std::string name : kLimits) {
    const auto inherited = box.host.rlimits.find(name);
    std::string predicted;
    std::string because = "inherited";
    if (inherited != box.host.rlimits.end()) predicted = limits(inherited->second.soft, inherited->second.hard);
    for (const auto& limit : box.spec.process->rlimits) {
      if (limit.type != name) continue;
      predicted = limits(limit.soft, limit.hard);
      because = "/process/rlimits";
    }
    if (!predicted.empty())
      out.push_back({"limits", cat(name, ": soft, hard"), cat("rlimits.", name), predicted, because});
  }
}

}  // namespace

void expect_process(const Sandbox& box, Expectations& out) {
  expect_identity(box, out);
  expect_given(box, out);
  expect_limits(box, out);
}

}  // namespace predict
