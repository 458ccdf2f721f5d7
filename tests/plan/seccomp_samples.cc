#include "plan/seccomp_samples.h"

#include <linux/audit.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <unordered_map>

#include "base/text.h"
#include "plan/syscall_table.h"
#include "support/bpf_eval.h"

namespace samples {

namespace {

constexpr std::array kActions{oci::SeccompAction::kAllow,      oci::SeccompAction::kErrno,
                              oci::SeccompAction::kKillThread, oci::SeccompAction::kKillProcess,
                              oci::SeccompAction::kTrap,       oci::SeccompAction::kTrace,
                              oci::SeccompAction::kLog};
constexpr std::array kOperators{oci::SeccompOperator::kNe,      oci::SeccompOperator::kLt, oci::SeccompOperator::kLe,
                                oci::SeccompOperator::kEq,      oci::SeccompOperator::kGe, oci::SeccompOperator::kGt,
                                oci::SeccompOperator::kMaskedEq};

std::uint64_t constant(Dice& dice, Constants constants) {
  std::uint64_t value = dice.one_in(3) ? dice.bits() & 0xffffffff : dice.below(8);
  if (constants == Constants::kAny && dice.one_in(2)) value |= dice.below(3) << 32;
  if (constants == Constants::kAny && dice.one_in(8)) value = dice.bits();
  return value;
}

oci::SeccompRule random_rule(Dice& dice, Constants constants) {
  oci::SeccompRule rule;
  rule.action = kActions[dice.below(kActions.size())];
  if (rule.action == oci::SeccompAction::kErrno && dice.one_in(2))
    rule.errno_ret = static_cast<std::uint32_t>(dice.below(200));
  for (std::uint64_t n = 1 + dice.below(4); n-- > 0;) rule.names.push_back(dice.any(names()));
  if (dice.one_in(2)) return rule;
  for (std::uint64_t n = 1 + dice.below(3); n-- > 0;) {
    oci::SeccompArg arg;
    arg.index = static_cast<std::uint32_t>(dice.below(dice.one_in(2) ? 2 : 6));
    arg.op = kOperators[dice.below(kOperators.size())];
    arg.value = constant(dice, constants);
    arg.value_two = constant(dice, constants);
    rule.args.push_back(arg);
  }
  return rule;
}

void add_near(std::vector<std::uint64_t>& out, std::uint64_t value) {
  for (const std::uint64_t near : {value - 1, value, value, value + 1, value & 0xffffffff, value << 32, value >> 32,
                                   ~value, value + (std::uint64_t{1} << 32), (value & 0xffffffff) | 0xdeadbeef00000000})
    out.push_back(near);
}

Values everywhere() {
  Values out;
  for (auto& values : out) values = {0, ~std::uint64_t{0}, 0xffffffff};
  return out;
}

// What config.json's comparison says of an argument; 32-bit ABIs have arguments of 32 bits.
bool holds(const oci::SeccompArg& arg, const plan::CallArgs& args, bool narrow) {
  using enum oci::SeccompOperator;
  const std::uint64_t have = narrow ? args.at[arg.index] & 0xffffffff : args.at[arg.index];
  switch (arg.op) {
    case kNe: return have != arg.value;
    case kLt: return have < arg.value;
    case kLe: return have <= arg.value;
    case kEq: return have == arg.value;
    case kGe: return have >= arg.value;
    case kGt: return have > arg.value;
    case kMaskedEq: return (have & arg.value) == (arg.value_two & arg.value);
  }
  return false;
}

bool matches(const oci::SeccompRule& rule, const plan::CallArgs& args, bool narrow) {
  std::array<int, 6> times{};
  for (const auto& arg : rule.args) ++times[arg.index];
  const bool any = *std::max_element(times.begin(), times.end()) > 1;
  const auto test = [&](const oci::SeccompArg& arg) { return holds(arg, args, narrow); };
  return any ? std::any_of(rule.args.begin(), rule.args.end(), test)
             : std::all_of(rule.args.begin(), rule.args.end(), test);
}

std::uint32_t answer(oci::SeccompAction action, const std::optional<std::uint32_t>& data) {
  using enum oci::SeccompAction;
  switch (action) {
    case kKillThread: return SECCOMP_RET_KILL_THREAD;
    case kKillProcess: return SECCOMP_RET_KILL_PROCESS;
    case kTrap: return SECCOMP_RET_TRAP;
    case kErrno: return SECCOMP_RET_ERRNO | data.value_or(EPERM);
    case kTrace: return SECCOMP_RET_TRACE | data.value_or(EPERM);
    case kAllow: return SECCOMP_RET_ALLOW;
    case kLog: return SECCOMP_RET_LOG;
    case kNotify: return SECCOMP_RET_USER_NOTIF;
  }
  return 0;
}

// From the strictest to the mildest, as seccomp(2) lists them.
int mildness(std::uint32_t answer) {
  constexpr std::array order{SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP, SECCOMP_RET_ERRNO,
                             SECCOMP_RET_USER_NOTIF,   SECCOMP_RET_TRACE,       SECCOMP_RET_LOG,  SECCOMP_RET_ALLOW};
  const auto* found = std::find(order.begin(), order.end(), answer & SECCOMP_RET_ACTION_FULL);
  return static_cast<int>(found - order.begin());
}

// Asking libseccomp for every name of every call again would be most of the tests' time.
std::optional<std::uint32_t> number_of(plan::Abi abi, const std::string& name) {
  static std::array<std::unordered_map<std::string, std::optional<std::uint32_t>>, 5> known;
  const auto [at, added] = known[static_cast<std::size_t>(abi)].try_emplace(name);
  if (added) at->second = plan::syscall_number(abi, name);
  return at->second;
}

bool listed(const oci::Seccomp& profile, std::string_view arch) {
  return std::find(profile.architectures.begin(), profile.architectures.end(), arch) != profile.architectures.end();
}

// The ABI that a call comes in by, if the filter has it.
std::optional<plan::Abi> entry(const oci::Seccomp& profile, plan::Abi native, std::uint32_t token,
                               std::uint32_t number) {
  if (native == plan::Abi::kAarch64) {
    if (token == AUDIT_ARCH_AARCH64) return plan::Abi::kAarch64;
    if (token == AUDIT_ARCH_ARM && listed(profile, "SCMP_ARCH_ARM")) return plan::Abi::kArm;
    return std::nullopt;
  }
  if (token == AUDIT_ARCH_I386 && listed(profile, "SCMP_ARCH_X86")) return plan::Abi::kX86;
  if (token != AUDIT_ARCH_X86_64) return std::nullopt;
  if (number < plan::kX32Bit || number == 0xffffffff) return plan::Abi::kX8664;
  if (listed(profile, "SCMP_ARCH_X32")) return plan::Abi::kX32;
  return std::nullopt;
}

}  // namespace

const std::vector<std::string>& names() {
  static const std::vector<std::string> all{
      "read", "write", "open", "openat", "close", "clone", "clone3", "personality", "mmap", "getpid", "getppid",
      "execve", "exit", "futex", "openat2", "cachestat", "mseal", "prctl", "ioctl", "poll", "ppoll", "kill",
      "unshare", "setns", "map_shadow_stack", "fchmodat2", "fork", "arch_prctl", "renameat", "uname", "umask",
      "time", "getrandom", "statx", "bpf", "epoll_wait", "newfstatat", "stat", "mkdir", "mkdirat", "pause",
      "set_mempolicy_home_node", "fallocate", "select", "rt_sigaction"};
  return all;
}

const std::vector<std::uint32_t>& tokens() {
  static const std::vector<std::uint32_t> all{AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM, 0,
                                              0xffffffff};
  return all;
}

const std::vector<std::uint32_t>& numbers() {
  static const std::vector<std::uint32_t> all = [] {
    std::vector<std::uint32_t> out;
    for (std::uint32_t number = 0; number <= 600; ++number) out.push_back(number);
    for (std::uint32_t low :
         {0U, 1U, 2U, 39U, 55U, 56U, 57U, 135U, 157U, 256U, 257U, 258U, 435U, 451U, 462U, 520U, 547U, 600U})
      out.push_back(plan::kX32Bit + low);
    for (std::uint32_t edge : {4095U, 0x3fffffffU, 0x7fffffffU, 0x80000000U, 0xfffffffeU, 0xffffffffU})
      out.push_back(edge);
    return out;
  }();
  return all;
}

std::vector<std::uint32_t> some_numbers(Dice& dice, std::size_t count) {
  static const std::vector<std::uint32_t> near = [] {
    std::vector<std::uint32_t> out;
    for (const auto& name : names())
      for (const auto native : {plan::Abi::kX8664, plan::Abi::kAarch64})
        for (const auto abi : plan::abis_of(native))
          if (const auto number = number_of(abi, name))
            for (const std::uint32_t neighbour : {*number - 1, *number, *number, *number + 1}) out.push_back(neighbour);
    for (const auto& call : plan::i386_calls()) out.push_back(*number_of(plan::Abi::kX86, std::string(call.name)));
    return out;
  }();
  std::vector<std::uint32_t> out{0, plan::kX32Bit - 1, plan::kX32Bit, 0xfffffffe, 0xffffffff};
  while (out.size() < count) out.push_back(dice.any(near));
  return out;
}

std::vector<std::uint32_t> conditional(const plan::FilterTable& table) {
  std::vector<std::uint32_t> out;
  for (const auto& arch : table.archs)
    for (const auto& segment : arch.segments)
      if (!segment.decision.rules.empty()) out.insert(out.end(), {segment.first - 1, segment.first, segment.first + 1});
  return out;
}

std::vector<std::uint32_t> numbers_and_often(const std::vector<std::uint32_t>& busy) {
  std::vector<std::uint32_t> out = numbers();
  for (const auto number : busy) out.insert(out.end(), 600, number);
  return out;
}

policy::SeccompPolicy random_policy(Dice& dice) {
  policy::SeccompPolicy out;
  if (dice.one_in(3)) out.default_errno = static_cast<std::uint32_t>(dice.below(100));
  out.others_allowed = dice.one_in(4);
  out.compat32 = !dice.one_in(3);
  std::vector<std::string_view> allow;
  for (const auto& name : names()) {
    const auto kind = dice.below(4);
    if (kind == 0) allow.emplace_back(name);
    if (kind == 1) out.errnos.emplace_back(name, static_cast<std::uint32_t>(dice.below(4096)));
    if (kind != 2) continue;
    policy::ConditionalSyscall conditional{name, {}, static_cast<std::uint32_t>(dice.below(200))};
    for (std::uint64_t a = 1 + dice.below(3); a-- > 0;) {
      std::vector<policy::ArgCheck> all_of;
      for (std::uint64_t c = 1 + dice.below(3); c-- > 0;) {
        policy::ArgCheck check{static_cast<std::uint32_t>(dice.below(6)), 0xffffffff, {}};
        if (dice.one_in(2)) check.mask = static_cast<std::uint32_t>(dice.one_in(2) ? dice.bits() : dice.below(16));
        for (std::uint64_t v = 1 + dice.below(4); v-- > 0;)
          check.values.push_back(static_cast<std::uint32_t>(dice.one_in(4) ? dice.bits() : dice.below(8)) & check.mask);
        check.equals = !dice.one_in(4);
        all_of.push_back(std::move(check));
      }
      conditional.any_of.push_back(std::move(all_of));
    }
    out.conditional.push_back(std::move(conditional));
  }
  out.allow = policy::SyscallSet(std::move(allow));
  return out;
}

oci::Seccomp random_profile(Dice& dice, Constants constants) {
  oci::Seccomp out;
  out.default_action = kActions[dice.below(kActions.size())];
  if (out.default_action == oci::SeccompAction::kErrno && dice.one_in(2))
    out.default_errno_ret = static_cast<std::uint32_t>(dice.below(100));
  for (const char* arch : {"SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_ARM", "SCMP_ARCH_S390X"})
    if (dice.one_in(3)) out.architectures.emplace_back(arch);
  for (std::uint64_t n = dice.below(30); n-- > 0;) out.syscalls.push_back(random_rule(dice, constants));
  return out;
}

Values interesting(const policy::SeccompPolicy& policy) {
  Values out = everywhere();
  for (const auto& syscall : policy.conditional)
    for (const auto& alternative : syscall.any_of)
      for (const auto& check : alternative)
        for (const auto value : check.values) add_near(out[check.index], value);
  return out;
}

Values interesting(const oci::Seccomp& profile) {
  Values out = everywhere();
  for (const auto& rule : profile.syscalls)
    for (const auto& arg : rule.args) {
      add_near(out[arg.index], arg.value);
      if (arg.op == oci::SeccompOperator::kMaskedEq) add_near(out[arg.index], arg.value_two & arg.value);
    }
  return out;
}

Values interesting(const plan::FilterTable& table) {
  Values out = everywhere();
  for (const auto& arch : table.archs)
    for (const auto& segment : arch.segments)
      for (const auto& rule : segment.decision.rules)
        for (const auto& test : rule.all_of)
          for (const auto value : test.values) add_near(out[test.index], value);
  return out;
}

plan::CallArgs random_args(Dice& dice, const Values& values) {
  plan::CallArgs args;
  for (std::size_t i = 0; i < values.size(); ++i) {
    args.at[i] = dice.any(values[i]);
    if (dice.one_in(4)) args.at[i] = (args.at[i] & 0xffffffff) | dice.any(values[i]) << 32;
  }
  return args;
}

// The ABI that a call is made by, if the policy's filter looks at it.
std::optional<plan::Abi> entry(const policy::SeccompPolicy& policy, plan::Abi native, std::uint32_t token, std::uint32_t number) {
  using enum plan::Abi;
  const bool x86_64 = native == kX8664;
  const bool is_x32 = x86_64 && number >= plan::kX32Bit && number != 0xffffffff;
  if (token == (x86_64 ? AUDIT_ARCH_X86_64 : AUDIT_ARCH_AARCH64)) {
    if (!is_x32) return native;
    return policy.others_allowed && policy.compat32 ? std::optional(kX32) : std::nullopt;
  }
  if (!policy.compat32) return std::nullopt;
  if (x86_64 && token == AUDIT_ARCH_I386) return kX86;
  if (!x86_64 && policy.others_allowed && token == AUDIT_ARCH_ARM) return kArm;
  return std::nullopt;
}

// How many arguments of the call, from the first on, are what the policy means by the name; absent: it is another call.
std::optional<std::uint32_t> alike(plan::Abi abi, const std::string& name, std::uint32_t number) {
  if (abi == plan::Abi::kX86) {
    for (const auto& call : plan::i386_calls())
      if (call.means == name && number_of(abi, std::string(call.name)) == number) return call.alike;
  }
  return number_of(abi, name) == number ? std::optional(6U) : std::nullopt;
}

// The call by way of socketcall or ipc.
bool is_hidden(plan::Abi abi, const std::string& name, std::uint32_t number, const plan::CallArgs& args) {
  const auto way = plan::multiplexed(abi, name);
  return way && way->multiplexer == number && way->call == static_cast<std::uint32_t>(args.at[0]);
}

std::uint32_t want(const policy::SeccompPolicy& policy, plan::Abi native, std::uint32_t token, std::uint32_t number,
                   const plan::CallArgs& args) {
  const auto abi = entry(policy, native, token, number);
  if (!abi) return SECCOMP_RET_KILL_PROCESS;
  constexpr std::uint32_t kSocketcall = 102, kIpc = 117;
  if (*abi == plan::Abi::kX86 && !policy.others_allowed && (number == kSocketcall || number == kIpc)) return SECCOMP_RET_ERRNO | ENOSYS;
  for (const auto name : policy.allow)
    if (alike(*abi, std::string(name), number)) return SECCOMP_RET_ALLOW;
  for (const auto& [name, err] : policy.errnos)
    if (alike(*abi, name, number) || is_hidden(*abi, name, number, args)) return SECCOMP_RET_ERRNO | err;
  for (const auto& syscall : policy.conditional) {
    if (is_hidden(*abi, syscall.name, number, args)) return SECCOMP_RET_ERRNO | syscall.errno_otherwise;
    const auto same = alike(*abi, syscall.name, number);
    if (!same) continue;
    const auto passes = [&](const policy::ArgCheck& check) {
      if (check.index >= *same) return false;
      const auto have = static_cast<std::uint32_t>(args.at[check.index]) & check.mask;
      return (std::find(check.values.begin(), check.values.end(), have) != check.values.end()) == check.equals;
    };
    for (const auto& alternative : syscall.any_of)
      if (std::all_of(alternative.begin(), alternative.end(), passes)) return SECCOMP_RET_ALLOW;
    return SECCOMP_RET_ERRNO | syscall.errno_otherwise;
  }
  return policy.others_allowed ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | policy.default_errno;
}

std::uint32_t want(const oci::Seccomp& profile, plan::Abi native, std::uint32_t token, std::uint32_t number,
                   const plan::CallArgs& args) {
  const auto abi = entry(profile, native, token, number);
  if (!abi) return SECCOMP_RET_KILL_PROCESS;
  const std::uint32_t otherwise = answer(profile.default_action, profile.default_errno_ret);
  const bool narrow = *abi == plan::Abi::kX86 || *abi == plan::Abi::kArm;
  std::uint32_t newest = 0;
  std::optional<std::uint32_t> strictest;
  std::optional<std::uint32_t> always;
  for (const auto& rule : profile.syscalls) {
    for (const auto& name : rule.names) {
      const auto has = number_of(*abi, name);
      newest = std::max(newest, has.value_or(0));
      const std::uint32_t says = answer(rule.action, rule.errno_ret);
      if (has != number || says == otherwise) continue;
      if (rule.args.empty() && !always) always = says;
      if (rule.args.empty() || !matches(rule, args, narrow)) continue;
      if (!strictest || mildness(says) < mildness(*strictest)) strictest = says;
    }
  }
  using enum oci::SeccompAction;
  const auto fallback = profile.default_action;
  const bool permissive = fallback == kAllow || fallback == kLog || fallback == kTrace;
  const bool skipped = number == 0xffffffff && *abi == plan::Abi::kX8664;
  const std::uint32_t first = *abi == plan::Abi::kX32 ? plan::kX32Bit : 0;
  if (!permissive && newest > first && number > newest && !skipped) return SECCOMP_RET_ERRNO | ENOSYS;
  if (always) return *always;
  return strictest.value_or(otherwise);
}

seccomp_data call(std::uint32_t token, std::uint32_t number, const plan::CallArgs& args) {
  seccomp_data data{};
  data.nr = static_cast<int>(number);
  data.arch = token;
  for (std::size_t i = 0; i < 6; ++i) data.args[i] = args.at[i];
  return data;
}

std::string check_call(const std::vector<sock_filter>& program, std::uint32_t token, std::uint32_t number,
                       const plan::CallArgs& args, std::uint32_t want) {
  const auto have = support::bpf_eval(program, call(token, number, args));
  if (have == want) return {};
  std::string text = base::cat("arch ", token, " nr ", number, " args");
  for (const auto arg : args.at) text += base::cat(" ", arg);
  return base::cat(text, ": want ", want, ", have ", have ? std::to_string(*have) : "no answer");
}

}  // namespace samples
