// Where hooks come in the plan, and that they cannot come elsewhere.
#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <functional>

#include "plan/encode.h"
#include "plan/image.h"
#include "plan/invariants.h"
#include "plan/print.h"
#include "samples.h"

namespace {

using plan::LaunchPlan;

oci::Hook hook(const char* path) { return {.path = path, .args = {}, .env = {}, .timeout = 5}; }

oci::Spec with_hooks() {
  oci::Spec spec = samples::spec("docker");
  for (const auto& kind : oci::kHookKinds) spec.hooks.*kind.list = {hook("/bin/a"), hook("/bin/b")};
  return spec;
}

harden::Outcome hardened() { return samples::hardened(with_hooks(), "compat"); }

template <typename T>
std::vector<std::size_t> places(const LaunchPlan& p) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < p.steps.size(); ++i) {
    if (std::holds_alternative<T>(p.steps[i].op)) out.push_back(i);
  }
  return out;
}

std::string kind_at(const LaunchPlan& p, std::size_t step) {
  const auto* told = std::get_if<plan::RuntimeHook>(&p.steps[step].op);
  return std::string(told != nullptr ? told->hook.kind : std::get<plan::RunHook>(p.steps[step].op).hook.kind);
}

TEST(PlanHooks, ComeBetweenTheMountsAndThePivotAndBeforeTheProgram) {
  const auto p = samples::plan_of(hardened());
  const auto told = places<plan::RuntimeHook>(p), run = places<plan::RunHook>(p);
  ASSERT_EQ(told.size(), 4U);
  ASSERT_EQ(run.size(), 4U);
  const auto pivot = places<plan::Pivot>(p).front();
  EXPECT_LT(places<plan::PlaceRoot>(p).front(), places<plan::Attach>(p).front());
  EXPECT_LT(places<plan::Attach>(p).back(), told.front());
  EXPECT_LT(places<plan::Node>(p).back(), told.front());
  EXPECT_EQ(kind_at(p, told[1]), "prestart");
  EXPECT_EQ(kind_at(p, told[2]), "createRuntime");
  EXPECT_LT(told.back(), run[0]);
  EXPECT_EQ(kind_at(p, run[1]), "createContainer");
  EXPECT_LT(run[1], pivot);
  EXPECT_LT(pivot, places<plan::Mask>(p).front());
  EXPECT_EQ(kind_at(p, run[2]), "startContainer");
  EXPECT_EQ(run[2], places<plan::Ready>(p).front() + 1);
  EXPECT_TRUE(std::get<plan::RunHook>(p.steps[run[2]].op).confined);
  EXPECT_EQ(p.poststart.size(), 2U);
  EXPECT_EQ(p.poststop.at(1).pointer, "/hooks/poststop/1");
  EXPECT_EQ(p.steps[told[1]].because, "/hooks/prestart/1");
  EXPECT_TRUE(plan::has_hooks(p));
}

TEST(PlanHooks, WithoutThemNothingIsWaitedFor) {
  oci::Spec spec = samples::spec("docker");
  for (const auto& kind : {oci::kHookKinds[4], oci::kHookKinds[5]}) spec.hooks.*kind.list = {hook("/bin/a")};
  const auto p = samples::plan_of(samples::hardened(spec, "compat"));
  EXPECT_FALSE(plan::has_hooks(p));
  EXPECT_TRUE(places<plan::PlaceRoot>(p).empty());
  const auto plain = samples::plan_of(samples::hardened(samples::spec("docker"), "compat"));
  EXPECT_EQ(p.steps.size(), plain.steps.size());
}

TEST(PlanHooks, TheProbeRunsNone) {
  auto options = samples::options();
  options.program = "/probe";
  const auto p = plan::plan_create(hardened().hardened, samples::facts(), options);
  ASSERT_TRUE(p) << p.error().message();
  EXPECT_FALSE(plan::has_hooks(*p));
  EXPECT_TRUE(p->poststart.empty() && p->poststop.empty());
}

TEST(PlanHooks, NeedAMountNamespaceThatIsMade) {
  oci::Spec spec = samples::minimal();
  for (auto& ns : spec.linux.namespaces) {
    if (ns.type == CLONE_NEWNS) ns.path = "/proc/1/ns/mnt";
  }
  spec.hooks.create_runtime = {hook("/bin/a")};
  EXPECT_NE(samples::refusal(spec).message().find("config.json: /hooks/createRuntime/0: hooks of this kind are not supported in a mount namespace that is joined"), std::string::npos);
  spec.hooks = {};
  spec.hooks.poststop = {hook("/bin/a")};
  samples::plan_of(samples::hardened(spec, "passthrough"));
}

TEST(PlanHooks, TheStateIsWholeAroundThePid) {
  const auto p = samples::plan_of(hardened());
  const auto& run = std::get<plan::RunHook>(p.steps[places<plan::RunHook>(p)[0]].op);
  EXPECT_TRUE(run.state.before.ends_with("\"status\":\"creating\",\"pid\":")) << run.state.before;
  EXPECT_TRUE(run.state.after.starts_with(",\"bundle\":")) << run.state.after;
}

TEST(PlanHooks, AreEncodedWithTheirArguments) {
  oci::Spec spec = samples::minimal();
  spec.hooks.start_container = {{.path = "/h", .args = {"x", ""}, .env = {"A=b"}, .timeout = 7}};
  const std::string text = plan::encode(samples::plan_of(samples::hardened(spec, "passthrough"))).value();
  std::vector<std::uint64_t> bytes((text.size() + 7) / 8);
  std::copy(text.begin(), text.end(), reinterpret_cast<char*>(bytes.data()));
  plan::image::View view{};
  ASSERT_TRUE(plan::image::check_image(bytes.data(), text.size(), view));
  const auto* op = std::find_if(view.ops, view.ops + view.header->op_count, [](const auto& o) { return o.kind == plan::image::OpKind::kRunHook; });
  const auto* words = view.words + op->words;
  EXPECT_EQ(op->slot, plan::image::kNoSlot);
  EXPECT_STREQ(view.strings + op->text, "/h");
  EXPECT_STREQ(view.strings + op->text2, "/hooks/startContainer/0");
  EXPECT_EQ(words[2], 7U);
  EXPECT_EQ(words[4], 2U);
  ASSERT_EQ(op->count, plan::image::kHookWords + 3);
  EXPECT_STREQ(view.strings + words[plan::image::kHookWords], "x");
  EXPECT_STREQ(view.strings + words[plan::image::kHookWords + 2], "A=b");
}

TEST(PlanHooks, AreExplained) {
  const auto outcome = hardened();
  const auto p = samples::plan_of(outcome);
  const auto text = plan::print_text(p, outcome.decisions, {});
  const auto json = plan::print_json(p, outcome.decisions);
  for (const char* line : {"hook  prestart /bin/a, 5 s at most  /hooks/prestart/0", "hook  startContainer /bin/b, 5 s at most  /hooks/startContainer/1",
                           "hook  poststop /bin/a, 5 s at most  /hooks/poststop/0"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  }
  EXPECT_NE(json.find(R"("hook":"poststart /bin/b, 5 s at most","because":"/hooks/poststart/1")"), std::string::npos) << json;
}

// Puts step `from` at `to`.
void move(LaunchPlan& p, std::size_t from, std::size_t to) {
  const auto step = p.steps[from];
  p.steps.erase(p.steps.begin() + static_cast<std::ptrdiff_t>(from));
  p.steps.insert(p.steps.begin() + static_cast<std::ptrdiff_t>(to), step);
}

template <typename T>
void erase(LaunchPlan& p, std::size_t nth = 0) {
  p.steps.erase(p.steps.begin() + static_cast<std::ptrdiff_t>(places<T>(p).at(nth)));
}

plan::RunHook& run_at(LaunchPlan& p, std::size_t nth) { return std::get<plan::RunHook>(p.steps[places<plan::RunHook>(p).at(nth)].op); }

TEST(PlanHooks, TheInvariantNoticesEachChange) {
  const auto outcome = hardened();
  const LaunchPlan good = samples::plan_of(outcome);
  ASSERT_TRUE(plan::check_invariants(good, outcome.hardened));
  const std::pair<const char*, std::function<void(LaunchPlan&)>> mutants[] = {
      {"one is not run", [](LaunchPlan& p) { erase<plan::RuntimeHook>(p, 1); }},
      {"one in the container is not run", [](LaunchPlan& p) { erase<plan::RunHook>(p, 3); }},
      {"poststop is forgotten", [](LaunchPlan& p) { p.poststop.pop_back(); }},
      {"one more", [](LaunchPlan& p) { p.poststart.push_back(p.poststart.front()); }},
      {"another program", [](LaunchPlan& p) { p.poststart.front().hook.path = "/bin/evil"; }},
      {"without its digest", [](LaunchPlan& p) { run_at(p, 0).hook.digests = {"sha256:x"}; }},
      {"a failure does not matter", [](LaunchPlan& p) { p.steps[places<plan::RuntimeHook>(p)[0]].ignore_errors = true; }},
      {"after the pivot", [](LaunchPlan& p) { move(p, places<plan::RunHook>(p)[1], places<plan::Pivot>(p).front()); }},
      {"before the mounts", [](LaunchPlan& p) { move(p, places<plan::RuntimeHook>(p)[0], places<plan::PlaceRoot>(p).front() + 1); }},
      {"before the namespaces are entered", [](LaunchPlan& p) { move(p, places<plan::RuntimeHook>(p)[0], 0); }},
      {"a program of nowhere", [](LaunchPlan& p) { run_at(p, 0).program = {}; }},
      {"another's program", [](LaunchPlan& p) { run_at(p, 0).program = run_at(p, 1).program; }},
      {"not confined", [](LaunchPlan& p) { run_at(p, 2).confined = false; }},
      {"by a program of the host's", [](LaunchPlan& p) { run_at(p, 2).program = run_at(p, 1).program; }},
      {"before the start", [](LaunchPlan& p) { move(p, places<plan::RunHook>(p)[2], places<plan::Ready>(p).front()); }},
      {"after the descriptors are closed", [](LaunchPlan& p) { move(p, places<plan::RunHook>(p)[3], places<plan::CloseFds>(p).front()); }},
      {"the root is placed without need",
       [](LaunchPlan& p) {
         while (!places<plan::RuntimeHook>(p).empty()) erase<plan::RuntimeHook>(p);
         while (places<plan::RunHook>(p).size() > 2) erase<plan::RunHook>(p);
       }},
  };
  for (const auto& [what, change] : mutants) {
    LaunchPlan p = good;
    change(p);
    EXPECT_FALSE(plan::check_invariants(p, outcome.hardened).has_value()) << what;
  }
}

}  // namespace
