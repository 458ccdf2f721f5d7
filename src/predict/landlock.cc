// What only Landlock takes: that it is there at all, and TCP ports. What it takes of files stands with the files.

#include <asm/unistd.h>
#include <fcntl.h>
#include <linux/prctl.h>

#include <algorithm>

#include "base/text.h"
#include "kernel/landlock.h"
#include "predict/sandbox.h"

namespace predict {
namespace {

using base::cat;

constexpr int kMostLayers = 16;  // LANDLOCK_MAX_NUM_LAYERS
constexpr std::uint64_t kInet = 2, kStream = 1;  // as in probe/sockets.inc

Call native(std::uint32_t number, plan::CallArgs args) { return {plan::kNativeAbi, number, args}; }

const plan::LandlockRuleset* ruleset_of(const Sandbox& box) {
  for (const auto& step : box.plan.steps) {
    if (const auto* ruleset = std::get_if<plan::LandlockRuleset>(&step.op)) return ruleset;
  }
  return nullptr;
}

bool gives(const Sandbox& box, std::uint16_t port, std::uint64_t right) {
  return std::any_of(box.plan.steps.begin(), box.plan.steps.end(), [&](const plan::Step& step) {
    const auto* rule = std::get_if<plan::LandlockPort>(&step.op);
    return rule != nullptr && rule->port == port && (rule->access & right) != 0;
  });
}

// A port that no rule names, and that hardly anybody listens on.
std::uint16_t other_port(const Sandbox& box, std::uint64_t right) {
  std::uint16_t port = 47999;
  while (gives(box, port, right)) --port;
  return port;
}

// One that a rule names and that takes no capability.
std::optional<std::uint16_t> named_port(const Sandbox& box) {
  for (const auto& step : box.plan.steps) {
    const auto* rule = std::get_if<plan::LandlockPort>(&step.op);
    if (rule != nullptr && rule->port >= 1024 && (rule->access & kernel::landlock::kBindTcp) != 0) return rule->port;
  }
  return std::nullopt;
}

struct PortAttempt {
  std::string key;
  std::uint16_t port;
  std::uint64_t right;
};

std::vector<PortAttempt> port_attempts(const Sandbox& box) {
  std::vector<PortAttempt> out = {{"bind", other_port(box, kernel::landlock::kBindTcp), kernel::landlock::kBindTcp}};
  if (const auto port = named_port(box)) out.push_back({"bind", *port, kernel::landlock::kBindTcp});
  out.push_back({"connect", other_port(box, kernel::landlock::kConnectTcp), kernel::landlock::kConnectTcp});
  return out;
}

void expect_layers(const Sandbox& box, Expectations& out) {
  Expectation row{"landlock", "domains that it can add, of 16", "attempts.landlock_layers", {}, "no ruleset"};
  for (const auto& call : {native(__NR_prctl, {{PR_SET_NO_NEW_PRIVS, 1}}), native(__NR_landlock_create_ruleset, {{kPointer, 8, 0}}),
                           native(__NR_landlock_restrict_self, {{3, 0}})}) {
    const auto word = box.refusal(call);
    if (!word || !row.predicted.empty()) continue;
    // Without no_new_privs, which may be set already, what is left is a refusal of the last call.
    if (call.number == __NR_prctl && *word != "SIGSYS") continue;
    row.predicted = *word;
    row.because = kFilter;
  }
  if (!row.predicted.empty()) {
    out.push_back(std::move(row));
    return;
  }
  if (box.host.facts.landlock_abi == 0) {
    row.predicted = "ENOSYS|EOPNOTSUPP";
    row.because = "the kernel has none";
  } else if (box.landlocked) {
    row.predicted = std::to_string(kMostLayers - 1);
    row.because = "in a domain: landlock.enable";
  } else {
    row.predicted = std::to_string(kMostLayers);
  }
  out.push_back(std::move(row));
}

void expect_ports(const Sandbox& box, Expectations& out) {
  const auto* ruleset = ruleset_of(box);
  for (const auto& [key, port, right] : port_attempts(box)) {
    const bool bind = key == "bind";
    const bool refused = ruleset != nullptr && (ruleset->ports & right) != 0 && !gives(box, port, right);
    Expectation row{"landlock", cat(bind ? "bind to TCP port " : "connect to TCP port ", port), cat(key, '.', port), "EACCES",
                    bind ? "landlock.bind" : "landlock.connect"};
    if (!refused) {
      row.predicted = bind ? "ok|EADDRINUSE" : "ok|ECONNREFUSED|ENETUNREACH|EADDRNOTAVAIL";
      row.because = ruleset != nullptr && (ruleset->ports & right) != 0 ? row.because : "not restricted";
    }
    box.apply_filter(row, {native(__NR_socket, {{kInet, kStream | O_CLOEXEC | (bind ? 0U : unsigned{O_NONBLOCK}), 0}}),
                           native(bind ? __NR_bind : __NR_connect, {{3, kPointer, 16}})});
    out.push_back(std::move(row));
  }
}

}  // namespace

void expect_landlock(const Sandbox& box, Expectations& out) {
  expect_layers(box, out);
  expect_ports(box, out);
}

std::vector<std::pair<std::string, std::string>> port_arguments(const Sandbox& box) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& attempt : port_attempts(box)) out.emplace_back("--" + attempt.key, std::to_string(attempt.port));
  return out;
}

}  // namespace predict
