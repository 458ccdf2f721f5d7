// The tests that a policy file brings along.
#include "policy/groups.h"
#include "policy/rules.h"
#include "policy/sections.h"

#include <algorithm>

#include "base/text.h"

namespace policy {

namespace {

base::Result<void> check_what(const oci::Cursor& value, std::string_view what) {
  constexpr std::string_view kCall = "syscall:";
  if (what == "changed" || what == "refused") return base::ok();
  if (what.starts_with(kCall)) {
    NameList one;
    const auto name = what.substr(kCall.size());
    return expand(value, name.substr(0, name.find('(')), [](std::string_view) { return nullptr; }, one);
  }
  const auto names = control_names();
  if (std::find(names.begin(), names.end(), what) != names.end()) return base::ok();
  return unknown(value, "control", what, names);
}

base::Result<PolicyTest> get_test(const oci::Cursor& value) {
  TRY(check_members(value, {"name", "config", "expect"}));
  PolicyTest out;
  out.origin = Section::origin(value);
  const auto name = TRY(required(value, "name"));
  out.name = std::string(TRY(name.get_string()));
  if (const auto config = value.find("config")) out.config = std::string(TRY(config->get_string()));
  const auto expect = TRY(required(value, "expect"));
  for (const auto& member : TRY(expect.object_members())) {
    TRY(check_what(member.value, member.name));
    PolicyTest::Expectation one{.what = std::string(member.name), .want = {}, .origin = Section::origin(member.value)};
    if (member.value.is_array()) {
      one.want = TRY(member.value.get_strings());
    } else {
      one.want.emplace_back(TRY(member.value.get_string()));
    }
    out.expect.push_back(std::move(one));
  }
  if (out.expect.empty()) return expect.mismatch("what is to come out");
  return out;
}

}  // namespace

base::Result<void> read_tests(const oci::Cursor& list, std::vector<PolicyTest>& out) {
  for (const auto& element : TRY(list.get_array())) {
    auto test = TRY(get_test(element));
    out.push_back(std::move(test));
  }
  return base::ok();
}

}  // namespace policy
