// The whole plan for each policy and each sample bundle, as explain prints it, against tests/golden/POLICY/BUNDLE.plan:
// a change of a policy or of a recipe shows as a readable diff. BULKHEAD_UPDATE_GOLDEN=1 writes them anew.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>

#include "plan/print.h"
#include "samples.h"

namespace {

std::string golden_path(const std::string& policy, const std::string& bundle) {
  return std::string(TEST_GOLDEN) + "/" + policy + "/" + bundle + ".plan";
}

std::string read_text(const std::string& path) {
  std::string text;
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return text;
  char buffer[4096];
  for (std::size_t n; (n = std::fread(buffer, 1, sizeof(buffer), file)) > 0;) text.append(buffer, n);
  std::fclose(file);
  return text;
}

void write_text(const std::string& path, const std::string& text) {
  ::mkdir(path.substr(0, path.rfind('/')).c_str(), 0755);
  std::FILE* file = std::fopen(path.c_str(), "we");
  ASSERT_NE(file, nullptr) << path;
  std::fwrite(text.data(), 1, text.size(), file);
  std::fclose(file);
}

// The first line that differs, which is what a reader wants to see.
std::string first_difference(const std::string& want, const std::string& have) {
  std::size_t line = 1, start = 0;
  for (std::size_t i = 0; i < want.size() && i < have.size() && want[i] == have[i]; ++i) {
    if (want[i] == '\n') {
      ++line;
      start = i + 1;
    }
  }
  return "line " + std::to_string(line) + "\n  want: " + want.substr(start, want.find('\n', start) - start) +
         "\n  have: " + have.substr(start, have.find('\n', start) - start);
}

void check(const std::string& path, const std::string& have) {
  if (std::getenv("BULKHEAD_UPDATE_GOLDEN") != nullptr) {
    write_text(path, have);
    return;
  }
  const std::string want = read_text(path);
  ASSERT_FALSE(want.empty()) << path << " is missing";
  EXPECT_EQ(want, have) << path << ": " << first_difference(want, have);
}

class Golden : public testing::TestWithParam<std::tuple<std::string, std::string>> {};

TEST_P(Golden, Plan) {
  const auto& [policy, bundle] = GetParam();
  const auto outcome = samples::hardened_or_refused(samples::spec(bundle), policy);
  const std::string have = outcome ? plan::print_text(samples::plan_of(*outcome), outcome->decisions, {}) : outcome.error().message() + "\n";
  check(golden_path(policy, bundle), have);
}

TEST(GoldenSecrets, PlanWithoutTheirValues) {
  const auto outcome = samples::redirected();
  const std::string have = plan::print_text(samples::plan_of(outcome), outcome.decisions, {});
  EXPECT_EQ(have.find("canary"), std::string::npos);
  check(golden_path("redirect", "docker"), have);
}

TEST(GoldenExec, Plan) {
  for (const char* name : {"faas", "passthrough"}) {
    for (const char* bundle : {"docker", "containerd-cri-user"}) {
      const auto container = samples::hardened(samples::spec(bundle), name);
      auto process = *samples::spec(bundle).process;
      process.args = {"sh", "-c", "true"};
      const auto outcome = samples::executed(container, samples::builtin(name), std::move(process));
      plan::ExecOptions options{.created = samples::options(), .cgroups = {"/sys/fs/cgroup/memory/x", "/sys/fs/cgroup/pids/x"}, .home = "/root", .preserve_fds = 0, .seccomp = {}};
      const auto plan = plan::plan_exec(container.hardened, outcome.hardened, samples::facts(), options);
      ASSERT_TRUE(plan) << plan.error().message();
      check(golden_path("exec", std::string(name) + "-" + bundle), plan::print_text(*plan, outcome.decisions, {}));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Plans, Golden,
                         testing::Combine(testing::ValuesIn(samples::builtin_names()), testing::ValuesIn(samples::bundle_names())),
                         [](const auto& param) {
                           std::string name = std::get<0>(param.param) + "_" + std::get<1>(param.param);
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

}  // namespace
