#include "policy/lint.h"

#include "base/text.h"
#include "oci/json.h"
#include "policy/comments.h"

namespace policy {

namespace {

using Remarks = std::vector<std::string>;

void remark(Remarks& out, const oci::Cursor& at, std::string_view text) { out.push_back(at.fault(text).message()); }

// "@faas" means another set of system calls with another version of bulkhead; "@faas@1" does not.
void check_group(Remarks& out, const oci::Cursor& at, std::string_view name) {
  if (!name.starts_with('@') || name.find('@', 1) != std::string_view::npos) return;
  remark(out, at, base::cat("group ", base::quote(name), " has no version: pin it, as in ", base::quote(base::cat(name, "@1"))));
}

void check_groups(Remarks& out, const oci::Cursor& seccomp) {
  const auto allow = seccomp.find("allow");
  const auto names = allow ? allow->get_array() : base::Result<std::vector<oci::Cursor>>(std::vector<oci::Cursor>());
  if (names) {
    for (const auto& name : *names) {
      if (const auto text = name.get_string()) check_group(out, name, *text);
    }
  }
  const auto answers = seccomp.find("onDeny");
  if (!answers) return;
  if (const auto members = answers->object_members()) {
    for (const auto& [name, value] : *members) check_group(out, value, name);
  }
}

// A reason is what the next reader of a decision is told.
void check_reasons(Remarks& out, const oci::Cursor& section) {
  const auto members = section.object_members();
  if (!members) return;
  const auto why = section.find("why");
  for (const auto& [name, value] : *members) {
    if (name.starts_with('$') || name == "why" || name == "default" || name == "args" || name == "onDeny") continue;
    if (!why || !why->find(name)) remark(out, value, base::cat("no reason is given for ", base::quote(name), " in \"why\""));
  }
}

}  // namespace

std::vector<std::string> lint(std::string_view text, const std::string& source_name) {
  Remarks out;
  const auto plain = without_comments(text, source_name);
  if (!plain) return out;
  const auto json = oci::parse_json(*plain, source_name, base::Kind::kPolicy, oci::Places::kShow);
  if (!json) return out;
  const auto members = json->root().object_members();
  if (!members) return out;
  for (const auto& [name, value] : *members) {
    if (!value.is_object()) continue;
    check_reasons(out, value);
    if (name == "seccomp") check_groups(out, value);
  }
  return out;
}

}  // namespace policy
