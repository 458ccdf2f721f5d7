// linux.seccomp of config.json as a FilterTable.
//
// libseccomp gives the numbers of the calls and nothing else: it is not asked to generate the program.
// Up to 2.6.0 it merges several comparisons of one argument wrongly when constants need more than 32 bits
// (GHSA-4q85-33p6-j5g6), which no check of the result could repair, only refuse; and it costs up to ten
// times as much. Here each comparison is emitted by itself, so there is nothing to merge. The order among
// rules for one call is libseccomp's: the first rule without arguments decides alone. Where rules with
// arguments overlap, which libseccomp leaves open, the strictest answers.
#include <linux/seccomp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

#include "base/text.h"
#include "oci/names.h"
#include "plan/seccomp_sources.h"

namespace plan {

namespace {

constexpr std::uint32_t kMaxErrno = 4095;  // MAX_ERRNO: the kernel would clamp a greater one
constexpr std::uint32_t kMaxTraceData = SECCOMP_RET_DATA;

base::Error at(const std::string& pointer, const auto&... text) {
  return base::Error::config(base::cat("/linux/seccomp", pointer, ": ", text...));
}

base::Result<std::uint32_t> with_data(std::uint32_t action, const std::optional<std::uint32_t>& data,
                                      std::uint32_t most, const std::string& pointer) {
  if (data.value_or(0) > most) return at(pointer, "want 0..", most, ", have ", *data);
  return action | data.value_or(EPERM);
}

// `action_at` and `errno_at` are where they stand below /linux/seccomp.
base::Result<std::uint32_t> answer_of(oci::SeccompAction action, const std::optional<std::uint32_t>& errno_ret,
                                      const std::string& action_at, const std::string& errno_at) {
  using enum oci::SeccompAction;
  if (action == kErrno) return with_data(SECCOMP_RET_ERRNO, errno_ret, kMaxErrno, errno_at);
  if (action == kTrace) return with_data(SECCOMP_RET_TRACE, errno_ret, kMaxTraceData, errno_at);
  if (errno_ret) return at(errno_at, oci::seccomp_action_name(action), " takes no errno");
  switch (action) {
    case kKillThread: return std::uint32_t{SECCOMP_RET_KILL_THREAD};
    case kKillProcess: return std::uint32_t{SECCOMP_RET_KILL_PROCESS};
    case kTrap: return std::uint32_t{SECCOMP_RET_TRAP};
    case kLog: return std::uint32_t{SECCOMP_RET_LOG};
    case kAllow: return std::uint32_t{SECCOMP_RET_ALLOW};
    case kNotify: return std::uint32_t{SECCOMP_RET_USER_NOTIF};
    default: break;
  }
  return base::Error::unsupported(
      base::cat("/linux/seccomp", action_at, ": ", oci::seccomp_action_name(action), " is not implemented"));
}

// A comparison as config.json has it; an ABI of 32 bits is looked at through half of the mask, because
// int $0x80 from 64-bit code leaves the high halves of the registers as they were.
ArgTest test_of(const oci::SeccompArg& arg, std::uint64_t width) {
  using enum oci::SeccompOperator;
  ArgTest test{arg.index, Compare::kAnyOf, true, width, {arg.value}};
  switch (arg.op) {
    case kEq: break;
    case kNe: test.holds = false; break;
    case kGt: test.compare = Compare::kGreater; break;
    case kGe: test.compare = Compare::kGreaterEqual; break;
    case kLe: test.compare = Compare::kGreater, test.holds = false; break;
    case kLt: test.compare = Compare::kGreaterEqual, test.holds = false; break;
    case kMaskedEq:
      test.mask = arg.value & width;
      test.values = {arg.value_two & arg.value};
      break;
  }
  // A constant that no argument can equal; with a mask of 32 bits there is no other way to say so.
  if (test.compare == Compare::kAnyOf && (test.values[0] & ~test.mask) != 0) test.values.clear();
  return test;
}

// config.json's rule for one call: the answer, and the ways to match, each a list of tests.
struct Rule {
  std::uint32_t answer = 0;
  std::vector<std::vector<oci::SeccompArg>> any_of;  // empty: always
};

base::Result<Rule> rule_of(const oci::SeccompRule& rule, std::size_t number) {
  const std::string pointer = base::cat("/syscalls/", number);
  Rule out{TRY(answer_of(rule.action, rule.errno_ret, pointer + "/action", pointer + "/errnoRet")), {}};
  std::array<unsigned, 6> tests_of{};
  for (std::size_t i = 0; i < rule.args.size(); ++i) {
    if (rule.args[i].index > 5)
      return at(base::cat(pointer, "/args/", i, "/index"), "want 0..5, have ", rule.args[i].index);
    ++tests_of[rule.args[i].index];
  }
  // As runc: when any argument is compared twice, every comparison becomes a rule of its own.
  const bool repeated = std::any_of(tests_of.begin(), tests_of.end(), [](unsigned count) { return count > 1; });
  if (!repeated && !rule.args.empty()) out.any_of.push_back(rule.args);
  if (repeated)
    for (const auto& arg : rule.args) out.any_of.push_back({arg});
  return out;
}

// What has been said about one call of one ABI.
struct Said {
  std::optional<std::uint32_t> always;
  std::vector<ArgRule> rules;
};

// One way into the kernel: collects the rules by number, then decides.
class AbiBuilder {
 public:
  AbiBuilder(Abi abi, std::uint32_t default_answer)
      : abi_(abi), default_(default_answer), width_(is_32_bit(abi) ? 0xffffffffU : ~std::uint64_t{0}) {}

  // Whether the ABI has the call.
  bool add(const std::string& name, const Rule& rule) {
    const auto number = syscall_number(abi_, name);
    if (number) newest_ = std::max(newest_, *number);
    const auto through = multiplexed(abi_, name);
    // As runc: a rule that says what is the default anyway is no rule. But named outright, socketcall and
    // ipc must not be opened by the rules for the calls behind them.
    if (rule.answer != default_ || is_multiplexer(abi_, name)) {
      if (number) say(said_[*number], rule);
      if (through) say_through(implied_[{through->multiplexer, through->call}], through->call, rule);
    }
    return number || through;
  }

  std::map<std::uint32_t, Decision> decisions() {
    const auto strict_first = [](const ArgRule& a, const ArgRule& b) { return stricter(a.answer, b.answer); };
    for (auto& [number, said] : said_) std::stable_sort(said.rules.begin(), said.rules.end(), strict_first);
    for (auto& [through, said] : implied_) reach_through(said_[through.first], through.second, said);
    std::map<std::uint32_t, Decision> out;
    for (auto& [number, said] : said_)
      out.emplace(number, said.always ? Decision{{}, *said.always} : simplified(std::move(said.rules), default_));
    return out;
  }

  Abi abi() const { return abi_; }
  std::uint32_t newest() const { return newest_; }

 private:
  static bool is_32_bit(Abi abi) { return abi == Abi::kX86 || abi == Abi::kArm; }

  ArgTest is_call(std::uint32_t call) const { return {0, Compare::kAnyOf, true, width_, {call}}; }

  void say(Said& said, const Rule& rule) const {
    if (rule.any_of.empty() && !said.always) said.always = rule.answer;
    for (const auto& args : rule.any_of) {
      ArgRule& added = said.rules.emplace_back(ArgRule{{}, rule.answer});
      for (const auto& arg : args) added.all_of.push_back(test_of(arg, width_));
    }
  }

  // As libseccomp: behind a multiplexer the call takes the place of the first argument. The others are
  // behind a pointer there, so tests of them compare something else; a rule that allows by them seldom matches.
  void say_through(Said& said, std::uint32_t call, const Rule& rule) const {
    if (rule.any_of.empty() && !said.always) said.always = rule.answer;
    for (const auto& args : rule.any_of) {
      ArgRule& added = said.rules.emplace_back(ArgRule{{is_call(call)}, rule.answer});
      for (const auto& arg : args)
        if (arg.index != 0) added.all_of.push_back(test_of(arg, width_));
    }
  }

  // One cannot tell which of a call's rules would match; the mildest keeps 32-bit programs running, and
  // whoever minds names the multiplexer.
  void reach_through(Said& multiplexer, std::uint32_t call, Said& said) const {
    const auto mild_first = [](const ArgRule& a, const ArgRule& b) { return stricter(b.answer, a.answer); };
    std::stable_sort(said.rules.begin(), said.rules.end(), mild_first);
    if (said.always) said.rules = {{{is_call(call)}, *said.always}};
    multiplexer.rules.insert(multiplexer.rules.end(), said.rules.begin(), said.rules.end());
  }

  Abi abi_;
  std::uint32_t default_;
  std::uint64_t width_;
  std::uint32_t newest_ = 0;
  std::map<std::uint32_t, Said> said_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Said> implied_;  // by multiplexer and its call
};

// Whether calls newer than the profile get ENOSYS, so that programs fall back as on an older kernel
// instead of taking the default for an answer. Not where the default lets them through, as in runc.
bool hides_newer(oci::SeccompAction default_action) {
  using enum oci::SeccompAction;
  return default_action != kAllow && default_action != kLog && default_action != kTrace;
}

base::Result<std::uint32_t> default_answer(const oci::Seccomp& request) {
  if (request.default_action == oci::SeccompAction::kNotify)
    return at("/defaultAction", "SCMP_ACT_NOTIFY cannot be the default action");
  return answer_of(request.default_action, request.default_errno_ret, "/defaultAction", "/defaultErrnoRet");
}

// The native ABI, which a filter always has, and those listed that this machine's kernel can be entered by.
base::Result<std::vector<AbiBuilder>> builders_for(const oci::Seccomp& request, Abi native, Abis abis,
                                                   std::uint32_t otherwise) {
  const auto known = oci::seccomp_architectures();
  std::vector<Abi> listed{native};
  for (std::size_t i = 0; i < request.architectures.size(); ++i) {
    const std::string& name = request.architectures[i];
    if (std::find(known.begin(), known.end(), name) == known.end())
      return at(base::cat("/architectures/", i), "unknown architecture ", base::quote(name));
    const auto abi = abi_by_name(name);
    if (abi && abis == Abis::kListed) listed.push_back(*abi);
  }
  std::vector<AbiBuilder> out;
  for (const Abi abi : abis_of(native))
    if (std::find(listed.begin(), listed.end(), abi) != listed.end()) out.emplace_back(abi, otherwise);
  return out;
}

base::Result<void> add_rules(const oci::Seccomp& request, std::vector<AbiBuilder>& builders,
                             std::vector<std::string>* skipped) {
  for (std::size_t i = 0; i < request.syscalls.size(); ++i) {
    const auto& listed = request.syscalls[i];
    const Rule rule = TRY(rule_of(listed, i));
    for (std::size_t n = 0; n < listed.names.size(); ++n) {
      const std::string& name = listed.names[n];
      if (name.empty()) return at(base::cat("/syscalls/", i, "/names/", n), "empty name");
      bool exists = false;
      for (auto& builder : builders) exists |= builder.add(name, rule);
      if (skipped != nullptr && !exists && !syscall_known(name)) skipped->push_back(name);
    }
  }
  return base::ok();
}

// The line of one token before any rule: the default, and behind the newest call of the profile ENOSYS.
void append_line(std::vector<Segment>& line, std::uint32_t first, std::uint32_t otherwise, bool hides,
                 std::uint32_t newest) {
  append_segment(line, first, {{}, otherwise});
  if (hides && newest > first) append_segment(line, newest + 1, {{}, SECCOMP_RET_ERRNO | ENOSYS});
}

}  // namespace

base::Result<FilterTable> request_table(const oci::Seccomp& request, Abi native, Abis abis,
                                        std::vector<std::string>* skipped) {
  const std::uint32_t otherwise = TRY(default_answer(request));
  if (request.listener_path.empty() && !request.listener_metadata.empty())
    return at("/listenerMetadata", "needs listenerPath");
  std::vector<AbiBuilder> builders = TRY(builders_for(request, native, abis, otherwise));
  TRY(add_rules(request, builders, skipped));

  const bool hides = hides_newer(request.default_action);
  FilterTable table;
  std::map<std::uint32_t, std::map<std::uint32_t, Decision>> singles;  // by token
  for (auto& builder : builders) {
    const std::uint32_t token = audit_arch(builder.abi());
    const bool x32 = builder.abi() == Abi::kX32;
    if (!x32) table.archs.push_back({token, {}});  // x32 comes behind x86-64, under its token
    append_line(table.archs.back().segments, x32 ? kX32Bit : 0, otherwise, hides, builder.newest());
    singles[token].merge(builder.decisions());
  }
  for (auto& arch : table.archs) {
    if (arch.token == audit_arch(Abi::kX8664)) {
      if (builders.size() < 2 || builders[1].abi() != Abi::kX32)
        append_segment(arch.segments, kX32Bit, {{}, SECCOMP_RET_KILL_PROCESS});
      append_segment(arch.segments, ~std::uint32_t{0}, {{}, otherwise});  // a tracer skipped the call
    }
    arch.segments = overlay(arch.segments, singles[arch.token]);
  }
  return table;
}

base::Result<std::uint32_t> request_flags(const oci::Seccomp& request) {
  std::uint32_t listener = 0;
  for (std::size_t i = 0; i < request.syscalls.size(); ++i) {
    if (request.syscalls[i].action != oci::SeccompAction::kNotify) continue;
    if (request.listener_path.empty())
      return at(base::cat("/syscalls/", i, "/action"), "SCMP_ACT_NOTIFY: want /linux/seccomp/listenerPath, have nothing");
    listener = SECCOMP_FILTER_FLAG_NEW_LISTENER;
  }
  // As runc when there is no list. Every kernel that this program runs on has the flag (4.17).
  if (!request.flags) return SECCOMP_FILTER_FLAG_SPEC_ALLOW | listener;
  std::uint32_t flags = 0;
  for (std::size_t i = 0; i < request.flags->size(); ++i) {
    const std::string& name = (*request.flags)[i];
    const auto bit = oci::seccomp_flag(name);
    if (!bit) return at(base::cat("/flags/", i), "unknown flag ", base::quote(name));
    flags |= static_cast<std::uint32_t>(*bit);
  }
  // TSYNC has nothing to do in a process of one thread, and the kernel takes WAIT_KILLABLE_RECV only
  // together with a listener (EINVAL).
  constexpr std::uint32_t kWaitKillable = 1U << 5;  // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, Linux 5.19
  return (flags & (SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW | (listener != 0 ? kWaitKillable : 0U))) | listener;
}

}  // namespace plan
