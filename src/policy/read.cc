// A policy file of any kind: its head, and what its kind holds.
#include "policy/read.h"

#include <algorithm>
#include <tuple>

#include "base/text.h"
#include "oci/json.h"
#include "policy/comments.h"
#include "policy/inherit.h"
#include "policy/rules.h"
#include "policy/sections.h"

namespace policy {

namespace {

struct KindRow {
  std::string_view name;
  Kind kind;
};
constexpr KindRow kKinds[] = {{"profile", Kind::kProfile},
                              {"floor", Kind::kFloor},
                              {"deny", Kind::kDeny},
                              {"bindings", Kind::kBindings},
                              {"exceptions", Kind::kExceptions}};

base::Result<Kind> get_kind(const oci::Cursor& value) {
  const auto text = TRY(value.get_string());
  for (const auto& row : kKinds) {
    if (row.name == text) return row.kind;
  }
  Names names;
  for (const auto& row : kKinds) names.push_back(row.name);
  return unknown(value, "kind", text, names);
}

// The members that a document of this kind may have.
base::Result<void> check_document(const oci::Cursor& root, Kind kind) {
  switch (kind) {
    case Kind::kProfile:
      return check_members(
          root, {"bulkhead", "kind", "name", "version", "description", "extends", "mode", "modes", "selectable", "tests"}, rule_sections());
    case Kind::kFloor:
      return check_members(
          root, {"bulkhead", "kind", "name", "version", "description", "mode", "modes", "maxExceptionDays", "decisionLog", "tests"},
          rule_sections());
    case Kind::kDeny:
      return check_members(root, {"bulkhead", "kind", "name", "version", "description", "mode", "modes", "until", "tests"}, rule_sections());
    case Kind::kBindings: return check_members(root, {"bulkhead", "kind", "name", "version", "description", "select"});
    case Kind::kExceptions: break;
  }
  return check_members(root, {"bulkhead", "kind", "name", "version", "description", "exceptions"});
}

base::Result<void> read_head(const oci::Cursor& root, Document& out) {
  if (!root.is_object()) return root.mismatch("an object");
  const auto format = TRY(required(root, "bulkhead"));
  if (TRY(format.get_string()) != "policy/v1") return format.mismatch("\"policy/v1\"");
  const auto kind = TRY(required(root, "kind"));
  out.kind = TRY(get_kind(kind));
  TRY(check_document(root, out.kind));
  const auto name = TRY(required(root, "name"));
  out.policy.name = TRY(get_label(name));
  const auto version = TRY(required(root, "version"));
  out.policy.version = TRY(get_label(version));
  if (const auto text = root.find("description")) out.policy.description = std::string(TRY(text->get_string()));
  return base::ok();
}

base::Result<Policy> get_base(const oci::Cursor& value, const PolicyLookup& bases) {
  const auto name = TRY(value.get_string());
  if (!bases) return value.fault("nothing can be extended here");
  auto found = bases(name);
  if (found) return found;
  return value.fault(found.error().message());
}

base::Result<void> read_profile(const oci::Cursor& root, const GroupLookup& groups, const PolicyLookup& bases, Document& document) {
  Policy& out = document.policy;
  std::optional<Policy> extended;
  if (const auto name = root.find("extends")) {
    extended = TRY(get_base(*name, bases));
    document.extends = std::string(TRY(name->get_string()));
  }
  if (extended) out.seccomp = extended->seccomp;
  TRY(read_modes(root, out));
  TRY(read_rules(root, groups, out));
  if (extended) inherit(out, *extended);
  return base::ok();
}

// What only a profile may say: it gives something, or its meet with another's would not be a list of patterns.
base::Result<void> check_restricts(const oci::Cursor& root, Kind kind) {
  for (const auto& [section, member] : {std::pair{"filesystem", "tmpfs"}, std::pair{"environment", "allow"}}) {
    const auto object = root.find(section);
    const auto value = object ? object->find(member) : std::nullopt;
    if (value) return value->fault(base::cat("only a profile can have it, and this is a ", kind_name(kind)));
  }
  return base::ok();
}

// A floor or deny file takes away. Its list of system calls is a deny-list, unless it says what is allowed.
base::Result<void> read_limit(const oci::Cursor& root, const GroupLookup& groups, Document& out) {
  TRY(check_restricts(root, out.kind));
  const auto seccomp = root.find("seccomp");
  const auto allow = seccomp ? seccomp->find("allow") : std::nullopt;
  if (allow && out.kind == Kind::kDeny) return allow->fault("a deny file says what is denied");
  if (seccomp && !allow) {
    out.policy.seccomp.emplace();
    out.policy.seccomp->value.others_allowed = true;
    out.policy.seccomp->value.compat32 = true;  // left to the other filters, unless it says otherwise
    out.policy.seccomp->value.default_errno = 1;  // EPERM
  }
  TRY(read_modes(root, out.policy));
  return read_rules(root, groups, out.policy);
}

base::Result<void> read_until(const oci::Cursor& value, Document& out) {
  TRY(check_members(value, {"kernel"}));
  const auto kernel = TRY(required(value, "kernel"));
  const auto text = TRY(kernel.get_string());
  const auto parts = base::split(text, '.');
  const bool good = parts.size() >= 2 && parts.size() <= 3 &&
                    std::all_of(parts.begin(), parts.end(), [](const auto& part) { return base::parse_u64(part).has_value(); });
  if (!good) return kernel.mismatch("a version of Linux, as in \"6.18.60\"");
  out.until_kernel = text;
  return base::ok();
}

base::Result<DecisionLog> get_log(const oci::Cursor& value) {
  TRY(check_members(value, {"sink", "maxSize", "perMinute", "required"}));
  constexpr std::uint64_t kStandardSize = 10U << 20, kSmallest = 64U << 10;
  DecisionLog out{.sink = "", .max_size = kStandardSize, .per_minute = 0, .required = false, .origin = Section::origin(value)};
  const auto sink = TRY(required(value, "sink"));
  out.sink = TRY(sink.get_string());
  const bool known = out.sink == "none" || out.sink == "syslog" || out.sink == "journald";
  const bool file = out.sink.starts_with("file:/") && out.sink.find("/../") == std::string::npos && !out.sink.ends_with('/');
  if (!known && !file) return sink.mismatch("\"none\", \"syslog\", \"journald\" or \"file:\" and an absolute path");
  if (const auto size = value.find("maxSize")) {
    out.max_size = TRY(get_amount(*size));
    if (out.max_size < kSmallest) return size->mismatch("64K or more");
  }
  constexpr std::uint64_t kMostLines = 1'000'000;
  if (const auto lines = value.find("perMinute")) out.per_minute = TRY(lines->get_u64(1, kMostLines));
  if (const auto flag = value.find("required")) out.required = TRY(flag->get_bool());
  if (out.required && out.per_minute != 0) return value.fault("\"required\" and \"perMinute\": the next container could not start");
  if (out.required && out.sink == "none") return value.fault("\"required\" and no sink: nothing could start");
  return out;
}

base::Result<void> read_body(const oci::Cursor& root, const GroupLookup& groups, const PolicyLookup& bases, Document& out) {
  switch (out.kind) {
    case Kind::kProfile: return read_profile(root, groups, bases, out);
    case Kind::kFloor:
      if (const auto days = root.find("maxExceptionDays")) out.max_exception_days = TRY(days->get_u64(1, 3660));
      if (const auto log = root.find("decisionLog")) out.log = TRY(get_log(*log));
      return read_limit(root, groups, out);
    case Kind::kDeny:
      if (const auto until = root.find("until")) TRY(read_until(*until, out));
      return read_limit(root, groups, out);
    case Kind::kBindings: return read_bindings(TRY(required(root, "select")), out.bindings);
    case Kind::kExceptions: break;
  }
  return read_exceptions(TRY(required(root, "exceptions")), groups, out.exceptions);
}

}  // namespace

std::string_view kind_name(Kind kind) {
  for (const auto& row : kKinds) {
    if (row.kind == kind) return row.name;
  }
  return "";
}

bool precedes(const Document* a, const Document* b) {
  const auto key = [](const Document& document) { return std::tie(document.kind, document.policy.name, document.policy.version); };
  return key(*a) < key(*b);
}

base::Result<void> read_document(std::string_view text, const std::string& source_name, const GroupLookup& groups,
                                 const PolicyLookup& bases, Document& out) {
  // Most have neither comments nor trailing commas, and are JSON as they stand.
  std::string plain;
  auto parsed = oci::parse_json(text, source_name, base::Kind::kPolicy, oci::Places::kShow);
  if (!parsed) {
    plain = TRY(without_comments(text, source_name));
    parsed = oci::parse_json(plain, source_name, base::Kind::kPolicy, oci::Places::kShow);
  }
  const auto json = TRY(std::move(parsed));
  const auto root = json.root();
  out.file = source_name;
  TRY(read_head(root, out));
  TRY(read_body(root, groups, bases, out));
  if (const auto tests = root.find("tests")) return read_tests(*tests, out.tests);
  return base::ok();
}

base::Result<Document> read_document(std::string_view text, const std::string& source_name, const GroupLookup& groups,
                                     const PolicyLookup& bases) {
  Document out;
  TRY(read_document(text, source_name, groups, bases, out));
  return out;
}

base::Result<Policy> read_policy(std::string_view text, const std::string& source_name, const GroupLookup& groups,
                                 const PolicyLookup& bases) {
  auto document = TRY(read_document(text, source_name, groups, bases));
  if (document.kind == Kind::kProfile) return std::move(document.policy);
  return base::Error::policy(base::cat(source_name, ": want a profile, have a file of kind ",
                                       base::quote(kind_name(document.kind))))
      .hint("such files work from the directory of policies, for every container");
}

}  // namespace policy
