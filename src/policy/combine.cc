#include "policy/combine.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "base/text.h"
#include "policy/lattice.h"
#include "policy/rules.h"

namespace policy {

namespace {

// The place of a rule that two files make together.
void add(Origin& own, const Origin& other) {
  if (own.file == other.file && own.pointer == other.pointer) return;
  own.more.push_back(other.text());
}

template <typename T>
void tighten_rule(const Control& control, Rule<T>& own, const Rule<T>& limit) {
  if (!limit) return;
  if (!own) {
    own = limit;
    return;
  }
  const bool own_is_enough = lattice::within(control.strict, own->value, limit->value);
  const bool limit_is_enough = lattice::within(control.strict, limit->value, own->value);
  if (own_is_enough) return;
  own->value = lattice::meet(control.strict, std::move(own->value), limit->value);
  if (limit_is_enough) {
    own->origin = limit->origin;
  } else {
    add(own->origin, limit->origin);
  }
  if (!limit->why.empty()) own->why = limit->why;
}

// What is never taken for a secret: a floor that says what becomes of secrets has the last word on that too.
void tighten_keep(Environment& own, const Environment& limit) {
  if (!limit.secrets) return;
  if (!own.secrets) {
    own.keep = limit.keep;
    return;
  }
  if (!own.keep) return;
  const auto& kept = limit.keep ? limit.keep->value : std::vector<std::string>();
  own.keep->value = lattice::meet(Strict::kShorter, own.keep->value, kept);
}

Mode mode_of(const Policy& policy, std::string_view control) {
  for (const auto& entry : policy.modes) {
    if (entry.control == control) return entry.mode;
  }
  return policy.mode;
}

// What one of them requires is required.
void tighten_required(std::vector<Requirement>& own, const std::vector<Requirement>& limit) {
  for (const auto& entry : limit) {
    const auto at = std::find_if(own.begin(), own.end(), [&](const Requirement& r) { return r.control == entry.control; });
    if (at == own.end()) {
      own.push_back(entry);
    } else {
      add(at->origin, entry.origin);
    }
  }
}

void compare_required(const Policy& before, const Policy& after, std::vector<Difference>& out) {
  constexpr auto kYes = "required", kNo = "as far as the host can";
  const auto add_missing = [&](const Policy& in, const Policy& from, bool wider) {
    for (const auto& entry : in.required) {
      if (requirement_of(from, entry.control) != nullptr) continue;
      out.push_back({.control = base::cat("required:", entry.control),
                     .before = wider ? kYes : kNo,
                     .after = wider ? kNo : kYes,
                     .wider = wider});
    }
  };
  add_missing(before, after, true);
  add_missing(after, before, false);
}

template <typename T>
std::string rule_text(const Rule<T>& rule) {
  return rule ? lattice::text(rule->value) : "no rule";
}

template <typename T>
void compare(const Control& control, const Rule<T>& before, const Rule<T>& after, std::vector<Difference>& out) {
  if (!before && !after) return;
  const bool tighter = !before || (after && lattice::within(control.strict, after->value, before->value));
  const bool wider = !after || (before && !lattice::within(control.strict, after->value, before->value));
  const bool same = before && after && tighter && lattice::within(control.strict, before->value, after->value) &&
                    rule_text(before) == rule_text(after);
  if (same) return;
  out.push_back({.control = std::string(control.name),
                 .before = rule_text(before),
                 .after = rule_text(after),
                 .wider = wider && control.strict != Strict::kNeither});
}

std::string errno_name(std::uint32_t number) {
  const char* name = strerrorname_np(static_cast<int>(number));
  return name == nullptr ? base::cat("errno ", number) : name;
}

// Call by call: how many there are says little.
void compare_filters(const Rule<SeccompPolicy>& before, const Rule<SeccompPolicy>& after, std::vector<Difference>& out) {
  if (!before || !after) {
    compare(Control{"seccomp"}, before, after, out);
    return;
  }
  auto names = named_calls(before->value);
  for (const auto name : named_calls(after->value)) names.push_back(name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (const auto name : names) {
    const auto was = state_of(before->value, name), is = state_of(after->value, name);
    const bool wider = !within(is, was), tighter = !within(was, is);
    const auto was_text = call_text(before->value, name), is_text = call_text(after->value, name);
    if (!wider && !tighter && was_text == is_text) continue;
    out.push_back({.control = base::cat("seccomp:", name), .before = was_text, .after = is_text, .wider = wider});
  }
  if (before->value.compat32 != after->value.compat32) {
    out.push_back({.control = "seccomp.compat32",
                   .before = lattice::text(before->value.compat32),
                   .after = lattice::text(after->value.compat32),
                   .wider = after->value.compat32});
  }
  if (before->value.default_errno == after->value.default_errno && before->value.others_allowed == after->value.others_allowed) return;
  const auto others = [](const SeccompPolicy& p) {
    return p.others_allowed ? std::string("allowed") : errno_name(p.default_errno);
  };
  out.push_back({.control = "seccomp",
                 .before = "others " + others(before->value),
                 .after = "others " + others(after->value),
                 .wider = after->value.others_allowed && !before->value.others_allowed});
}

}  // namespace

const Requirement* requirement_of(const Policy& policy, std::string_view control) {
  const auto at = std::find_if(policy.required.begin(), policy.required.end(), [&](const Requirement& r) { return r.control == control; });
  return at == policy.required.end() ? nullptr : &*at;
}

void tighten(Policy& policy, const Policy& limit) {
  tighten_required(policy.required, limit.required);
  tighten_keep(policy.environment, limit.environment);
  auto keep = std::move(policy.environment.keep);
  for_each_rule(
      [](const Control& control, auto& own, const auto& other) {
        using T = std::remove_reference_t<decltype(own->value)>;
        if constexpr (!std::is_same_v<T, SeccompPolicy>) tighten_rule(control, own, other);
      },
      policy, limit);
  policy.environment.keep = std::move(keep);
  auto& filters = policy.seccomp_limits;
  if (limit.seccomp) filters.push_back(*limit.seccomp);
  filters.insert(filters.end(), limit.seccomp_limits.begin(), limit.seccomp_limits.end());
}

void widen(Policy& policy, const Policy& more, const std::string& because) {
  for_each_rule(
      [&](const Control& control, auto& own, const auto& extra) {
        if (!own || !extra) return;
        own->value = lattice::widen(control.strict, own->value, extra->value);
        own->why += base::cat(own->why.empty() ? "" : "; ", because);
        add(own->origin, extra->origin);
      },
      policy, more);
}

bool audits(const Policy& policy) {
  return policy.mode == Mode::kAudit || std::any_of(policy.modes.begin(), policy.modes.end(),
                                                    [](const ControlMode& m) { return m.mode == Mode::kAudit; });
}

Policy in_force(Policy policy, InForce which) {
  if (policy.mode == Mode::kEnforce && policy.modes.empty()) return policy;  // the most there are
  Policy out = policy;
  const auto is_out = [&](std::string_view control) {
    const Mode mode = mode_of(policy, control);
    return mode == Mode::kOff || (mode == Mode::kAudit && which == InForce::kEnforced);
  };
  for_each_rule([&](const Control& control, auto& rule) { if (is_out(control.name)) rule.reset(); }, out);
  std::erase_if(out.required, [&](const Requirement& r) { return is_out(r.control); });
  out.mode = Mode::kEnforce;
  out.modes.clear();
  return out;
}

std::vector<Difference> differences(const Policy& before, const Policy& after) {
  std::vector<Difference> out;
  const Policy was = in_force(before, InForce::kEnforced), is = in_force(after, InForce::kEnforced);
  for_each_rule(
      [&](const Control& control, const auto& a, const auto& b) {
        using T = std::remove_cvref_t<decltype(a->value)>;
        if constexpr (std::is_same_v<T, SeccompPolicy>) {
          compare_filters(a, b, out);
        } else {
          compare(control, a, b, out);
        }
      },
      was, is);
  compare_required(was, is, out);
  return out;
}

std::string call_text(const SeccompPolicy& filter, std::string_view name) {
  const auto state = state_of(filter, name);
  switch (state.answer) {
    case CallAnswer::kAllow: return "allowed";
    case CallAnswer::kByArgument: return "by argument, otherwise " + errno_name(state.number);
    case CallAnswer::kErrno: break;
  }
  return errno_name(state.number);
}

std::vector<std::string_view> control_names() {
  std::vector<std::string_view> out;
  const Policy none;
  for_each_rule([&](const Control& control, const auto&) { out.push_back(control.name); }, none);
  return out;
}

std::string Origin::text() const {
  std::string out = file + ":" + pointer;
  for (const auto& place : more) out += " and " + place;
  return out;
}

}  // namespace policy
