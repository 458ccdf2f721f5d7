// Rules that change nothing: what their author believes to be so is not.
#include <algorithm>

#include "base/text.h"
#include "policy/builtin.h"
#include "policy/compare.h"
#include "policy/find.h"
#include "policy/groups.h"
#include "policy/lattice.h"
#include "policy/lint_parts.h"

namespace policy {

namespace {

std::vector<oci::Cursor> elements_of(const oci::Cursor& object, std::string_view name) {
  const auto member = object.find(name);
  if (!member) return {};
  auto list = member->get_array();
  return list ? *std::move(list) : std::vector<oci::Cursor>();
}

// What a name or a group stands for: the reader has taken it, so there is no error here.
NameList calls_of(const oci::Cursor& at, std::string_view name) {
  NameList out;
  (void)expand(at, name, builtin_group, out);
  return out;
}

// What would be allowed without "deny": by the file's own list, or by the policy that it extends.
class Allowed {
 public:
  Allowed(const oci::Cursor& seccomp, const Document& read) {
    for (const auto& element : elements_of(seccomp, "allow")) {
      if (const auto name = element.get_string()) {
        for (const auto call : calls_of(element, *name)) names_.push_back(call);
      }
    }
    const auto args = seccomp.find("args");
    if (const auto members = args ? args->object_members() : base::Result<std::vector<oci::Member>>(std::vector<oci::Member>())) {
      for (const auto& member : *members) names_.push_back(member.name);
    }
    normalize(names_);
    if (read.extends.empty()) return;
    if (auto extended = builtin_base(read.extends)) base_ = std::move(extended->seccomp);
  }
  bool has(std::string_view call) const {
    if (std::binary_search(names_.begin(), names_.end(), call)) return true;
    return base_ && state_of(base_->value, call).answer != CallAnswer::kErrno;
  }

 private:
  NameList names_;
  Rule<SeccompPolicy> base_;
};

void check_deny(Remarks& out, const oci::Cursor& seccomp, const Document& read) {
  const Allowed allowed(seccomp, read);
  for (const auto& element : elements_of(seccomp, "deny")) {
    const auto name = element.get_string();
    if (!name) continue;
    const auto calls = calls_of(element, *name);
    if (std::any_of(calls.begin(), calls.end(), [&](std::string_view call) { return allowed.has(call); })) continue;
    remark(out, element, base::cat("changes nothing: ", base::quote(*name), " is not allowed anyway"));
  }
}

void check_answers(Remarks& out, const oci::Cursor& seccomp, const SeccompPolicy& filter) {
  const auto answers = seccomp.find("onDeny");
  if (!answers) return;
  const auto members = answers->object_members();
  if (!members) return;
  for (const auto& [name, value] : *members) {
    if (name.starts_with('$')) continue;
    const auto calls = calls_of(value, name);
    const bool none = std::all_of(calls.begin(), calls.end(),
                                  [&](std::string_view call) { return state_of(filter, call).answer == CallAnswer::kAllow; });
    if (none) remark(out, value, base::cat("changes nothing: ", base::quote(name), " is allowed"));
  }
}

void check_environment(Remarks& out, const oci::Cursor& section, const Environment& read) {
  const auto keep = section.find("keep");
  if (keep && !read.secrets) remark(out, *keep, "changes nothing: there is no rule \"secrets\" that would take them for one");
  if (!read.strip) return;
  for (const auto& element : elements_of(section, "warn")) {
    const auto pattern = element.get_string();
    if (!pattern) continue;
    for (const auto& stripped : read.strip->value) {
      if (!covers(stripped, *pattern)) continue;
      remark(out, element, base::cat("changes nothing: \"strip\" takes them away, by ", base::quote(stripped)));
      break;
    }
  }
}

}  // namespace

void check_dead_rules(Remarks& out, const oci::Cursor& root, const Document& read) {
  const auto seccomp = root.find("seccomp"), environment = root.find("environment");
  if (seccomp && read.policy.seccomp) {
    const auto& filter = read.policy.seccomp->value;
    if (!filter.others_allowed) check_deny(out, *seccomp, read);
    check_answers(out, *seccomp, filter);
  }
  if (environment) check_environment(out, *environment, read.policy.environment);
}

}  // namespace policy
