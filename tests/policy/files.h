// Policy files as texts, and what several of them make together.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"
#include "policy/builtin.h"
#include "policy/chain.h"
#include "policy/find.h"

namespace policy_test {

using Texts = std::vector<std::string>;

inline const policy::Circumstances kNow{.now = 20'000 * 24 * 60 * 60, .built = 1, .kernel_release = "6.18.44"};

inline std::string file(const char* kind, const char* name, const std::string& rest) {
  return base::cat(R"({"bulkhead": "policy/v1", "kind": ")", kind, R"(", "name": ")", name, R"(", "version": "1", )", rest, "}");
}

inline base::Result<policy::Document> read(const std::string& text) {
  return policy::read_document(text, "x.json", policy::builtin_group, policy::builtin_base);
}

// Behind the file, the line and the column; "none" if there is no error.
inline std::string error_of(const std::string& text) {
  const auto document = read(text);
  const auto message = document ? "none" : document.error().message();
  return message.substr(std::min(message.size(), message.find(" /")) + 1);
}

// The files as those of a node, for a container that chooses the profile "p".
inline policy::Policy resolved(const Texts& texts) {
  std::vector<policy::Document> documents;
  for (const auto& text : texts) {
    auto document = read(text);
    EXPECT_TRUE(document) << document.error().message();
    documents.push_back(*std::move(document));
  }
  auto chain = policy::make_chain(std::move(documents));
  EXPECT_TRUE(chain);
  auto out = policy::resolve(*chain, "p", "faas", {}, kNow);
  EXPECT_TRUE(out) << out.error().message();
  return std::move(out->policy);
}

}  // namespace policy_test
