#include <algorithm>

#include "base/text.h"
#include "policy/arguments.h"
#include "policy/groups.h"
#include "policy/sections.h"

namespace policy {

namespace {

// "args": {"socket": "a0 == AF_UNIX"}; a call named here is allowed under that condition only.
base::Result<std::vector<ConditionalSyscall>> get_conditional(const oci::Cursor& value) {
  std::vector<ConditionalSyscall> out;
  for (const auto& member : TRY(value.object_members())) {
    if (member.name == "$comment") continue;
    if (member.name.starts_with('@'))
      return member.value.fault("arguments differ from call to call: want one, have a group");
    NameList name;
    TRY(expand(member.value, member.name, {}, name));
    const auto condition = TRY(member.value.get_string());
    auto alternatives = parse_arguments(condition);
    if (!alternatives) return member.value.fault(alternatives.error().message());
    out.push_back({.name = std::string(member.name), .any_of = std::move(*alternatives)});
  }
  return out;
}

// A call's answer when it is denied; the first entry of a name counts.
struct Answer {
  std::string_view name;
  std::uint32_t number;
};
using Answers = std::vector<Answer>;

const Answer* find(const Answers& answers, std::string_view name) {
  const auto at = std::lower_bound(answers.begin(), answers.end(), name,
                                   [](const Answer& answer, std::string_view n) { return answer.name < n; });
  return at != answers.end() && at->name == name ? &*at : nullptr;
}

// "onDeny": {"@privileged": "EPERM", "mount": "ENOENT"}; a call's own entry goes before its group's, and one
// group's before that of a group further down.
base::Result<Answers> get_answers(const oci::Cursor& value, const GroupLookup& groups) {
  Answers out;
  const auto members = TRY(value.object_members());
  for (const bool of_groups : {false, true}) {
    for (const auto& member : members) {
      if (member.name == "$comment" || member.name.starts_with('@') != of_groups) continue;
      const auto number = TRY(get_errno(member.value));
      NameList names;
      TRY(expand(member.value, member.name, groups, names));
      for (const auto name : names) out.push_back({.name = name, .number = number});
    }
  }
  std::stable_sort(out.begin(), out.end(), [](const Answer& a, const Answer& b) { return a.name < b.name; });
  const auto same = [](const Answer& a, const Answer& b) { return a.name == b.name; };
  out.erase(std::unique(out.begin(), out.end(), same), out.end());
  return out;
}

}  // namespace

base::Result<void> read_seccomp(const oci::Cursor& value, const GroupLookup& groups, Rule<SeccompPolicy>& out) {
  const auto section = TRY(Section::open(value, {"default", "allow", "args", "onDeny"}));
  SeccompPolicy seccomp;
  NameList allowed;
  const auto allow = value.find("allow");
  if (!allow) return value.fault("\"allow\" is missing");
  for (const auto& element : TRY(allow->get_array())) {
    const auto name = TRY(element.get_string());
    TRY(expand(element, name, groups, allowed));
  }
  normalize(allowed);
  if (const auto standard = value.find("default")) seccomp.default_errno = TRY(get_errno(*standard));
  if (const auto args = value.find("args")) seccomp.conditional = TRY(get_conditional(*args));
  Answers answers;
  if (const auto on_deny = value.find("onDeny")) answers = TRY(get_answers(*on_deny, groups));

  for (auto& call : seccomp.conditional) {
    std::erase(allowed, call.name);
    const auto* own = find(answers, call.name);
    call.errno_otherwise = own == nullptr ? seccomp.default_errno : own->number;
    std::erase_if(answers, [&](const Answer& answer) { return answer.name == call.name; });
  }
  for (const auto& [name, number] : answers) {
    if (number == seccomp.default_errno || std::binary_search(allowed.begin(), allowed.end(), name)) continue;
    seccomp.errnos.emplace_back(name, number);
  }
  seccomp.allow.assign(allowed.begin(), allowed.end());
  out = Setting<SeccompPolicy>{std::move(seccomp), Section::origin(value), section.why("allow")};
  return base::ok();
}

}  // namespace policy
