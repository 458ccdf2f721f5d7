// Device rules against two emulators: the eBPF machine for the v2 program, and the kernel's v1 devices controller for
// the lines written to it. Both are compared with the plain meaning of the rules on random rule lists.
#include "plan/device_filter.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "base/text.h"
#include "plan/device_rules.h"

namespace {

using plan::DeviceAccess;
using Rules = std::vector<DeviceAccess>;

constexpr std::uint32_t kMknod = BPF_DEVCG_ACC_MKNOD;
constexpr std::uint32_t kRead = BPF_DEVCG_ACC_READ;
constexpr std::uint32_t kWrite = BPF_DEVCG_ACC_WRITE;
constexpr std::uint32_t kAll = kMknod | kRead | kWrite;

struct Request {
  char type;
  std::uint32_t major, minor, access;
};

// What the rules mean: for each kind of access the last rule that fits decides, and without one it is denied.
bool meaning(const Rules& rules, const Request& request) {
  for (const std::uint32_t bit : {kMknod, kRead, kWrite}) {
    if ((request.access & bit) == 0) continue;
    bool allowed = false;
    for (const auto& rule : rules) {
      const bool fits =
          rule.type == 'a' || (rule.type == request.type && rule.major.value_or(request.major) == request.major &&
                               rule.minor.value_or(request.minor) == request.minor && (rule.access & bit) != 0);
      if (fits) allowed = rule.allow;
    }
    if (!allowed) return false;
  }
  return true;
}

// The instructions that the program may use; anything else fails the test, as does running off its end.
class Machine {
 public:
  explicit Machine(const Request& request)
      : context_{request.access << 16 | (request.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR), request.major,
                 request.minor} {}

  // -1: not a program that the verifier would let in.
  int run(const std::vector<bpf_insn>& program) {
    for (std::size_t pc = 0; pc < program.size(); ++pc) {
      const bpf_insn& in = program[pc];
      const auto imm = static_cast<std::uint32_t>(in.imm);
      std::uint32_t& dst = registers_[in.dst_reg];
      switch (in.code) {
        case BPF_LDX | BPF_MEM | BPF_W:
          if (in.src_reg != BPF_REG_1 || in.off % 4 != 0 || in.off < 0 || in.off > 8) return -1;
          dst = context_[static_cast<std::size_t>(in.off) / 4];
          break;
        case BPF_ALU | BPF_MOV | BPF_X: dst = registers_[in.src_reg]; break;
        case BPF_ALU | BPF_MOV | BPF_K: dst = imm; break;
        case BPF_ALU | BPF_AND | BPF_K: dst &= imm; break;
        case BPF_ALU | BPF_RSH | BPF_K: dst >>= imm; break;
        case BPF_JMP32 | BPF_JEQ | BPF_K:
          jump(pc, dst == imm, in.off);
          break;
        case BPF_JMP32 | BPF_JNE | BPF_K: jump(pc, dst != imm, in.off); break;
        case BPF_JMP32 | BPF_JSET | BPF_K: jump(pc, (dst & imm) != 0, in.off); break;
        case BPF_JMP | BPF_JA: jump(pc, true, in.off); break;
        case BPF_JMP | BPF_EXIT: return registers_[0] <= 1 ? static_cast<int>(registers_[0]) : -1;
        default: return -1;
      }
    }
    return -1;
  }

 private:
  static void jump(std::size_t& pc, bool taken, std::int16_t off) {
    if (taken) pc += static_cast<std::size_t>(off);
  }

  std::array<std::uint32_t, 3> context_;
  std::array<std::uint32_t, 11> registers_{};
};

// The kernel's v1 controller, security/device_cgroup.c: a default, exceptions to it, and no exception is ever split.
class V1Controller {
 public:
  void write(const std::string& file, const std::string& line) {
    const bool allow = file == "devices.allow";
    if (line == "a") {
      default_allow_ = allow;
      exceptions_.clear();
      return;
    }
    const auto fields = base::split(line, ' ');
    const auto numbers = base::split(fields.at(1), ':');
    const auto number = [](const std::string& text) {
      return text == "*" ? -1 : static_cast<long>(*base::parse_u64(text));
    };
    Exception ex{fields.at(0)[0], number(numbers.at(0)), number(numbers.at(1)), 0};
    for (const char c : fields.at(2)) ex.access |= c == 'r' ? kRead : c == 'w' ? kWrite : kMknod;
    for (auto it = exceptions_.begin(); it != exceptions_.end(); ++it) {
      if (it->type != ex.type || it->major != ex.major || it->minor != ex.minor) continue;
      if (allow == default_allow_) {
        it->access &= ~ex.access;
      } else {
        it->access |= ex.access;
      }
      return;
    }
    if (allow != default_allow_) exceptions_.push_back(ex);
  }

  bool allows(const Request& request) const {
    for (const auto& ex : exceptions_) {
      if (ex.type != request.type || (ex.major != -1 && ex.major != request.major) ||
          (ex.minor != -1 && ex.minor != request.minor)) {
        continue;
      }
      if (default_allow_ ? (ex.access & request.access) != 0 : (request.access & ~ex.access) == 0)
        return !default_allow_;
    }
    return default_allow_;
  }

 private:
  struct Exception {
    char type;
    long major, minor;
    std::uint32_t access;
  };
  bool default_allow_ = true;
  std::vector<Exception> exceptions_;
};

// Numbers few enough that rules meet, one of them with the highest bit set.
constexpr std::array<std::uint32_t, 4> kNumbers = {0, 1, 5, 0x80000001};

Rules random_rules(std::mt19937& random) {
  const auto pick = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  const auto number = [&]() -> std::optional<std::uint32_t> {
    if (pick(3) == 0) return std::nullopt;
    return kNumbers[pick(kNumbers.size())];
  };
  Rules rules(pick(9));
  for (auto& rule : rules) {
    const unsigned type = pick(12);
    rule = {pick(2) == 0, type == 0 ? 'a' : type < 7 ? 'c' : 'b', number(), number(), 1 + pick(kAll), "/x"};
  }
  return rules;
}

template <typename F>
void for_each_request(bool single_bits, F f) {
  for (const char type : {'b', 'c'}) {
    for (const std::uint32_t major : kNumbers) {
      for (const std::uint32_t minor : kNumbers) {
        for (std::uint32_t access = single_bits ? 1 : 0; access <= kAll; ++access) {
          if (single_bits && access != kMknod && access != kRead && access != kWrite) continue;
          f(Request{type, major, minor, access});
        }
      }
    }
  }
}

int disagreements(const Rules& rules, const std::vector<bpf_insn>& program) {
  int count = 0;
  for_each_request(false, [&](const Request& request) {
    const int verdict = program.empty() ? 1 : Machine(request).run(program);
    if (verdict != (meaning(rules, request) ? 1 : 0)) ++count;
  });
  return count;
}

TEST(DeviceFilter, MeansWhatTheRulesSay) {
  std::mt19937 random(20261123);
  int programs = 0;
  for (int i = 0; i < 12000; ++i) {
    const Rules rules = random_rules(random);
    const auto program = plan::device_program(rules);
    programs += program.empty() ? 0 : 1;
    ASSERT_EQ(0, disagreements(rules, program)) << "list " << i;
  }
  EXPECT_GT(programs, 10000);
}

// That the test above can fail: wrong programs are found out.
TEST(DeviceFilter, MutantsAreNoticed) {
  std::mt19937 random(7);
  int reversed = 0, narrowed = 0, swapped = 0, lists = 0;
  for (int i = 0; i < 2000; ++i) {
    const Rules rules = random_rules(random);
    const auto program = plan::device_program(rules);
    if (rules.size() < 3 || program.empty()) continue;
    ++lists;
    reversed += disagreements(rules, plan::device_program(Rules(rules.rbegin(), rules.rend()))) != 0 ? 1 : 0;
    auto mutant = program;
    mutant[2].imm = 1;  // the device's type: b and c are the same modulo 2
    narrowed += disagreements(rules, mutant) != 0 ? 1 : 0;
    mutant = program;
    mutant.end()[-2].imm ^= 1;  // the last word
    swapped += disagreements(rules, mutant) != 0 ? 1 : 0;
  }
  ASSERT_GT(lists, 1000);
  EXPECT_GT(reversed, lists / 4);
  EXPECT_GT(narrowed, lists / 4);
  EXPECT_GT(swapped, lists / 4);
}

TEST(DeviceFilter, EverythingAllowedNeedsNoProgram) {
  const DeviceAccess all{true, 'a', {}, {}, kAll, ""};
  const DeviceAccess some{true, 'c', 1, 3, kRead, ""};
  EXPECT_TRUE(plan::device_program({all, some}).empty());
  EXPECT_TRUE(plan::device_program({some, all}).empty());
  EXPECT_FALSE(plan::device_program({}).empty());
  EXPECT_FALSE(plan::device_program({all, {false, 'c', 1, 3, kRead, ""}}).empty());
}

TEST(DeviceRulesV1, MeansWhatTheRulesSayOrRefuses) {
  std::mt19937 random(20261124);
  int agreed = 0, refused = 0;
  for (int i = 0; i < 12000; ++i) {
    const Rules rules = random_rules(random);
    const auto writes = plan::device_writes_v1(rules);
    if (!writes) {
      ASSERT_EQ(base::Kind::kUnsupported, writes.error().kind());
      ++refused;
      continue;
    }
    V1Controller controller;
    for (const auto& write : *writes) controller.write(write.file, write.value);
    for_each_request(true, [&](const Request& request) {
      ASSERT_EQ(meaning(rules, request), controller.allows(request))
          << "list " << i << " " << request.type << " " << request.major << ":" << request.minor << " "
          << request.access;
    });
    // Several kinds at once: the kernel wants one exception to cover them all, so that it may only be stricter.
    for_each_request(false, [&](const Request& request) {
      if (request.access != 0 && controller.allows(request)) {
        ASSERT_TRUE(meaning(rules, request));
      }
    });
    ++agreed;
  }
  EXPECT_GT(agreed, 5000);
  EXPECT_GT(refused, 100);
}

std::vector<std::string> lines_v1(const oci::Linux& config, const std::string& tun_access = "rwm") {
  std::vector<std::string> out;
  const auto rules = plan::device_rules(config, tun_access);
  if (!rules) return {rules.error().message()};
  const auto writes = plan::device_writes_v1(*rules);
  if (!writes) return {writes.error().message()};
  for (const auto& write : *writes) out.push_back(write.file + " " + write.value);
  return out;
}

TEST(DeviceRulesV1, DefaultsAreWrittenWithoutAnyRule) {
  const std::vector<std::string> want = {
      "devices.deny a",          "devices.allow c *:* m",     "devices.allow b *:* m",   "devices.allow c 1:3 rwm",
      "devices.allow c 1:8 rwm", "devices.allow c 1:7 rwm",   "devices.allow c 5:0 rwm", "devices.allow c 1:5 rwm",
      "devices.allow c 1:9 rwm", "devices.allow c 136:* rwm", "devices.allow c 5:2 rwm", "devices.allow c 10:200 rwm"};
  EXPECT_EQ(want, lines_v1({}));
  auto less = want;
  less.pop_back();
  EXPECT_EQ(less, lines_v1({}, ""));
  less.emplace_back("devices.allow c 10:200 rw");
  EXPECT_EQ(less, lines_v1({}, "rw"));
}

TEST(DeviceRulesV1, ARedefinedNodeBringsItsOwnRule) {
  oci::Linux config;
  config.devices.push_back({.type = 'c', .path = "/dev/random", .major = 1, .minor = 9});
  for (const auto& line : lines_v1(config)) EXPECT_NE("devices.allow c 1:8 rwm", line);
}

TEST(DeviceRulesV1, PrivilegedIsOneLine) {
  oci::Linux config;
  config.resources.emplace().devices = {{.allow = true, .type = 'a', .access = "rwm"}};
  EXPECT_EQ(std::vector<std::string>{"devices.allow a"}, lines_v1(config));
}

TEST(DeviceRulesV1, AHoleInARangeIsRefusedByName) {
  oci::Linux config;
  config.resources.emplace().devices = {{.allow = true, .type = 'c', .major = 8, .access = "rwm"},
                                        {.allow = false, .type = 'c', .major = 8, .minor = 1, .access = "w"}};
  const auto lines = lines_v1(config);
  ASSERT_EQ(1u, lines.size());
  EXPECT_EQ(0u, lines[0].find("/linux/resources/devices/1: cgroup v1 cannot deny part of the devices that "
                              "/linux/resources/devices/0 allows"))
      << lines[0];
}

TEST(DeviceRules, BadOnesAreConfigErrors) {
  const std::vector<std::pair<oci::DeviceRule, std::string>> cases = {
      {{.allow = true, .type = 'c', .access = ""}, "/linux/resources/devices/0/access: device access cannot be empty"},
      {{.allow = true, .type = 'c', .access = "rx"}, "/linux/resources/devices/0/access: want letters of"},
      {{.allow = true, .type = 'c', .major = -2, .access = "r"},
       "/linux/resources/devices/0/major: want a device number"},
      // 2^32 + 1 must not become 1.
      {{.allow = true, .type = 'c', .minor = 4294967297, .access = "r"}, "/linux/resources/devices/0/minor: want"},
      {{.allow = true, .type = 'p', .access = "r"}, "/linux/resources/devices/0/type: want a, b or c"},
  };
  for (const auto& [rule, want] : cases) {
    oci::Linux config;
    config.resources.emplace().devices = {rule};
    const auto rules = plan::device_rules(config);
    ASSERT_FALSE(rules.has_value()) << want;
    EXPECT_EQ(base::Kind::kConfig, rules.error().kind());
    EXPECT_EQ(0u, rules.error().message().find(want)) << rules.error().message();
  }
}

}  // namespace
