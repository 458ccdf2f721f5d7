// profiles/CONTROLS.md: what each built-in policy says of each control, made from the policies themselves.
// BULKHEAD_UPDATE_GOLDEN=1 writes it anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "policy/builtin.h"
#include "policy/find.h"
#include "policy/lattice.h"
#include "policy/rules.h"

namespace {

// A cell is no place for a list of paths.
std::string cell(std::string text) {
  constexpr std::size_t kWide = 40;
  if (text.size() > kWide) text = base::cat(std::count(text.begin(), text.end(), ',') + 1, " entries");
  std::replace(text.begin(), text.end(), '|', '/');
  return text;
}

std::string table() {
  std::vector<policy::Policy> all;
  std::string head = "| control |", line = "|---|";
  for (const auto name : policy::builtin_policy_names()) {
    all.push_back(*policy::load_policy(base::cat("builtin:", name)));
    head += base::cat(" ", all.back().id(), " |");
    line += "---|";
  }
  std::string out = base::cat(head, "\n", line, "\n");
  for (const auto control : policy::control_names()) {
    out += base::cat("| `", control, "` |");
    for (const auto& each : all) {
      std::string text = "as config.json";
      policy::for_each_rule([&](const policy::Control& c, const auto& rule) { if (c.name == control && rule) text = cell(policy::lattice::text(rule->value)); }, each);
      out += base::cat(" ", text, " |");
    }
    out += "\n";
  }
  return out;
}

TEST(Controls, TheTableSaysWhatThePoliciesSay) {
  const std::string path = PROFILES "/CONTROLS.md";
  const std::string have = base::cat(
      "# What each built-in policy says of each control\n\n"
      "Made from the policies by a test. `bulkhead policy why CONTROL --policy NAME` has the values in full, and the reasons.\n\n",
      table());
  if (std::getenv("BULKHEAD_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << have;
  std::ostringstream want;
  want << std::ifstream(path).rdbuf();
  EXPECT_EQ(want.str(), have);
}

}  // namespace
