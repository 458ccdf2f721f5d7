// Words that several actions of `policy` share.
#include <linux/seccomp.h>

#include <cstring>

#include "base/text.h"
#include "cli/policy.h"

namespace cli {

std::optional<Call> parse_call(std::string_view text) {
  Call out;
  const auto open = text.find('(');
  out.name = text.substr(0, open);
  if (out.name.empty()) return std::nullopt;
  if (open == std::string_view::npos) return out;
  if (!text.ends_with(')')) return std::nullopt;
  const auto inner = text.substr(open + 1, text.size() - open - 2);
  for (const auto& part : base::split(inner, ',')) {
    const auto first = part.find_first_not_of(' ');
    const auto number = base::parse_u64(first == std::string::npos ? std::string_view() : std::string_view(part).substr(first));
    if (!number || out.args.size() == 6) return std::nullopt;
    out.args.push_back(*number);
  }
  return out;
}

std::string answer_name(std::uint32_t answer) {
  switch (answer & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_ALLOW: return "allow";
    case SECCOMP_RET_LOG: return "log";
    case SECCOMP_RET_TRACE: return "trace";
    case SECCOMP_RET_USER_NOTIF: return "notify";
    case SECCOMP_RET_TRAP: return "trap";
    case SECCOMP_RET_ERRNO: break;
    default: return "kill";
  }
  const char* name = strerrorname_np(static_cast<int>(answer & SECCOMP_RET_DATA));
  return name == nullptr ? base::cat("errno ", answer & SECCOMP_RET_DATA) : name;
}

harden::Abilities able_host() {
  harden::Abilities out;
  out.remap = true;
  out.remap_base = 0x70000000U;
  out.noswap = true;
  out.landlock_abi = harden::kNewestLandlock;
  out.program_unknown = "there is no root to look into";
  return out;
}

}  // namespace cli
