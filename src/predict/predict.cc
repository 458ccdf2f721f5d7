#include "predict/predict.h"

#include <linux/seccomp.h>

#include "base/text.h"
#include "predict/sandbox.h"

namespace predict {
namespace {

// A profile of a security module may refuse what nothing else does; what is in it, the kernel alone knows.
void allow_for_profile(const Sandbox& box, Expectations& rows) {
  const oci::Process& process = *box.spec.process;
  const bool apparmor =
      box.host.facts.apparmor && !process.apparmor_profile.empty() && process.apparmor_profile != "unconfined";
  const bool selinux = box.host.facts.selinux && !process.selinux_label.empty();
  if (!apparmor && !selinux) return;
  for (auto& row : rows) {
    const bool attempted = row.key.starts_with("attempts.") || row.key.starts_with("sockets.") ||
                           row.key.starts_with("in.") || row.key.starts_with("open_for_writing.") ||
                           row.key.starts_with("devices.") || row.key.starts_with("bind.") || row.key.starts_with("connect.") ||
                           row.key.starts_with("signal.") || row.key.starts_with("abstract.") || row.key.starts_with("reach.");
    if (!attempted || row.because == kFilter) continue;
    for (const char* word : {"EACCES", "EPERM"}) {
      if (row.predicted.find(word) == std::string::npos) row.predicted += base::cat('|', word);
    }
    // It looks for the file system before anybody looks at rights: aa_new_mount() of security/apparmor/mount.c.
    if (apparmor && row.key == "attempts.mount" && row.predicted.find("ENODEV") == std::string::npos) row.predicted += "|ENODEV";
    row.because += apparmor ? ", and AppArmor" : ", and SELinux";
  }
}

}  // namespace

base::Result<Expectations> predict(const harden::Hardened& hardened, const plan::LaunchPlan& plan, const Host& host) {
  if ((plan.seccomp.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0) {
    return base::Error::unsupported(
        "config.json: /linux/seccomp: an agent decides about system calls, which cannot be predicted");
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
  expect_landlock(box, out);
  expect_procfs(box, out);
  expect_outside(box, out);
  expect_network(box, out);
  expect_exhaustion(box, out);
  allow_for_profile(box, out);
  return out;
}

std::vector<std::string> probe_arguments(const harden::Hardened& hardened, const plan::LaunchPlan& plan,
                                         const Host& host) {
  const Sandbox box = sandbox_of(hardened, plan, host);
  std::vector<std::string> out = {"probe", "--lines"};
  const auto add = [&out](const char* option, const std::string& value) {
    out.emplace_back(option);
    out.push_back(value);
  };
  if (host.running) out.emplace_back("--guest");
  for (const auto& path : box.spec.linux.masked_paths) add("--masked", base::clean_path(path));
  for (const auto& path : box.spec.linux.readonly_paths) add("--readonly", base::clean_path(path));
  for (const auto& mount : seen_mounts(box)) {
    add("--mount", mount.target);
    if (mount.writable_place) add("--try-in", mount.target);
  }
  for (const auto& list : {port_arguments(box), procfs_arguments(box), outside_arguments(box), network_arguments(box)}) {
    for (const auto& [option, value] : list) add(option.c_str(), value);
  }
  if (const std::string limit = pids_limit(box); !limit.empty()) add("--pids", limit);
  if (const std::string limit = memory_limit(box); !limit.empty()) add("--memory", limit);
  return out;
}

}  // namespace predict
