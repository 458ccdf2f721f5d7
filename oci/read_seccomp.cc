// linux.seccomp. Which syscalls exist is not known here: an unknown name is skipped later, as every runtime does.
#include <algorithm>

#include "oci/fields.h"

namespace oci {

namespace {

using base::Result;

constexpr std::uint64_t kMaxErrno = 4095;     // MAX_ERRNO: what a syscall can return
constexpr std::uint64_t kMaxMessage = 65535;  // SECCOMP_RET_DATA: what a tracer can be told

Result<void> read_op(Reader&, const Cursor& cursor, SeccompArg& out) {
  out.op = TRY(read_name(cursor, seccomp_operators()));
  return base::ok();
}

constexpr auto kArg = fields<SeccompArg>(
    ranged<&SeccompArg::index, 0U, 5U>("index", "an integer"), field<&SeccompArg::value>("value", "an integer"),
    field<&SeccompArg::value_two>("valueTwo"), with<SeccompArg, read_op>("op", "a string"));

Result<void> read_names(Reader&, const Cursor& cursor, SeccompRule& out) {
  out.names = TRY(cursor.get_strings());
  if (out.names.empty()) return cursor.fault("want at least one system call, have none");
  const auto empty = std::ranges::find(out.names, "");
  if (empty == out.names.end()) return base::ok();
  return TRY(cursor.get_array())[static_cast<std::size_t>(empty - out.names.begin())].mismatch("a system call");
}

Result<void> read_action(Reader&, const Cursor& cursor, SeccompRule& out) {
  out.action = TRY(read_name(cursor, seccomp_actions()));
  return base::ok();
}

Result<void> read_args(Reader& reader, const Cursor& cursor, SeccompRule& out) {
  for (const Cursor& element : TRY(cursor.get_array()))
    TRY(read_object(reader, element, kArg, out.args.emplace_back()));
  return base::ok();
}

constexpr auto kRule = fields<SeccompRule>(
    with<SeccompRule, read_names>("names", "an array of strings"), with<SeccompRule, read_action>("action", "a string"),
    field<&SeccompRule::errno_ret>("errnoRet"), with<SeccompRule, read_args>("args"));

Result<void> check_errno(const Cursor& cursor, const char* name, SeccompAction action,
                         const std::optional<std::uint32_t>& value) {
  const std::uint64_t max = action == SeccompAction::kTrace ? kMaxMessage : kMaxErrno;
  if (value && *value > max) return cursor.find(name)->mismatch(base::cat("0..", max));
  return base::ok();
}

Result<void> read_default_action(Reader&, const Cursor& cursor, Seccomp& out) {
  out.default_action = TRY(read_name(cursor, seccomp_actions()));
  return base::ok();
}

Result<void> read_architectures(Reader&, const Cursor& cursor, Seccomp& out) {
  for (const Cursor& element : TRY(cursor.get_array())) {
    const std::string_view name = TRY(element.get_string());
    const auto known = seccomp_architectures();
    if (std::ranges::find(known, name) == known.end()) return not_one_of(element, {known.begin(), known.end()});
    out.architectures.emplace_back(name);
  }
  return base::ok();
}

// An empty list is "no flags"; an absent one leaves the choice to the runtime.
Result<void> read_flags(Reader&, const Cursor& cursor, Seccomp& out) {
  out.flags.emplace();
  for (const Cursor& element : TRY(cursor.get_array())) {
    TRY(read_name(element, seccomp_flags()));
    out.flags->emplace_back(TRY(element.get_string()));
  }
  return base::ok();
}

Result<void> read_syscalls(Reader& reader, const Cursor& cursor, Seccomp& out) {
  const auto elements = TRY(cursor.get_array());
  out.syscalls.reserve(elements.size());
  for (const Cursor& element : elements) {
    SeccompRule& rule = out.syscalls.emplace_back();
    TRY(read_object(reader, element, kRule, rule));
    TRY(check_errno(element, "errnoRet", rule.action, rule.errno_ret));
  }
  return base::ok();
}

constexpr auto kSeccomp = fields<Seccomp>(
    with<Seccomp, read_default_action>("defaultAction", "a string"),
    field<&Seccomp::default_errno_ret>("defaultErrnoRet"), with<Seccomp, read_architectures>("architectures"),
    with<Seccomp, read_flags>("flags"), field<&Seccomp::listener_path>("listenerPath"),
    field<&Seccomp::listener_metadata>("listenerMetadata"), with<Seccomp, read_syscalls>("syscalls"));

bool is_unset(const std::optional<Cursor>& member) { return !member || member->is_null(); }

bool is_empty_section(const Cursor& cursor) {
  const auto action = cursor.find("defaultAction");
  const auto rules = cursor.find("syscalls");
  return cursor.is_object() && (is_unset(action) || (action->is_string() && action->have() == "\"\"")) &&
         (is_unset(rules) || (rules->is_array() && rules->size() == 0));
}

}  // namespace

// Engines send an empty section for "unconfined": without default action and rules there is no filter.
Result<void> read_seccomp(Reader& reader, const Cursor& cursor, std::optional<Seccomp>& out) {
  if (is_empty_section(cursor)) return base::ok();
  Seccomp& seccomp = out.emplace();
  TRY(read_object(reader, cursor, kSeccomp, seccomp));
  return check_errno(cursor, "defaultErrnoRet", seccomp.default_action, seccomp.default_errno_ret);
}

}  // namespace oci
