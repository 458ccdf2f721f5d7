#include "policy/lint.h"

#include <linux/capability.h>

#include "base/text.h"
#include "oci/json.h"
#include "policy/combine.h"
#include "policy/comments.h"
#include "policy/find.h"
#include "policy/rules.h"

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

// What the value tells, where the text does not.

void remark(Remarks& out, const Origin& at, std::string_view text) { out.push_back(base::cat(at.text(), ": ", text)); }

void check_bindings(Remarks& out, const Document& read) {
  const Binding* all = nullptr;
  for (const auto& binding : read.bindings) {
    if (all != nullptr) remark(out, binding.origin, base::cat("is never reached: ", all->origin.text(), " fits always"));
    if (binding.when.all_of.empty()) all = &binding;
    const bool file = binding.profile.find('/') != std::string::npos;
    if (!file && binding.profile.find('@') == std::string::npos) {
      remark(out, binding.origin, base::cat("profile ", base::quote(binding.profile), " has no version"));
    }
  }
}

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

void check_document(Remarks& out, const Document& read, const Circumstances& circumstances) {
  check_bindings(out, read);
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
                              const Circumstances& circumstances) {
  Remarks out;
  check_document(out, read, circumstances);
  const auto plain = without_comments(text, source_name);
  if (!plain) return out;
  const auto json = oci::parse_json(*plain, source_name, base::Kind::kPolicy, oci::Places::kShow);
  if (!json) return out;
  const auto members = json->root().object_members();
  if (!members) return out;
  for (const auto& [name, value] : *members) {
    if (!value.is_object() || name == "modes" || name == "until" || name == "decisionLog") continue;
    check_reasons(out, value);
    if (name == "seccomp") check_groups(out, value);
  }
  return out;
}

}  // namespace policy
