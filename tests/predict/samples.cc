#include "tests/predict/samples.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "oci/names.h"

namespace predict_samples {

predict::Host host() {
  predict::Host host;
  host.facts = samples::facts();
  for (const char* kind : {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"}) {
    host.namespaces[kind] = base::cat(kind, ":[4026531800]");
  }
  host.rlimits["RLIMIT_CORE"] = {0, ~0ULL};
  host.rlimits["RLIMIT_NOFILE"] = {1024, 4096};
  host.sources["/bundle/rootfs"] = {0, true};
  host.sysctls["kernel/dmesg_restrict"] = "1";
  host.sysctls["user/max_user_namespaces"] = "10000";
  return host;
}

Case made(oci::Spec spec, const char* policy, const predict::Host& host) {
  auto outcome = samples::hardened(std::move(spec), policy);
  auto options = samples::options();
  options.program = "/usr/libexec/bulkhead/probe";
  auto plan = plan::plan_create(outcome.hardened, host.facts, options);
  EXPECT_TRUE(plan.has_value()) << (plan ? "" : plan.error().message());
  return {std::move(outcome), plan ? *std::move(plan) : plan::LaunchPlan{}, host};
}

predict::Expectations expectations(const Case& from) {
  auto rows = predict::predict(from.outcome.hardened, from.plan, from.host);
  EXPECT_TRUE(rows.has_value()) << (rows ? "" : rows.error().message());
  return rows ? *std::move(rows) : predict::Expectations{};
}

predict::Expectations expectations(oci::Spec spec, const char* policy) {
  return expectations(made(std::move(spec), policy));
}

predict::Expectation row(const predict::Expectations& rows, const std::string& key) {
  for (const auto& row : rows) {
    if (row.key == key) return row;
  }
  ADD_FAILURE() << "nothing is predicted of " << key;
  return {};
}

std::string word(const predict::Expectations& rows, const std::string& key) { return row(rows, key).predicted; }

predict::Observations as_predicted(const predict::Expectations& rows) {
  predict::Observations seen;
  for (const auto& row : rows) seen[row.key] = base::split(row.predicted, '|').front();
  return seen;
}

oci::CapSet all_capabilities() { return oci::kAllCaps; }

oci::Spec wide_open() {
  oci::Spec spec = samples::minimal();
  const oci::CapSet all = all_capabilities();
  spec.process->capabilities = oci::Capabilities{all, all, all, all, all};
  return spec;
}

void add_namespace(oci::Spec& spec, std::uint64_t type, const char* path) {
  oci::Namespace ns;
  ns.type = type;
  ns.path = path;
  spec.linux.namespaces.push_back(ns);
}

}  // namespace predict_samples
