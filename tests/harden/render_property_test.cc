// P11: the config.json rendered of what was decided, read again and left as it is, is what was decided, in all that
// config.json has words for; and what it has none for is told.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "chain_input.h"
#include "flatten.h"
#include "oci/names.h"
#include "oci/read.h"
#include "oci/write.h"
#include "plan/render.h"
#include "plan/seccomp_program.h"
#include "plan/seccomp_proof.h"
#include "plan/seccomp_sources.h"
#include "policy/chain.h"
#include "policy/combine.h"
#include "samples.h"

namespace harden_test {
namespace {

#ifdef BULKHEAD_SANITIZED
constexpr int kRounds = 300;
#else
constexpr int kRounds = 10'000;
#endif
constexpr int kWithSeccomp = 400;  // one in so many: each takes as long as compiling a filter
constexpr std::uint32_t kSeed = 20261127;

using Renderer = std::function<base::Result<plan::Rendered>(const harden::Hardened&)>;

void drop_filters(Input& input) {
  input.spec.linux.seccomp.reset();
  for (auto& document : input.chain.documents) {
    document.policy.seccomp.reset();
    for (auto& exception : document.exceptions) exception.allow.seccomp.reset();
  }
}

bool tells(const plan::Rendered& rendered, std::string_view of) {
  return std::any_of(rendered.lost.begin(), rendered.lost.end(), [&](const auto& what) { return what.starts_with(of); });
}

// The mounts that a renderer may say more of: of binds, that they are id-mapped.
std::string other_than(const harden::Hardened& hardened, const oci::Spec& rendered) {
  for (const auto& pointer : difference(hardened.spec(), rendered)) {
    if (pointer.starts_with("/linux/seccomp") || pointer.starts_with("/notes")) continue;
    const bool idmap = hardened.idmap_mounts() && pointer.starts_with("/mounts/") &&
                       (pointer.find("Mappings") != std::string::npos || pointer.find("/options/") != std::string::npos);
    if (!idmap) return pointer;
  }
  return "";
}

std::string other_filter(const harden::Hardened& hardened, const plan::Rendered& rendered) {
  const auto& policies = hardened.seccomp_policies();
  const auto* request = hardened.spec().linux.seccomp ? &*hardened.spec().linux.seccomp : nullptr;
  if (policies.empty() || tells(rendered, "seccomp: ")) return "";
  const auto want = plan::effective_table(request, policies);
  const auto have = plan::build_seccomp(&*rendered.spec.linux.seccomp, {});
  if (!want) return want.error().message();
  if (!have) return have.error().message();
  const auto proof = plan::prove(have->code, *want);
  return proof ? "" : proof.error().message();
}

std::string untold(const harden::Hardened& hardened, const plan::Rendered& rendered) {
  if (hardened.root_nosuid() && !tells(rendered, "filesystem.nosuid")) return "nosuid of the root is not told";
  if (hardened.root_nodev() && !tells(rendered, "filesystem.nodev")) return "nodev of the root is not told";
  if (hardened.idmap_mounts() && !tells(rendered, "process.rootUser") && !tells(rendered, "process.ownIds")) return "the id-mapped root is not told";
  if (hardened.secret_files() && !tells(rendered, "environment.secrets")) return "the files of secrets are not told";
  return "";
}

// What is wrong with it; empty: nothing. Absent: there is nothing to render.
std::optional<std::string> unfaithful(const Input& input, const Renderer& render) {
  const policy::Circumstances when{.now = input.now, .built = 1, .kernel_release = "6.1.0"};
  const auto effective = policy::resolve(input.chain, input.profile, "faas", {}, when);
  if (!effective) return std::nullopt;
  const auto outcome = harden::harden(input.spec, *effective, input.abilities);
  if (!outcome) return std::nullopt;
  const auto& hardened = outcome->hardened;
  const auto rendered = render(hardened);
  if (!rendered) return rendered.error().message();
  const std::string text = oci::write_spec(rendered->spec);
  const auto again = oci::read_spec(text);
  if (!again) return again.error().message();
  if (!again->notes.empty()) return again->notes.front().pointer + ": " + again->notes.front().text;
  const auto left = harden::harden(*again, passthrough(), input.abilities);
  if (!left) return left.error().message();
  if (!(left->hardened.spec() == rendered->spec)) return "reads as another one:\n" + text;
  if (hardened.secret_files())
    for (const auto& file : hardened.secret_files()->files)
      if (text.find(file.value) != std::string::npos) return "has the secret " + file.name;
  for (const auto& fault : {other_than(hardened, rendered->spec), untold(hardened, *rendered), other_filter(hardened, *rendered)})
    if (!fault.empty()) return fault;
  return "";
}

// Requests that some document has: what the generator makes up beyond that is not to be rendered.
std::optional<Input> random_document(Random& random) {
  auto input = random_input(random);
  auto& namespaces = input.spec.linux.namespaces;
  const bool own = std::any_of(namespaces.begin(), namespaces.end(), [](const auto& n) { return n.name == "mount"; });
  if (!own) namespaces.push_back({.type = *oci::namespace_type("mount"), .name = "mount", .path = ""});
  auto spec = oci::read_spec(oci::write_spec(input.spec));
  if (!spec) return std::nullopt;
  spec->notes.clear();
  input.spec = *std::move(spec);
  return input;
}

TEST(RenderProperty, P11WhatIsRenderedIsWhatWasDecided) {
  Random random(kSeed);
  int rendered = 0;
  for (int round = 0; round < kRounds; ++round) {
    auto input = random_document(random);
    if (!input) continue;
    if (round % kWithSeccomp != 0) drop_filters(*input);
    const auto fault = unfaithful(*input, plan::render);
    if (!fault) continue;
    ++rendered;
    ASSERT_EQ(*fault, "") << "in round " << round;
  }
  EXPECT_GT(rendered, kRounds / 10);
}

struct Wrong {
  const char* name;
  std::function<void(plan::Rendered&)> change;
};

TEST(RenderProperty, P11IsToldFromAWrongRenderer) {
  const Wrong all[] = {
      {"a limit less", [](auto& r) { if (!r.spec.process->rlimits.empty()) r.spec.process->rlimits.pop_back(); }},
      {"a writable root", [](auto& r) { r.spec.root.readonly = false; }},
      {"a path less", [](auto& r) { if (!r.spec.linux.masked_paths.empty()) r.spec.linux.masked_paths.pop_back(); }},
      {"an option less", [](auto& r) { for (auto& m : r.spec.mounts) std::erase(m.options, "nosuid"); }},
      {"nothing told", [](auto& r) { r.lost.clear(); }},
      {"no user namespace", [](auto& r) { std::erase_if(r.spec.linux.namespaces, [](const auto& n) { return n.name == "user"; }); }},
      {"a limit that is no text", [](auto& r) { if (r.spec.linux.resources) r.spec.linux.resources->pids_limit.reset(); }},
  };
  for (const auto& wrong : all) {
    Random random(kSeed + 1);
    bool found = false;
    for (int round = 0; round < 2'000 && !found; ++round) {
      auto input = random_document(random);
      if (!input) continue;
      drop_filters(*input);
      const auto fault = unfaithful(*input, [&](const harden::Hardened& hardened) {
        auto out = plan::render(hardened);
        if (out) wrong.change(*out);
        return out;
      });
      found = fault && !fault->empty();
    }
    EXPECT_TRUE(found) << wrong.name << " is not noticed";
  }
}

TEST(RenderProperty, AFilterWithAHoleIsNoticed) {
  Input input{.spec = docker(), .chain = {}, .profile = "faas", .abilities = can_remap()};
  const Renderer hole = [](const harden::Hardened& hardened) {
    auto out = plan::render(hardened);
    if (out) {
      out->lost = {"filesystem.nosuid", "filesystem.nodev", "process.rootUser"};
      out->spec.linux.seccomp->default_errno_ret = 1;
    }
    return out;
  };
  EXPECT_EQ(unfaithful(input, plan::render).value_or("refused"), "");
  EXPECT_NE(unfaithful(input, hole).value_or(""), "");
}

TEST(Render, UnknownMembersAreLeftOutAndTold) {
  auto spec = docker();
  spec.notes = {{"/linux/new", "unknown member, ignored", false}, {"/process/x", "unknown capability \"Y\", ignored", true}};
  const auto rendered = plan::render(hardened(spec, passthrough()).hardened);
  ASSERT_TRUE(rendered);
  EXPECT_EQ(rendered->lost, std::vector<std::string>{"config.json: /linux/new: unknown member, left out"});
}

}  // namespace
}  // namespace harden_test
