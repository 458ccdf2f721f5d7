#include "policy/lint.h"

#include <linux/capability.h>

#include "base/text.h"
#include "oci/json.h"
#include "policy/combine.h"
#include "policy/comments.h"
#include "policy/compare.h"
#include "policy/find.h"
#include "policy/lint_parts.h"
#include "policy/rules.h"

namespace policy {

void remark(Remarks& out, const oci::Cursor& at, std::string_view text) { out.push_back(at.fault(text).message()); }

void remark(Remarks& out, const Origin& at, std::string_view text) { out.push_back(base::cat(at.text(), ": ", text)); }

namespace {

// "@faas" means another set of system calls with another version of bulkhead; "@faas@1" does not.
void check_group(Remarks& out, const oci::Cursor& at, std::string_view name) {
  if (!name.starts_with('@') || name.find('@', 1) != std::string_view::npos) return;
  remark(out, at, base::cat("group ", base::quote(name), " has no version: pin it, as in ", base::quote(base::cat(name, "@1"))));
}

void check_groups(Remarks& out, const oci::Cursor& seccomp) {
  for (const auto* list : {"allow", "deny"}) {
    const auto member = seccomp.find(list);
    const auto names = member ? member->get_array() : base::Result<std::vector<oci::Cursor>>(std::vector<oci::Cursor>());
    if (!names) continue;
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

void check_groups_of_exceptions(Remarks& out, const oci::Cursor& exceptions) {
  const auto list = exceptions.get_array();
  if (!list) return;
  for (const auto& exception : *list) {
    const auto allow = exception.find("allow");
    const auto seccomp = allow ? allow->find("seccomp") : std::nullopt;
    if (seccomp) check_groups(out, *seccomp);
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

// What the value tells, where the text does not.

void check_exceptions(Remarks& out, const Document& read, const Circumstances& circumstances) {
  constexpr std::int64_t kSoon = 30 * 24 * 60 * 60;
  for (const auto& exception : read.exceptions) {
    const auto left = exception.expires - circumstances.now;
    if (left <= 0) {
      remark(out, exception.origin, base::cat("exception ", base::quote(exception.id), " ran out on ", exception.expires_text));
    } else if (left <= kSoon) {
      remark(out, exception.origin, base::cat("exception ", base::quote(exception.id), " of ", base::escape(exception.owner),
                                              " runs out on ", exception.expires_text));
    }
    if (exception.when.all_of.empty()) remark(out, exception.origin, "is for every container");
  }
}

void check_modes(Remarks& out, const Policy& policy) {
  for (const auto& entry : policy.modes) {
    bool there = false;
    for_each_rule([&](const Control& control, const auto& rule) { there = there || (control.name == entry.control && rule); }, policy);
    if (!there) remark(out, entry.origin, base::cat("there is no rule for ", base::quote(entry.control), " whose mode this could be"));
  }
}

// landlock(7): a process in a Landlock domain changes no mount, whatever its capabilities.
void check_landlock(Remarks& out, const Document& read) {
  const Policy& policy = read.policy;
  const auto& landlock = policy.landlock;
  const bool on = landlock.enable && landlock.enable->value;
  constexpr std::string_view kAlone = "has no effect without \"enable\"";
  if (!on && read.kind == Kind::kProfile) {
    if (landlock.scopes) remark(out, landlock.scopes->origin, kAlone);
    if (landlock.bind) remark(out, landlock.bind->origin, kAlone);
    if (landlock.connect) remark(out, landlock.connect->origin, kAlone);
  }
  constexpr oci::CapSet kAdmin = oci::CapSet{1} << CAP_SYS_ADMIN;
  if (on && policy.process.capabilities && (policy.process.capabilities->value & kAdmin) != 0) {
    remark(out, landlock.enable->origin, "takes mount(2) and pivot_root(2) from what keeps CAP_SYS_ADMIN for them");
  }
}

// Only the rules of this file: those of the extended policy are its own.
void check_widening(Remarks& out, const Document& read) {
  if (read.extends.empty()) return;
  const auto base_policy = builtin_base(read.extends);
  if (!base_policy) return;
  for (const auto& difference : differences(*base_policy, read.policy)) {
    if (!difference.wider) continue;
    out.push_back(base::cat(read.file, ": ", difference.control, ": leaves more than ", base::quote(read.extends), ": ",
                            difference.after, ", not ", difference.before));
  }
}

// A file that takes the place of one that is installed.
void check_installed(Remarks& out, const Document& read, const Chain& node) {
  const auto profiles = [&](std::string_view name) { return find_profile(node, name.empty() ? default_profile(node) : std::string(name)); };
  for (const auto& installed : node.documents) {
    if (installed.kind != read.kind || installed.policy.name != read.policy.name) continue;
    for (const auto& difference : compare(installed, read, profiles)) {
      if (!difference.wider) continue;
      out.push_back(base::cat(read.file, ": ", difference.control, ": leaves more than the installed ", base::quote(installed.policy.id()), ", ",
                              installed.file, ": ", difference.after, ", not ", difference.before));
    }
  }
}

void check_document(Remarks& out, const Document& read, const Circumstances& circumstances, const Chain& node, const Chain& others) {
  check_bindings(out, read, node, others);
  check_installed(out, read, node);
  check_exceptions(out, read, circumstances);
  check_modes(out, read.policy);
  check_landlock(out, read);
  check_widening(out, read);
  if (read.kind == Kind::kDeny && !is_in_force(read, circumstances)) {
    out.push_back(base::cat(read.file, ": has no effect: Linux ", circumstances.kernel_release, " is not older than ", read.until_kernel));
  }
  if (read.kind == Kind::kDeny && read.until_kernel.empty()) out.push_back(base::cat(read.file, ": has no \"until\": nobody will know when it may go"));
}

}  // namespace

std::vector<std::string> lint(std::string_view text, const std::string& source_name, const Document& read,
                              const Circumstances& circumstances, const Chain& node, const Chain& others) {
  Remarks out;
  check_document(out, read, circumstances, node, others);
  const auto plain = without_comments(text, source_name);
  if (!plain) return out;
  const auto json = oci::parse_json(*plain, source_name, base::Kind::kPolicy, oci::Places::kShow);
  if (!json) return out;
  const auto members = json->root().object_members();
  if (!members) return out;
  check_dead_rules(out, json->root(), read);
  for (const auto& [name, value] : *members) {
    if (name == "exceptions") check_groups_of_exceptions(out, value);
    if (!value.is_object() || name == "modes" || name == "until" || name == "decisionLog") continue;
    check_reasons(out, value);
    if (name == "seccomp") check_groups(out, value);
  }
  return out;
}

}  // namespace policy
