// What a rule's "when" looks at, the bindings and exceptions that have one, and the modes of controls.
#include <algorithm>
#include <array>
#include <chrono>

#include "base/text.h"
#include "policy/rules.h"
#include "policy/sections.h"
#include "policy/subject.h"

namespace policy {

namespace {

struct Fact {
  Name name;
  std::string Subject::*member;
};
constexpr Fact kFacts[] = {
    {"namespace", &Subject::namespace_}, {"pod", &Subject::pod},       {"container", &Subject::container},
    {"image", &Subject::image},          {"type", &Subject::type},     {"id", &Subject::id},
    {"cgroup", &Subject::cgroup},        {"bundle", &Subject::bundle}, {"entrypoint", &Subject::entrypoint},
};

constexpr auto kFactNames = [] {
  std::array<Name, std::size(kFacts)> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = kFacts[i].name;
  return names;
}();

// A pattern that no kind of program fits is a mistyped one.
base::Result<void> check_kinds(const oci::Cursor& value, const std::vector<std::string>& patterns) {
  const auto& kinds = entrypoint_kinds();
  for (const auto& pattern : patterns) {
    const bool fits = std::any_of(kinds.begin(), kinds.end(), [&](std::string_view kind) { return base::fits(pattern, kind); });
    if (!fits) return unknown(value, "kind of program", pattern, kinds);
  }
  return base::ok();
}

base::Result<When> get_when(const oci::Cursor& value) {
  TRY(check_members(value, {}, kFactNames));
  When out;
  for (const auto& fact : kFacts) {
    const auto member = value.find(fact.name);
    if (!member) continue;
    Condition condition{.fact = fact.member, .name = std::string(fact.name), .patterns = {}};
    if (member->is_string()) {
      condition.patterns.emplace_back(TRY(member->get_string()));
    } else {
      condition.patterns = TRY(member->get_strings());
      if (condition.patterns.empty()) return member->mismatch("a pattern, or several");
    }
    if (condition.fact == &Subject::entrypoint) TRY(check_kinds(*member, condition.patterns));
    out.all_of.push_back(std::move(condition));
  }
  return out;
}

base::Result<std::string> get_text(const oci::Cursor& object, std::string_view name) {
  const auto member = TRY(required(object, name));
  const auto text = TRY(member.get_string());
  if (text.empty()) return member.mismatch("some text");
  return std::string(text);
}

// "2027-01-31": the first second after that day (UTC).
base::Result<std::int64_t> end_of_day(const oci::Cursor& value) {
  constexpr std::string_view kWant = "a day as in \"2027-01-31\"";
  const auto text = TRY(value.get_string());
  const auto parts = base::split(text, '-');
  if (parts.size() != 3 || parts[0].size() != 4 || parts[1].size() != 2 || parts[2].size() != 2) return value.mismatch(kWant);
  const auto year = base::parse_u64(parts[0]), month = base::parse_u64(parts[1]), day = base::parse_u64(parts[2]);
  if (!year || !month || !day) return value.mismatch(kWant);
  // Not timegm(3), which reads the local time zone first.
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok() || *year < 1970) return value.mismatch(kWant);
  const std::chrono::sys_seconds end = std::chrono::sys_days(date) + std::chrono::days(1);
  return std::int64_t{end.time_since_epoch().count()};
}

base::Result<Exception> get_exception(const oci::Cursor& value, const GroupLookup& groups) {
  TRY(check_members(value, {"id", "when", "allow", "reason", "owner", "ticket", "expires", "compensating"}));
  Exception out;
  out.origin = Section::origin(value);
  const auto id = TRY(required(value, "id"));
  out.id = TRY(get_label(id));
  const auto when = TRY(required(value, "when"));
  out.when = TRY(get_when(when));
  out.reason = TRY(get_text(value, "reason"));
  out.owner = TRY(get_text(value, "owner"));
  if (const auto ticket = value.find("ticket")) out.ticket = std::string(TRY(ticket->get_string()));
  if (const auto more = value.find("compensating")) TRY(more->get_strings());
  const auto expires = TRY(required(value, "expires"));
  out.expires = TRY(end_of_day(expires));
  out.expires_text = std::string(TRY(expires.get_string()));
  const auto allow = TRY(required(value, "allow"));
  TRY(check_members(allow, {}, rule_sections()));
  if (allow.size() == 0) return allow.mismatch("the rules to widen");
  out.allow.name = out.id;
  TRY(read_rules(allow, groups, out.allow));
  return out;
}

base::Result<void> check_control(const oci::Cursor& value, std::string_view name) {
  const auto names = control_names();
  if (std::find(names.begin(), names.end(), name) != names.end()) return base::ok();
  return unknown(value, "control", name, names);
}

base::Result<void> add_mode(const oci::Cursor& value, ControlMode mode, Policy& out) {
  if (mode.mode == Mode::kOff && mode.reason.empty()) {
    return value.fault("\"off\" needs a reason").hint(R"(as in {"mode": "off", "reason": "..."})");
  }
  out.modes.push_back(std::move(mode));
  return base::ok();
}

// "audit", {"mode": "off", "reason": "…"}, {"required": true}.
base::Result<void> read_control_mode(const oci::Cursor& value, std::string_view control, Policy& out) {
  TRY(check_control(value, control));
  ControlMode mode{.control = std::string(control), .mode = Mode::kEnforce, .reason = "", .origin = Section::origin(value)};
  if (!value.is_object()) {
    mode.mode = TRY(get_mode(value));
    return add_mode(value, std::move(mode), out);
  }
  TRY(check_members(value, {"mode", "reason", "required"}));
  const auto flag = value.find("required");
  const bool is_required = flag && TRY(flag->get_bool());
  if (is_required) out.required.push_back({.control = mode.control, .origin = Section::origin(*flag)});
  if (value.find("reason")) mode.reason = TRY(get_text(value, "reason"));
  if (flag && !value.find("mode")) return base::ok();  // the file's mode
  const auto text = TRY(required(value, "mode"));
  mode.mode = TRY(get_mode(text));
  if (is_required && mode.mode == Mode::kOff) return value.fault("\"required\" and \"off\" cannot both be");
  return add_mode(value, std::move(mode), out);
}

}  // namespace

base::Result<Mode> get_mode(const oci::Cursor& value) {
  const auto text = TRY(value.get_string());
  if (text == "enforce") return Mode::kEnforce;
  if (text == "audit") return Mode::kAudit;
  if (text == "off") return Mode::kOff;
  return value.mismatch("\"enforce\", \"audit\" or \"off\"");
}

base::Result<void> read_modes(const oci::Cursor& root, Policy& out) {
  if (const auto mode = root.find("mode")) {
    out.mode = TRY(get_mode(*mode));
    if (out.mode == Mode::kOff) return mode->fault("a whole policy cannot be off").hint("remove the file");
  }
  if (const auto flag = root.find("selectable")) out.selectable = TRY(flag->get_bool());
  const auto modes = root.find("modes");
  if (!modes) return base::ok();
  for (const auto& member : TRY(modes->object_members())) {
    if (member.name == "$comment") continue;
    TRY(read_control_mode(member.value, member.name, out));
  }
  return base::ok();
}

base::Result<void> read_bindings(const oci::Cursor& list, std::vector<Binding>& out) {
  for (const auto& element : TRY(list.get_array())) {
    TRY(check_members(element, {"when", "profile", "mode"}));
    Binding binding;
    binding.origin = Section::origin(element);
    const auto when = TRY(required(element, "when"));
    binding.when = TRY(get_when(when));
    binding.profile = TRY(get_text(element, "profile"));
    if (const auto mode = element.find("mode")) {
      binding.mode = TRY(get_mode(*mode));
      if (*binding.mode == Mode::kOff) return mode->fault("a container needs a policy").hint("\"builtin:passthrough@1\" obeys config.json");
    }
    out.push_back(std::move(binding));
  }
  return base::ok();
}

base::Result<void> read_exceptions(const oci::Cursor& list, const GroupLookup& groups, std::vector<Exception>& out) {
  for (const auto& element : TRY(list.get_array())) {
    auto exception = TRY(get_exception(element, groups));
    const bool twice = std::any_of(out.begin(), out.end(), [&](const Exception& e) { return e.id == exception.id; });
    if (twice) return element.fault(base::cat("exception ", base::quote(exception.id), " is there twice"));
    out.push_back(std::move(exception));
  }
  return base::ok();
}

bool When::looks_at_entrypoint() const {
  return std::any_of(all_of.begin(), all_of.end(), [](const Condition& c) { return c.fact == &Subject::entrypoint; });
}

bool holds(const When& when, const Subject& subject) {
  return std::all_of(when.all_of.begin(), when.all_of.end(), [&](const Condition& condition) {
    return std::any_of(condition.patterns.begin(), condition.patterns.end(), [&](const std::string& pattern) {
      return base::fits(pattern, subject.*condition.fact);
    });
  });
}

}  // namespace policy
