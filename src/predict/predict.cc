#include "predict/predict.h"

#include <linux/seccomp.h>

#include "base/text.h"
#include "predict/sandbox.h"

namespace predict {

base::Result<Expectations> predict(const harden::Hardened& hardened, const plan::LaunchPlan& plan, const Host& host) {
  if ((plan.seccomp.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0) {
    return base::Error::unsupported("config.json: /linux/seccomp: an agent decides about system calls, which cannot be predicted");
  }
  const Sandbox box = sandbox_of(hardened, plan, host);
  Expectations out;
  expect_process(box, out);
  expect_namespaces(box, out);
  expect_mounts(box, out);
  expect_paths(box, out);
  expect_calls(box, out);
  expect_sequences(box, out);
  expect_sockets(box, out);
  expect_exhaustion(box, out);
  return out;
}

std::vector<std::string> probe_arguments(const harden::Hardened& hardened, const plan::LaunchPlan& plan, const Host& host) {
  const Sandbox box = sandbox_of(hardened, plan, host);
  std::vector<std::string> out = {"probe", "--lines"};
  const auto add = [&out](const char* option, const std::string& value) {
    out.emplace_back(option);
    out.push_back(value);
  };
  for (const auto& path : box.spec.linux.masked_paths) add("--masked", base::clean_path(path));
  for (const auto& path : box.spec.linux.readonly_paths) add("--readonly", base::clean_path(path));
  for (const auto& mount : seen_mounts(box)) {
    add("--mount", mount.target);
    if (mount.writable_place) add("--try-in", mount.target);
  }
  if (const std::string limit = pids_limit(box); !limit.empty()) add("--pids", limit);
  if (const std::string limit = memory_limit(box); !limit.empty()) add("--memory", limit);
  return out;
}

}  // namespace predict
