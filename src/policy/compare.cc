#include "policy/compare.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "policy/arguments.h"
#include "policy/chain.h"
#include "policy/lattice.h"
#include "policy/rules.h"

namespace policy {

namespace {

using Differences = std::vector<Difference>;

void add(Differences& out, std::string control, std::string before, std::string after, bool wider) {
  if (before == after) return;
  out.push_back({.control = std::move(control), .before = std::move(before), .after = std::move(after), .wider = wider});
}

// "by argument" alone does not tell two conditions apart.
std::string call_text_in_full(const SeccompPolicy& filter, std::string_view name) {
  const auto state = state_of(filter, name);
  if (state.answer != CallAnswer::kByArgument) return call_text(filter, name);
  const char* error = strerrorname_np(static_cast<int>(state.number));
  return base::cat("if ", arguments_text(state.condition->any_of), ", otherwise ", error == nullptr ? "errno" : error);
}

void compare_policies(const Policy& before, const Policy& after, Differences& out) {
  constexpr std::string_view kCall = "seccomp:";
  for (auto& difference : differences(before, after)) {
    if (difference.control.starts_with(kCall) && before.seccomp && after.seccomp) {
      const auto name = std::string_view(difference.control).substr(kCall.size());
      difference.before = call_text_in_full(before.seccomp->value, name);
      difference.after = call_text_in_full(after.seccomp->value, name);
    }
    out.push_back(std::move(difference));
  }
  const auto mode = [](const Policy& policy) { return policy.mode == Mode::kAudit ? "audit" : "enforce"; };
  add(out, "mode", mode(before), mode(after), after.mode == Mode::kAudit);
  // What is picked is never wider than what would hold else.
  add(out, "selectable", before.selectable ? "true" : "false", after.selectable ? "true" : "false", false);
}

void compare_floors(const Document& before, const Document& after, Differences& out) {
  const auto days = [](const Document& d) { return d.max_exception_days ? base::cat(*d.max_exception_days) : "any number"; };
  const bool longer = before.max_exception_days && (!after.max_exception_days || *after.max_exception_days > *before.max_exception_days);
  add(out, "maxExceptionDays", days(before), days(after), longer);
  const auto log = [](const Document& d) {
    if (!d.log) return std::string("none");
    return base::cat(d.log->sink, d.log->per_minute == 0 ? "" : base::cat(", ", d.log->per_minute, " lines a minute"), d.log->required ? ", required" : "");
  };
  // A container may do no more; but what was told for certain may not be.
  const bool less = before.log && before.log->required && !(after.log && after.log->required);
  add(out, "decisionLog", log(before), log(after), less);
}

void compare_until(const Document& before, const Document& after, Differences& out) {
  const auto text = [](const Document& d) { return d.until_kernel.empty() ? std::string("for ever") : d.until_kernel; };
  const bool sooner = !after.until_kernel.empty() &&
                      (before.until_kernel.empty() || is_older_kernel(after.until_kernel, before.until_kernel));
  add(out, "until", text(before), text(after), sooner);
}

// What an exception gives: of a rule that takes away, its entries are what is no longer taken.
template <typename T>
void compare_gifts(const std::string& id, const Control& control, const Rule<T>& before, const Rule<T>& after, Differences& out) {
  if (!before && !after) return;
  const auto strict = control.strict == Strict::kLonger ? Strict::kShorter : control.strict;
  const auto text = [](const Rule<T>& rule) { return rule ? lattice::text(rule->value) : "nothing"; };
  const bool wider = after && (!before || !lattice::within(strict, after->value, before->value));
  const bool less = before && (!after || !lattice::within(strict, before->value, after->value));
  const auto was = text(before), is = text(after);
  if (!wider && !less && was == is) return;
  const std::string same = was == is ? " (others)" : "";  // as two filters of as many calls
  out.push_back({.control = base::cat(id, ":", control.name), .before = was, .after = is + same, .wider = wider});
}

void compare_gifts(const std::string& id, const Control&, const Rule<SeccompPolicy>& before, const Rule<SeccompPolicy>& after, Differences& out) {
  const SeccompPolicy none;
  const auto& was = before ? before->value : none;
  const auto& is = after ? after->value : none;
  auto names = named_calls(was);
  for (const auto name : named_calls(is)) names.push_back(name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (const auto name : names) {
    const auto old_text = call_text_in_full(was, name), new_text = call_text_in_full(is, name);
    add(out, base::cat(id, ":seccomp:", name), old_text, new_text, !within(state_of(is, name), state_of(was, name)));
  }
  add(out, base::cat(id, ":seccomp.compat32"), lattice::text(was.compat32), lattice::text(is.compat32), is.compat32);
}

void compare_one(const Exception& before, const Exception& after, Differences& out) {
  add(out, after.id + ":when", when_text(before.when), when_text(after.when), !covers(before.when, after.when));
  add(out, after.id + ":expires", before.expires_text, after.expires_text, after.expires > before.expires);
  for_each_rule([&](const Control& control, const auto& was, const auto& is) { compare_gifts(after.id, control, was, is, out); }, before.allow, after.allow);
  add(out, after.id + ":owner", before.owner, after.owner, false);
  add(out, after.id + ":reason", before.reason, after.reason, false);
}

void compare_exceptions(const Document& before, const Document& after, Differences& out) {
  const auto find = [](const Document& in, const std::string& id) {
    const auto at = std::find_if(in.exceptions.begin(), in.exceptions.end(), [&](const Exception& e) { return e.id == id; });
    return at == in.exceptions.end() ? nullptr : &*at;
  };
  const auto text = [](const Exception& e) { return base::cat("until ", e.expires_text, " for ", when_text(e.when)); };
  for (const auto& exception : before.exceptions) {
    if (find(after, exception.id) == nullptr) add(out, exception.id, text(exception), "none", false);
  }
  for (const auto& exception : after.exceptions) {
    const auto* old = find(before, exception.id);
    if (old == nullptr) {
      add(out, exception.id, "none", text(exception), true);
    } else {
      compare_one(*old, exception, out);
    }
  }
}

// Bindings, and behind them what holds where none fits.
std::vector<Binding> in_full(const Document& document) {
  auto out = document.bindings;
  out.emplace_back();
  return out;
}

std::string binding_text(const Binding& binding) {
  const std::string profile = binding.profile.empty() ? "the node's default" : binding.profile;
  return base::cat(profile, !binding.mode ? "" : *binding.mode == Mode::kAudit ? ", audit" : ", enforce");
}

bool may_be_wider(const Binding& before, const Binding& after, const ProfileLookup& profiles) {
  auto was = profiles(before.profile), is = profiles(after.profile);
  if (!was || !is) return true;
  for (const auto& [binding, profile] : {std::pair{&before, &*was}, std::pair{&after, &*is}}) {
    if (!binding->mode) continue;
    profile->mode = *binding->mode;  // as resolve() does
    if (*binding->mode == Mode::kEnforce) profile->modes.clear();
  }
  const auto all = differences(*was, *is);
  return std::any_of(all.begin(), all.end(), [](const Difference& d) { return d.wider; });
}

// For a container that came to the one binding before, and may come to the other now.
void compare_bindings(const Document& before, const Document& after, const ProfileLookup& profiles, Differences& out) {
  const auto was = in_full(before), is = in_full(after);
  const auto taken = [](auto begin, auto end, const When& when) {
    return std::any_of(begin, end, [&](const Binding& b) { return covers(b.when, when); });
  };
  for (auto old = was.begin(); old != was.end(); ++old) {
    for (auto now = is.begin(); now != is.end(); ++now) {
      if (excludes(old->when, now->when) || taken(was.begin(), old, now->when) || taken(is.begin(), now, old->when)) continue;
      if (taken(was.begin(), old, old->when) || taken(is.begin(), now, now->when)) continue;  // never reached
      const auto old_text = binding_text(*old), new_text = binding_text(*now);
      if (old_text == new_text) continue;
      const auto both = covers(old->when, now->when) ? when_text(now->when) : covers(now->when, old->when) ? when_text(old->when)
                            : base::cat(when_text(old->when), ", ", when_text(now->when));
      add(out, "select: " + both, old_text, new_text, may_be_wider(*old, *now, profiles));
    }
  }
}

}  // namespace

std::vector<Difference> compare(const Document& before, const Document& after, const ProfileLookup& profiles) {
  Differences out;
  switch (after.kind) {
    case Kind::kProfile: compare_policies(before.policy, after.policy, out); break;
    case Kind::kFloor:
      compare_policies(before.policy, after.policy, out);
      compare_floors(before, after, out);
      break;
    case Kind::kDeny:
      compare_policies(before.policy, after.policy, out);
      compare_until(before, after, out);
      break;
    case Kind::kBindings: compare_bindings(before, after, profiles, out); break;
    case Kind::kExceptions: compare_exceptions(before, after, out); break;
  }
  return out;
}

}  // namespace policy
