// A policy's list as a FilterTable, 32 bits of an argument at a time: an allow-list for the native ABI and, if it says so,
// i386; a deny-list for all that the machine runs, or, if it says so, for the native one alone.
#include <linux/seccomp.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "plan/seccomp_sources.h"

namespace plan {

namespace {

constexpr std::uint32_t kMaxErrno = 4095;

base::Error wrong(const auto&... text) { return base::Error::policy(base::cat("seccomp: ", text...)); }

base::Result<std::uint32_t> fails_with(std::uint32_t err, const std::string& where) {
  if (err > kMaxErrno) return wrong(where, ": want an errno of 0..", kMaxErrno, ", have ", err);
  return SECCOMP_RET_ERRNO | err;
}

base::Result<ArgTest> test_of(const policy::ArgCheck& check, const std::string& name) {
  if (check.index > 5) return wrong("syscall ", base::quote(name), ": want an argument of 0..5, have ", check.index);
  if (check.values.empty()) return wrong("syscall ", base::quote(name), ": a check without a value never holds");
  ArgTest test{check.index, Compare::kAnyOf, check.equals, check.mask, {}};
  for (const std::uint32_t value : check.values) {
    if ((value & ~check.mask) != 0)
      return wrong("syscall ", base::quote(name), ": value ", value, " has bits outside of mask ", check.mask);
    test.values.push_back(value);
  }
  return test;
}

base::Result<Decision> decision_of(const policy::ConditionalSyscall& syscall) {
  Decision decision{{}, TRY(fails_with(syscall.errno_otherwise, "syscall " + base::quote(syscall.name)))};
  for (const auto& alternative : syscall.any_of) {
    ArgRule rule{{}, SECCOMP_RET_ALLOW};
    for (const auto& check : alternative) rule.all_of.push_back(TRY(test_of(check, syscall.name)));
    if (rule.all_of.empty())
      return wrong("syscall ", base::quote(syscall.name), ": an alternative without a check allows every call");
    decision.rules.push_back(std::move(rule));
  }
  if (decision.rules.empty()) return wrong("syscall ", base::quote(syscall.name), ": no alternative allows it");
  return decision;
}

// What is left of a decision for a call of which only the first `alike` arguments are those that it was made for: a way
// to be allowed that looks at another is none.
Decision seen_by(const Decision& decision, std::uint32_t alike) {
  Decision out = decision;
  const auto looks_further = [&](const ArgTest& test) { return test.index >= alike; };
  std::erase_if(out.rules, [&](const ArgRule& rule) { return std::any_of(rule.all_of.begin(), rule.all_of.end(), looks_further); });
  return out;
}

class Builder {
 public:
  Builder(Abi abi, bool others_allowed) : abi_(abi), others_allowed_(others_allowed) {
    if (others_allowed) return;
    shut("socketcall");
    shut("ipc");
  }

  base::Result<void> add(const std::string& name, const Decision& decision) {
    if (!syscall_supported(name)) return unknown(name);
    if (others_allowed_) hide(name, decision);
    for (const auto& call : meant_by(abi_, name)) {  // none: the other machine's, like "open" on aarch64
      auto own = seen_by(decision, call.alike);
      const auto [place, added] = decisions_.emplace(call.number, own);
      // Naming a call twice is how groups overlap; saying two things of it is a mistake.
      if (!added && !(place->second == own)) return wrong("syscall ", base::quote(name), " has two rules");
    }
    return base::ok();
  }

  const std::map<std::uint32_t, Decision>& decisions() const { return decisions_; }

 private:
  // An allow-list opens no multiplexer. ENOSYS, because libraries then make the direct calls (Linux 4.3 and 5.1).
  void shut(const char* multiplexer) {
    if (!is_multiplexer(abi_, multiplexer)) return;
    decisions_[*syscall_number(abi_, multiplexer)] = {{}, SECCOMP_RET_ERRNO | ENOSYS};
  }

  // The same call through socketcall or ipc has its arguments behind a pointer, where no filter sees them: a deny-list
  // denies it whatever they are.
  void hide(const std::string& name, const Decision& decision) {
    const auto way = multiplexed(abi_, name);
    if (!way || !stricter(decision.otherwise, SECCOMP_RET_ALLOW)) return;
    auto& multiplexer = decisions_.try_emplace(way->multiplexer, Decision{{}, SECCOMP_RET_ALLOW}).first->second;
    const ArgTest test{0, Compare::kAnyOf, true, 0xffffffff, {way->call}};
    const bool there = std::any_of(multiplexer.rules.begin(), multiplexer.rules.end(),
                                   [&](const ArgRule& rule) { return rule.all_of.front() == test; });
    if (!there) multiplexer.rules.push_back({{test}, decision.otherwise});
  }

  static base::Error unknown(const std::string& name) {
    auto error = wrong("unknown syscall ", base::quote(name));
    const auto meaning = meaning_of(name);
    if (!meaning.empty()) return std::move(error).hint(base::cat("it is i386's, and what is said of ", base::quote(meaning), " holds for it"));
    const std::string near = syscall_nearest(name);
    if (near.empty()) return error;
    return std::move(error).hint(base::cat("did you mean ", base::quote(near), "?"));
  }

  Abi abi_;
  bool others_allowed_;
  std::map<std::uint32_t, Decision> decisions_;
};

base::Result<std::map<std::uint32_t, Decision>> decisions_of(const policy::SeccompPolicy& policy, Abi abi) {
  Builder builder(abi, policy.others_allowed);
  for (const auto name : policy.allow) TRY(builder.add(std::string(name), {{}, SECCOMP_RET_ALLOW}));
  for (const auto& syscall : policy.conditional) {
    const Decision decision = TRY(decision_of(syscall));
    TRY(builder.add(syscall.name, decision));
  }
  for (const auto& [name, err] : policy.errnos) {
    const std::uint32_t answer = TRY(fails_with(err, "syscall " + base::quote(name)));
    TRY(builder.add(name, {{}, answer}));
  }
  return builder.decisions();
}

// The line of the native ABI; behind it on x86-64 that of x32, which a filter without it kills.
std::vector<Segment> native_line(Abi native, std::uint32_t otherwise) {
  std::vector<Segment> line;
  append_segment(line, 0, {{}, otherwise});
  if (native != Abi::kX8664) return line;
  append_segment(line, kX32Bit, {{}, SECCOMP_RET_KILL_PROCESS});
  append_segment(line, ~std::uint32_t{0}, {{}, otherwise});  // a tracer skipped the call
  return line;
}

base::Result<FilterTable> deny_table(const policy::SeccompPolicy& policy, Abi native) {
  if (!policy.compat32) {
    return FilterTable{{{audit_arch(native), overlay(native_line(native, SECCOMP_RET_ALLOW), TRY(decisions_of(policy, native)))}}};
  }
  FilterTable out;
  for (const Abi abi : abis_of(native)) {
    const auto decisions = TRY(decisions_of(policy, abi));
    std::vector<Segment> line;
    append_segment(line, 0, {{}, SECCOMP_RET_ALLOW});
    const auto token = audit_arch(abi);
    const auto same = std::find_if(out.archs.begin(), out.archs.end(), [&](const auto& arch) { return arch.token == token; });
    if (same == out.archs.end()) {
      out.archs.push_back({token, overlay(line, decisions)});
    } else {  // x32, whose numbers have a bit of their own
      same->segments = overlay(same->segments, decisions);
    }
  }
  return out;
}

base::Result<FilterTable> allow_table(const policy::SeccompPolicy& policy, Abi native) {
  const std::uint32_t otherwise = TRY(fails_with(policy.default_errno, "default"));
  FilterTable out{{{audit_arch(native), overlay(native_line(native, otherwise), TRY(decisions_of(policy, native)))}}};
  if (!policy.compat32 || native != Abi::kX8664) return out;
  std::vector<Segment> line;
  append_segment(line, 0, {{}, otherwise});
  out.archs.push_back({audit_arch(Abi::kX86), overlay(line, TRY(decisions_of(policy, Abi::kX86)))});
  return out;
}

}  // namespace

base::Result<FilterTable> policy_table(const policy::SeccompPolicy& policy, Abi native) {
  return policy.others_allowed ? deny_table(policy, native) : allow_table(policy, native);
}

}  // namespace plan
