#include <algorithm>
#include <functional>

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

base::Result<NameList> get_names(const oci::Cursor& value, const GroupLookup& groups) {
  NameList out;
  for (const auto& element : TRY(value.get_array())) {
    const auto name = TRY(element.get_string());
    TRY(expand(element, name, groups, out));
  }
  normalize(out);
  return out;
}

bool contains(const NameList& names, std::string_view name) {
  return std::binary_search(names.begin(), names.end(), name);
}

// What this section says, on top of what the extended policy's says of other calls.
struct Merge {
  SeccompPolicy out;
  NameList allow, deny;
  NameList by_name;  // of `allow`, those that stand there themselves
  Answers answers;

  // A condition that the base has stays, unless the call is named here: a group must not do away with it unseen.
  void calls(std::vector<ConditionalSyscall> conditional) {
    std::erase_if(out.conditional, [&](const ConditionalSyscall& call) {
      const bool again = std::any_of(conditional.begin(), conditional.end(),
                                     [&](const ConditionalSyscall& mine) { return mine.name == call.name; });
      return again || contains(by_name, call.name) || contains(deny, call.name);
    });
    for (auto& call : out.conditional) {
      if (const auto* own = find(answers, call.name)) call.errno_otherwise = own->number;
    }
    for (auto& call : conditional) {
      const auto* own = find(answers, call.name);
      call.errno_otherwise = own == nullptr ? out.default_errno : own->number;
      out.conditional.push_back(std::move(call));
    }
    const auto ruled = [&](std::string_view name) {
      return std::any_of(out.conditional.begin(), out.conditional.end(),
                         [&](const ConditionalSyscall& call) { return call.name == name; });
    };
    NameList all(out.allow.begin(), out.allow.end());
    all.insert(all.end(), allow.begin(), allow.end());
    std::erase_if(all, [&](std::string_view name) { return contains(deny, name) || ruled(name); });
    normalize(all);
    std::erase_if(out.errnos, [&](const auto& entry) { return contains(all, entry.first) || find(answers, entry.first); });
    if (out.others_allowed) {
      denied(ruled);
    } else {
      for (const auto& [name, number] : answers) {
        if (number != out.default_errno && !contains(all, name) && !ruled(name)) out.errnos.emplace_back(name, number);
      }
    }
    std::sort(out.errnos.begin(), out.errnos.end());
    out.allow = SyscallSet(std::move(all));
  }

 private:
  // Of a deny-list: an answer alone denies nothing.
  void denied(auto&& ruled) {
    for (const auto name : deny) {
      const auto* own = find(answers, name);
      if (!ruled(name)) out.errnos.emplace_back(name, own == nullptr ? out.default_errno : own->number);
    }
  }
};

}  // namespace

base::Result<void> read_seccomp(const oci::Cursor& value, const GroupLookup& groups, Rule<SeccompPolicy>& out) {
  const auto section = TRY(Section::open(value, {"default", "allow", "deny", "args", "onDeny", "compat32"}));
  Merge merge;
  if (out) merge.out = out->value;
  if (const auto allow = value.find("allow")) {
    merge.allow = TRY(get_names(*allow, groups));
    for (const auto& element : TRY(allow->get_array())) merge.by_name.push_back(TRY(element.get_string()));
    normalize(merge.by_name);
  } else if (!out) {
    return value.fault("\"allow\" is missing");
  }
  if (const auto deny = value.find("deny")) merge.deny = TRY(get_names(*deny, groups));
  if (const auto standard = value.find("default")) merge.out.default_errno = TRY(get_errno(*standard));
  if (const auto compat32 = value.find("compat32")) merge.out.compat32 = TRY(compat32->get_bool());
  std::vector<ConditionalSyscall> conditional;
  if (const auto args = value.find("args")) conditional = TRY(get_conditional(*args));
  if (const auto on_deny = value.find("onDeny")) merge.answers = TRY(get_answers(*on_deny, groups));
  merge.calls(std::move(conditional));
  std::string why = section.why(merge.out.others_allowed ? "deny" : "allow");
  if (why.empty() && out) why = out->why;
  out = Setting<SeccompPolicy>{std::move(merge.out), Section::origin(value), std::move(why)};
  return base::ok();
}

}  // namespace policy
