#include "plan/seccomp_section.h"

#include <linux/seccomp.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "base/text.h"
#include "oci/names.h"
#include "plan/seccomp_boxes.h"
#include "plan/seccomp_emit.h"
#include "plan/seccomp_proof.h"
#include "plan/seccomp_sources.h"
#include "plan/seccomp_witness.h"

namespace plan {

namespace {

constexpr std::uint32_t kPastLastNumber = 1024;  // of a call with a name; the tables end below 600
constexpr std::size_t kMostPieces = 512;
constexpr std::uint32_t kHidden = SECCOMP_RET_ERRNO | ENOSYS;

using Rules = std::vector<oci::SeccompRule>;  // of one call: without its name

std::string scmp_name(Abi abi) {
  for (const auto name : oci::seccomp_architectures())
    if (abi_by_name(name) == abi) return std::string(name);
  return {};
}

const Decision& decision_at(const ArchTable& arch, std::uint32_t number) {
  const auto past = [](std::uint32_t value, const Segment& segment) { return value < segment.first; };
  return std::prev(std::upper_bound(arch.segments.begin(), arch.segments.end(), number, past))->decision;
}

const ArchTable* find_arch(const FilterTable& table, Abi abi) {
  const auto arch = std::find_if(table.archs.begin(), table.archs.end(), [&](const auto& a) { return a.token == audit_arch(abi); });
  return arch == table.archs.end() ? nullptr : &*arch;
}

// x32 shares the token of x86-64; without it all of its numbers kill.
bool has_abi(const FilterTable& table, Abi abi) {
  const ArchTable* arch = find_arch(table, abi);
  if (arch == nullptr || abi != Abi::kX32) return arch != nullptr;
  return !(decision_at(*arch, kX32Bit) == Decision{{}, SECCOMP_RET_KILL_PROCESS});
}

void set_action(std::uint32_t answer, oci::SeccompAction& action, std::optional<std::uint32_t>& data) {
  using enum oci::SeccompAction;
  switch (answer & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_KILL_PROCESS: action = kKillProcess; return;
    case SECCOMP_RET_TRAP: action = kTrap; return;
    case SECCOMP_RET_ERRNO: action = kErrno; break;
    case SECCOMP_RET_TRACE: action = kTrace; break;
    case SECCOMP_RET_USER_NOTIF: action = kNotify; return;
    case SECCOMP_RET_LOG: action = kLog; return;
    case SECCOMP_RET_ALLOW: action = kAllow; return;
    default: action = kKillThread; return;
  }
  data = answer & SECCOMP_RET_DATA;
}

oci::SeccompRule rule_of(std::uint32_t answer) {
  oci::SeccompRule out;
  set_action(answer, out.action, out.errno_ret);
  return out;
}

oci::SeccompRule rule_of(const Piece& piece) {
  auto out = rule_of(piece.answer);
  for (std::uint32_t i = 0; i < piece.box.size(); ++i) {
    const auto& [mask, value] = piece.box[i];
    if (mask == 0) continue;
    if (~mask == 0) {
      out.args.push_back({.index = i, .value = value, .op = oci::SeccompOperator::kEq});
    } else {
      out.args.push_back({.index = i, .value = mask, .value_two = value, .op = oci::SeccompOperator::kMaskedEq});
    }
  }
  return out;
}

// A test in config.json's own words, if it has some; kAnyOf has one of them a value.
std::optional<oci::SeccompOperator> operator_of(const ArgTest& test) {
  using enum oci::SeccompOperator;
  if (test.compare == Compare::kAnyOf) {
    if (test.holds) return ~test.mask == 0 ? kEq : kMaskedEq;
    if (~test.mask == 0 && test.values.size() == 1) return kNe;
    return std::nullopt;
  }
  if (~test.mask != 0) return std::nullopt;
  if (test.compare == Compare::kGreater) return test.holds ? kGt : kLe;
  return test.holds ? kGe : kLt;
}

// A rule as it was written, where each argument is looked at once.
bool add_plain(const ArgRule& rule, Rules& out) {
  Rules all{rule_of(rule.answer)};
  unsigned seen = 0;
  for (const auto& test : rule.all_of) {
    const auto op = operator_of(test);
    if (!op || (seen >> test.index & 1) != 0) return false;
    seen |= 1U << test.index;
    Rules next;
    for (const auto value : test.values) {
      for (auto each : all) {
        if (*op == oci::SeccompOperator::kMaskedEq) {
          each.args.push_back({.index = test.index, .value = test.mask, .value_two = value, .op = *op});
        } else {
          each.args.push_back({.index = test.index, .value = value, .op = *op});
        }
        next.push_back(std::move(each));
      }
    }
    all = std::move(next);
  }
  out.insert(out.end(), all.begin(), all.end());
  return true;
}

// Rules that all answer the same may overlap as they like.
std::optional<Rules> plain_rules(const Decision& decision, std::uint32_t otherwise) {
  if (decision.otherwise != otherwise || decision.rules.empty()) return std::nullopt;
  Rules out;
  for (const auto& rule : decision.rules) {
    if (rule.answer == otherwise || rule.answer != decision.rules.front().answer || !add_plain(rule, out)) return std::nullopt;
  }
  return out;
}

std::uint32_t strictest(const Decision& decision) {
  std::uint32_t out = decision.otherwise;
  for (const auto& rule : decision.rules)
    if (stricter(rule.answer, out)) out = rule.answer;
  return out;
}

class Writer {
 public:
  // `most`: pieces that one call may be cut into.
  Writer(const FilterTable& table, Abi native, bool only_native, std::size_t most) : table_(table), native_(native), most_(most) {
    for (const Abi abi : abis_of(native))
      if (abi == native || (!only_native && has_abi(table, abi))) abis_.push_back(abi);
  }

  SeccompSection write() {
    const ArchTable& arch = *find_arch(table_, native_);
    default_ = default_of(arch);
    set_action(default_, out_.section.default_action, out_.section.default_errno_ret);
    for (const Abi abi : abis_) out_.section.architectures.push_back(scmp_name(abi));
    for (const auto& [name, decision] : decisions()) add(name, shortened(decision));
    if (stricter(default_, SECCOMP_RET_TRACE) && default_ != kHidden) end_at(arch);
    for (auto& [rules, names] : groups_) {
      for (auto& rule : rules) {
        rule.names = names;
        out_.section.syscalls.push_back(std::move(rule));
      }
    }
    return std::move(out_);
  }

  // What is wanted of the section: the table, but for what is lost.
  FilterTable wanted() const {
    FilterTable out{{*find_arch(table_, native_)}};
    if (abis_.size() > 1) out = table_;
    if (hidden_from_ == 0) return out;
    auto& line = out.archs.front().segments;
    const auto numbers_end = native_ == Abi::kX8664 ? std::uint64_t{kX32Bit} : std::uint64_t{1} << 32;
    std::vector<Segment> cut;
    for (const auto& segment : line)
      if (segment.first < hidden_from_) append_segment(cut, segment.first, segment.decision);
    append_segment(cut, hidden_from_, {{}, kHidden});
    for (const auto& segment : line)
      if (segment.first >= numbers_end) append_segment(cut, segment.first, segment.decision);
    line = std::move(cut);
    return out;
  }

 private:
  // Of a number without a name. The last one is such, and on x86-64 beyond what a runtime hides.
  std::uint32_t default_of(const ArchTable& arch) const {
    if (native_ == Abi::kX8664) return decision_at(arch, ~std::uint32_t{0}).otherwise;
    for (std::uint32_t number = 0; number < kPastLastNumber; ++number)
      if (syscall_name(native_, number).empty()) return decision_at(arch, number).otherwise;
    return kHidden;
  }

  // By name; what the machine's own ABI says of a name holds for the others too, or the proof will tell.
  std::map<std::string, Decision> decisions() const {
    std::map<std::string, Decision> out;
    for (const Abi abi : abis_) {
      const std::uint32_t first = abi == Abi::kX32 ? kX32Bit : 0;
      for (std::uint32_t number = first; number < first + kPastLastNumber; ++number) {
        const auto name = syscall_name(abi, number);
        if (!name.empty() && syscall_number(abi, name) == number) out.try_emplace(name, decision_at(*find_arch(table_, abi), number));
      }
    }
    return out;
  }

  void add(const std::string& name, const Decision& decision) {
    Rules rules;
    if (decision.rules.empty()) {
      if (decision.otherwise == default_) return;
      rules.push_back(rule_of(decision.otherwise));
    } else if (auto plain = plain_rules(decision, default_); plain && plain->size() <= most_) {
      rules = *std::move(plain);
    } else if (const auto pieces = pieces_of(decision, default_, most_)) {
      for (const auto& piece : *pieces) rules.push_back(rule_of(piece));
    } else {
      rules = approximate(name, decision);
    }
    if (!rules.empty()) join(name, std::move(rules));
  }

  // Where it takes too many rules: every errno is the default, or else the strictest answer is the only one.
  Rules approximate(const std::string& name, Decision decision) {
    const bool fails = (default_ & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
    const auto simpler = [&](std::uint32_t& answer) {
      if (fails && (answer & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO) answer = default_;
    };
    const auto answer = strictest(decision);
    for (auto& rule : decision.rules) simpler(rule.answer);
    simpler(decision.otherwise);
    Rules out;
    if (const auto pieces = pieces_of(decision, default_, most_)) {
      out_.lost.push_back(base::cat("the errno of ", base::quote(name), " where it is refused: it is ", default_ & SECCOMP_RET_DATA));
      for (const auto& piece : *pieces) out.push_back(rule_of(piece));
      return out;
    }
    out_.lost.push_back(base::cat("the conditions on arguments of ", base::quote(name), ": it always answers ", answer_text(answer)));
    if (answer != default_) out.push_back(rule_of(answer));
    return out;
  }

  void join(const std::string& name, Rules rules) {
    const auto same = [&](const auto& group) { return group.first == rules; };
    auto group = std::find_if(groups_.begin(), groups_.end(), same);
    if (group == groups_.end()) group = groups_.insert(group, {std::move(rules), {}});
    group->second.push_back(name);
  }

  // A runtime answers ENOSYS to calls behind the last one that a section names, so that programs written for newer kernels
  // find their way. So the last one that is not hidden must be named, and what is behind it can have no other answer.
  void end_at(const ArchTable& arch) {
    const std::uint32_t last = native_ == Abi::kX8664 ? kX32Bit - 1 : ~std::uint32_t{0};
    std::uint32_t end = kPastLastNumber;
    while (end != 0 && decision_at(arch, end - 1) == Decision{{}, kHidden}) --end;
    while (end != 0 && syscall_number(native_, syscall_name(native_, end - 1)) != end - 1) --end;
    if (end == 0) return;
    const auto name = syscall_name(native_, end - 1);
    const bool named = std::any_of(groups_.begin(), groups_.end(), [&](const auto& group) {
      return std::find(group.second.begin(), group.second.end(), name) != group.second.end();
    });
    if (!named) join(name, {rule_of(default_)});
    if (decision_at(arch, last) == Decision{{}, kHidden}) return;
    hidden_from_ = end;
    out_.lost.push_back(base::cat("what answers calls newer than ", base::quote(name), ": it is errno ", ENOSYS, ", not ", answer_text(default_)));
  }

  const FilterTable& table_;
  Abi native_;
  std::size_t most_;
  std::vector<Abi> abis_;
  std::uint32_t default_ = 0;
  std::uint32_t hidden_from_ = 0;  // 0: as the table says
  std::vector<std::pair<Rules, std::vector<std::string>>> groups_;
  SeccompSection out_;
};

}  // namespace

// The most that is tried is all of it, then less and less of what goes by arguments, which then is denied.
base::Result<SeccompSection> render_table(const FilterTable& table, Abi native) {
  const Bound bound{&table, "the policy"};
  base::Result<std::size_t> proof(std::size_t{0});
  for (const auto& [only_native, most] : {std::pair{false, kMostPieces}, {true, kMostPieces}, {true, 64}, {true, 8}, {true, 0}}) {
    Writer writer(table, native, only_native, most);
    auto out = writer.write();
    if (only_native && table.archs.size() > 1) out.lost.emplace_back("the calls of other ABIs than the machine's own: they kill");
    const auto written = TRY(request_table(out.section, native));
    const auto code = emit(written);
    if (code.size() <= BPF_MAXINSNS && prove(code, writer.wanted())) return out;
    if (!only_native) continue;
    proof = prove(code, written, {&bound, 1});
    if (!proof) continue;
    if (out.lost.empty()) out.lost.emplace_back("some answers of the filter: they are stricter");
    return out;
  }
  return std::move(proof).error().in("seccomp as a section of config.json");
}

base::Result<SeccompSection> render_seccomp(const oci::Seccomp* request, std::span<const policy::SeccompPolicy> policies) {
  if (policies.empty()) return SeccompSection{*request, {}};
  const FilterTable table = TRY(effective_table(request, policies));
  auto out = TRY(render_table(table, kNativeAbi));
  out.section.flags.emplace();  // none: an absent list leaves them to the runtime
  if (request != nullptr) {
    out.section.flags = request->flags;
    out.section.listener_path = request->listener_path;
    out.section.listener_metadata = request->listener_metadata;
  }
  return out;
}

}  // namespace plan
