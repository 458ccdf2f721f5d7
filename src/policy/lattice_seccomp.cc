// System call filters in the order of lattice.h.
#include <algorithm>

#include "policy/lattice.h"

namespace policy {

namespace {

bool same(const ArgCheck& a, const ArgCheck& b) {
  return a.index == b.index && a.mask == b.mask && a.values == b.values && a.equals == b.equals;
}

// Every call that `a` lets through, `b` does: `a` checks all that `b` checks.
bool within(const std::vector<ArgCheck>& a, const std::vector<ArgCheck>& b) {
  return std::all_of(b.begin(), b.end(), [&](const ArgCheck& wanted) {
    return std::any_of(a.begin(), a.end(), [&](const ArgCheck& own) {
      if (same(own, wanted)) return true;
      if (own.index != wanted.index || own.mask != wanted.mask || own.equals != wanted.equals) return false;
      const auto& part = own.equals ? own.values : wanted.values;
      const auto& all = own.equals ? wanted.values : own.values;
      return std::all_of(part.begin(), part.end(),
                         [&](std::uint32_t value) { return std::find(all.begin(), all.end(), value) != all.end(); });
    });
  });
}

bool within(const ConditionalSyscall& a, const ConditionalSyscall& b) {
  return std::all_of(a.any_of.begin(), a.any_of.end(), [&](const auto& own) {
    return std::any_of(b.any_of.begin(), b.any_of.end(), [&](const auto& other) { return within(own, other); });
  });
}

}  // namespace

CallState state_of(const SeccompPolicy& filter, std::string_view name) {
  for (const auto& call : filter.conditional) {
    if (call.name == name) return {CallAnswer::kByArgument, call.errno_otherwise, &call};
  }
  if (filter.allow.contains(name)) return {CallAnswer::kAllow, 0, nullptr};
  for (const auto& [call, number] : filter.errnos) {
    if (call == name) return {CallAnswer::kErrno, number, nullptr};
  }
  if (filter.others_allowed) return {CallAnswer::kAllow, 0, nullptr};
  return {CallAnswer::kErrno, filter.default_errno, nullptr};
}

bool within(const CallState& a, const CallState& b) {
  if (a.answer == CallAnswer::kErrno || b.answer == CallAnswer::kAllow) return true;
  return a.answer == CallAnswer::kByArgument && b.answer == CallAnswer::kByArgument && within(*a.condition, *b.condition);
}

std::vector<std::string_view> named_calls(const SeccompPolicy& filter) {
  std::vector<std::string_view> out(filter.allow.begin(), filter.allow.end());
  for (const auto& call : filter.conditional) out.push_back(call.name);
  for (const auto& entry : filter.errnos) out.push_back(entry.first);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

namespace lattice {

bool within(Strict, const SeccompPolicy& a, const SeccompPolicy& b) {
  if ((a.others_allowed && !b.others_allowed) || (a.compat32 && !b.compat32)) return false;
  for (const auto* filter : {&a, &b}) {
    for (const auto name : named_calls(*filter)) {
      if (!policy::within(state_of(a, name), state_of(b, name))) return false;
    }
  }
  return true;
}

// A call that both have a condition for is let through by either.
SeccompPolicy widen(Strict, const SeccompPolicy& a, const SeccompPolicy& more) {
  SeccompPolicy out = a;
  out.compat32 = a.compat32 || more.compat32;
  const auto gone = [&](std::string_view name) {
    std::erase_if(out.errnos, [&](const auto& entry) { return entry.first == name; });
  };
  std::vector<std::string_view> allow(a.allow.begin(), a.allow.end());
  for (const auto name : more.allow) {
    std::erase_if(out.conditional, [&](const auto& call) { return call.name == name; });
    gone(name);
    allow.push_back(name);
  }
  out.allow = SyscallSet(std::move(allow));
  for (const auto& call : more.conditional) {
    if (out.allow.contains(call.name)) continue;
    gone(call.name);
    const auto at = std::find_if(out.conditional.begin(), out.conditional.end(),
                                 [&](const auto& own) { return own.name == call.name; });
    if (at == out.conditional.end()) {
      out.conditional.push_back(call);
    } else {
      at->any_of.insert(at->any_of.end(), call.any_of.begin(), call.any_of.end());
    }
  }
  return out;
}

}  // namespace lattice

}  // namespace policy
